"""Whoever guesses passwords waits: what django-axes asks us, and what it answers with."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def address_of(request: HttpRequest) -> str:
    """Return the address a request comes from.

    Behind a proxy that is the last one of X-Forwarded-For, which our own proxy wrote; what stands before it anybody
    may have written. Without a proxy the header is not looked at.
    """
    if settings.BEHIND_PROXY:
        last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if last:
            return last
    return str(request.META.get("REMOTE_ADDR", ""))


def refuse(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer 429: too many wrong passwords for this name from this address, with the time to wait."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    answer = render(request, "registration/locked.html", {"minutes": seconds // 60}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer

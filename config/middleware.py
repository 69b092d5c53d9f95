"""What every request passes.

Text a database can hold; a sign-in that is in use; answers that no browser keeps; nothing but one's password while that
is a one-time one.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from lib.outside import storable

Answer = Callable[[HttpRequest], HttpResponse]
SEEN = "seen"
SEEN_EVERY = 60
"""Seconds between two writes of the session."""


class StorableAddress:
    """Answer 400 to an address with a NUL character: PostgreSQL cannot hold one, so no page could look for it."""

    def __init__(self, get_response: Answer) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse."""
        if request.encoding and request.encoding.casefold() != "utf-8":
            # A caller may name any of Python's encodings, and some of them write what no other check would see.
            request.encoding = "utf-8"
        asked = request.META.get("QUERY_STRING", "")
        if "%00" in asked or not storable(asked) or not storable(request.path):
            return _refusal("The address holds a NUL character.")
        return self.get_response(request)


class StorableForm:
    """Answer 400 to a form with a NUL character; no browser sends one.

    Behind the middleware that asks for a login, so that no stranger's form is read for this.
    """

    def __init__(self, get_response: Answer) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Refuse a form that no database could hold; what programs send has doors of its own."""
        if request.method == "POST" and not getattr(view, "csrf_exempt", False) and not _storable(request.POST):
            return _refusal("The form holds a NUL character.")
        return None


def _storable(form: QueryDict) -> bool:
    return all(storable(name) and all(map(storable, values)) for name, values in form.lists())


def _refusal(text: str) -> HttpResponse:
    return HttpResponseBadRequest(text, content_type="text/plain")


class OneTimePassword:
    """Lead everybody with a one-time password to the page that changes it."""

    def __init__(self, get_response: Answer) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or redirect to the password page."""
        user = request.user
        if user.is_authenticated and getattr(user, "must_change_password", False):
            allowed = {reverse("password_change"), reverse("logout"), reverse("set_language")}
            if request.path not in allowed and not request.path.startswith("/static/"):
                return redirect("password_change")
        return self.get_response(request)


class Idle:
    """End a sign-in that nobody used for IDLE_SECONDS. What a page asks for by itself is no use of it."""

    def __init__(self, get_response: Answer) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, as a stranger's where the sign-in is over."""
        if request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get(SEEN, now)
            if now - seen > settings.IDLE_SECONDS:
                logout(request)
            elif (now - seen >= SEEN_EVERY or SEEN not in request.session) and not _by_itself(request):
                request.session[SEEN] = now
        return self.get_response(request)


def _by_itself(request: HttpRequest) -> bool:
    """Whether htmx asks again on a timer, which it does by GET and without anything that was pressed."""
    return request.method == "GET" and "HX-Request" in request.headers and "HX-Trigger-Name" not in request.headers


class NotKept:
    """Tell browsers and proxies to keep no page of somebody who is signed in: it may show people."""

    def __init__(self, get_response: Answer) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the header where the view set none."""
        answer = self.get_response(request)
        if request.user.is_authenticated and not answer.has_header("Cache-Control"):
            answer.headers["Cache-Control"] = "no-store"
        return answer

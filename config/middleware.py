"""What every request passes: no NUL in its address, and nothing but one's password while that is a one-time one."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse

Answer = Callable[[HttpRequest], HttpResponse]


class NoNul:
    """Answer 400 to an address with a NUL character: PostgreSQL cannot hold one, so no page could look for it."""

    def __init__(self, get_response: Answer) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse."""
        asked = request.META.get("QUERY_STRING", "")
        if "%00" in asked or "\0" in asked or "\0" in request.path:
            return HttpResponseBadRequest("The address holds a NUL character.", content_type="text/plain")
        return self.get_response(request)


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

"""What every request passes: text a database can hold, and nothing but one's password while that is a one-time one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from lib.outside import storable

Answer = Callable[[HttpRequest], HttpResponse]


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

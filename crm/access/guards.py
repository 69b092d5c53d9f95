"""Who may do what: one question for each right, asked by every page that changes, opens or shows something."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from crm.access.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in(request: HttpRequest) -> User:
    """Return who asks. Raises PermissionDenied for nobody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def may_edit(request: HttpRequest) -> bool:
    """Say whether who asks may change segments, offers, mails, campaigns and what is recommended."""
    return isinstance(request.user, User) and request.user.may_edit


def may_reveal(request: HttpRequest) -> bool:
    """Say whether who asks may see and open who people are."""
    return isinstance(request.user, User) and request.user.may_reveal


def is_administrator(request: HttpRequest) -> bool:
    """Say whether who asks looks after keys, the team and erasure."""
    return isinstance(request.user, User) and request.user.role == User.Role.ADMIN


def editor(request: HttpRequest) -> User:
    """Return who asks. Raises PermissionDenied for people who may not change anything."""
    user = signed_in(request)
    if not user.may_edit:
        raise PermissionDenied
    return user


def revealer(request: HttpRequest) -> User:
    """Return who asks. Raises PermissionDenied for people who may not open a sealed identity."""
    user = signed_in(request)
    if not user.may_reveal:
        raise PermissionDenied
    return user


def administrator(request: HttpRequest) -> User:
    """Return who asks. Raises PermissionDenied for everybody but administrators."""
    user = signed_in(request)
    if user.role != User.Role.ADMIN:
        raise PermissionDenied
    return user


def for_editors(view: View[P]) -> View[P]:
    """Answer 403 to people who may only read."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        editor(request)
        return view(request, *args, **kwargs)

    return cast("View[P]", guarded)


def actor(user: User) -> str:
    """Name the user in the log of openings: `user:<id>`."""
    return f"user:{user.pk}"

"""Who may do what: one question for each right, asked by every page that changes or opens something."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from crm.access.models import User


def editor(request: HttpRequest) -> User:
    """Return the user; raise PermissionDenied for people who may not change anything."""
    if not (isinstance(request.user, User) and request.user.may_edit):
        raise PermissionDenied
    return request.user


def revealer(request: HttpRequest) -> User:
    """Return the user; raise PermissionDenied for people who may not open a sealed identity."""
    if not (isinstance(request.user, User) and request.user.may_reveal):
        raise PermissionDenied
    return request.user


def administrator(request: HttpRequest) -> User:
    """Return the user; raise PermissionDenied for everybody but administrators."""
    if not (isinstance(request.user, User) and request.user.role == User.Role.ADMIN):
        raise PermissionDenied
    return request.user


def actor(user: User) -> str:
    """Name the user in records: `user:<id>`."""
    return f"user:{user.pk}"

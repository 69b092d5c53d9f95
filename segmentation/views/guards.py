"""Who may change segments."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from crm.access.models import User


def signed_in(request: HttpRequest) -> User:
    """Return who asks. Raises PermissionDenied for nobody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def editor(request: HttpRequest) -> User:
    """Return who asks. Raises PermissionDenied for people who may not change anything."""
    user = signed_in(request)
    if not user.may_edit:
        raise PermissionDenied
    return user

"""Who works here: add a colleague, change what they may do, let them in or keep them out."""

import secrets

from django.db import transaction

from crm.access.models import User

ONE_TIME_BYTES = 12
"""96 random bits, 16 characters: it is typed once, and must be changed at the first sign-in."""


class Oneself(Exception):
    """Nobody changes their own role or shuts themselves out: so an administrator always stays."""


class NameTaken(Exception):
    """Somebody signs in with this name already."""


@transaction.atomic
def add(*, username: str, role: str) -> tuple[User, str]:
    """Add a colleague and return them with a one-time password, which is not kept in the clear.

    Raises NameTaken.
    """
    if User.objects.filter(username__iexact=username).exists():
        raise NameTaken
    password = secrets.token_urlsafe(ONE_TIME_BYTES)
    user = User(username=username, role=User.Role(role), must_change_password=True)
    user.set_password(password)
    user.save()
    return user, password


@transaction.atomic
def change(*, user: User, by: User, role: str | None = None, active: bool | None = None) -> User:
    """Change a colleague's role, or whether they may sign in; None leaves it as it is. It holds from the next request.

    Raises Oneself when `user` is who asks.
    """
    if user.pk == by.pk:
        raise Oneself
    changed = User.objects.select_for_update().get(pk=user.pk)
    if role is not None:
        changed.role = User.Role(role)
    if active is not None:
        changed.is_active = active
    changed.save(update_fields=["role", "is_active"])
    return changed

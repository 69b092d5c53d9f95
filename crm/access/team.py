"""Who works here: add a colleague, change what they may do, let them in or keep them out."""

import secrets

from django.db import transaction

from crm.access import acts
from crm.access.acts import By
from crm.access.models import User
from crm.access.verbs import Verb

ONE_TIME_BYTES = 12
"""96 random bits, 16 characters: it is typed once, and must be changed at the first sign-in."""


class Oneself(Exception):
    """Nobody changes their own role or shuts themselves out: so an administrator always stays."""


class NameTaken(Exception):
    """Somebody signs in with this name already."""


@transaction.atomic(durable=True)
def add(*, username: str, role: str, by: By = None) -> tuple[User, str]:
    """Add a colleague and return them with a one-time password, which is not kept in the clear.

    Raises NameTaken.
    """
    if User.objects.filter(username__iexact=username).exists():
        raise NameTaken
    password = secrets.token_urlsafe(ONE_TIME_BYTES)
    user = User(username=username, role=User.Role(role), must_change_password=True)
    user.set_password(password)
    user.save()
    acts.record(by=by, verb=Verb.ADDED, on=user, role=user.role)
    return user, password


@transaction.atomic(durable=True)
def change(*, user: User, by: User, role: str | None = None, active: bool | None = None) -> User:
    """Change a colleague's role, or whether they may sign in; None leaves it as it is. It holds from the next request.

    Raises Oneself when `user` is who asks.
    """
    if user.pk == by.pk:
        raise Oneself
    changed = User.objects.select_for_update().get(pk=user.pk)
    if role is not None and role != changed.role:
        acts.record(by=by, verb=Verb.ROLE_CHANGED, on=changed, role=[changed.role, role])
        changed.role = User.Role(role)
    if active is not None and active != changed.is_active:
        acts.record(by=by, verb=Verb.LET_IN if active else Verb.KEPT_OUT, on=changed)
        changed.is_active = active
    changed.save(update_fields=["role", "is_active"])
    return changed


@transaction.atomic(durable=True)
def reset_password(*, user: User, by: User) -> str:
    """Give a colleague who lost the password a one-time one, which is returned and not kept in the clear.

    Whatever device the colleague was signed in on is signed out with it. Raises Oneself: one's own is changed, not
    reset, because that asks for the old one.
    """
    if user.pk == by.pk:
        raise Oneself
    locked = User.objects.select_for_update().get(pk=user.pk)
    password = secrets.token_urlsafe(ONE_TIME_BYTES)
    locked.set_password(password)
    locked.must_change_password = True
    locked.save(update_fields=["password", "must_change_password"])
    acts.record(by=by, verb=Verb.PASSWORD_RESET, on=locked)
    return password


@transaction.atomic(durable=True)
def choose_language(*, user: User, language: str) -> None:
    """Keep the language somebody reads pages in."""
    before = user.language
    user.language = language
    user.save(update_fields=["language"])
    acts.record(by=user, verb=Verb.LANGUAGE_CHANGED, on=user, language=[before, language])

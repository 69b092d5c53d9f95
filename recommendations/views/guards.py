"""Who may change what is recommended."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from crm.access.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def may_edit(request: HttpRequest) -> bool:
    """Say whether who asks may change things."""
    return isinstance(request.user, User) and request.user.may_edit


def for_editors(view: View[P]) -> View[P]:
    """Answer 403 to people who may only read."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_edit(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return cast("View[P]", guarded)

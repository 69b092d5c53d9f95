"""Who calls the API: a program with a key, or a person who is signed in."""

import base64
import binascii
from typing import Any

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from crm.access import keys
from crm.access.models import ApiKey, User


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`, or Basic with the key as the user name, as Segment's libraries send it."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """Return the key that was sent, None when none was.

        Raises AuthenticationFailed for a key that is unknown, revoked or expired.
        """
        scheme, _, rest = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                rest = base64.b64decode(rest, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError) as error:
                raise AuthenticationFailed("The Authorization header cannot be read.") from error
        elif scheme.lower() != "bearer":
            return None
        key = keys.find(rest)
        if key is None:
            raise AuthenticationFailed("This key is unknown, revoked or expired.")
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        """Make a missing key answer 401, not 403."""
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI schema tells of the key."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "relata_…", "description": "A key of /data/keys/."}


class HasScope(BasePermission):
    """A key needs the view's scope; a signed-in person may read, and change things by role.

    A view may name its scope in `scope`; otherwise reading needs `read` and the rest needs `write`.
    """

    message = "This key may not do that."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Decide by the key's scopes or the person's role."""
        needed = getattr(view, "scope", None) or ("read" if request.method in SAFE_METHODS else "write")
        if isinstance(request.auth, ApiKey):
            scopes = set(request.auth.scopes)
            if needed == ApiKey.Scope.READ:
                return bool(scopes & {"read", "read_contact", "write"})
            return needed in scopes
        if isinstance(request.user, User) and request.user.is_authenticated:
            return needed == ApiKey.Scope.READ or (needed == ApiKey.Scope.WRITE and request.user.may_edit)
        return False


def may_see_contact(request: Request) -> bool:
    """May this caller be given sealed data in the clear? Each such answer must be logged as an opening."""
    if isinstance(request.auth, ApiKey):
        return ApiKey.Scope.READ_CONTACT in request.auth.scopes
    return isinstance(request.user, User) and request.user.may_reveal


def actor_of(request: Request) -> str:
    """Name the caller in records: `api:<prefix>` or `user:<id>`."""
    if isinstance(request.auth, ApiKey):
        return f"api:{request.auth.prefix}"
    return f"user:{request.user.pk}"

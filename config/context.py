"""What every page's template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from workspace import jobs


def workspace(request: HttpRequest) -> dict[str, Any]:
    """Return the theme from its cookie (light, dark or auto), the workspace's name and currency."""
    theme = request.COOKIES.get("theme", "auto")
    return {
        "theme": theme if theme in {"light", "dark", "auto"} else "auto",
        "workspace_name": settings.WORKSPACE_NAME,
        "workspace_currency": settings.WORKSPACE_CURRENCY,
        "mailbox_enabled": settings.MAILBOX_ENABLED,
        # A page without the top bar never asks, so it costs no query there.
        "running_jobs": SimpleLazyObject(jobs.running) if request.user.is_authenticated else [],
    }

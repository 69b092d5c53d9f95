"""A mail inside a frame of our own pages."""

from collections.abc import Callable
from typing import cast

from csp.decorators import csp
from django.http import HttpResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin

from campaigns.emails import scan

# A mail brings its own styles. It may run nothing, go nowhere, and tell no picture's server that somebody looks at it.
POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    # Not our own server either: the picture that tells of an opening lies there, and colleagues are no customers.
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": True,
}
# A grey field in the place of each picture, so that the mail keeps its shape.
BLANK = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='200' height='120'%3E"
    "%3Crect width='100%25' height='100%25' fill='%23dfe5ea'/%3E%3C/svg%3E"
)
Page = Callable[..., HttpResponse]


def framed(view: Page) -> Page:
    """Let a view's answer be a mail in a frame of our own pages, under the policy for mails."""
    return cast(Page, csp(POLICY)(xframe_options_sameorigin(view)))


def without_pictures(html: str) -> str:
    """Return a mail with a grey field in the place of each picture that lies on a server, ours included."""
    places = [
        (attribute.start, attribute.end, f'"{BLANK}"')
        for element in scan.elements(html)
        if element.name == "img"
        for attribute in element.attributes
        if attribute.name == "src" and attribute.value.strip().lower().startswith(("http://", "https://", "//"))
    ]
    return scan.replaced(html, places)

"""What readers of mails reach without signing in: links, the pixel, unsubscribing, preferences."""

import base64

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.tracking import preferences, record
from campaigns.tracking.hits import Hit
from crm.consents.purposes import BY_KEY, Purpose

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
PREVIEW = "preview"
"""The token in previews and test mails, which belongs to nobody."""


def _hit(request: HttpRequest) -> Hit:
    return Hit(request.method or "GET", request.headers, staff=request.user.is_authenticated)


@login_not_required
@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Redirect to where a link of a mail leads."""
    try:
        url = record.clicked(token, _hit(request))
    except record.Gone as error:
        raise Http404 from error
    return HttpResponseRedirect(url, headers=PRIVATE)


@login_not_required
@require_safe
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with a transparent pixel."""
    try:
        record.opened(token, _hit(request))
    except record.Gone as error:
        raise Http404 from error
    return HttpResponse(PIXEL, content_type="image/gif", headers=PRIVATE)


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page that asks, or unsubscribe: by its button, or by one click of a mail program (RFC 8058).

    A GET changes nothing, because mail programs and scanners follow links on their own.
    """
    if token == PREVIEW:
        return _page(request, "unsubscribe", {"preview": True})
    if request.method == "POST":
        return _unsubscribed(request, token)
    reader = _reader(token)
    return _page(request, "unsubscribe", {"token": token, "reader": reader})


def _unsubscribed(request: HttpRequest, token: str) -> HttpResponse:
    try:
        reader = preferences.unsubscribe(token=token)
    except preferences.Unknown as error:
        raise Http404 from error
    # What is said is what the database holds now; a mail program tries again after a 503.
    status = 200 if reader.objected else 503
    if request.POST.get("List-Unsubscribe") == "One-Click":
        text = "Unsubscribed.\n" if reader.objected else "Not unsubscribed. Please try again.\n"
        return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=PRIVATE, status=status)
    return _page(request, "unsubscribe", {"token": token, "reader": reader, "failed": not reader.objected}, status)


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preference_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the reader allows, and let it be changed."""
    if token == PREVIEW:
        return _page(request, "preferences", {"preview": True})
    saved = ""
    if request.method == "POST":
        allowed = Purpose(sum(BY_KEY[key] for key in set(request.POST.getlist("purpose")) & BY_KEY.keys()))
        try:
            reader = preferences.choose(token=token, allowed=allowed)
        except preferences.Unknown as error:
            raise Http404 from error
        saved = "as asked" if preferences.holds(reader, allowed) else "otherwise"
    else:
        reader = _reader(token)
    context = {"token": token, "reader": reader, "choices": preferences.choices(reader), "saved": saved}
    return _page(request, "preferences", context)


def _reader(token: str) -> preferences.PreferencesReader:
    try:
        return preferences.reader_of(token)
    except preferences.Unknown as error:
        raise Http404 from error


def _page(request: HttpRequest, name: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    reader = context.get("reader")
    language = (
        reader.language if isinstance(reader, preferences.PreferencesReader) else translation.get_language() or "en"
    )
    with translation.override(language):
        response = render(request, f"campaigns/tracking/{name}.html", context, status=status)
    for header, value in PRIVATE.items():
        response[header] = value
    return response


tracking_urls = [
    path("t/c/<str:token>", click, name="click"),
    path("t/o/<str:token>.gif", pixel, name="open"),
    path("t/u/<str:token>", unsubscribe, name="unsubscribe"),
    path("t/p/<str:token>", preference_page, name="preferences"),
]

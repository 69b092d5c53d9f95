"""Read the mails of a machine without a mail server."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from campaigns.views.framed import framed, without_pictures
from campaigns.views.received import addresses_in, moment
from crm.access import acts
from crm.access.guards import signed_in
from crm.access.verbs import Verb
from lib.mailbox import Mailbox, open_mailbox
from lib.outside import whole

PAGE = 50


def _opened(request: HttpRequest) -> Mailbox:
    if not settings.MAILBOX_ENABLED:
        raise Http404
    # Mails show who people are.
    if not signed_in(request).may_reveal:
        raise PermissionDenied
    return open_mailbox(settings.VAR_DIR)


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """List mails, newest first, optionally those whose recipient or subject holds some words."""
    words = request.GET.get("q", "").strip()
    before = whole(request.GET.get("before"))
    with _opened(request) as box:
        found = box.messages(before, PAGE + 1, words)
        total = box.count()
    shown = found[:PAGE]
    next_url = ""
    if len(found) > PAGE:
        page: dict[str, str | int] = {"q": words, "before": shown[-1].id}
        next_url = f"{reverse('campaigns:mailbox')}?{urlencode(page)}"
    context = {
        "rows": [(entry, moment(entry.received_at)) for entry in shown],
        "total": total,
        "query": words,
        "next_url": next_url,
        "later": before is not None,
    }
    return render(request, "campaigns/mailbox/list.html", context)


@require_safe
def mail(request: HttpRequest, number: int) -> HttpResponse:
    """Show one mail: headers, text, the frame with its HTML, and where its links lead."""
    with _opened(request) as box:
        try:
            found = box.message(number)
        except KeyError as error:
            raise Http404 from error
    context = {"mail": found, "received": moment(found.entry.received_at), "links": addresses_in(found.html)}
    return render(request, "campaigns/mailbox/mail.html", context)


@framed
@require_safe
def mail_html(request: HttpRequest, number: int) -> HttpResponse:
    """Answer with the HTML of one mail, for its frame."""
    with _opened(request) as box:
        try:
            found = box.message(number)
        except KeyError as error:
            raise Http404 from error
    return HttpResponse(without_pictures(found.html))


@require_POST
def mailbox_clear(request: HttpRequest) -> HttpResponse:
    """Throw all mails away."""
    # The mailbox has a file of its own, and is emptied last: an act that cannot be written keeps the mails.
    with _opened(request) as box, transaction.atomic(durable=True):
        acts.record(by=signed_in(request), verb=Verb.CLEARED, on="mailbox", mails=box.count())
        count = box.clear()
    messages.success(request, ngettext("%(count)d mail deleted.", "%(count)d mails deleted.", count) % {"count": count})
    return redirect("campaigns:mailbox")


mailbox_urls = [
    path("mailbox/", mailbox, name="mailbox"),
    path("mailbox/clear/", mailbox_clear, name="mailbox_clear"),
    path("mailbox/<int:number>/", mail, name="mail"),
    path("mailbox/<int:number>/html/", mail_html, name="mail_html"),
]

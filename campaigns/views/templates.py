"""Pages of mails: a list with small previews, and an editor with both languages side by side."""

import hashlib
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.emails import edit
from campaigns.emails.models import EmailTemplate, EmailText
from campaigns.emails.proof import Draft
from campaigns.emails.variables import VARIABLES
from campaigns.emails.workshop import proof_read
from campaigns.forms import StarterForm, TemplateForm
from campaigns.views.framed import framed, without_pictures
from crm.access.guards import for_editors, may_edit, signed_in

DRAFT_SECONDS = 600


def templates(request: HttpRequest) -> HttpResponse:
    """List mails: those in use, or the archive."""
    archived = request.GET.get("show") == "archived"
    rows = (
        EmailTemplate.objects.filter(archived_at__isnull=not archived)
        .order_by("name", "id")
        .annotate(used=Count("cells__campaign", distinct=True))
        .prefetch_related("texts")
    )
    context = {
        "nav": "templates",
        "rows": rows,
        "archived": archived,
        "in_use": not archived,
        "active": EmailTemplate.objects.filter(archived_at__isnull=True).count(),
        "put_away": EmailTemplate.objects.filter(archived_at__isnull=False).count(),
        "form": StarterForm(),
        "may_edit": may_edit(request),
    }
    return render(request, "campaigns/templates/templates.html", context)


@for_editors
def template_new(request: HttpRequest) -> HttpResponse:
    """Make a mail from a ready one."""
    form = StarterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = edit.begin(name=form.cleaned_data["name"], starter=form.chosen(), by=signed_in(request))
        return redirect("campaigns:template", made.pk)
    context = {"nav": "templates", "form": form}
    return render(request, "campaigns/templates/new.html", context, status=422 if form.errors else 200)


def template(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the editor, or save what it sends: 422 with the list of problems where a text has an error."""
    row = get_object_or_404(EmailTemplate.objects.prefetch_related("texts"), pk=pk)
    if request.method == "POST":
        return _save(request, row)
    return _editor(request, row, TemplateForm(template=row))


@require_POST
@for_editors
def template_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the problems and previews of what the editor holds, saving nothing."""
    row = get_object_or_404(EmailTemplate.objects.prefetch_related("texts"), pk=pk)
    form = TemplateForm(request.POST, template=row)
    form.is_valid()
    languages = _languages(row, form)
    for draft, shown in zip(form.drafts(), languages, strict=True):
        if shown["written"]:
            page = _example(draft)
            shown["version"] = hashlib.sha256(page.encode()).hexdigest()[:16]
            cache.set(_draft_key(request, pk, draft.language, shown["version"]), page, DRAFT_SECONDS)
    return render(request, "campaigns/templates/_checked.html", {"template": row, "languages": languages})


@framed
def template_preview(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """Show a saved mail with example data."""
    text = get_object_or_404(EmailText, template_id=pk, language=language)
    return HttpResponse(_example(Draft(text.subject, text.preheader, text.mjml, text.language)))


@framed
def template_draft(request: HttpRequest, pk: int, language: str, version: str) -> HttpResponse:
    """Show what the editor holds, as template_check kept it a moment ago; nothing of it is saved."""
    return HttpResponse(cache.get(_draft_key(request, pk, language, version), _("This draft is too old to be shown.")))


@require_POST
@for_editors
def template_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a mail away."""
    row = get_object_or_404(EmailTemplate, pk=pk)
    edit.archive(template=row, by=signed_in(request))
    messages.success(request, _("The e-mail “%(name)s” is in the archive now.") % {"name": row.name})
    return redirect("campaigns:templates")


@require_POST
@for_editors
def template_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a mail out of the archive."""
    edit.restore(template=get_object_or_404(EmailTemplate, pk=pk), by=signed_in(request))
    return redirect("campaigns:templates")


@for_editors
def _save(request: HttpRequest, row: EmailTemplate) -> HttpResponse:
    form = TemplateForm(request.POST, template=row)
    if form.is_valid():
        try:
            edit.save(template=row, name=form.cleaned_data["name"], drafts=form.drafts(), by=signed_in(request))
        except edit.Faulty:
            form.add_error(None, _("Nothing was saved: the mail has errors, listed below the text."))
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("campaigns:template", row.pk)
    return _editor(request, row, form)


def _editor(request: HttpRequest, row: EmailTemplate, form: TemplateForm) -> HttpResponse:
    context = {
        "nav": "templates",
        "template": row,
        "form": form,
        "languages": _languages(row, form),
        "variables": VARIABLES,
        "may_edit": may_edit(request),
    }
    return render(request, "campaigns/templates/template.html", context, status=422 if form.errors else 200)


def _languages(row: EmailTemplate, form: TemplateForm) -> list[dict[str, Any]]:
    typed = {draft.language: draft for draft in form.drafts()} if form.is_bound else {}
    saved = {text.language: Draft(text.subject, text.preheader, text.mjml, text.language) for text in row.texts.all()}
    found = []
    for code, name in EmailText.Language.choices:
        draft = typed.get(code) if form.is_bound else saved.get(code)
        written = draft is not None and bool(draft.subject.strip() or draft.mjml.strip())
        proof = proof_read(draft) if draft is not None and written else None
        found.append(
            {
                "code": code,
                "name": name,
                "written": written,
                "saved": code in saved,
                "problems": proof.problems if proof else [],
                "subject": proof.example.subject if proof and proof.example else draft.subject if draft else "",
                "fields": [form[f"{part}-{code}"] for part in ("subject", "preheader", "mjml")],
            }
        )
    return found


def _draft_key(request: HttpRequest, pk: int, language: str, version: str) -> str:
    return f"mail-draft:{signed_in(request).pk}:{pk}:{language}:{version}"


def _example(draft: Draft) -> str:
    if example := proof_read(draft).example:
        return without_pictures(example.html)
    # The list of problems beside it says what is wrong.
    return format_html("<p>{}</p>", _("The mail cannot be shown until its errors are mended."))

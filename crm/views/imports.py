"""The pages of imports: hand in a file, say which column is which, watch it go in, fetch what did not."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from crm.access.guards import editor, may_edit
from crm.ingest import upload
from crm.ingest.files import UnreadableFile
from crm.ingest.models import ImportRun
from crm.tasks import run_due_imports
from lib.outside import whole
from lib.wake import wake

PAGE = 50
SUBJECTS = [(key, label) for key, label in ImportRun.Subject.choices if key != ImportRun.Subject.DATASET]


class UploadForm(forms.Form):
    """A file, and what its rows are."""

    subject = forms.ChoiceField(label=gettext_lazy("The rows are"), choices=SUBJECTS)
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        help_text=gettext_lazy("With a header. Any delimiter, UTF-8, UTF-16, GB 18030 or Latin-1."),
    )

    def clean_file(self) -> Any:
        """Refuse a file that is too large before it is kept."""
        file = self.cleaned_data["file"]
        if file.size > settings.MAX_IMPORT_BYTES:
            limit = filesizeformat(settings.MAX_IMPORT_BYTES)
            raise forms.ValidationError(_("The file is too large; at most %(limit)s.") % {"limit": limit})
        return file


def imports(request: HttpRequest) -> HttpResponse:
    """List imports, newest first; a posted file is kept, and its columns are asked for next.

    Raises PermissionDenied for people who hand in a file and may not edit.
    """
    form = UploadForm()
    status = 200
    if request.method == "POST":
        user = editor(request)
        form = UploadForm(request.POST, request.FILES)
        status = 422
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                run = upload.receive(
                    chunks=file.chunks(), filename=file.name, subject=form.cleaned_data["subject"], by=user
                )
            except UnreadableFile as error:
                form.add_error("file", str(error))
            else:
                return redirect("crm:import_map", run.pk)
    before = whole(request.GET.get("after"))
    found = ImportRun.objects.select_related("created_by")
    page = list((found if before is None else found.filter(pk__lt=before))[: PAGE + 1])
    context = {
        "nav": "imports",
        "form": form,
        "runs": page[:PAGE],
        "next_url": f"?after={page[PAGE - 1].pk}" if len(page) > PAGE else "",
        "previous_url": reverse("crm:imports") if before else "",
        "needs_review": upload.NEEDS_REVIEW,
    }
    return render(request, "crm/ingest/imports.html", context, status=status)


@never_cache
def import_map(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask which column is which, with our guess and the first values; then start.

    Raises PermissionDenied for people who may not edit.
    """
    user = editor(request)
    run = get_object_or_404(ImportRun, pk=pk)
    if run.state != upload.NEEDS_REVIEW:
        return redirect("crm:import", pk)
    try:
        columns = upload.look(run)
    except (UnreadableFile, FileNotFoundError) as error:
        run.fail(str(error) if isinstance(error, UnreadableFile) else _("The file is no longer there."))
        return redirect("crm:import", pk)
    problem = ""
    chosen = {column.header: column.guess for column in columns}
    if request.method == "POST":
        chosen = {column.header: request.POST.get(f"column-{at}", "") for at, column in enumerate(columns)}
        try:
            if upload.start(run=run, chosen=chosen, by=user):
                wake(run_due_imports)
            return redirect("crm:import", pk)
        except (upload.Unmappable, UnreadableFile) as error:
            problem = str(error)
    context = {
        "nav": "imports",
        "run": run,
        "columns": [(column, chosen[column.header]) for column in columns],
        "choices": upload.choices(run),
        "problem": problem,
    }
    return render(request, "crm/ingest/map.html", context, status=422 if problem else 200)


def import_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one import; asked by htmx, only how far it is."""
    run = get_object_or_404(ImportRun.objects.select_related("created_by"), pk=pk)
    if run.state == upload.NEEDS_REVIEW and may_edit(request):
        return redirect("crm:import_map", pk)
    context = {
        "nav": "imports",
        "run": run,
        "label": run.filename,
        "poll_url": reverse("crm:import", args=[pk]),
        "cancel_url": reverse("crm:import_cancel", args=[pk]) if may_edit(request) else "",
        "reasons": sorted(run.reasons.items(), key=lambda pair: -pair[1]),
        "has_rejects": bool(run.rows_rejected and run.rejects_path and Path(run.rejects_path).is_file()),
    }
    if request.headers.get("HX-Request"):
        answer = render(request, "_job.html", context)
        if not run.active:
            # The result stands outside what is polled.
            answer["HX-Refresh"] = "true"
        return answer
    return render(request, "crm/ingest/import.html", context)


@require_POST
def import_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop an import, or give up one that was not started.

    Raises PermissionDenied for people who may not edit.
    """
    user = editor(request)
    run = get_object_or_404(ImportRun, pk=pk)
    if upload.give_up(run=run, by=user):
        messages.success(request, _("The import is stopped; what went in stays in."))
    else:
        messages.warning(request, _("The import was over already."))
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect("crm:import", pk)


@never_cache
def import_rejects(request: HttpRequest, pk: int) -> FileResponse:
    """Answer the file of rejected rows, which holds what the file held.

    Raises PermissionDenied for people who may not edit, Http404 where there is none.
    """
    editor(request)
    run = get_object_or_404(ImportRun, pk=pk)
    path = Path(run.rejects_path) if run.rejects_path else None
    if path is None or not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"rejected-{pk}.csv", content_type="text/csv")

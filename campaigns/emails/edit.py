"""Making and changing mails."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.emails.models import EmailTemplate, EmailText
from campaigns.emails.problems import Problem
from campaigns.emails.proof import Draft
from campaigns.emails.starters import MailStarter, texts
from campaigns.emails.workshop import proof_read
from crm.access import acts
from crm.access.acts import By
from crm.access.verbs import Verb


class Faulty(Exception):
    """A mail with errors is not saved; `problems` holds what is wrong, by language."""

    def __init__(self, found: dict[str, list[Problem]]) -> None:
        super().__init__("; ".join(str(problem) for several in found.values() for problem in several))
        self.problems = found


@transaction.atomic(durable=True)
def begin(*, name: str, starter: MailStarter, by: By = None) -> EmailTemplate:
    """Make a mail from a ready one. Raises ValidationError where the name is empty."""
    template = EmailTemplate.objects.create(name=_checked_name(name))
    rows = texts(starter)
    for row in rows:
        row.template = template
    EmailText.objects.bulk_create(rows)
    acts.record(by=by, verb=Verb.CREATED, on=template)
    return template


def save(*, template: EmailTemplate, name: str, drafts: Sequence[Draft], by: By = None) -> EmailTemplate:
    """Write a mail's name and its texts, one for each language given; other languages stay as they are.

    A draft that is empty throughout takes its language out. Raises Faulty when a text has an error, and ValidationError
    where the name is empty or no language is left.
    """
    name = _checked_name(name)
    written = [draft for draft in drafts if draft.subject.strip() or draft.preheader.strip() or draft.mjml.strip()]
    # Before the transaction: compiling takes a while, and nothing should be locked meanwhile.
    errors = {draft.language: proof_read(draft).errors for draft in written}
    if wrong := {language: found for language, found in errors.items() if found}:
        raise Faulty(wrong)
    return _write(template, name, drafts, written, by)


@transaction.atomic(durable=True)
def _write(
    template: EmailTemplate, name: str, drafts: Sequence[Draft], written: Sequence[Draft], by: By
) -> EmailTemplate:
    row = EmailTemplate.objects.select_for_update().get(pk=template.pk)
    row.name = name
    for draft in written:
        EmailText.objects.update_or_create(
            template=row,
            language=draft.language,
            defaults={"subject": draft.subject.strip(), "preheader": draft.preheader.strip(), "mjml": draft.mjml},
        )
    emptied = {draft.language for draft in drafts} - {draft.language for draft in written}
    row.texts.filter(language__in=emptied).delete()
    if not row.texts.exists():
        raise ValidationError(_("Write the mail in at least one language."))
    row.save()
    changed = acts.changes({"name": template.name}, {"name": row.name})
    acts.record(by=by, verb=Verb.CHANGED, on=row, languages=[draft.language for draft in written], **changed)
    return row


@transaction.atomic(durable=True)
def archive(*, template: EmailTemplate, by: By = None) -> None:
    """Put a mail away; campaigns that used it keep what they froze."""
    if EmailTemplate.objects.filter(pk=template.pk, archived_at__isnull=True).update(archived_at=timezone.now()):
        acts.record(by=by, verb=Verb.ARCHIVED, on=template)


@transaction.atomic(durable=True)
def restore(*, template: EmailTemplate, by: By = None) -> None:
    """Take a mail out of the archive."""
    if EmailTemplate.objects.filter(pk=template.pk, archived_at__isnull=False).update(archived_at=None):
        acts.record(by=by, verb=Verb.RESTORED, on=template)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 120:
        raise ValidationError({"name": ValidationError(_("Give it a name of at most 120 characters."))})
    return name

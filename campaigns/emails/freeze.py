"""Fix the mails of a campaign: what is edited afterwards belongs to another campaign."""

from collections.abc import Iterable

from django.db import transaction

from campaigns.emails.compile import Compiled
from campaigns.emails.models import CompiledText, EmailText, TrackedLink
from campaigns.emails.workshop import must_compile


@transaction.atomic
def freeze_texts(*, campaign_id: int) -> int:
    """Compile every language of every mail in the campaign's matrix, and write down where their links lead.

    Texts frozen before stay as they are. Returns how many were frozen now. Raises CompileError when one has an error.
    """
    frozen = set(CompiledText.objects.filter(campaign_id=campaign_id).values_list("template_id", "language"))
    texts = EmailText.objects.filter(template__cells__campaign_id=campaign_id).distinct().order_by("id")
    rows = []
    for text in texts:
        if (text.template_id, text.language) in frozen:
            continue
        compiled = must_compile(text)
        rows.append(
            CompiledText(
                campaign_id=campaign_id,
                template_id=text.template_id,
                language=text.language,
                subject=compiled.subject,
                html=compiled.html,
                text=compiled.text,
                links=list(compiled.links),
                uses=sorted(compiled.uses),
            )
        )
    CompiledText.objects.bulk_create(rows, ignore_conflicts=True)
    ensure_links(campaign_id=campaign_id, urls={url for row in rows for url in row.links})
    return len(rows)


def ensure_links(*, campaign_id: int, urls: Iterable[str]) -> dict[str, int]:
    """Return address → link id for these addresses in a campaign, making the links that are missing."""
    wanted = set(urls)
    known = TrackedLink.objects.filter(campaign_id=campaign_id, url__in=wanted)
    found = dict(known.values_list("url", "id"))
    if missing := sorted(wanted - found.keys()):
        rows = [TrackedLink(campaign_id=campaign_id, url=url) for url in missing]
        TrackedLink.objects.bulk_create(rows, ignore_conflicts=True)
        found = dict(known.all().values_list("url", "id"))
    return found


def thaw(row: CompiledText) -> Compiled:
    """Return a frozen text as it is rendered."""
    return Compiled(row.subject, row.html, row.text, tuple(row.links), frozenset(row.uses))

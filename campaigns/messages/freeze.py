"""Fix the mails of a message: what is edited afterwards belongs to another message."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from django.db import transaction

from campaigns.emails.compile import Compiled
from campaigns.emails.models import EmailText
from campaigns.emails.workshop import must_compile
from campaigns.messages.models import CompiledText, TrackedLink


class TextChanged(Exception):
    """A fixed text is not what it was when it was fixed."""


@transaction.atomic
def freeze_texts(*, message_id: int, template_ids: Iterable[int]) -> int:
    """Compile every language of these mails for a message, and write down where their links lead.

    Texts fixed before stay as they are. Returns how many were fixed now. Raises CompileError when one has an error.
    """
    frozen = set(CompiledText.objects.filter(message_id=message_id).values_list("template_id", "language"))
    texts = EmailText.objects.filter(template_id__in=set(template_ids)).order_by("id")
    rows = [
        _frozen(message_id, text, must_compile(text))
        for text in texts
        if (text.template_id, text.language) not in frozen
    ]
    CompiledText.objects.bulk_create(rows, ignore_conflicts=True)
    ensure_links(message_id=message_id, urls={url for row in rows for url in row.links})
    return len(rows)


def _frozen(message_id: int, text: EmailText, compiled: Compiled) -> CompiledText:
    return CompiledText(
        message_id=message_id,
        template_id=text.template_id,
        language=text.language,
        subject=compiled.subject,
        html=compiled.html,
        text=compiled.text,
        links=list(compiled.links),
        uses=sorted(compiled.uses),
        digest=digest_of(compiled),
    )


def digest_of(compiled: Compiled) -> str:
    """Return the SHA-256 of all a text says, in hex."""
    parts: Sequence[object] = (
        compiled.subject,
        compiled.html,
        compiled.text,
        list(compiled.links),
        sorted(compiled.uses),
    )
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def ensure_links(*, message_id: int, urls: Iterable[str]) -> dict[str, int]:
    """Return address → link id for these addresses in a message, making the links that are missing."""
    wanted = set(urls)
    known = TrackedLink.objects.filter(message_id=message_id, url__in=wanted)
    found = dict(known.values_list("url", "id"))
    if missing := sorted(wanted - found.keys()):
        rows = [TrackedLink(message_id=message_id, url=url) for url in missing]
        TrackedLink.objects.bulk_create(rows, ignore_conflicts=True)
        found = dict(known.all().values_list("url", "id"))
    return found


def thaw(row: CompiledText) -> Compiled:
    """Return a fixed text as it is rendered. Raises TextChanged when somebody touched it."""
    compiled = Compiled(row.subject, row.html, row.text, tuple(row.links), frozenset(row.uses))
    if digest_of(compiled) != row.digest:
        raise TextChanged(f"The text {row.pk} is not what it was when it was fixed.")
    return compiled

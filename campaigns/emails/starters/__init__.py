"""Two mails that are ready to send, in English and Chinese: picks for the reader, and an offer."""

from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from campaigns.emails.models import EmailTemplate, EmailText

HERE = Path(__file__).resolve().parent
NAMED = "{{% if customer.first_name %}}{{{{ customer.first_name }}}}{named}{{% else %}}{unnamed}{{% endif %}}"
OFFERED = (
    "{{% if offer.name %}}{{{{ offer.name }}}}{colon}{{{{ offer.value_text }}}}{{% else %}}{otherwise}{{% endif %}}"
)


@dataclass(frozen=True)
class MailStarter:
    """A ready mail: its file name, its name, and for each language subject and preheader."""

    file: str
    name: str
    lines: dict[str, tuple[str, str]]


STARTERS = [
    MailStarter(
        "picks",
        "Chosen for you · 为您挑选",
        {
            "en": (
                NAMED.format(named=", new picks for you", unnamed="New picks for you"),
                "Chosen from what you like",
            ),
            "zh-hans": (
                NAMED.format(named="，为您挑选的好物", unnamed="为您挑选的好物"),
                "根据您的喜好挑选",
            ),
        },
    ),
    MailStarter(
        "offer",
        "An offer · 优惠",
        {
            "en": (
                OFFERED.format(colon=": ", otherwise="News from {{ sender_name }}"),
                "{{ offer.value_text }}",
            ),
            "zh-hans": (
                OFFERED.format(colon="：", otherwise="{{ sender_name }}的新消息"),
                "{{ offer.value_text }}",
            ),
        },
    ),
]


def texts(starter: MailStarter) -> list[EmailText]:
    """Return a starter's texts, not saved."""
    return [
        EmailText(
            language=language,
            subject=subject,
            preheader=preheader,
            mjml=(HERE / f"{starter.file}.{language}.mjml").read_text(),
        )
        for language, (subject, preheader) in starter.lines.items()
    ]


@transaction.atomic
def install_starters() -> list[EmailTemplate]:
    """Return the ready mails as templates, made where no template of the same name exists yet."""
    templates = []
    for starter in STARTERS:
        template, made = EmailTemplate.objects.get_or_create(name=starter.name)
        if made:
            rows = texts(starter)
            for row in rows:
                row.template = template
            EmailText.objects.bulk_create(rows)
        templates.append(template)
    return templates

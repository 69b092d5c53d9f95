"""Making and changing mails."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.emails.edit import Faulty, archive, begin, restore, save
from campaigns.emails.models import EmailTemplate
from campaigns.emails.proof import Draft
from campaigns.emails.starters import STARTERS
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db


def draft(subject: str = "Hello", mjml: str = shop.MJML, language: str = "en") -> Draft:
    return Draft(subject, "", mjml, language)


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.file)
def test_a_ready_mail_can_be_saved_as_it_is(starter: object) -> None:
    made = begin(name="Mine", starter=starter)
    texts = [Draft(text.subject, text.preheader, text.mjml, text.language) for text in made.texts.all()]
    assert save(template=made, name="Mine", drafts=texts).texts.count() == len(texts) == 2


def test_a_mail_needs_a_name() -> None:
    for name in (" ", "x" * 121):
        with pytest.raises(ValidationError):
            begin(name=name, starter=STARTERS[0])
    with pytest.raises(ValidationError):
        save(template=shop.template(), name="", drafts=[draft()])


def test_faults_are_told_by_language_and_nothing_is_written() -> None:
    made = shop.template()
    with pytest.raises(Faulty) as refusal:
        save(template=made, name="New", drafts=[draft(), draft(mjml="<mjml>", language="zh-hans")])
    assert list(refusal.value.problems) == ["zh-hans"]
    made.refresh_from_db()
    assert made.name == "Picks" and made.texts.count() == 1


def test_an_empty_text_takes_its_language_out_unless_it_is_the_last() -> None:
    made = shop.template()
    save(template=made, name="Picks", drafts=[draft(), draft(language="zh-hans")])
    save(template=made, name="Picks", drafts=[draft("", ""), draft(language="zh-hans")])
    assert list(made.texts.values_list("language", flat=True)) == ["zh-hans"]
    with pytest.raises(ValidationError):
        save(template=made, name="Picks", drafts=[draft("", "", "zh-hans")])
    assert made.texts.count() == 1


def test_a_mail_is_put_away_and_taken_back() -> None:
    made = shop.template()
    archive(template=made)
    assert EmailTemplate.objects.get().archived_at is not None
    restore(template=made)
    assert EmailTemplate.objects.get().archived_at is None

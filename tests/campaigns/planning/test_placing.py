"""Everybody in the matrix gets one row, and whoever gets nothing has a reason."""

import pytest

from campaigns.emails.models import EmailText
from campaigns.emails.problems import CompileError
from campaigns.messages.models import CompiledText, TrackedLink
from campaigns.planning import placing as room
from campaigns.planning.audience import count
from campaigns.sending.models import Delivery
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from segmentation.segments.models import Membership
from tests.campaigns import mailing
from tests.campaigns.mailing import materialise

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
State = Delivery.State


def test_the_row_with_the_lowest_position_wins() -> None:
    who = mailing.people(3)
    first, second = mailing.segment(who[:2], "First"), mailing.segment(who, "Second")
    mail = mailing.template()
    made = mailing.campaign((first, mail, None), (second, mail, None))
    written = materialise(made)
    assert written.created == 3
    placed = dict(Delivery.objects.values_list("customer_id", "segment_id"))
    assert placed == {who[0].pk: first.pk, who[1].pk: first.pk, who[2].pk: second.pk}


def test_whoever_gets_nothing_has_a_reason() -> None:
    who = mailing.people(6)
    decide.object_to_marketing(customer=who[1], source="test")
    Customer.objects.filter(pk=who[2].pk).update(state=Customer.State.RESTRICTED)
    Customer.objects.filter(pk=who[3].pk).update(state=Customer.State.ERASED)
    Customer.objects.filter(pk=who[4].pk).update(canary=True)
    nowhere = Customer.objects.create(permission=int(Purpose.EMAIL_MARKETING))
    made = mailing.campaign((mailing.segment([*who, nowhere]), mailing.template(), None))
    written = materialise(made)
    rows = dict(Delivery.objects.values_list("customer_id", "reason"))
    assert rows == {
        who[0].pk: "",
        who[1].pk: "no_consent",
        who[2].pk: "restricted",
        who[3].pk: "erased",
        who[5].pk: "",
        nowhere.pk: "no_address",
    }
    assert written.counts == {
        (State.QUEUED, ""): 2,
        (State.SUPPRESSED, "no_consent"): 1,
        (State.SUPPRESSED, "restricted"): 1,
        (State.SUPPRESSED, "erased"): 1,
        (State.SUPPRESSED, "no_address"): 1,
    }


def test_running_it_again_writes_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BATCH", 4)
    who = mailing.people(11)
    group = mailing.segment(who)
    made = mailing.campaign((group, mailing.template(), None))
    assert materialise(made).created == 11
    assert materialise(made).created == 0
    keys = set(Delivery.objects.values_list("key", flat=True))
    late = mailing.people(1, prefix="late")[0]
    Membership.objects.create(segment=group, customer=late, since=late.created_at)
    assert materialise(made).created == 1
    assert keys < set(Delivery.objects.values_list("key", flat=True))


def test_who_left_the_segment_gets_nothing() -> None:
    who = mailing.people(2)
    group = mailing.segment(who)
    Membership.objects.filter(customer=who[0]).update(until=who[0].created_at)
    assert materialise(mailing.campaign((group, mailing.template(), None))).created == 1


def test_the_language_is_the_readers_where_the_mail_has_it() -> None:
    who = [mailing.people(1, prefix=word or "none", language=word)[0] for word in ("", "fr", "zh", "zh-hans", "zh-CN")]
    made = mailing.campaign((mailing.segment(who), mailing.template(chinese="新消息"), None))
    materialise(made)
    languages = dict(Delivery.objects.values_list("customer_id", "language"))
    assert [languages[one.pk] for one in who] == ["en", "en", "zh-hans", "zh-hans", "zh-hans"]


def test_a_mail_without_chinese_is_english_and_one_without_english_is_chinese() -> None:
    chinese = mailing.people(1, prefix="zh", language="zh-hans")[0]
    english = mailing.people(1, prefix="en", language="en")[0]
    only_english, only_chinese = mailing.template(), mailing.template()
    EmailText.objects.filter(template=only_chinese).update(language="zh-hans")
    for mail, expected in ((only_english, "en"), (only_chinese, "zh-hans")):
        made = mailing.campaign((mailing.segment([chinese, english], expected), mail, None))
        materialise(made)
        assert set(made.deliveries.values_list("language", flat=True)) == {expected}


def test_texts_and_links_are_frozen_and_later_edits_change_nothing() -> None:
    mail = mailing.template()
    made = mailing.campaign((mailing.segment(mailing.people(1)), mail, None))
    materialise(made)
    frozen = CompiledText.objects.get()
    assert frozen.links == ["https://shop.example.com/sale?from=mail&x=1"]
    assert TrackedLink.objects.get().url == frozen.links[0]
    EmailText.objects.update(subject="Changed")
    materialise(made)
    assert CompiledText.objects.get().subject == frozen.subject != "Changed"


def test_a_mail_with_errors_writes_no_delivery() -> None:
    mail = mailing.template(mjml="<mjml><mj-body></mj-body></mjml>")
    made = mailing.campaign((mailing.segment(mailing.people(1)), mail, None))
    with pytest.raises(CompileError):
        materialise(made)
    assert not Delivery.objects.exists()


def test_rows_of_one_segment_divide_its_people_and_everybody_stays_where_she_is() -> None:
    who = mailing.people(60)
    first, second = mailing.segment(who[:10], "First"), mailing.segment(who, "All")
    one, two, three = (mailing.template() for _ in range(3))
    made = mailing.campaign((first, one, None), (second, two, None), (second, three, None))
    counted = count(made)
    materialise(made)
    cells = list(made.cells.order_by("position"))
    written = [made.deliveries.filter(text__template=cell.template).count() for cell in cells]
    assert written == [counted.cells[cell.pk].reachable for cell in cells]
    assert written[0] == 10 and sum(written) == 60 and min(written[1:]) >= 10
    assert [counted.cells[cell.pk].elsewhere for cell in cells] == [0, 10, 10]
    for row in made.deliveries.select_related("text")[:20]:
        cell = cells[[one.pk, two.pk, three.pk].index(row.text.template_id)]
        assert room.cell_of(made, row.customer_id) == cell.pk

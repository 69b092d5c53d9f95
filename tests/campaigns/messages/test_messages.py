"""A message is fixed once, sent by its own rules, and knows nothing of what owns it."""

import time
from datetime import datetime, timedelta
from uuid import RFC_4122, uuid4

import pytest
from django.utils import timezone

from campaigns.emails.models import EmailText
from campaigns.messages.freeze import TextChanged, digest_of, freeze_texts, thaw
from campaigns.messages.models import CompiledText, Message
from campaigns.planning.models import Campaign
from campaigns.sending import ledger, materialise
from campaigns.sending.models import Delivery
from campaigns.sending.pump import pump
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.eligibility.reasons import Lane
from lib.mailbox import Mailbox
from tests.campaigns import mailing

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
State = Delivery.State
ONE = """
    SELECT %(customer)s::bigint AS customer_id, %(occasion)s::bigint AS occasion, %(template)s::bigint AS template_id,
           NULL::bigint AS segment_id, NULL::bigint AS offer_id
"""


def message(template_id: int, **fields: object) -> Message:
    """A message that nobody owns, with its texts fixed."""
    made = Message.objects.create(state=Message.State.SENDING, **fields)
    freeze_texts(message_id=made.pk, template_ids=[template_id])
    return made


def to(made: Message, template_id: int, who: Customer, occasion: int = 0) -> materialise.Materialised:
    """Write its delivery to one person."""
    values = {"customer": who.pk, "occasion": occasion, "template": template_id}
    return materialise.write(message_id=made.pk, people=ONE, values=values)


def test_one_person_gets_it_once_for_each_occasion() -> None:
    mail, who = mailing.template().pk, mailing.people(1)[0]
    made = message(mail)
    assert [to(made, mail, who, occasion).created for occasion in (1, 1, 2)] == [1, 0, 1]


def test_keys_are_of_this_moment_and_differ_between_people_occasions_and_batches() -> None:
    mail, who = mailing.template().pk, mailing.people(2)
    one, two = message(mail), message(mail)
    before = time.time_ns() // 1_000_000
    for made, person, occasion in ((one, who[0], 1), (one, who[0], 2), (one, who[1], 1), (two, who[0], 1)):
        to(made, mail, person, occasion)
    keys = list(Delivery.objects.values_list("key", flat=True))
    assert {(key.version, key.variant) for key in keys} == {(7, RFC_4122)}
    assert all(before <= key.int >> 80 <= time.time_ns() // 1_000_000 for key in keys)
    assert len({key.int & (1 << 62) - 1 for key in keys}) == 4


def test_it_lasts_as_long_as_it_says() -> None:
    mail, who = mailing.template().pk, mailing.people(1)[0]
    to(message(mail, valid_for=timedelta(minutes=10)), mail, who)
    row = Delivery.objects.get()
    assert row.expires_at - row.not_before == timedelta(minutes=10)


def test_a_transactional_one_reaches_who_unsubscribed_before_everybody_else_and_without_a_way_to_unsubscribe(
    box: Mailbox,
) -> None:
    mail, who = mailing.template().pk, mailing.people(2)
    decide.record_many(decisions=[decide.Decision(one.pk, Purpose.SERVICE, True, "test") for one in who])
    letter = message(mail)
    to(letter, mail, who[1])
    decide.object_to_marketing(customer=who[0], source="test")
    order = message(mail, lane=Lane.TRANSACTIONAL, purpose=int(Purpose.SERVICE))
    assert to(order, mail, who[0]).counts == {(State.QUEUED, ""): 1}
    assert to(letter, mail, who[0]).counts == {(State.SUPPRESSED, "no_consent"): 1}
    assert pump(limit=1).sent == 1
    assert Delivery.objects.get(message=order).state == State.SENT
    raw = box.raw(box.messages()[0].id)
    assert b"Auto-Submitted: auto-generated" in raw and b"List-Unsubscribe" not in raw
    assert pump().sent == 1


def test_lower_priorities_go_first_and_equals_share_alike() -> None:
    mail, who = mailing.template().pk, mailing.people(3)
    urgent, one, two = (message(mail, priority=priority) for priority in (1, 5, 5))
    for made in (one, two, urgent):
        for person in who:
            to(made, mail, person)
    claimed = [row.message_id for row in ledger.claim(5, uuid4(), 60)]
    assert (claimed.count(urgent.pk), claimed.count(one.pk), claimed.count(two.pk)) == (3, 1, 1)


@pytest.mark.parametrize(("begin", "end", "leaves"), [(-2, -1, False), (-1, 1, True), (1, 2, False), (1, -1, False)])
def test_it_leaves_at_the_hours_it_names_alone(begin: int, end: int, leaves: bool) -> None:
    now = datetime.now(tz=timezone.get_default_timezone())
    hours = [(now + timedelta(hours=shift)).time() for shift in (begin, end)]
    mail, who = mailing.template().pk, mailing.people(1)[0]
    to(message(mail, window_from=hours[0], window_until=hours[1]), mail, who)
    assert bool(ledger.claim(5, uuid4(), 60)) == leaves


def test_a_text_that_somebody_touched_is_not_sent(box: Mailbox) -> None:
    mail, who = mailing.template().pk, mailing.people(1)[0]
    to(message(mail), mail, who)
    text = CompiledText.objects.get()
    assert text.digest == digest_of(thaw(text))
    CompiledText.objects.update(subject="Another")
    with pytest.raises(TextChanged):
        thaw(CompiledText.objects.get())
    assert pump().sent == 0
    row = Delivery.objects.get()
    assert (row.state, row.reason) == (State.FAILED, "render") and "not what it was" in row.reply


def test_a_message_worded_anew_leaves_mails_under_way_their_words() -> None:
    mail, who = mailing.template(), mailing.people(2)
    made = message(mail.pk)
    to(made, mail.pk, who[0])
    old = CompiledText.objects.get()
    EmailText.objects.update(subject="Reworded")
    newer = CompiledText.objects.create(
        message=made, template=mail, language="en", subject="Reworded", html=old.html, text=old.text, digest="new"
    )
    to(made, mail.pk, who[1])
    assert [row.text_id for row in Delivery.objects.order_by("pk")] == [old.pk, newer.pk]


def test_its_state_follows_its_campaigns() -> None:
    made = mailing.campaign((mailing.segment(mailing.people(1)), mailing.template(), None))
    mailing.start(made)
    assert Campaign.objects.get().message.state == Message.State.SENDING

"""After erasure nobody is left: no key, no address, no trace but a number in the statistics."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from crm.consents.purposes import Purpose
from crm.customers.models import AnonymousId, Customer, Identity
from crm.interactions.models import Interaction
from crm.privacy import erasure, gate, reveal, suppression, vault
from crm.privacy.models import PersonKey
from crm.privacy.vault import Sealing
from lib.signing import BadSignature
from segmentation.models import Membership, Portrait, Segment

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def test_the_keys_are_destroyed_and_the_rows_blanked(ada: Customer) -> None:
    AnonymousId.objects.create(value="browser-ada", customer=ada)
    backup = Identity.objects.get(pk=ada.pk)
    before = erasure.erase(customer=ada, actor="user:1")
    assert before | {} == before
    assert (before["keys"], before["sealed"], before["indexes"], before["anonymous_ids"]) == (2, 1, 1, 1)
    assert not PersonKey.objects.filter(customer_uuid=ada.uuid).exists()
    assert not AnonymousId.objects.exists()
    assert Identity.objects.filter(pk=ada.pk, contact=None, identity=None, email_index=None, phone_index=None).exists()
    ada.refresh_from_db()
    assert (ada.state, ada.external_id, ada.country, ada.region, ada.age_band, ada.attributes) == (
        "erased", None, "", "", "", {},
    )  # fmt: skip
    assert ada.permission == Purpose.SERVICE
    # A backup of the table, restored, stays shut.
    backup.save()
    assert vault.open_one(customer_id=ada.pk, seal="contact", actor="test", reason="test") == {}


def test_what_was_worked_out_goes(ada: Customer, bo: Customer) -> None:
    segment = Segment.objects.create(name="Everyone")
    for person in (ada, bo):
        Portrait.objects.create(customer=person, as_of=timezone.now())
        Membership.objects.create(segment=segment, customer=person, since=timezone.now())
    before = erasure.erase(customer=ada, actor="user:1")
    assert (before["segmentation.portrait"], before["segmentation.membership"]) == (1, 1)
    assert list(Portrait.objects.values_list("pk", flat=True)) == [bo.pk]
    assert list(Membership.objects.values_list("customer", flat=True)) == [bo.pk]


def test_every_derived_table_is_in_the_plan() -> None:
    planned = {model._meta.label for model, _field in erasure.derived_models()}
    assert planned == {
        "segmentation.Portrait",
        "segmentation.Membership",
        "segmentation.Standing",
        "recommendations.Recommendation",
        "recommendations.Shown",
    }


def test_facts_stay_for_the_statistics_but_lead_nowhere(ada: Customer) -> None:
    Interaction.objects.filter(customer=ada).update(properties={"note": "something"})
    erasure.erase(customer=ada, actor="user:1")
    rows = Interaction.objects.filter(customer=ada)
    assert rows.count() == 3
    assert not rows.filter(order_id__startswith="ORDER").exists()
    assert rows.values("order_id").distinct().count() == 3
    assert set(rows.values_list("properties__note", flat=True)) == {None}


def test_the_erased_are_never_mailed_again(ada: Customer) -> None:
    erasure.erase(customer=ada, actor="user:1")
    assert suppression.suppressed("ada@example.com")
    newcomer = Customer.objects.create()
    vault.seal_many([Sealing(newcomer.pk, newcomer.uuid, email="ada@example.com")])
    assert reveal.find_by_email("ada@example.com") == newcomer.pk


def test_a_release_made_before_leads_nowhere(ada: Customer, bo: Customer) -> None:
    release = gate.build(purpose=Purpose.PROFILING)
    erasure.erase(customer=ada, actor="user:1")
    assert len(gate.excluded(release)) == 1


def test_erasing_twice_does_no_harm(cy: Customer) -> None:
    before = erasure.erase(customer=cy, actor="user:1")
    assert before["keys"] == 0


def test_a_signed_certificate_says_what_was_and_is_left(ada: Customer, settings: Any) -> None:
    erasure.erase(customer=ada, actor="user:1")
    (path,) = Path(settings.CERTIFICATE_DIR).iterdir()
    told = erasure.check_certificate(path)
    assert told["customer"] == str(ada.uuid)
    assert told["before"]["keys"] == 2
    assert set(told["after"].values()) == {0}
    text = path.read_text()
    assert not any(word in text for word in ("ada@", "Ada", "Invented", "example.com"))
    path.write_text(text.replace("user:1", "user:2"))
    with pytest.raises(BadSignature):
        erasure.check_certificate(path)


def test_the_command_erases_only_when_meant(ada: Customer) -> None:
    with pytest.raises(CommandError, match="--yes"):
        call_command("erase_customer", str(ada.uuid))
    call_command("erase_customer", str(ada.uuid), yes=True, verbosity=0)
    ada.refresh_from_db()
    assert ada.state == "erased"

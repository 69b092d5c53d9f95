"""Writing a campaign down."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.planning.draft import DraftRow, NotADraft, Sender, create, duplicate, rename, set_cells, set_sender
from campaigns.planning.models import Campaign
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db


def test_a_campaign_needs_a_name() -> None:
    with pytest.raises(ValidationError):
        create(name="  ")
    draft = create(name=" May ")
    assert draft.name == "May" and draft.state == Campaign.State.DRAFT
    assert rename(campaign=draft, name="June").name == "June"


def test_the_matrix_keeps_the_order_it_is_given_in() -> None:
    first, second, mail = shop.segment("A"), shop.segment("B"), shop.template()
    draft = shop.campaign((first, None, mail), (second, shop.offer(), mail))
    before = {cell.segment_id: cell.pk for cell in draft.cells.all()}
    cells = set_cells(campaign=draft, rows=[DraftRow(second.pk, mail.pk), DraftRow(first.pk, mail.pk)])
    assert [cell.segment_id for cell in cells] == [second.pk, first.pk]
    assert {cell.segment_id: cell.pk for cell in cells} == before
    assert cells[0].offer_id is None


def test_a_row_left_out_is_gone() -> None:
    first, second, mail = shop.segment("A"), shop.segment("B"), shop.template()
    draft = shop.campaign((first, None, mail), (second, None, mail))
    assert len(set_cells(campaign=draft, rows=[DraftRow(second.pk, mail.pk)])) == 1


def test_rows_of_one_segment_are_variants_that_keep_their_identity() -> None:
    group, one, two = shop.segment("A"), shop.template(), shop.template()
    draft = create(name="May")
    first, second = set_cells(campaign=draft, rows=[DraftRow(group.pk, one.pk), DraftRow(group.pk, two.pk)])
    assert set_cells(campaign=draft, rows=[DraftRow(group.pk, two.pk), DraftRow(group.pk, one.pk)]) == [first, second]
    assert set_cells(campaign=draft, rows=[DraftRow(group.pk, one.pk)]) == [first]


def test_what_is_on_its_way_can_no_longer_be_changed() -> None:
    draft = create(name="May")
    Campaign.objects.update(state=Campaign.State.SENDING)
    with pytest.raises(NotADraft):
        set_cells(campaign=draft, rows=[])
    with pytest.raises(NotADraft):
        set_sender(campaign=draft, sender=Sender(name="Shop"), recommended=3)


@pytest.mark.parametrize(("address", "products"), [("not an address", 4), ("shop@example.com", 0)])
def test_a_wrong_sender_is_refused(address: str, products: int) -> None:
    with pytest.raises(ValidationError):
        set_sender(campaign=create(name="May"), sender=Sender(address=address), recommended=products)


def test_a_copy_says_the_same_and_is_a_draft() -> None:
    group, mail, promise = shop.segment("A"), shop.template(), shop.offer()
    original = shop.campaign((group, promise, mail))
    set_sender(campaign=original, sender=Sender(name="Shop", address="shop@example.com"), recommended=3)
    original.refresh_from_db()
    Campaign.objects.update(state=Campaign.State.SENT)
    copy = duplicate(campaign=original, name="June")
    assert (copy.state, copy.sender_name, copy.recommended) == ("draft", "Shop", 3)
    assert [(c.segment_id, c.offer_id, c.template_id) for c in copy.cells.all()] == [(group.pk, promise.pk, mail.pk)]

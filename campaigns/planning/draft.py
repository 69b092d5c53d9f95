"""Writing a campaign down: its name, its sender, its matrix of segment × (offer, e-mail)."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns.planning.models import Campaign, CampaignCell
from crm.access import acts
from crm.access.acts import By
from crm.access.models import User
from crm.access.verbs import Verb

MAX_ROWS = 50
MAX_RECOMMENDED = 12


class NotADraft(Exception):
    """The campaign is on its way or over; what it says can no longer be changed."""


@dataclass(frozen=True)
class DraftRow:
    """One row of the matrix: the segment's people get this offer (or none) in this e-mail."""

    segment_id: int
    template_id: int
    offer_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who a campaign's mails come from; empty fields stand for the workspace's sender."""

    name: str = ""
    address: str = ""


@transaction.atomic(durable=True)
def create(*, name: str, created_by: User | None = None) -> Campaign:
    """Begin a campaign. Raises ValidationError where the name is empty."""
    row = Campaign.objects.create(name=_checked_name(name), created_by=created_by)
    acts.record(by=created_by, verb=Verb.CREATED, on=row)
    return row


@transaction.atomic(durable=True)
def rename(*, campaign: Campaign, name: str, by: By = None) -> Campaign:
    """Give a campaign another name, whatever its state. Raises ValidationError where the name is empty."""
    row = Campaign.objects.select_for_update().get(pk=campaign.pk)
    before, row.name = row.name, _checked_name(name)
    row.save(update_fields=["name", "updated_at"])
    acts.record(by=by, verb=Verb.RENAMED, on=row, name=[before, row.name])
    return row


@transaction.atomic(durable=True)
def set_sender(*, campaign: Campaign, sender: Sender, recommended: int, by: By = None) -> Campaign:
    """Set who the mails come from and how many products a recommendation block shows (1 to 12).

    Raises NotADraft; ValidationError where the address is none or the number out of bounds.
    """
    row = held_draft(campaign)
    if sender.address:
        validate_email(sender.address)
    if not 1 <= recommended <= MAX_RECOMMENDED:
        raise ValidationError(_("Show between 1 and 12 products."))
    said = {"sender_name": sender.name.strip(), "sender_address": sender.address.strip(), "recommended": recommended}
    acts.record(by=by, verb=Verb.CHANGED, on=row, **acts.changes({name: getattr(row, name) for name in said}, said))
    for name, value in said.items():
        setattr(row, name, value)
    row.save(update_fields=[*said, "updated_at"])
    return row


@transaction.atomic(durable=True)
def set_cells(*, campaign: Campaign, rows: Sequence[DraftRow], by: By = None) -> list[CampaignCell]:
    """Write the whole matrix, in the order given: somebody in several segments gets the first row's mail.

    Rows of one segment are variants that divide its people among them. Rows keep their identity by segment, and among
    variants by order. Raises NotADraft; ValidationError for too many rows.
    """
    draft = held_draft(campaign)
    if len(rows) > MAX_ROWS:
        raise ValidationError(_("A campaign has at most 50 rows."))
    free: dict[int, deque[CampaignCell]] = {}
    for cell in draft.cells.order_by("position", "id"):
        free.setdefault(cell.segment_id, deque()).append(cell)
    for position, row in enumerate(rows):
        here = free.get(row.segment_id)
        cell = here.popleft() if here else CampaignCell(campaign=draft, segment_id=row.segment_id)
        cell.offer_id, cell.template_id, cell.position = row.offer_id, row.template_id, position
        cell.save()
    draft.cells.filter(pk__in=[cell.pk for cells in free.values() for cell in cells]).delete()
    draft.save(update_fields=["updated_at"])
    acts.record(
        by=by, verb=Verb.CHANGED, on=draft, rows=[[row.segment_id, row.template_id, row.offer_id] for row in rows]
    )
    return list(draft.cells.order_by("position", "id"))


@transaction.atomic(durable=True)
def duplicate(*, campaign: Campaign, name: str, created_by: User | None = None) -> Campaign:
    """Make a draft that says what another campaign says. Raises ValidationError where the name is empty."""
    copy = Campaign.objects.create(
        name=_checked_name(name),
        sender_name=campaign.sender_name,
        sender_address=campaign.sender_address,
        recommended=campaign.recommended,
        created_by=created_by,
    )
    CampaignCell.objects.bulk_create(
        CampaignCell(
            campaign=copy,
            segment_id=cell.segment_id,
            offer_id=cell.offer_id,
            template_id=cell.template_id,
            position=cell.position,
        )
        for cell in campaign.cells.order_by("position", "id")
    )
    acts.record(by=created_by, verb=Verb.DUPLICATED, on=copy, copy_of=campaign.pk)
    return copy


def held_draft(campaign: Campaign) -> Campaign:
    """Return the campaign's row, locked until the transaction ends. Raises NotADraft when it is none any more."""
    row = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if row.state != Campaign.State.DRAFT:
        raise NotADraft(_("Only a draft can be changed."))
    return row


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 120:
        raise ValidationError({"name": ValidationError(_("Give it a name of at most 120 characters."))})
    return name

"""Forms of the campaign pages: what a browser sends, made into what the rooms take."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.emails.models import EmailTemplate, EmailText
from campaigns.emails.proof import Draft
from campaigns.emails.starters import STARTERS, MailStarter
from campaigns.offers.edit import OfferTerms
from campaigns.offers.models import Offer
from campaigns.planning.draft import MAX_RECOMMENDED, DraftRow, Sender
from campaigns.planning.models import Campaign
from crm.catalog.models import Product
from lib.outside import whole
from segmentation.segments.models import Segment


class NameForm(forms.Form):
    """A campaign's name."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Only your team sees it."))


class SenderForm(forms.Form):
    """Who the mails come from, and how many products they show."""

    sender_name = forms.CharField(label=_("Sender name"), max_length=80, required=False)
    sender_address = forms.EmailField(label=_("Sender address"), required=False)
    recommended = forms.IntegerField(label=_("Products in a mail"), min_value=1, max_value=MAX_RECOMMENDED)

    def sender(self) -> Sender:
        """Return what was typed; call after is_valid()."""
        return Sender(name=self.cleaned_data["sender_name"], address=self.cleaned_data["sender_address"])


class ScheduleForm(forms.Form):
    """When to start."""

    at = forms.DateTimeField(
        label=_("Start at"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def moment(self) -> datetime:
        """Return the moment, in the workspace's time zone; call after is_valid()."""
        moment: datetime = self.cleaned_data["at"]
        return moment

    def clean_at(self) -> datetime:
        """Refuse what has passed."""
        at: datetime = self.cleaned_data["at"]
        if at < timezone.now():
            raise forms.ValidationError(_("This moment has passed."))
        return at


class TestForm(forms.Form):
    """Where a test mail goes."""

    address = forms.EmailField(label=_("Send a test to"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    customer = forms.UUIDField(widget=forms.HiddenInput)


class OfferForm(forms.ModelForm):  # type: ignore[type-arg]
    """An offer's terms."""

    class Meta:
        model = Offer
        fields = ("name", "name_zh", "kind", "value", "cost", "code", "department", "url", "valid_from", "valid_until")
        labels = {
            "name": _("Name"),
            "name_zh": _("Name in Chinese"),
            "kind": _("Kind"),
            "value": _("Value"),
            "cost": _("Expected cost of one redemption"),
            "code": _("Code"),
            "department": _("Only for the department"),
            "url": _("Page of the offer"),
            "valid_from": _("First day"),
            "valid_until": _("Last day"),
        }
        help_texts = {"value": _("Percent, money or points, by kind; for a gift, what it is worth.")}
        widgets = {
            "valid_from": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "valid_until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "url": forms.URLInput(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the departments that products have."""
        super().__init__(*args, **kwargs)
        held = Product.objects.exclude(department="").order_by("department").values_list("department", flat=True)
        names = sorted({*held.distinct(), *filter(None, [self.instance.department])})
        self.fields["department"] = forms.ChoiceField(
            label=_("Only for the department"),
            choices=[("", _("All departments")), *((name, name) for name in names)],
            required=False,
        )
        self.order_fields(self.Meta.fields)

    def terms(self) -> OfferTerms:
        """Return the terms; call after is_valid()."""
        return OfferTerms(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class StarterForm(forms.Form):
    """A new mail: its name, and the ready mail it starts from."""

    name = forms.CharField(label=_("Name"), max_length=120)
    starter = forms.ChoiceField(label=_("Start from"), choices=[(ready.file, ready.name) for ready in STARTERS])

    def chosen(self) -> MailStarter:
        """Return the ready mail; call after is_valid()."""
        return next(ready for ready in STARTERS if ready.file == self.cleaned_data["starter"])


class TemplateForm(forms.Form):
    """A mail's name and its text in every language."""

    name = forms.CharField(label=_("Name"), max_length=120)

    def __init__(self, *args: Any, template: EmailTemplate, **kwargs: Any) -> None:
        """Add the fields of each language, filled with what is saved."""
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = template.name
        saved = {text.language: text for text in template.texts.all()}
        for language in EmailText.Language.values:
            text = saved.get(language)
            for name, field in _text_fields().items():
                field.initial = getattr(text, name) if text else ""
                self.fields[f"{name}-{language}"] = field

    def drafts(self) -> list[Draft]:
        """Return the texts as typed, saved nowhere; unreadable fields are empty. Works before and after is_valid()."""
        values = getattr(self, "cleaned_data", None) or {}
        return [
            Draft(
                subject=values.get(f"subject-{language}", ""),
                preheader=values.get(f"preheader-{language}", ""),
                mjml=values.get(f"mjml-{language}", ""),
                language=language,
            )
            for language in EmailText.Language.values
        ]


def _text_fields() -> dict[str, forms.Field]:
    source = forms.Textarea(attrs={"rows": 22, "spellcheck": "false", "class": "font-monospace", "wrap": "off"})
    return {
        "subject": forms.CharField(label=_("Subject"), max_length=200, required=False),
        "preheader": forms.CharField(label=_("Preview line"), max_length=200, required=False),
        "mjml": forms.CharField(label=_("Text (MJML)"), widget=source, required=False, strip=False),
    }


class MatrixForm:
    """The matrix as posted: `segment` in order, `offer-<segment>` and `template-<segment>` for each, and one act.

    Acts are buttons `up`, `down`, `remove`, and the list `new`, each with a segment's id.
    """

    def __init__(self, data: QueryDict, campaign: Campaign) -> None:
        """Read the post; ids that do not exist are left out."""
        self._segments = set(Segment.objects.in_use().values_list("pk", flat=True))
        self._segments |= set(campaign.cells.values_list("segment_id", flat=True))
        self._offers = set(Offer.objects.values_list("pk", flat=True))
        self._templates = list(
            EmailTemplate.objects.filter(archived_at__isnull=True).order_by("-updated_at").values_list("pk", flat=True)
        )
        self._data = data

    def rows(self) -> list[DraftRow]:
        """Return the matrix after the act."""
        order = [number for text in self._data.getlist("segment") if (number := _whole(text)) in self._segments]
        order = list(dict.fromkeys(order))
        if (new := _whole(self._data.get("new"))) in self._segments and new not in order:
            order.append(new)
        if (gone := _whole(self._data.get("remove"))) in order:
            order.remove(gone)
        _shift(order, _whole(self._data.get("up")), -1)
        _shift(order, _whole(self._data.get("down")), 1)
        return [row for segment in order if (row := self._row(segment))]

    def _row(self, segment: int) -> DraftRow | None:
        template = _whole(self._data.get(f"template-{segment}"))
        if template not in self._templates:
            template = self._templates[0] if self._templates else 0
        offer = _whole(self._data.get(f"offer-{segment}"))
        return DraftRow(segment, template, offer if offer in self._offers else None) if template else None


def _shift(order: list[int], segment: int, by: int) -> None:
    if segment not in order:
        return
    place = order.index(segment)
    other = place + by
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]


def _whole(text: object) -> int:
    return whole(text) or 0


def first_error(form: forms.BaseForm) -> str:
    """Return the first thing wrong with a form, for a message; "" when nothing is."""
    for errors in form.errors.values():
        return str(errors[0])
    return ""

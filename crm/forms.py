"""Forms of the customer pages: what a browser sends, made into what the rooms take."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from crm.consents.decide import EARLIEST
from crm.consents.models import ConsentEvent
from crm.ingest.scrubbing import clean_text


class GrantForm(forms.Form):
    """How and when a person agreed to a purpose. `refused_at` is when we heard the no that is in force, or None."""

    how = forms.ChoiceField(label=_("How did the person agree?"), choices=[("", "…"), *ConsentEvent.How.choices])
    said_at = forms.DateTimeField(
        label=_("When?"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    reference = forms.CharField(
        label=_("Number of the form, call or ticket"),
        required=False,
        max_length=60,
        help_text=_("Optional. It stays when the person is erased: no names or addresses."),
    )
    text_version = forms.CharField(
        label=_("Version of the text the person agreed to"), required=False, max_length=64, help_text=_("Optional.")
    )

    def __init__(self, *args: Any, refused_at: datetime | None, **more: Any) -> None:
        """Keep the refusal that the answer must come after."""
        super().__init__(*args, **more)
        self.refused_at = refused_at

    def clean_said_at(self) -> datetime:
        """Refuse what nobody can remember: the future, before there was e-mail marketing, and before the last no."""
        said: datetime = self.cleaned_data["said_at"]
        if said > timezone.now():
            raise forms.ValidationError(_("This lies in the future. Say when the person agreed."))
        if said < EARLIEST:
            raise forms.ValidationError(_("This is too long ago. Say when the person agreed."))
        if self.refused_at is not None and said <= self.refused_at:
            refused = {"moment": date_format(timezone.localtime(self.refused_at), "SHORT_DATETIME_FORMAT")}
            raise forms.ValidationError(
                _("The person refused on %(moment)s. Only a yes the person gave after that undoes it."), params=refused
            )
        return said

    def proof(self, actor: str) -> dict[str, str]:
        """Return what proves the yes, and who wrote it down; call after is_valid()."""
        reference = clean_text(self.cleaned_data["reference"])
        return {"how": self.cleaned_data["how"], "reference": reference, "by": actor}

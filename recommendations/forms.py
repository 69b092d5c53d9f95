"""Forms of the recommendation pages: what a browser sends, made into what the rooms take."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.catalog.models import Product
from recommendations.serving.models import MOST, MOST_EXPLORATION, Placement
from recommendations.serving.placing import PlacementTerms, terms_of
from recommendations.serving.rules import STEP

PERCENT = 100


class PlacementForm(forms.Form):
    """A placement's terms."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("Only your team sees it."))
    key = forms.SlugField(
        label=_("Key"), max_length=40, help_text=_("Your shop asks for the list by it: ?placement=key")
    )
    kind = forms.ChoiceField(label=_("Which list"), choices=Placement.Kind.choices)
    length = forms.IntegerField(label=_("Products"), min_value=1, max_value=MOST, initial=10)
    categories_in = forms.MultipleChoiceField(
        label=_("Only these categories"),
        required=False,
        widget=forms.SelectMultiple({"data-tom-select": "", "aria-label": _("Only these categories"), "size": 6}),
        help_text=_("Nothing chosen: all of them."),
    )
    categories_out = forms.MultipleChoiceField(
        label=_("Not these categories"),
        required=False,
        widget=forms.SelectMultiple({"data-tom-select": "", "aria-label": _("Not these categories"), "size": 6}),
    )
    price_from = forms.DecimalField(
        label=_("Lowest price"), min_value=0, max_digits=12, decimal_places=2, required=False
    )
    price_to = forms.DecimalField(
        label=_("Highest price"), min_value=0, max_digits=12, decimal_places=2, required=False
    )
    rest_days = forms.IntegerField(
        label=_("Days of rest after buying"),
        min_value=0,
        max_value=365,
        initial=0,
        help_text=_("What the person bought within so many days is not shown; 0 shows it."),
    )
    exploration = forms.FloatField(
        label=_("Exploration, %"),
        min_value=0,
        max_value=MOST_EXPLORATION * PERCENT,
        initial=0,
        help_text=_("In so many answers the order is drawn by lot, so that the model learns what it never shows."),
    )

    def __init__(self, *args: Any, placement: Placement | None = None, **kwargs: Any) -> None:
        """Begin with what a placement says, and offer the categories that products have."""
        if placement:
            terms = terms_of(placement)
            kwargs["initial"] = vars(terms) | {"exploration": round(terms.exploration * PERCENT, 3)}
        super().__init__(*args, **kwargs)
        kept = [*placement.categories_in, *placement.categories_out] if placement else []
        choices = [(path, path) for path in categories(kept)]
        for name in ("categories_in", "categories_out"):
            field = self.fields[name]
            if isinstance(field, forms.MultipleChoiceField):
                field.choices = choices

    def terms(self) -> PlacementTerms:
        """Return the terms; call after is_valid()."""
        values = {name: self.cleaned_data[name] for name in self.fields}
        values |= {name: tuple(values[name]) for name in ("categories_in", "categories_out")}
        return PlacementTerms(**values | {"exploration": values["exploration"] / PERCENT})


def categories(kept: list[str]) -> list[str]:
    """Return every path of a category that products have, each of its steps, and those `kept`; in order."""
    found = Product.objects.exclude(category="").order_by().values_list("category", flat=True).distinct()
    paths = {*kept, *found}
    for path in found:
        steps = path.split(STEP)
        paths.update(STEP.join(steps[: at + 1]) for at in range(len(steps)))
    return sorted(paths)

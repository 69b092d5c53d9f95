"""Texts in any number of languages: one answer from rows, from SQL and from forms."""

from typing import Any

import pytest
from django import forms
from django.utils.translation import gettext_lazy, override

from lib.translated import InLanguage, TranslatedFields, contains, parted, spoken
from segmentation.models import Segment

WRITTEN: list[dict[str, Any]] = [
    {"name": "Winter"},
    {"name": "Winter", "translations": {"zh-hans": {"name": "冬季"}, "de": {"name": "Winterzeit"}}},
    {"name": "", "translations": {"fr": {"name": "Hiver"}, "zh-hant": {"description": "冬"}}},
    {"name": "Winter", "translations": {"zh-hans": {"name": ""}}},
    {"name": "Winter", "translations": {"pt": {"name": "Inverno"}}},
]


@pytest.mark.django_db
def test_rows_and_database_say_the_same_text_in_every_language(settings: Any) -> None:
    settings.WORKSPACE_LANGUAGES = ["en", "zh-hans", "de"]
    made = [Segment.objects.create(kind="fixed", **one) for one in WRITTEN]
    for language in ("en", "zh-cn", "zh-hans", "de-at", "fr", "pt-br", "it", "%s'; --"):
        said = dict(Segment.objects.annotate(said=InLanguage("name", language)).values_list("pk", "said"))
        assert said == {one.pk: one.name_in(language) for one in made}, language
    assert [one.name_in("zh-cn") for one in made] == ["Winter", "冬季", "Hiver", "Winter", "Winter"]


@pytest.mark.django_db
def test_lists_are_searched_in_every_language_and_in_order_of_the_pages() -> None:
    first = Segment.objects.create(name="A", kind="fixed", translations={"zh-hans": {"name": "2 灯"}})
    second = Segment.objects.create(name="B", kind="fixed", translations={"zh-hans": {"name": "1 灯"}})
    with override("zh-hans"):
        assert list(Segment.objects.filter(contains("name", "灯")).by_name()) == [second, first]
    assert list(Segment.objects.filter(contains("name", "a")).by_name()) == [first]


class SeasonForm(TranslatedFields, forms.Form):
    """A name."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=9)


def test_a_form_asks_for_the_languages_of_the_workspace_and_keeps_what_it_does_not_show(settings: Any) -> None:
    settings.WORKSPACE_LANGUAGES = ["de", "fr"]
    held = {"zh-hans": {"name": "冬季"}, "fr": {"name": "Hiver", "description": "Il neige."}}
    form = SeasonForm({"name": "Winter", "name-fr": " Été "}, translations=held)
    assert [field.label for field in form.names] == ["Name", "Name (French)"] and form.is_valid()
    assert form.translations() == {"zh-hans": {"name": "冬季"}, "fr": {"name": "Été", "description": "Il neige."}}
    assert not SeasonForm({"name": "Winter", "name-fr": "x" * 10}).is_valid()
    settings.WORKSPACE_LANGUAGES = ["de"]
    assert [field.name for field in SeasonForm().names] == ["name"]


def test_what_the_house_says_itself_is_kept_in_the_languages_the_workspace_speaks(settings: Any) -> None:
    said = spoken(name=gettext_lazy("New customers"))
    assert parted(said) == ({"name": "New customers"}, {"zh-hans": {"name": "新客户"}})
    settings.WORKSPACE_LANGUAGES = ["zh-hans"]
    assert parted(said) == ({"name": "新客户"}, {})
    settings.WORKSPACE_LANGUAGES = ["sw", "en"]
    assert parted(spoken(name=gettext_lazy("New customers"))) == ({"name": "New customers"}, {})

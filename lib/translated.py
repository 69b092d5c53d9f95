"""Texts of our own objects in any number of languages: one shape for models, SQL and forms (decision 0015).

A text stands in its own column in the workspace's own language, and in `translations` in the others:
{"zh-hans": {"name": "…", "description": "…"}}. Nothing here names a language: `lib.languages` says which one serves.
"""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Func
from django.utils.functional import Promise
from django.utils.translation import gettext, override

from lib import languages

Texts = Mapping[str, Mapping[str, str]]
"""Language → field → text."""
TAG = re.compile("[a-z0-9-]+")


class Translated(models.Model):
    """A model whose texts may be written in several languages. `TEXTS` names them; each has a column of its own."""

    TEXTS: tuple[str, ...] = ("name",)

    translations = models.JSONField(default=dict, blank=True)
    """The texts in other languages than the workspace's own: {language: {field: text}}."""

    class Meta:
        abstract = True

    def text_in(self, field: str, language: str) -> str:
        """Return a text in the language that serves best; empty only when there is none in any."""
        own = str(getattr(self, field))
        for one in languages.chain(language):
            if one == languages.default() and own:
                return own
            if text := (self.translations.get(one) or {}).get(field):
                return str(text)
        others = sorted(self.translations, key=lambda one: (len(one), one))
        return own or next((str(text) for one in others if (text := self.translations[one].get(field))), "")

    def name_in(self, language: str) -> str:
        """Return the name in a language."""
        return self.text_in("name", language)

    @property
    def shown_name(self) -> str:
        """The name in the language of the page."""
        return self.name_in(languages.page())

    @property
    def shown_description(self) -> str:
        """The description in the language of the page, for models that have one."""
        return self.text_in("description", languages.page())


def sql(field: str, language: str, own: str, translations: str = "translations") -> str:
    """Return `text_in` as SQL text, without parameters.

    `own` is the column in the workspace's own language and `translations` the one beside it, as the query names them.
    """
    column, steps = f"nullif({own}, '')", []
    for one in languages.chain(language):
        if one == languages.default():
            steps.append(column)
        if TAG.fullmatch(one):  # what is no tag has no texts
            steps.append(f"nullif({translations} -> '{one}' ->> '{field}', '')")
    anything = f"""jsonb_path_query_first({translations}, '$.*.{field} ? (@ != "")') #>> '{{}}'"""
    return f"coalesce({', '.join(steps)}, {column}, {anything}, '')"


class InLanguage(Func):
    """`text_in` as an expression, to show, order and search by: `order_by(InLanguage("name", "zh-hans"))`."""

    def __init__(self, field: str, language: str, path: str = "") -> None:
        """`path` leads to the model from the one that is asked, such as "segment__"."""
        super().__init__(models.F(path + field), models.F(path + "translations"), output_field=models.TextField())
        self.text, self.spoken = field, language

    def as_sql(
        self,
        compiler: Any,
        connection: Any,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        """Return the SQL over the two columns."""
        own, translations = (compiler.compile(column)[0] for column in self.source_expressions)
        return sql(self.text, self.spoken, own, translations), ()


def contains(field: str, words: str) -> Q:
    """Return the condition that a text holds the words in any language the workspace speaks."""
    found = Q(**{f"{field}__icontains": words})
    for language in languages.listed():
        found |= Q(**{f"translations__{language}__{field}__icontains": words})
    return found


def parted(texts: Texts) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Part texts by language into the columns, in the language that serves the workspace best, and `translations`.

    Of the others only languages that the workspace speaks are kept.
    """
    own = languages.best(languages.default(), texts)
    others = {one: dict(texts[one]) for one in languages.listed() if one in texts and one != own}
    return dict(texts.get(own, {})), others


def spoken(**texts: str | Promise) -> Texts:
    """Return lazily translated texts in every language the workspace speaks and the house has words in."""
    found: dict[str, dict[str, str]] = {}
    for language in dict.fromkeys([languages.SOURCE, *languages.listed()]):
        with override(language):
            said = {field: str(text) for field, text in texts.items()}
        if said not in found.values():  # a language without a catalogue answers in the source's words
            found[language] = said
    return found


class TranslatedFields(forms.BaseForm):
    """A form that asks for each of `TEXTS` once more in every other language the workspace speaks.

    The own language's field is declared as usual; the others are `<field>-<language>`, never required, and like it in
    all else. Languages that are written in but not listed keep their texts.
    """

    TEXTS: tuple[str, ...] = ("name",)

    def __init__(self, *args: Any, translations: Texts | None = None, **kwargs: Any) -> None:
        """`translations` is what is written now."""
        super().__init__(*args, **kwargs)
        self._written = {language: dict(texts) for language, texts in (translations or {}).items()}
        for field in self.TEXTS:
            for language in languages.listed()[1:]:
                self.fields[f"{field}-{language}"] = self._copy(field, language)

    def _copy(self, field: str, language: str) -> forms.Field:
        own = self.fields[field]
        label = gettext("%(field)s (%(language)s)") % {"field": own.label, "language": languages.name(language)}
        widget = type(own.widget)({**own.widget.attrs, "lang": language})
        initial = self.initial.get(f"{field}-{language}", self._written.get(language, {}).get(field, ""))
        return forms.CharField(
            label=label, max_length=getattr(own, "max_length", None), required=False, widget=widget, initial=initial
        )

    def in_languages(self, field: str) -> list[forms.BoundField]:
        """Return the fields of one text, the own language's first."""
        return [self[name] for name in [field, *(f"{field}-{language}" for language in languages.listed()[1:])]]

    @property
    def names(self) -> list[forms.BoundField]:
        """The fields of the name."""
        return self.in_languages("name")

    @property
    def descriptions(self) -> list[forms.BoundField]:
        """The fields of the description."""
        return self.in_languages("description")

    def translations(self) -> dict[str, dict[str, str]]:
        """Return what was typed, and what is written that the form does not show; call after is_valid()."""
        asked = languages.listed()
        found = {language: texts for language, texts in self._written.items() if language not in asked}
        for language in asked[1:]:
            texts = self._written.get(language, {}) | {
                field: self.cleaned_data.get(f"{field}-{language}", "").strip() for field in self.TEXTS
            }
            if any(texts.values()):
                found[language] = {field: text for field, text in texts.items() if text}
        return found

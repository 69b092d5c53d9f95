"""System checks of the house."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from crm.privacy import inventory
from lib import languages
from recommendations.pipeline.chosen import means


@register()
def every_field_is_declared(**kwargs: Any) -> list[CheckMessage]:
    """Fail on a model field that does not say what it holds about a person."""
    return [
        Error(
            f"{model._meta.label}.{field} has no declaration.",
            hint="Add it to the model's class Privacy (lib/declaration.py): what it holds, what for, how it is erased.",
            id="relata.E001",
        )
        for model, field in inventory.undeclared()
    ]


@register()
def what_is_chosen_for_learning_is_there(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start where a setting asks for a library this machine has not: a model must not quietly lack it."""
    try:
        reasons = means().missing()
    except ValueError as error:
        reasons = [str(error)]
    return [Error(reason, hint="Or leave the setting out: docs/settings.md.", id="relata.E002") for reason in reasons]


@register()
def every_language_is_known(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with a language nobody can write days and numbers in, or with one listed twice."""
    listed = languages.listed()
    wrong = [tag for tag in listed if not languages.known(tag)] + sorted({t for t in listed if listed.count(t) > 1})
    return [
        Error(
            f"WORKSPACE_LANGUAGES: “{tag}” is not a language, or stands there twice.",
            hint="Write each once, such as en, de, fr-ch, zh-hans: docs/settings.md.",
            id="relata.E003",
        )
        for tag in wrong
    ]

"""System checks of the house."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from crm.privacy import inventory


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

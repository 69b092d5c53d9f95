"""Keep the wrapped keys in a database of their own, so that destroying one row there shreds a person everywhere."""

from typing import Any

from django.db.models import Model

KEYSTORE_MODELS = {("crm", "personkey")}


class KeystoreRouter:
    """Send the keystore's models to the keystore database, and nothing else."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """Return the database a model is read from, None for the default."""
        return "keystore" if self._sealed_apart(model) else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        """Return the database a model is written to, None for the default."""
        return "keystore" if self._sealed_apart(model) else None

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Let the keystore's tables into the keystore only, and every other table into the default only."""
        if hints.get("database"):
            return bool(hints["database"] == db)
        return ((app_label, model_name) in KEYSTORE_MODELS) == (db == "keystore")

    @staticmethod
    def _sealed_apart(model: type[Model]) -> bool:
        return (model._meta.app_label, model._meta.model_name) in KEYSTORE_MODELS

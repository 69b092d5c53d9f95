"""A small demo shop in the database, once for a whole module: planted tastes, consents, a recommender trained on it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.privacy import gate
from crm.privacy.models import Release
from recommendations.pipeline import retrain
from recommendations.registry.models import ModelVersion
from recommendations.serving import desk
from segmentation.models import Membership, Segment
from tests.conftest import person
from workspace.demo import load
from workspace.demo.files import Size

CUSTOMERS, PRODUCTS = 300, 120
COLD = ("cold-in", "cold-out")


@dataclass(frozen=True)
class Trained:
    """What the module's tests share."""

    folder: Path
    version_id: int
    release_id: int
    segment_id: int

    @property
    def version(self) -> ModelVersion:
        """The version that serves."""
        return ModelVersion.objects.get(pk=self.version_id)

    @property
    def release(self) -> Release:
        """What it learned from."""
        return Release.objects.get(pk=self.release_id)


def folders(root: Path) -> dict[str, Path]:
    """Return the settings that put a shop's files under one folder."""
    return {"RELEASE_DIR": root / "releases", "MODEL_DIR": root / "models", "IMPORT_DIR": root / "imports"}


def open_shop(root: Path) -> Iterator[Trained]:
    """Invent, import, release, train; empty both databases afterwards."""
    with override_settings(**folders(root)):
        load.load(Size(customers=CUSTOMERS, products=PRODUCTS), lambda done, total, doing: None)
        for name in COLD:
            decide.grant(customer=person(name), purposes=Purpose.RECOMMENDATION | Purpose.MODEL_TRAINING, source="test")
        segment_id = _coffee_drinkers()
        release = gate.build(purpose=Purpose.RECOMMENDATION)
        version = retrain.retrain(release=release, version=ModelVersion.objects.create())
    try:
        yield Trained(root, version.pk, release.pk, segment_id)
    finally:
        for name in settings.DATABASES:
            call_command("flush", database=name, interactive=False, verbosity=0)


def signed_again(trained: Trained, **evidence: Any) -> ModelVersion:
    """A version that learned what the serving one did and whose worker died before it was judged.

    Whoever takes it up judges and serves it, and learns nothing: a training costs half a minute. `evidence` stands in
    place of what was found out about the model.
    """
    old, version = trained.version, ModelVersion.objects.create(release_ref=trained.release_id)
    fitted = retrain.load(old)
    fitted.facts["evidence"] |= evidence
    fitted.save(retrain.folder_of(version), retrain.key_file())
    shutil.copytree(desk.folder_of(old), desk.folder_of(version))
    told = {name: getattr(old, name) for name in ("people", "products", "interactions", "recipe")}
    metrics = {name: old.metrics[name] for name in old.metrics if name != "decision"}
    metrics["evidence"] = fitted.facts["evidence"]
    ModelVersion.objects.filter(pk=version.pk).update(path=str(retrain.folder_of(version)), metrics=metrics, **told)
    version.refresh_from_db()
    return version


def _coffee_drinkers() -> int:
    """Put everybody who ordered coffee or tea in a segment, and one of the two who never did anything."""
    segment = Segment.objects.create(name="Coffee", kind=Segment.Kind.FIXED)
    drinkers = Customer.objects.filter(
        interactions__kind="order", interactions__product__department="Coffee and tea"
    ).distinct()
    now = timezone.now()
    members = [*drinkers, Customer.objects.get(external_id=COLD[0])]
    Membership.objects.bulk_create(Membership(segment=segment, customer=one, since=now) for one in members)
    Segment.objects.filter(pk=segment.pk).update(size=len(members))
    return int(segment.pk)

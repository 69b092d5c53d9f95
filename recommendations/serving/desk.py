"""The desk that answers questions live: the small part of a model that a web process holds in memory.

The whole model stays with the workers. The desk knows the words of the products, which of them speak for each other
(each pair by enough people), and how popular they are; what a person did is read from the database when they ask.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone
from scipy.sparse import csr_matrix

from crm.catalog.models import Product
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.interactions.kinds import KINDS
from crm.interactions.models import Interaction
from lib import artifacts, signing
from recommendations.candidates.base import sparse_parts
from recommendations.dataset.arrays import Csr, Floats, Ints, dense, from_parts
from recommendations.ranking.query import Words, combined, pool_of
from recommendations.ranking.reasons import SENTENCES, ListReason
from recommendations.registry import promote
from recommendations.registry.models import ModelVersion
from recommendations.serving.recommend import Listing

LATEST = 200
"""Acts of a person that their taste is read from, the newest ones."""
RECENCY = 0.3
"""Share of these within which an act's weight falls to 1/e."""
NEAR, POPULAR = 0.8, 0.2
"""Weights of neighbours and popularity in the taste of a person with history; without history popularity is all."""
REST_DAYS = 7
"""A product is left in peace for so many days after it was ordered."""
LONGEST = 500
"""Characters of a question that are read."""


class NoDesk(Exception):
    """The version in use was trained before there were desks, so it cannot answer questions."""


@dataclass(frozen=True)
class SearchIndex:
    """What is held in memory; positions are those of `product_ids`."""

    product_ids: Ints
    words: Words
    near: Csr
    """items x items: how strongly the row's item speaks for the column's; only pairs of K_SUPPORT people or more."""
    popular: Floats
    """From 0 to 1, shape (items,)."""
    buys_again: bool
    """Whether people visibly buy the same again."""

    @cached_property
    def place(self) -> dict[int, int]:
        """Position of each product id."""
        return {pk: at for at, pk in enumerate(self.product_ids.tolist())}


@dataclass(frozen=True)
class Past:
    """What the desk knows of one person."""

    items: Ints
    """Positions of items they did something with, newest first, each once."""
    owned: frozenset[int]
    """Products they ordered."""
    resting: frozenset[int]
    """Products they ordered in the last REST_DAYS days."""


NOTHING = Past(np.zeros(0, np.int64), frozenset(), frozenset())
_lock = threading.Lock()
_open: tuple[int, str, SearchIndex] | None = None
"""The desk of the version in use: its number, where its folder is, and what it holds."""


def folder_of(version: ModelVersion) -> Path:
    """Where a version's desk lies, beside its model."""
    return Path(settings.MODEL_DIR) / f"{version.pk}-desk"


def keep(desk: SearchIndex, folder: Path, key_file: Path) -> None:
    """Write `desk` to `folder`, signed by the key in `key_file`."""
    words, values = desk.words.artifacts()
    bundle = artifacts.Bundle(
        arrays={
            "words": words,
            "near": sparse_parts("near", desk.near),
            "catalogue": {"product_ids": desk.product_ids, "popular": desk.popular},
        },
        values={"words": values, "facts": {"buys_again": desk.buys_again}},
    )
    artifacts.save(bundle, folder, key_file, notes={"kind": "desk"})


def load(folder: Path, public: bytes) -> SearchIndex:
    """The desk in `folder`; raises lib.artifacts.BadArtifact unless every byte is what `public` signed."""
    bundle, _ = artifacts.load(folder, public)
    catalogue = bundle.arrays["catalogue"]
    return SearchIndex(
        product_ids=catalogue["product_ids"],
        words=Words.from_artifacts(bundle.arrays["words"], bundle.values["words"]),
        near=from_parts("near", bundle.arrays["near"]),
        popular=catalogue["popular"],
        buys_again=bundle.values["facts"]["buys_again"],
    )


def in_use(version: ModelVersion) -> SearchIndex:
    """The desk of the version in use, read once per process and again only when another version serves.

    Raises NoDesk for a version without one, lib.artifacts.BadArtifact for one that was altered.
    """
    global _open
    folder = folder_of(version)
    with _lock:
        if _open is None or _open[:2] != (version.pk, str(folder)):
            if not folder.is_dir():
                raise NoDesk
            public = signing.public_bytes(signing.signing_key(Path(settings.KEY_DIR) / "models"))
            _open = version.pk, str(folder), load(folder, public)
        return _open[2]


def ask(customer: Customer, text: str, kinds: Collection[str], n: int) -> Listing:
    """At most `n` products, articles or answers that match `text`, in the customer's order.

    Who does not allow personal recommendations, and who has done nothing yet, gets popular things first. Empty before
    a version serves. Raises as in_use(), and ValueError for a kind that does not exist.
    """
    version = promote.live()
    if version is None:
        return Listing([], [], personal=False, version_id=None)
    desk = in_use(version)
    past = _past(customer, desk)
    match = desk.words.match(text[:LONGEST])
    pool = _showable(desk, pool_of(match, desk.words.of_kinds(kinds)), past)
    taste, near = _taste(desk, past, pool)
    scores, by_text = combined(match[pool], taste[None], np.ones((1, len(pool)), bool))
    order = np.argsort(-scores[0], kind="stable")[:n]
    return Listing(
        product_ids=[int(desk.product_ids[pool[at]]) for at in order],
        reasons=[_reason(float(scores[0, at]), float(by_text[0, at]), float(near[at])) for at in order],
        personal=bool(len(past.items)),
        version_id=version.pk,
        scores=[float(scores[0, at]) for at in order],
    )


def _past(customer: Customer, desk: SearchIndex) -> Past:
    """What the customer did lately, in positions of the desk; nothing without their permission."""
    if customer.state != Customer.State.ACTIVE or not customer.permission & Purpose.RECOMMENDATION:
        return NOTHING
    liked = [kind.name for kind in KINDS.values() if kind.weight > 0]
    acts = Interaction.objects.filter(customer=customer, kind__in=liked, product__isnull=False)
    rows = list(acts.order_by("-occurred_at", "-id").values_list("product_id", "kind", "occurred_at")[:LATEST])
    since = timezone.now() - timedelta(days=REST_DAYS)
    known = [desk.place[pk] for pk in dict.fromkeys(row[0] for row in rows) if pk in desk.place]
    return Past(
        items=np.array(known, np.int64),
        owned=frozenset(pk for pk, kind, _ in rows if kind == "order"),
        resting=frozenset(pk for pk, kind, at in rows if kind == "order" and at >= since),
    )


def _showable(desk: SearchIndex, pool: Ints, past: Past) -> Ints:
    """What of `pool` may be shown today: in stock, not excluded, and not what the person has no use for again."""
    ids = [int(desk.product_ids[at]) for at in pool]
    rows = {row.pk: row for row in Product.objects.recommendable().filter(pk__in=ids).only("kind", "repeatable")}
    anything_again = desk.buys_again and not Product.objects.filter(repeatable=True).exists()
    kept = []
    for at, pk in zip(pool, ids, strict=True):
        row = rows.get(pk)
        # an article or an answer may be read as often as somebody asks
        goods = row is not None and row.kind == Product.Kind.PRODUCT
        again = anything_again or (row is not None and row.repeatable)
        done = goods and (pk in past.resting or (pk in past.owned and not again))
        if row is not None and not done:
            kept.append(at)
    return np.array(kept, np.int64)


def _taste(desk: SearchIndex, past: Past, pool: Ints) -> tuple[Floats, Floats]:
    """How much the person likes each item of `pool`, 0 to 1, and the part of it that their past gives."""
    popular = desk.popular[pool]
    if not len(past.items):
        return popular, np.zeros(len(pool), np.float32)
    n = len(past.items)
    weight = np.exp(-np.arange(n) / (RECENCY * n)).astype(np.float32)
    row: Any = csr_matrix((weight, (np.zeros(n, np.int64), past.items)), shape=(1, len(desk.product_ids)))
    near = dense(row @ desk.near).ravel()[pool]
    near /= max(float(near.max(initial=0)), 1e-9)
    return NEAR * near + POPULAR * popular, near


def _reason(score: float, by_text: float, near: float) -> dict[str, Any]:
    """The match is what is told; the shares say how much taste moved it."""
    text = by_text / score if score > 0 else 1.0
    taste = "people_like_you" if near > 0 else "popular"
    shares = {SENTENCES[ListReason.MATCH].code: round(text, 3), taste: round(1 - text, 3)}
    return {
        "code": SENTENCES[ListReason.MATCH].code,
        "shares": {name: part for name, part in shares.items() if part > 0},
    }

"""Questions answered live: matching products in the customer's order, from a signed file that is read once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from django.utils import timezone

from crm.access import keys
from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from lib.artifacts import BadArtifact
from recommendations.dataset.arrays import csr
from recommendations.dataset.load import load_frames
from recommendations.models import ModelVersion
from recommendations.ranking.query import words_of
from recommendations.serving import desk
from recommendations.serving.desk import SearchIndex
from recommendations.serving.recommend import sentence
from tests.conftest import buys, person
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])

NAMES = ("Green tea", "Black tea", "Teapot", "Coffee", "Sugar bowl", "Washing a teapot")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, settings: Any) -> Path:
    """Models and keys of this test alone."""
    settings.MODEL_DIR, settings.KEY_DIR = tmp_path / "models", tmp_path / "keys"
    return tmp_path


@pytest.fixture
def goods(db: None) -> list[Product]:
    """Six products, one of which is an answer."""
    return Product.objects.bulk_create(
        Product(
            sku=f"P-{at}",
            name=name,
            kind="answer" if name.startswith("Washing") else "product",
            translations={"zh-hans": {"name": "绿茶"}} if at == 0 else {},
        )
        for at, name in enumerate(NAMES)
    )


def keep(
    goods: list[Product], version: ModelVersion, popular: tuple[float, ...] = (0.2, 0.9, 0.5, 0.4, 0.3, 0.1)
) -> Path:
    """Write a version's desk: sugar speaks for green tea and nothing else speaks for anything."""
    table = pd.DataFrame(
        {
            "item": [str(one.pk) for one in goods],
            "name": [f"{one.name} {one.name_in('zh-hans')}" for one in goods],
            "kind": [one.kind for one in goods],
        }
    )
    data = load_frames(pd.DataFrame({"user": [], "item": []}), table)
    near = np.zeros((6, 6), np.float32)
    near[4, 0] = 1
    rows, columns = near.nonzero()
    indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=6))]
    held = SearchIndex(
        product_ids=np.array([one.pk for one in goods], np.int64),
        words=words_of(data.item_table),
        near=csr(near[rows, columns], columns, indptr, (6, 6)),
        popular=np.array(popular, np.float32),
        buys_again=False,
    )
    desk.keep(held, desk.folder_of(version), Path(desk.settings.KEY_DIR) / "models")
    return desk.folder_of(version)


@pytest.fixture
def ann(db: None) -> Customer:
    """She allows personal recommendations and has done nothing yet."""
    customer = person("Ann")
    decide.grant(customer=customer, purposes=Purpose.RECOMMENDATION, source="test")
    customer.refresh_from_db()
    return customer


def asked(goods: list[Product], customer: Customer, text: str, *kinds: str) -> list[str]:
    names = {one.pk: one.name for one in goods}
    return [names[pk] for pk in desk.ask(customer, text, kinds, 10).product_ids]


def test_who_has_done_nothing_gets_popular_matches_first(ann: Customer, goods: list[Product]) -> None:
    keep(goods, shelves.version())
    assert asked(goods, ann, "tea") == ["Black tea", "Green tea"]
    assert not desk.ask(ann, "tea", (), 10).personal


def test_what_a_person_did_moves_what_matches_at_once(ann: Customer, goods: list[Product]) -> None:
    keep(goods, shelves.version())
    buys(ann, goods[4], timezone.now() - timedelta(days=40), "ORDER-1")
    listing = desk.ask(ann, "tea", (), 10)
    assert listing.product_ids == [goods[0].pk, goods[1].pk]
    assert listing.personal
    assert listing.scores == sorted(listing.scores, reverse=True)
    assert sum(listing.reasons[0]["shares"].values()) == pytest.approx(1, abs=2e-3)
    assert sentence(listing.reasons[0], {}, "zh-hans") == "符合您的查找"


def test_without_permission_the_past_is_not_read(ann: Customer, goods: list[Product]) -> None:
    keep(goods, shelves.version())
    buys(ann, goods[4], timezone.now() - timedelta(days=40), "ORDER-1")
    decide.withdraw(customer=ann, purposes=Purpose.RECOMMENDATION, source="test")
    ann.refresh_from_db()
    assert asked(goods, ann, "tea") == ["Black tea", "Green tea"]
    assert not desk.ask(ann, "tea", (), 10).personal


def test_chinese_words_find_translated_names_and_kinds_are_kept_apart(ann: Customer, goods: list[Product]) -> None:
    keep(goods, shelves.version())
    assert asked(goods, ann, "绿茶") == ["Green tea"]
    assert set(asked(goods, ann, "teapot")) == {"Teapot", "Washing a teapot"}
    assert asked(goods, ann, "teapot", "answer") == ["Washing a teapot"]


def test_what_may_not_be_shown_today_and_what_was_bought_for_good_are_left_out(
    ann: Customer, goods: list[Product]
) -> None:
    keep(goods, shelves.version())
    Product.objects.filter(pk=goods[1].pk).update(stock=0)
    assert asked(goods, ann, "tea") == ["Green tea"]
    buys(ann, goods[0], timezone.now() - timedelta(days=40), "ORDER-2")
    assert asked(goods, ann, "tea") == []
    Product.objects.filter(pk=goods[0].pk).update(repeatable=True)
    assert asked(goods, ann, "tea") == ["Green tea"]
    buys(ann, goods[0], timezone.now() - timedelta(days=2), "ORDER-3")
    assert asked(goods, ann, "tea") == []


def test_the_file_is_read_once_and_again_only_when_another_version_serves(
    ann: Customer, goods: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    true: Callable[..., SearchIndex] = desk.load
    monkeypatch.setattr(desk, "load", lambda folder, public: read.append(folder) or true(folder, public))
    first = shelves.version()
    keep(goods, first)
    assert asked(goods, ann, "tea") == asked(goods, ann, "tea") == ["Black tea", "Green tea"]
    assert read == [desk.folder_of(first)]
    ModelVersion.objects.filter(pk=first.pk).update(verdict="retired")
    second = shelves.version()
    keep(goods, second, popular=(0.9, 0.2, 0.5, 0.4, 0.3, 0.1))
    assert asked(goods, ann, "tea") == ["Green tea", "Black tea"]
    assert read == [desk.folder_of(first), desk.folder_of(second)]


def test_an_altered_file_is_not_served(ann: Customer, goods: list[Product]) -> None:
    folder = keep(goods, shelves.version())
    victim = folder / "near.npz"
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    with pytest.raises(BadArtifact):
        desk.ask(ann, "tea", (), 5)


@pytest.fixture
def program(db: None) -> Client:
    """A program with a key that may read."""
    _row, text = keys.create(name="test", scopes=["read"], created_by=None)
    return Client(headers={"authorization": f"Bearer {text}"})


def test_the_interface_answers_a_query(program: Client, ann: Customer, goods: list[Product]) -> None:
    version = shelves.version()
    keep(goods, version)
    address = f"/api/v1/recommendations/{ann.uuid}/"
    answer = program.get(address, {"query": "tea", "n": 1}).json()
    assert (answer["version"], answer["personal"]) == (version.pk, False)
    assert [(row["name"], row["reason_code"]) for row in answer["products"]] == [("Black tea", "matches_question")]
    assert answer["products"][0]["reason"] == "Matches what you are looking for"
    only = program.get(address, {"query": "teapot", "kind": ["answer", "article"]}).json()
    assert [row["name"] for row in only["products"]] == ["Washing a teapot"]


@pytest.mark.parametrize(
    ("asked_for", "wrong"),
    [
        ({"query": " "}, "query"),
        ({"query": "x" * 501}, "query"),
        ({"query": "x", "kind": "film"}, "kind"),
        ({"kind": "answer"}, "kind"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    program: Client, ann: Customer, asked_for: dict[str, str], wrong: str
) -> None:
    answer = program.get(f"/api/v1/recommendations/{ann.uuid}/", asked_for)
    assert (answer.status_code, list(answer.json())) == (400, [wrong])


def test_before_a_version_serves_nothing_matches_and_an_older_one_says_it_cannot_answer(
    program: Client, ann: Customer
) -> None:
    address = f"/api/v1/recommendations/{ann.uuid}/"
    assert program.get(address, {"query": "tea"}).json()["products"] == []
    shelves.version()
    answer = program.get(address, {"query": "tea"})
    assert answer.status_code == 503
    assert "Train a new one" in answer.json()["detail"]

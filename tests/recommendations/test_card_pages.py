"""The model card, the fairness report, two versions side by side, and what the order is worth: in both languages."""

from datetime import timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from crm.customers.models import Customer
from recommendations.evaluation import fairness
from recommendations.evaluation.gate import Case, decide
from recommendations.evaluation.residuals import residuals
from recommendations.models import ModelVersion
from recommendations.pipeline.judging import Evidence
from recommendations.registry import promote
from recommendations.serving import shown
from recommendations.views import estimates
from recommendations.views.wording import CHECKS
from segmentation.models import Segment
from tests.recommendations import shelves
from tests.recommendations.evaluation.test_gate import SAFE, report

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
ROOT = "/recommendations/"
CHINESE = {"accept-language": "zh-hans"}


def evidence(segment: Segment, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    ours, popular = rng.uniform(0.2, 0.6, 200), rng.uniform(0.0, 0.3, 200)
    groups: dict[str, Any] = {
        "history": np.repeat(["hot", "short"], [120, 80]),
        "gender": np.repeat(["female", "male", ""], [100, 85, 15]),
        "segment": {str(segment.pk): np.arange(200) < 60},
    }
    stars = rng.integers(1, 6, 300).astype(float)
    found = Evidence(
        fairness.report(groups, ours),
        fairness.harm_between(groups, ours, popular),
        SAFE,
        [
            residuals(name, np.clip(stars + rng.normal(0, wide, 300), 1, 5), stars, rng.integers(0, 40, 300))
            for name, wide in (("linear", 1.0), ("people_pearson", 0.7))
        ],
    )
    return found.as_values()


def judged(verdict: str, seed: int = 0, **metrics: Any) -> ModelVersion:
    """A version with all that a night finds out."""
    segment, _ = Segment.objects.get_or_create(name="Coffee drinkers", kind=Segment.Kind.FIXED)
    version = shelves.version(verdict)
    version.metrics |= {"evidence": evidence(segment, seed), "goal": "any", **metrics}
    facts = {"curve": {"new": [0.1, 0.12, 0.13], "any": []}, "trees": {"new": 0.5}, "protocol": "time"}
    facts["tuned"] = {"als.factors": 16, "item_knn.walk_penalty": 0.45}
    version.recipe |= {"facts": facts}
    version.recipe["fresh"]["views"] = ["ease", "content", "popular"]
    version.save()
    return version


def test_the_card_shows_groups_curve_attack_and_errors_in_both_languages(marketer: Client) -> None:
    address = f"{ROOT}models/{judged('live').pk}/"
    page = marketer.get(address).content.decode()
    for words in (
        "Coffee drinkers", "Women", "1 to 3 products", "Gap between", "Training curve of the trees",
        "Products new to the person: 50 %", "The strongest attack has an AUC of 0.550 (0.510 to 0.590)",
        "Errors of predicted ratings", "Linear regression on attributes",
        "Actual less predicted: Neighbours among people, Pearson", "What each rating was predicted as",
        "must not decide on credit", "15 people are in no group",
        "Latent factors, number: 16 · Random walk, penalty on popularity: 0.45",
    ):  # fmt: skip
        assert words in page, words
    chinese = marketer.get(address, headers=CHINESE).content.decode()
    for words in (
        "女性",
        "树模型训练曲线",
        "最强攻击的 AUC 为 0.550",
        "预测误差",
        "客户近邻，皮尔逊相关",
        "差距",
        "潜在因子，数量: 16",
    ):
        assert words in chinese, words
    assert "客户近邻，皮尔逊相关" in chinese
    assert "Membership attack" not in chinese


def test_the_fairness_report_draws_groups_and_methods(marketer: Client) -> None:
    version = judged("live")
    page = marketer.get(f"{ROOT}models/{version.pk}/fairness/").content.decode()
    assert "Every group beside popularity" in page
    assert "Segment: Coffee drinkers" in page
    assert '"cells"' in page
    assert "more than 0.02 of NDCG@10" in page
    assert "公平性" in marketer.get(f"{ROOT}models/{version.pk}/fairness/", headers=CHINESE).content.decode()


def test_the_gates_questions_stand_in_its_order_and_few_people_stay_hidden(marketer: Client) -> None:
    decision = decide(Case(report(0.3, 0.1), membership=SAFE)).as_values() | {"against": "popular"}
    page = marketer.get(f"{ROOT}models/{judged('live', decision=decision).pk}/").content.decode()
    asked = [page.index(str(label)) for label in CHECKS.values()]
    assert asked == sorted(asked)
    # five people without a history, in the figures by hand
    assert "No history" not in page


def test_a_version_judged_before_groups_were_measured_says_so(marketer: Client) -> None:
    version = shelves.version()
    for address in ("", "fairness/"):
        page = marketer.get(f"{ROOT}models/{version.pk}/{address}").content.decode()
        assert "judged before groups were measured" in page
    assert b"No trees were grown" in marketer.get(f"{ROOT}models/{version.pk}/").content
    assert b"No attack was tried" in marketer.get(f"{ROOT}models/{version.pk}/").content


def test_two_versions_stand_side_by_side(marketer: Client) -> None:
    assert b"no two versions to compare" in marketer.get(f"{ROOT}compare/").content
    old, new = judged("live"), judged("rejected", seed=5)
    better = {**shelves.LEARNER, "ndcg10": 0.4, "low": 0.38, "high": 0.42}
    new.metrics["learners"] = {**new.metrics["learners"], "hybrid": better}
    new.save()
    page = marketer.get(f"{ROOT}compare/", {"a": old.pk, "b": new.pk}).content.decode()
    assert "+0.1000" in page
    assert "Beyond doubt" in page
    assert "Gender: Women" in page
    turned = marketer.get(f"{ROOT}compare/", {"a": new.pk, "b": old.pk}).content.decode()
    assert "-0.1000" in turned
    assert "可以确定" in marketer.get(f"{ROOT}compare/?a={old.pk}&b={new.pk}", headers=CHINESE).content.decode()
    # nonsense in the address falls back to the version in use and the newest other one
    assert f"v{old.pk}" in marketer.get(f"{ROOT}compare/", {"a": "<script>", "b": "-1"}).content.decode()


def test_versions_for_different_goals_are_not_subtracted(marketer: Client) -> None:
    old, new = judged("live"), judged("ready", goal="new")
    page = marketer.get(f"{ROOT}compare/", {"a": old.pk, "b": new.pk}).content.decode()
    assert "measured on lists for different things" in page
    assert "No group was measured in both" in page


def test_the_overview_tells_what_served_when_and_who_changed_it(marketer: Client) -> None:
    old, new = shelves.version("ready"), shelves.version("ready")
    promote.promote(version=old)
    promote.promote(version=new)
    promote.promote(version=old, by=marketer.get(ROOT).wsgi_request.user)  # type: ignore[arg-type]
    page = marketer.get(ROOT).content.decode()
    assert "What served when" in page
    assert "Rolled back" in page and "Automatically" in page
    assert "已回滚" in marketer.get(ROOT, headers=CHINESE).content.decode()


def test_without_lists_drawn_by_lot_the_worth_of_the_order_is_not_guessed(marketer: Client) -> None:
    page = marketer.get(f"{ROOT}estimates/").content.decode()
    assert "Too little was shown by lot yet" in page
    assert "So far 0 places of at least 200" in page


def test_what_was_shown_by_lot_and_taken_soon_after_is_weighed(
    marketer: Client, ada: Customer, monkeypatch: Any
) -> None:
    monkeypatch.setattr(estimates, "FEWEST", 6)
    goods = shelves.products(6)
    ids = [one.pk for one in goods]

    def show(ago: timedelta, ranks: list[int], propensity: float) -> None:
        shown.write(
            [
                shown.Impression(
                    ada.pk, None, [ids[rank - 1] for rank in ranks], ranks, [propensity] * 3, None, timezone.now() - ago
                )
            ]
        )

    show(timedelta(days=20), [1, 2, 3], 0.85)
    show(timedelta(days=15), [4, 1, 6], 0.05)
    show(timedelta(days=10), [2, 3, 1], 1.0)
    show(timedelta(days=2), [1, 2, 3], 0.85)
    shelves.act(ada, goods[0], "order", timedelta(days=19))
    shelves.act(ada, goods[3], "click", timedelta(days=14))
    shelves.act(ada, goods[5], "order", timedelta(days=1))
    found = estimates.estimated()
    assert found["places"] == 6
    assert [round(row["ips"], 1) for row in found["rows"]][:2] == [33.3, round(100 / 0.85 / 6, 1)]
    page = marketer.get(f"{ROOT}estimates/").content.decode()
    assert "own order" in page and "By lot alone" in page
    assert "完全随机" in marketer.get(f"{ROOT}estimates/", headers=CHINESE).content.decode()


@pytest.mark.parametrize("address", ["compare/", "estimates/", "models/1/fairness/"])
def test_strangers_are_led_to_the_login(address: str) -> None:
    assert Client().get(ROOT + address).status_code == 302


def said(*words: object) -> str:
    out = StringIO()
    call_command("models", *map(str, words), stdout=out)
    return out.getvalue()


def test_the_command_line_says_what_the_pages_say() -> None:
    old, new = judged("live"), judged("rejected", seed=5)
    listed = said("list").splitlines()
    assert [line.split("\t")[0] for line in listed] == [f"v{new.pk}", f"v{old.pk}"]
    card = said("card", old.pk)
    assert "It beats popularity with its whole interval." in card
    assert "Segment\tCoffee drinkers\t60\t" in card
    compared = said("compare", old.pk, new.pk)
    assert compared.startswith("NDCG@10\t0.3000\t0.3000\t+0.0000 (")
    assert "Gender: Women\t100\t" in compared
    with pytest.raises(CommandError, match="has not passed the gate"):
        said("rollback", new.pk)
    with pytest.raises(CommandError, match="no version 99999"):
        said("card", 99999)
    with pytest.raises(CommandError, match="different things"):
        said("compare", old.pk, judged("ready", goal="new").pk)

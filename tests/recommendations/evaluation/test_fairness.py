import json

import numpy as np
import pandas as pd
import pytest

from recommendations.evaluation import fairness


def people(seed: int = 0, **means: float) -> tuple[np.ndarray, np.ndarray]:
    """A hundred people of each group, their figures spread around the group's mean."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(list(means), 100)
    return labels, np.clip(np.repeat(list(means.values()), 100) + rng.normal(0, 0.1, len(labels)), 0, 1)


def test_a_planted_gap_is_found_with_its_groups() -> None:
    labels, values = people(a=0.5, b=0.3, c=0.42)
    found = fairness.report({"gender": labels}, values).of("gender")
    assert found is not None and found.gap is not None
    assert (found.gap.best, found.gap.worst) == ("a", "b")
    assert found.gap.low < found.gap.value < found.gap.high
    assert found.gap.value == pytest.approx(0.2, abs=0.04)
    assert found.gap.real
    for group in found.groups:
        assert group.low < group.ndcg10 < group.high
        assert group.high - group.low == pytest.approx(2 * 1.96 * group.error, rel=0.15)


def test_groups_filled_by_lot_have_a_gap_that_chance_explains() -> None:
    labels, values = people(a=0.4, b=0.4, c=0.4, d=0.4)
    gap = fairness.report({"country": labels}, values).groupings[0].gap
    assert gap is not None
    assert gap.value > 0
    assert not gap.real


def test_small_groups_are_not_compared_and_smaller_ones_not_shown() -> None:
    values = np.linspace(0, 1, 160)
    labels = np.array(["big"] * 100 + ["also"] * 35 + ["small"] * 16 + ["tiny"] * 5 + [""] * 4)
    found = fairness.report({"extra": labels}, values).groupings[0]
    assert [group.label for group in found.groups] == ["also", "big", "small"]
    assert found.gap is not None and {found.gap.best, found.gap.worst} == {"big", "also"}
    assert found.hidden == 9


def test_segments_may_overlap_and_a_single_group_has_no_gap() -> None:
    values = np.r_[np.full(50, 0.2), np.full(50, 0.6)]
    everyone, second = np.ones(100, bool), np.arange(100) >= 50
    both = fairness.report({"segment": {"all": everyone, "second": second}}, values).groupings[0]
    assert [group.ndcg10 for group in both.groups] == pytest.approx([0.4, 0.6])
    assert fairness.report({"segment": {"all": everyone}}, values).groupings[0].gap is None


def test_a_report_survives_json() -> None:
    labels, values = people(a=0.5, b=0.3)
    whole = fairness.report({"gender": labels, "born": np.full(200, "x")}, values)
    assert fairness.Fairness.from_values(json.loads(json.dumps(whole.as_values()))) == whole
    lost = fairness.harm(whole, whole)
    assert fairness.Harm.from_values(json.loads(json.dumps(lost.as_values()))) == lost


def test_a_group_that_loses_is_named_and_one_that_wobbles_is_not() -> None:
    labels, before = people(a=0.5, b=0.5)
    groups = {"gender": labels}
    after = np.where(labels == "b", before - 0.1, before + np.random.default_rng(1).normal(0, 0.02, 200))
    for lost in (
        fairness.harm(fairness.report(groups, after), fairness.report(groups, before)),
        fairness.harm_between(groups, after, before),
    ):
        assert lost.worst is not None
        assert (lost.worst.grouping, lost.worst.label, lost.worst.people) == ("gender", "b", 100)
        assert lost.worst.value == pytest.approx(0.1)
        assert [drop.label for drop in lost.beyond(0.02)] == ["b"]


def test_pairs_see_what_independent_figures_cannot() -> None:
    labels, before = people(a=0.5, b=0.5)
    after = before - 0.02
    groups = {"gender": labels}
    apart = fairness.harm(fairness.report(groups, after), fairness.report(groups, before))
    assert apart.beyond(0.0) == []
    assert len(fairness.harm_between(groups, after, before).beyond(0.0)) == 2


def test_a_group_that_only_one_version_knows_is_not_compared() -> None:
    labels, values = people(a=0.5, b=0.3)
    other = np.where(labels == "b", "new", labels)
    lost = fairness.harm(fairness.report({"gender": other}, values), fairness.report({"gender": labels}, values))
    assert [drop.label for drop in lost.drops] == ["a"]
    assert fairness.harm(fairness.report({}, values), fairness.report({}, values)).worst is None


def test_groups_come_from_what_people_declared() -> None:
    table = pd.DataFrame(
        {
            "gender": ["f", "m", "", "f"],
            "birth_year": ["1984", "1991-05", "", "1987"],
            "country": ["DE"] * 4,
            "extra": [""] * 4,
        }
    )
    groups = fairness.groups_of(
        table, np.array([3, 1, 2]), np.array([0, 2, 50]), {"vip": np.array([True, False, True])}
    )
    assert list(groups) == ["history", "gender", "born", "segment"]
    assert list(groups["born"]) == ["1980-1989", "1990-1999", ""]
    assert list(groups["history"]) == ["cold", "short", "hot"]


def test_labels_must_fit_the_people() -> None:
    with pytest.raises(ValueError, match="2 labels for 3"):
        fairness.report({"gender": ["a", "b"]}, np.zeros(3))
    with pytest.raises(ValueError, match="each of 3"):
        fairness.report({"segment": {"a": np.ones(2, bool)}}, np.zeros(3))

"""What is chosen and not there is refused, by every door, before any work."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError

from config.launch.foreground import refuse_what_is_missing
from config.launch.prepare import Unprepared
from lib import optional, signing
from recommendations.candidates.als import Als
from recommendations.candidates.catalogue import learners_for, left_out
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.means import ENGINES, Means
from recommendations.candidates.spark.als import SparkAls
from recommendations.candidates.spark.item_knn import SparkItemKnn
from recommendations.pipeline import batch
from recommendations.pipeline.chosen import means
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid
from tests.kits.candidate_model import checkerboard, planted
from tests.kits.optional import SMALL_SPARK, needs_spark, needs_torch


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any optional library."""
    monkeypatch.setattr("lib.optional.importlib.util.find_spec", lambda name: None)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Options of a batch that would train."""
    with (tmp_path / "train.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("user", "item"), ("a", "x"), ("b", "y")])
    (tmp_path / "users.txt").write_text("a\n")
    paths = ["--interactions", "train.csv", "--for", "users.txt", "--out", "out.csv"]
    return [part if part.startswith("--") else str(tmp_path / part) for part in paths]


def test_nothing_is_chosen_unless_somebody_does(nothing_installed: None) -> None:
    assert (means().neural, means().engine) == (Means().neural, Means().engine) == (False, "local")
    means().require()
    assert "two_tower" not in {one.name for one in learners_for(checkerboard(), means=means())}


def test_the_network_is_learned_with_where_it_is_chosen() -> None:
    assert learners_for(checkerboard(), means=Means(neural=True))[-1].name == "two_tower"


def test_spark_takes_the_place_of_its_local_twins_under_their_names() -> None:
    local, spark = (learners_for(checkerboard(), means=Means(engine=engine)) for engine in ENGINES)
    assert [one.name for one in spark] == [one.name for one in local]
    assert {type(one) for one in spark} - {type(one) for one in local} == {SparkItemKnn, SparkAls}


def test_spark_needs_no_library_for_factors_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommendations.candidates.implicit_library.WHY_NOT", "there is none")
    assert "als" in left_out(Means())
    assert left_out(Means(engine="spark")) == {}


@needs_spark
def test_what_spark_learned_goes_through_the_gates_report_and_serves_without_it(tmp_path: Path) -> None:
    data = planted(people=80)
    hybrid = fit_hybrid(data, means=Means(engine="spark", spark=SMALL_SPARK))
    assert hybrid.facts["engine"] == "spark"
    assert {"knn", "walk", "als"} <= {entry.name for entry in hybrid.reports[0].entries}
    hybrid.save(tmp_path / "model", tmp_path / "key")
    back = FittedHybrid.load(tmp_path / "model", signing.public_bytes(signing.signing_key(tmp_path / "key")))
    assert {ItemKnn, Als} <= {type(one) for one in back.learners}
    people = np.arange(10)
    np.testing.assert_array_equal(back.recommend(people).items, hybrid.recommend(people).items)


@needs_torch
def test_what_the_network_learned_goes_through_the_gates_report_and_serves_without_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = planted(people=80)
    hybrid = fit_hybrid(data, means=Means(neural=True))
    assert hybrid.facts["neural"] is True
    assert "two_tower" in {entry.name for entry in hybrid.reports[0].entries}
    hybrid.save(tmp_path / "model", tmp_path / "key")

    def missing(name: str, advice: str) -> None:
        raise optional.Missing(name)

    monkeypatch.setattr(optional, "module", missing)
    back = FittedHybrid.load(tmp_path / "model", signing.public_bytes(signing.signing_key(tmp_path / "key")))
    people = np.arange(10)
    np.testing.assert_array_equal(back.recommend(people).items, hybrid.recommend(people).items)


def test_a_missing_library_is_refused_before_any_work(nothing_installed: None) -> None:
    with pytest.raises(optional.Missing, match=r"torch is not installed.*requirements-neural\.txt"):
        fit_hybrid(checkerboard(), means=Means(neural=True))


def test_the_door_for_files_refuses(
    nothing_installed: None, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for option, file in (("--neural", "requirements-neural.txt"), ("--engine=spark", "requirements-spark.txt")):
        assert batch.main([*files, option]) == 2
        assert file in capsys.readouterr().err
    assert not Path(files[-1]).exists()


def test_the_command_takes_its_choice_from_the_settings(
    nothing_installed: None, files: list[str], settings: Any
) -> None:
    settings.ENGINE = "spark"
    with pytest.raises(CommandError, match=r"requirements-spark\.txt"):
        call_command("recommend_batch", *files)
    settings.ENGINE, settings.NEURAL = "local", True
    with pytest.raises(CommandError, match=r"requirements-neural\.txt"):
        call_command("recommend_batch", *files)


def test_relata_does_not_start_without_what_is_chosen(nothing_installed: None, settings: Any) -> None:
    settings.NEURAL = True
    with pytest.raises(SystemCheckError, match=r"relata\.E002.*torch is not installed"):
        call_command("check")
    with pytest.raises(Unprepared, match="torch is not installed"):
        refuse_what_is_missing()


def test_relata_does_not_start_without_spark_where_that_is_chosen(nothing_installed: None, settings: Any) -> None:
    settings.ENGINE = "spark"
    with pytest.raises(SystemCheckError, match=r"relata\.E002.*pyspark is not installed"):
        call_command("check")
    with pytest.raises(Unprepared, match="pyspark is not installed"):
        refuse_what_is_missing()


def test_an_engine_nobody_knows_is_refused(settings: Any) -> None:
    settings.ENGINE = "sparks"
    with pytest.raises(SystemCheckError, match="must be local or spark, not 'sparks'"):
        call_command("check")
    with pytest.raises(Unprepared, match="must be local or spark"):
        refuse_what_is_missing()


def test_relata_starts_where_nothing_is_chosen(nothing_installed: None) -> None:
    call_command("check")
    refuse_what_is_missing()

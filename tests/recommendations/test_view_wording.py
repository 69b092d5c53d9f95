"""No page shows the name that a view has in the code, and each view's part of a reason is told as such."""

from django.utils.translation import override

from recommendations.candidates.catalogue import learners_for
from recommendations.candidates.two_tower import TwoTower
from recommendations.pipeline.tuning import DIALS
from recommendations.ranking.reasons import ListReason, reason_of_view
from recommendations.views.wording import dial_name, learner_name, numbers_of
from tests.kits.candidate_model import planted


def test_every_view_of_the_blend_has_words_and_a_reason() -> None:
    data = planted()
    views = [view for learner in learners_for(data) for view in learner.fit(data).views]
    assert {"als", "next", "sitting"} <= set(views)
    for view in [*views, *TwoTower.views, "again_alive", "again_due"]:
        assert learner_name(view) != view.replace("_", " "), view
        assert reason_of_view(view) != ListReason.DISCOVER, view


def test_the_gates_numbers_are_told_in_the_readers_language() -> None:
    reason = "worse_than_live: NDCG@10 0.1000 (0.0500 to 0.1500); popularity 0.0900, the version in use 0.2000"
    assert numbers_of(reason) == reason.partition(": ")[2]
    with override("zh-hans"):
        assert numbers_of(reason) == "NDCG@10 0.1000（0.0500 至 0.1500）；热门度 0.0900，使用中的版本 0.2000"
    assert numbers_of("failed: something else") == "something else"


def test_a_half_life_of_one_day_is_told_in_the_singular() -> None:
    assert learner_name("popular_1d") == "Popularity, half-life 1 day"
    assert learner_name("popular_30d") == "Popularity, half-life 30 days"
    with override("zh-hans"):
        assert learner_name("popular_1d") == "热门度，半衰期 1 天"
        assert learner_name("begin_30d") == "首次购买，半衰期 30 天"


def test_every_dial_has_words() -> None:
    for dial in DIALS:
        name = f"{dial.learner}.{dial.name}"
        assert dial_name(name) != name
        with override("zh-hans"):
            assert not dial_name(name).isascii()

"""Another way of finding weights is taken only where it is better beyond doubt."""

from dataclasses import replace
from itertools import count

import numpy as np
import pandas as pd
import pytest

from recommendations.dataset.arrays import Floats
from recommendations.dataset.load import load_frames
from recommendations.pipeline import learn as learning
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import Wish
from recommendations.pipeline.learn import Learned, _beyond_doubt, _surest, learn_blends
from recommendations.ranking.ascent import Judged
from recommendations.ranking.hybrid import WAYS, Blend, single_blend
from recommendations.ranking.policy import Policy
from tests.kits.candidate_model import planted
from tests.kits.planted_model import planted_model
from tests.recommendations.ranking.test_listwise import window


def right(one: Judged, people: int) -> Floats:
    """Scores that put every right answer first for the first `people`, and say nothing to the others."""
    scores = np.zeros(one.hits.shape, np.float32)
    scores[:people] = one.hits[:people]
    return scores


def test_a_way_that_is_better_for_nearly_everybody_is_taken() -> None:
    one = window(people=200)
    rivals = dict(zip(WAYS, ([right(one, people)] for people in (0, 150, 190, 170)), strict=True))
    assert _surest([one], rivals, "random") == "both"


def test_a_way_that_is_better_by_chance_is_not() -> None:
    one = window(people=200)
    rivals = dict(zip(WAYS, ([right(one, people)] for people in (100, 101, 100, 101)), strict=True))
    assert _surest([one], rivals, "random") == "ascent"


def test_in_time_the_window_that_was_learned_on_is_not_asked() -> None:
    older, newer = window(people=200, seed=1), window(people=200, seed=2)
    rivals = {
        "ascent": [right(older, 0), right(newer, 100)],
        "likely": [right(older, 200), right(newer, 50)],
        "both": [right(older, 200), right(newer, 100)],
        "mean": [right(older, 200), right(newer, 50)],
    }
    assert _surest([older, newer], rivals, "time") == "ascent"


@pytest.mark.parametrize(("people", "sure"), [(101, False), (150, True)])
def test_the_best_of_many_single_views_must_beat_learned_weights_beyond_doubt(people: int, sure: bool) -> None:
    older, newer = window(people=200, seed=1), window(people=200, seed=2)
    rivals = {"ascent": [right(older, 0), right(newer, 100)], "single": [right(older, 200), right(newer, people)]}
    # where the older window's answers helped to learn, only the newer one is asked
    assert _beyond_doubt([older, newer], rivals, "time") == sure
    assert _beyond_doubt([older, newer], rivals, "random")


def test_people_without_history_keep_what_was_learned_for_them_when_others_get_a_single_view(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned = planted_model().fresh
    # the last one asked, the best single view, looks best
    rising = count()
    monkeypatch.setattr(learning, "_value", lambda *_: next(rising))
    monkeypatch.setattr(learning, "_beyond_doubt", lambda *_: True)
    fresh = fit_hybrid(planted()).fresh
    assert fresh.note.startswith("single:")
    view = fresh.views.index(fresh.note.removeprefix("single:"))
    # traces of the prior aside
    np.testing.assert_allclose(fresh.weights[1:], single_blend(fresh.views, view).weights[1:], atol=1e-4)
    np.testing.assert_allclose(fresh.weights[0], learned.weights[0], atol=1e-6)


def test_news_follows_taste_even_where_learned_weights_leave_content_out(monkeypatch: pytest.MonkeyPatch) -> None:
    data = planted()
    tastes = ("tea", "wine", "garden", "music")
    new = pd.DataFrame([{"item": f"new {taste} {n}", "category": taste} for n in range(5) for taste in tastes])
    items = pd.concat([data.item_table.assign(item=data.items), new], ignore_index=True)
    events = {"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp}
    people = data.user_table.assign(user=data.users)
    shop = load_frames(pd.DataFrame(events), items, people)

    def without_content(blend: Blend) -> Blend:
        silent = np.array([view.startswith("content") for view in blend.views])
        return replace(blend, weights=np.where(silent, np.float32(0), blend.weights))

    def learned(*given: object) -> Learned:
        found = learn_blends(*given)
        again = without_content(found.again) if found.again else None
        return replace(found, fresh=without_content(found.fresh), again=again, opinions={})

    monkeypatch.setattr("recommendations.pipeline.fit.learn_blends", learned)
    model = fit_hybrid(shop)
    news = Policy(blocked=shop.warm, repeatable=np.ones(shop.n_items, bool), rest_days=0.0)
    lists = model.recommend(np.arange(100), Wish(k=5, policy=news))
    assert (lists.items >= 0).all()
    category = shop.item_table["category"].to_numpy()[lists.items]
    own = shop.user_table["extra"].to_numpy()[:100]
    assert (category == own[:, None]).mean() > 0.9


def test_a_report_tells_nothing_of_views_that_speak_to_newcomers_alone() -> None:
    model = planted_model()
    assert "begin_30d" in model.fresh.views
    names = {entry.name for entry in model.reports[0].entries}
    assert {"hybrid", "popular", "ease"} < names
    assert not any(name.startswith("begin") for name in names)

import numpy as np
import pandas as pd

from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from recommendations.pipeline.rating import FEWEST_RATINGS, RATERS, errors_of_ratings


def shop(people: int = 40, films: int = 30, kind: str = "rating") -> Dataset:
    """Two tastes: each half of the people likes one half of the films."""
    rng = np.random.default_rng(0)
    user, item = (part.ravel() for part in np.meshgrid(np.arange(people), np.arange(films), indexing="ij"))
    liked = (user % 2) == (item % 2)
    value = np.clip(np.round(np.where(liked, 4.5, 1.5) + rng.normal(0, 0.5, len(user))), 1, 5)
    rows = pd.DataFrame({"user": user, "item": item, "value": value, "timestamp": rng.random(len(user)) * 1e6})
    return load_frames(rows.assign(kind=kind).sample(frac=0.6, random_state=0))


def test_every_rater_is_judged_on_the_same_newest_ratings_and_taste_beats_means() -> None:
    found = {one.name: one for one in errors_of_ratings(shop())}
    assert list(found) == list(RATERS)
    assert len({one.answers for one in found.values()}) == 1
    # means say about 3 of everything; cosine of stars as they are hears also those who dislike the same
    for name in ("items_pearson", "people_pearson", "svd"):
        assert found[name].rmse_high < found["bias"].rmse_low, name
    for measured in ("items_cosine", "people_cosine"):
        assert found[measured].rmse < found["bias"].rmse, measured


def test_of_many_ratings_those_of_some_people_are_judged_whole() -> None:
    whole = shop()
    some = errors_of_ratings(whole, most=300)[0]
    assert some.people < 40
    assert some.answers <= 0.2 * 300 + 1


def test_too_few_ratings_and_acts_that_are_none_are_not_judged() -> None:
    assert errors_of_ratings(shop(people=4, films=FEWEST_RATINGS // 8)) == []
    assert errors_of_ratings(shop(kind="order")) == []

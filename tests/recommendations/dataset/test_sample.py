"""Some of the people, by lot: the same every time, each with all they did."""

import numpy as np

from recommendations.dataset.sample import drawn, of_people
from tests.kits.candidate_model import planted


def test_the_events_of_so_many_people_are_kept_whole_and_everybody_keeps_their_place() -> None:
    data = planted()
    some = of_people(data, 40)
    kept = np.unique(some.user_ix)
    assert len(kept) == 40
    assert some.n_users == data.n_users
    whole = np.bincount(data.user_ix, minlength=data.n_users)
    assert (np.bincount(some.user_ix, minlength=data.n_users)[kept] == whole[kept]).all()
    assert (of_people(data, 40).user_ix == some.user_ix).all()
    assert of_people(data, data.n_users) is of_people(data, None) is data


def test_people_are_drawn_in_order_and_all_of_them_where_there_are_few() -> None:
    people = np.arange(100, 200)
    some = drawn(people, 30)
    assert len(np.unique(some)) == 30
    assert (np.diff(some) > 0).all()
    assert np.isin(some, people).all()
    assert drawn(people, None) is drawn(people, 100) is people

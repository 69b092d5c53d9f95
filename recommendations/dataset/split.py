"""Cut a dataset into what was known and what came next, in the way that fits what will be asked."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from recommendations.dataset.arrays import Bools, Csr, Doubles, Ints, from_pairs, row_lengths
from recommendations.dataset.events import Dataset

HELD_OUT = 0.2
"""Share of events (by time) or of a person's items (per person) that a window holds out."""
TIME_CUTS = (0.6, 0.7, 0.8)
"""Where the time windows end their known part, as shares of all events."""
RANDOM_PEOPLE = 6000
"""Random hold-outs are drawn again until so many people are judged, at most RANDOM_DRAWS times."""
RANDOM_DRAWS = 6
MIN_PEOPLE = 20
"""A window with fewer known people to judge by says nothing."""

Protocol = Literal["time", "last", "random"]


@dataclass(frozen=True)
class Window:
    """What was known, and what people did next."""

    name: str
    known: Dataset
    new: Csr
    """users x items, 1 where the person took up an item with history that was new to them."""
    any: Csr
    """users x items, 1 where the person took an item with history, new to them or not."""

    @property
    def people(self) -> Ints:
        """Positions of people with at least one thing to find in `any`, shape (people,)."""
        return np.flatnonzero(row_lengths(self.any) > 0)


def time_window(dataset: Dataset, cut: float, held: float = HELD_OUT) -> Window:
    """Everything up to the `cut` quantile of event times is known; the next `held` share of events is to be found."""
    start, end = np.quantile(dataset.timestamp, [cut, min(cut + held, 1.0)])
    known = dataset.timestamp <= start
    return _window(f"time {cut:.2f}", dataset, known, ~known & (dataset.timestamp <= end))


def person_window(dataset: Dataset, *, last: bool, seed: int, held: float = HELD_OUT) -> Window:
    """Of each person's distinct items the last (or random) `held` share is to be found, at least one of two."""
    rng = np.random.default_rng(seed)
    order_by = dataset.order if last else rng.random(dataset.n_events)
    part = _held_events(dataset, order_by, rng.random(dataset.n_items), held)
    return _window("last" if last else "random", dataset, ~part, part)


def _held_events(dataset: Dataset, order_by: Doubles, tie: Doubles, held: float) -> Bools:
    """Which events belong to a held-out pair; a pair is placed by its last event."""
    pair = dataset.user_ix * dataset.n_items + dataset.item_ix
    pairs, back = np.unique(pair, return_inverse=True)
    when = np.full(len(pairs), -np.inf)
    np.maximum.at(when, back, order_by)
    user = pairs // dataset.n_items
    order = np.lexsort((tie[pairs % dataset.n_items], when, user))
    counts = np.bincount(user, minlength=dataset.n_users)
    starts = np.cumsum(counts) - counts
    place = np.arange(len(order)) - starts[user[order]]
    total = counts[user[order]]
    take = np.maximum(1, np.floor(total * held + 0.5))
    out = np.zeros(len(pairs), bool)
    out[order] = (place >= total - take) & (total > 1)
    return np.asarray(out[back])


def _window(name: str, dataset: Dataset, known: Bools, future: Bools) -> Window:
    past = dataset.subset(known)
    later = dataset.subset(future & dataset.wanted & past.warm[dataset.item_ix])
    found = from_pairs(later.user_ix, later.item_ix, dataset.shape)
    new = found - found.multiply(past.history.pairs)
    new = new.tocsr()
    new.eliminate_zeros()
    return Window(name, past, new, found)


def choose_protocol(dataset: Dataset, asked: Ints | None) -> Protocol:
    """How to validate, read off the data and the people asked for (positions, or None for the shop's own nightly run).

    With times, the future of the whole shop is the honest question,
    unless the list is asked for (nearly) everyone while only a minority is still active: then time windows would tune
    for the few, and each person's own last items stand for their next ones. Rows in no order at all are a sample rather
    than a log, so what is missing is as likely to lie in the past: then items are held out at random.
    Without times only random hold-outs are possible, or each person's last items where the rows are in order.
    """
    if not dataset.timed:
        return "last" if dataset.in_order else "random"
    if asked is None:
        return "time"
    newest = time_window(dataset, TIME_CUTS[-1])
    known = newest.known.history.lengths > 0
    active = row_lengths(newest.any)[known] > 0
    everyone = dataset.history.lengths > 0
    share = float(np.isin(np.flatnonzero(everyone), asked).mean())
    if share > 0.9 and (not known.any() or active.mean() < share / 2):
        return "random" if dataset.shuffled else "last"
    return "time"


def windows_for(dataset: Dataset, protocol: Protocol, seed: int) -> list[Window]:
    """The validation windows of `protocol`, the newest (or most telling) last; without usable ones an empty list."""
    if dataset.n_events == 0:
        return []
    if protocol == "time":
        windows = [time_window(dataset, cut) for cut in TIME_CUTS]
    elif protocol == "last":
        newest = person_window(dataset, last=True, seed=seed)
        windows = [person_window(newest.known, last=True, seed=seed), newest]
    else:
        draws = min(RANDOM_DRAWS, 1 + RANDOM_PEOPLE // max(int((dataset.history.lengths > 1).sum()), 1))
        windows = [person_window(dataset, last=False, seed=seed + draw) for draw in range(draws)]
    return [window for window in windows if len(window.people) >= MIN_PEOPLE]

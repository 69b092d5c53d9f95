"""How far a piece of work is: one shape for whoever tells and whoever listens, terminals, rows and tests alike."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is being done); total 0 means it is not known yet."""


def silent(done: int, total: int, doing: str) -> None:
    """Nobody is listening."""


def both(first: Progress, second: Progress | None) -> Progress:
    """Return a progress that tells two listeners, in this order; what the first raises the second never hears."""
    if second is None:
        return first

    def tell(done: int, total: int, doing: str) -> None:
        first(done, total, doing)
        second(done, total, doing)

    return tell

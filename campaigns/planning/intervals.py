"""How sure a rate is."""

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959964
"""The 97.5 percent point of the normal distribution, for intervals that hold 95 percent."""


@dataclass(frozen=True)
class Rate:
    """A share of people, with the interval that holds the true one with 95 percent."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """count ÷ of, 0 to 1; None when there is nobody."""
        return self.count / self.of if self.of else None

    @property
    def low(self) -> float:
        """The lower end, 0 to 1."""
        return wilson(self.count, self.of)[0]

    @property
    def high(self) -> float:
        """The upper end, 0 to 1."""
        return wilson(self.count, self.of)[1]


def wilson(count: int, of: int, z: float = Z95) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927, JASA 22:209-212); (0, 1) when there is nobody.

    Raises ValueError unless 0 <= count <= of.
    """
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is no share")
    if of == 0:
        return 0.0, 1.0
    share = count / of
    scale = 1 + z * z / of
    centre = (share + z * z / (2 * of)) / scale
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / scale
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == of else min(1.0, centre + half)
    return low, high

"""The whole recommender, learned once from the planted shop for every test of a process that only asks it."""

from functools import cache

from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid
from tests.kits.candidate_model import planted


@cache
def planted_model() -> FittedHybrid:
    """What `fit_hybrid(planted())` gives; whoever would change it learns one of their own."""
    return fit_hybrid(planted())

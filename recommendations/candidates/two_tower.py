"""Two towers: one makes a vector of an item, one of a person's history; their product ranks (Yi et al., "Sampling-bias-
corrected Neural Modeling for Large Corpus Item Recommendations", RecSys 2019).

PyTorch is needed to fit (two_tower_training.py); what it learned is a few plain arrays, served as the history
encoder serves its own.
"""

from recommendations.candidates import two_tower_training
from recommendations.candidates.base import Arrays
from recommendations.candidates.encoder_examples import NextItemExamples
from recommendations.candidates.tower import Tower
from recommendations.candidates.two_tower_training import TwoTowerConfig


class TwoTower(Tower):
    """A network that reads a history, learned by PyTorch from what competes within a batch."""

    name = "two_tower"
    views = ("two_tower",)

    def __init__(self, config: TwoTowerConfig | None = None) -> None:
        self.config: TwoTowerConfig = config or TwoTowerConfig()

    def learn(self, examples: NextItemExamples) -> Arrays:
        """Raises lib.optional.Missing without PyTorch."""
        return two_tower_training.learn(examples, self.config)

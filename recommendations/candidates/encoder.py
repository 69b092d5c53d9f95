"""History encoder (Covington et al., "Deep Neural Networks for YouTube Recommendations", RecSys 2016, section 3).

Learned from what was taken next after each beginning of a history, it hears order and taste at once, which a sum over
neighbours cannot.
"""

from recommendations.candidates import encoder_training
from recommendations.candidates.base import Arrays
from recommendations.candidates.encoder_examples import NextItemExamples
from recommendations.candidates.encoder_training import EncoderConfig
from recommendations.candidates.tower import Tower
from recommendations.dataset.arrays import Floats, Ints
from recommendations.dataset.history import History


class Encoder(Tower):
    """A network that reads a history, learned with numpy."""

    name = "encoder"
    views = ("encoder",)

    def __init__(self, config: EncoderConfig | None = None) -> None:
        self.config: EncoderConfig = config or EncoderConfig()

    def learn(self, examples: NextItemExamples) -> Arrays:
        """As encoder_training.learn()."""
        return encoder_training.learn(examples, self.config)

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """As every tower's, but nothing for or against what it never learned.

        0 for people without history: of them it would know what people once began with, which on UCI's shop cost their
        lists a quarter of NDCG. Items nobody took stand at the person's mean: their words have only been learned beside
        the vectors of known items, so that on Steam they told new games apart worse than content alone.
        """
        out = super().scores(rows, users)
        for array in out.values():
            array[rows.lengths == 0] = 0
            if self.taken.any():
                array[:, ~self.taken] = array[:, self.taken].mean(axis=1, keepdims=True)
        return out

"""What learners may be fitted with beyond the plain installation: chosen by whoever runs the house, off unless chosen.

A choice that this machine cannot honour is refused before any work begins; nothing else takes its place. This module
imports no learner: every process asks it at its start.
"""

from dataclasses import dataclass, field

from lib import optional, spark_settings
from lib.spark_settings import SparkConfig

ENGINES = ("local", "spark")
NEURAL_ADVICE = "requirements-neural.in says how to install it (requirements-neural.txt)."


@dataclass(frozen=True)
class Means:
    """The choice; the default needs nothing beyond requirements.txt."""

    neural: bool = False
    """Whether the two-tower network is one of the learners; needs PyTorch."""
    engine: str = "local"
    """One of ENGINES: item neighbours and factors are worked out by `local` in this process, by `spark` on Spark."""
    spark: SparkConfig = field(default_factory=SparkConfig)
    """Where Spark runs, if it does."""

    def __post_init__(self) -> None:
        """Raises ValueError for an engine nobody knows."""
        if self.engine not in ENGINES:
            raise ValueError(f"ENGINE must be {' or '.join(ENGINES)}, not {self.engine!r}.")

    @property
    def on_spark(self) -> bool:
        """Whether what can be worked out on Spark is."""
        return self.engine == "spark"

    def missing(self) -> list[str]:
        """Why this machine cannot fit with what was chosen, in words, one reason each; empty when it can."""
        network = optional.why_not("torch", NEURAL_ADVICE) if self.neural else None
        return ([network] if network else []) + (spark_settings.why_not() if self.on_spark else [])

    def require(self) -> None:
        """Raises lib.optional.Missing when something chosen is not there."""
        if reasons := self.missing():
            raise optional.Missing(" ".join(reasons))

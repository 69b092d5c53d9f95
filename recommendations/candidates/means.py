"""What learners may be fitted with beyond the plain installation: chosen by whoever runs the house, off unless chosen.

A choice that this machine cannot honour is refused before any work begins; nothing else takes its place. This module
imports no learner: every process asks it at its start.
"""

from dataclasses import dataclass

from lib import optional

NEURAL_ADVICE = "requirements-neural.in says how to install it (requirements-neural.txt)."


@dataclass(frozen=True)
class Means:
    """The choice; the default needs nothing beyond requirements.txt."""

    neural: bool = False
    """Whether the two-tower network is one of the learners; needs PyTorch."""

    def missing(self) -> list[str]:
        """Why this machine cannot fit with what was chosen, in words, one reason each; empty when it can."""
        reasons = [optional.why_not("torch", NEURAL_ADVICE) if self.neural else None]
        return [reason for reason in reasons if reason]

    def require(self) -> None:
        """Raises lib.optional.Missing when something chosen is not there."""
        if reasons := self.missing():
            raise optional.Missing(" ".join(reasons))

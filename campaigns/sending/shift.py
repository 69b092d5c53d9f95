"""One worker's shift: pump until nothing is due or time is up."""

import time
from dataclasses import dataclass

from campaigns.sending.pump import Counts, pump, way


@dataclass
class Shift:
    """What a shift did."""

    claimed: int = 0
    sent: int = 0


def work(*, seconds: float = 25, limit: int = 500, worker: str = "", lease_seconds: float = 60) -> Shift:
    """Send what is due for at most about `seconds`; return what was done. Safe to run in any number of processes."""
    shift = Shift()
    end = time.monotonic() + seconds
    with way() as out:
        while time.monotonic() < end:
            counts: Counts = pump(out=out, limit=limit, worker=worker, lease_seconds=lease_seconds)
            shift.claimed += counts.claimed
            shift.sent += counts.sent
            if not counts.claimed or (counts.held and not counts.sent):
                break
    return shift

"""Tell a worker that there is something to do. The row is the queue: a call that is lost makes it wait, no more."""

import logging
from typing import Any

from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def wake(task: Any) -> bool:
    """Have a worker run a task that looks for due rows, now rather than at its next turn; False when none hears it.

    Call it once the row is committed.
    """
    try:
        task.apply_async(retry=False)
    except OperationalError as error:
        log.warning("Nobody could be woken for %s (%s); the row waits for the next turn.", task.name, error)
        return False
    return True

"""Serve the mailbox of a `var` directory: `python -m lib.mailbox VAR_DIR PORT`."""

import asyncio
import contextlib
import sys
from pathlib import Path

from lib.mailbox.server import MailboxError, listen, serve


def main(arguments: list[str]) -> int:
    """Serve until ended; returns 1 after one sentence when that is not possible."""
    var, port = Path(arguments[0]), int(arguments[1])

    def ready(number: int) -> None:
        taken = "" if number == port else f" (port {port} is taken)"
        sys.stdout.write(f"The mailbox takes mail on 127.0.0.1:{number}{taken}.\n")
        sys.stdout.flush()

    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(var, listen("127.0.0.1", port), ready))
    except MailboxError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

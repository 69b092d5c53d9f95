"""Run a command of Relata, with the embedded services around it when no others are named."""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from django.core.management import execute_from_command_line

from lib import embedded

PROJECT = Path(__file__).resolve().parent
ADDRESSES = ("DATABASE_URL", "KEYSTORE_URL", "REDIS_URL")
# These read and write files only, or look after the services themselves.
NEEDS_NO_SERVICES = {
    "",
    "help",
    "version",
    "--help",
    "--version",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "makemessages",
    "mailbox_server",
    "recommend_batch",
    "services",
    "spectacular",
    "startapp",
}


def needs_services(arguments: Sequence[str]) -> bool:
    """Whether the command line (without the program's name) names a command that talks to a database or to Redis."""
    if all(os.environ.get(name) for name in ADDRESSES):
        return False
    command = arguments[0] if arguments else ""
    return command not in NEEDS_NO_SERVICES and not {"-h", "--help"} & set(arguments)


def main() -> int:
    """Run the command line; returns the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with contextlib.ExitStack() as stack:
        if needs_services(sys.argv[1:]):
            try:
                stack.enter_context(embedded.running(os.environ.get("VAR_DIR") or PROJECT / "var"))
            except embedded.ServicesError as error:
                sys.stderr.write(f"{error}\n")
                return 1
        execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())

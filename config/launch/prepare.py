"""Make a clone ready to run: virtual environment, pinned packages, translation catalogues.

Run as a script by any Python 3.11, before anything is installed: it uses the standard library only.
Each step is done only when its input changed since it was last done.
"""

import argparse
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)


class Unprepared(Exception):
    """The machine lacks something; the message says what, and what to do."""


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def check_port(host: str, port: int) -> None:
    """Raises Unprepared when nothing can listen on the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = f"Port {port} on {host} cannot be used ({error.strerror})"
            raise Unprepared(f"{reason}; choose another one: make run PORT=8080.") from error


def port() -> int:
    """Return the port the web server shall use. Raises Unprepared when PORT is not a port number."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Unprepared(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def make_environment(wanted: str, stamp: Path) -> None:
    """Make the virtual environment unless a whole one is there. Raises Unprepared when Python cannot."""
    known = stamp.read_text() if stamp.is_file() else ""
    if PYTHON.exists() and known.split(":")[0] == wanted.split(":")[0]:
        return
    if PYTHON.exists() and not known:
        # Made by hand or left half done: good enough when it is this Python and has pip.
        test = [str(PYTHON), "-c", "import pip, sys; print('%d.%d' % sys.version_info[:2])"]
        found = subprocess.run(test, capture_output=True, text=True, check=False)
        if found.returncode == 0 and found.stdout.strip() == wanted.split(":")[0]:
            return
    say("Creating .venv ...")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in made.stdout + made.stderr:
            raise Unprepared("Python's venv module is incomplete; on Debian: apt-get install python3-venv.")
        raise Unprepared(f"Cannot create .venv: {(made.stderr or made.stdout).strip()[-300:]}")


def install(files: list[str]) -> None:
    """Install the pinned packages of these files unless that was done already. Raises Unprepared when pip fails."""
    digest = hashlib.sha256()
    for name in files:
        digest.update((PROJECT / name).read_bytes())
    version = ".".join(str(part) for part in sys.version_info[:2])
    wanted = f"{version}:{digest.hexdigest()}"
    stamp = VENV / f"installed-{len(files)}"
    make_environment(wanted, stamp)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    say(f"Installing {' and '.join(files)} (once; some minutes on a slow line) ...")
    begun = time.monotonic()
    named = [word for name in files for word in ("-r", str(PROJECT / name))]
    # Compiling every module would take longer than all that is ever imported needs.
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-compile", "--root-user-action=ignore"]
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", *quiet, *named]
    if subprocess.run(command, cwd=PROJECT, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        raise Unprepared("pip could not install the packages; its message is above.")
    stamp.write_text(wanted)
    say(f"Installed in {time.monotonic() - begun:.0f} s.")


def compile_catalogues() -> None:
    """Compile every translation that is newer than its compiled form. Raises Unprepared when one is not well-formed."""
    for source in sorted((PROJECT / "locale").glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        command = [str(PYTHON), "-m", "babel.messages.frontend", "-q", "compile", "-i", str(source), "-o", str(target)]
        compiled = subprocess.run(command, capture_output=True, text=True, check=False)
        if compiled.returncode != 0:
            raise Unprepared(f"{source.relative_to(PROJECT)} does not compile: {compiled.stderr.strip()[-300:]}")


def main() -> int:
    """Prepare the clone; returns 1 and says one sentence when that is not possible."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also install what tests and linters need")
    parser.add_argument("--port", action="store_true", help="also check that PORT is free")
    asked = parser.parse_args()
    try:
        if sys.version_info[:2] < OLDEST:
            raise Unprepared(f"Relata needs Python 3.11 or newer, and this is {sys.version.split()[0]}.")
        if sys.platform != "linux":
            raise Unprepared("Relata runs on Linux.")
        if asked.port:
            check_port(os.environ.get("HOST") or "127.0.0.1", port())
        install(["requirements.txt", "requirements-dev.txt"] if asked.dev else ["requirements.txt"])
        compile_catalogues()
    except Unprepared as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The keeper: one process per `var` directory that owns both servers and ends them with their last user.

Users hold a shared lock on a file. The keeper waits for the exclusive lock, which the kernel gives it when the last
user is gone, however he went (`kill -9` too). Run as `python -m lib.embedded.keeper VAR_DIR`; started by
`lib.embedded.running`.
"""

import contextlib
import fcntl
import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from lib.embedded import postgres, redis_server
from lib.embedded.locks import lock
from lib.embedded.places import START_SECONDS, STOP_SECONDS, Places, ServicesError, places

RESTARTS = 5

logger = logging.getLogger("relata.services")


class Keeper:
    """Both servers of one `var` directory, as child processes."""

    def __init__(self, where: Places, fast: bool) -> None:
        self.where = where
        self.fast = fast
        self.who = postgres.identity(where.data)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.restarts = 0

    def start(self) -> None:
        """Start both servers and create the databases; returns when both answer. Raises ServicesError."""
        self.children["redis"] = redis_server.start(self.where)
        postgres.clear_leftovers(self.where)
        postgres.initialise(self.where, self.who)
        if self.who.mode == "account":
            self._hand_over()
        self.children["postgres"] = postgres.start(self.where, self.who, self.fast)
        self._wait("redis", lambda: redis_server.answers(self.where))
        self._wait("postgres", lambda: postgres.ready(self.where))
        postgres.create_databases(self.where)
        self.where.ready.touch()

    def _hand_over(self) -> None:
        """Give data that root made under a namespace to the account that must run it now."""
        if self.where.data.stat().st_uid == self.who.uid:
            return
        for directory, _, files in os.walk(self.where.data):
            for name in [directory, *(f"{directory}/{file}" for file in files)]:
                os.chown(name, self.who.uid, -1, follow_symlinks=False)

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + START_SECONDS
        while not ready():
            code = self.children[name].poll()
            if code is not None:
                last = self.last_words(name)
                raise ServicesError(f"{name} stopped with code {code}: {last} (see {self.where.log / name}.log)")
            if time.monotonic() > until:
                raise ServicesError(f"{name} did not answer within {START_SECONDS:.0f} s (see {self.where.log}).")
            time.sleep(0.02)

    def last_words(self, name: str) -> str:
        """Return the last line of a server's log."""
        lines = (self.where.log / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def stop(self) -> None:
        """Stop both servers, gently for STOP_SECONDS, then at once: PostgreSQL recovers from its log."""
        self.where.ready.unlink(missing_ok=True)
        gentle = {"postgres": signal.SIGINT, "redis": signal.SIGTERM}
        harsh = {"postgres": signal.SIGQUIT, "redis": signal.SIGKILL}
        for name, child in self.children.items():
            if child.poll() is None:
                child.send_signal(gentle[name])
        until = time.monotonic() + STOP_SECONDS
        for name, child in self.children.items():
            try:
                child.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                logger.warning("%s did not stop in time and was ended", name)
                child.send_signal(harsh[name])
                child.wait()
        self.where.redis_socket.unlink(missing_ok=True)

    def revive(self, name: str) -> None:
        """Start a server again that ended by itself. Raises ServicesError when that happens too often."""
        self.restarts += 1
        code = self.children[name].wait()
        logger.warning("%s ended with code %s (restart %s of %s)", name, code, self.restarts, RESTARTS)
        if self.restarts > RESTARTS:
            raise ServicesError(f"{name} keeps ending: {self.last_words(name)}")
        if name == "redis":
            self.children[name] = redis_server.start(self.where)
            self._wait(name, lambda: redis_server.answers(self.where))
        else:
            postgres.clear_leftovers(self.where)
            self.children[name] = postgres.start(self.where, self.who, self.fast)
            self._wait(name, lambda: postgres.ready(self.where))

    def watch(self, wake: int) -> None:
        """Stay until a byte arrives on the descriptor `wake`, reviving servers that end by themselves."""
        while True:
            with selectors.DefaultSelector() as selector, contextlib.ExitStack() as open_files:
                selector.register(wake, selectors.EVENT_READ, "")
                for name, child in self.children.items():
                    descriptor = os.pidfd_open(child.pid)
                    open_files.callback(os.close, descriptor)
                    selector.register(descriptor, selectors.EVENT_READ, name)
                ended = [key.data for key, _ in selector.select()]
            if "" in ended:
                return
            for name in ended:
                self.revive(name)


def await_last_user(where: Places, wake: int) -> None:
    """Wait until nobody uses the services, then say so on the descriptor; keeps the lock until this process ends."""
    descriptor = os.open(where.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if where.pinned.exists():
        # From now on only a signal ends the services, so the lock is given back for good.
        os.close(descriptor)
    else:
        os.write(wake, b".")


def keep(where: Places, fast: bool) -> None:
    """Start the servers, stay while they are used, stop them. Raises ServicesError when they cannot start."""
    keeper = Keeper(where, fast)
    receiver, sender = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(sender, b"."))
    try:
        keeper.start()
        logger.info("started (%s)", keeper.who.mode)
        threading.Thread(target=await_last_user, args=(where, sender), daemon=True).start()
        keeper.watch(receiver)
    finally:
        keeper.stop()
        where.pinned.unlink(missing_ok=True)
        logger.info("stopped")


def main(arguments: list[str]) -> int:
    """Be the keeper of the `var` directory named; returns at once when there is one already."""
    where = places(arguments[0])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    try:
        with lock(where.keeper_lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as descriptor:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            for stale in (where.failure, where.ready):
                stale.unlink(missing_ok=True)
            try:
                keep(where, fast="--fast" in arguments)
            except (ServicesError, OSError) as error:
                where.failure.write_text(str(error))
                logger.error("%s", error)
                return 1
    except BlockingIOError:
        logger.info("somebody else keeps the services already")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

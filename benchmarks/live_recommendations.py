"""What a live list costs beside a trivial answer of the same server, and how soon a new event is in it.

Fills a database of its own (var/bench-live) with people, stored lists, events and neighbours by COPY, serves it with
gunicorn as `make run` does (2 workers, 4 threads each) on the loopback, and lets a second process ask. Prints p50 and
p99 in milliseconds and answers a second for the live list, for similar products and for `/healthz`, asked for in turns,
so that a busy moment of the machine falls on all of them, with their ratio; the queries of one answer; and after how
many seconds an event that a program sent had changed the list.

    python benchmarks/live_recommendations.py [--people 1000000] [--products 50000] [--requests 4000] [--keep]
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var" / "bench-live"
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["VAR_DIR"] = str(VAR)

import django

LISTED, NEAR, PATTERNS = 20, 50, 5_000
OLD_EVENTS, NEW_EVENTS, SHARE_ACTIVE = 5, 8, 0.2
"""Events of everybody in the last months; of every fifth person in the last hours."""
EVENT_SECONDS = 1.0
CONNECTIONS = 4
ASKED = 20_000
TURNS = 5


def array(values: list[Any]) -> str:
    """A PostgreSQL array in text form."""
    return "{" + ",".join(map(str, values)) + "}"


def copy(table: str, columns: str, lines: Iterator[str]) -> float:
    """Append tab-separated lines to a table; return the seconds it took."""
    from django.db import connection  # noqa: PLC0415  (settings first)

    started = time.perf_counter()
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as stream:
            batch: list[str] = []
            for line in lines:
                batch.append(line)
                if len(batch) == 2_000:
                    stream.write("\n".join(batch) + "\n")
                    batch.clear()
            if batch:
                stream.write("\n".join(batch) + "\n")
        cursor.execute(f"ANALYZE {table}")
    return time.perf_counter() - started


def seed(people: int, products: int) -> None:
    """Write everything a live list reads."""
    from crm.interactions import partitions  # noqa: PLC0415
    from recommendations.models import ModelVersion  # noqa: PLC0415

    lot, now = random.Random(7), datetime.now(UTC)
    stamp = now.isoformat()
    partitions.ensure(now.date() - timedelta(days=31 * back) for back in range(4))
    version = ModelVersion.objects.create(state="done", verdict="live", started_at=now - timedelta(hours=12)).pk
    took = {"products": copy(
        "crm_product",
        "id, sku, kind, name, description, translations, category, department, brand, tags, price, currency, url, "
        "image_url, recommendable, repeatable, attributes, created_at, updated_at, stock",
        (
            f"{at}\tP{at}\tproduct\tThing {at}\tA thing that many like.\t{{}}\tD{at % 12} > C{at % 60}\tD{at % 12}\tB"
            f"\t{{}}\t{at % 90 + 1}.00\tEUR\t\t\tt\tf\t{{}}\t{stamp}\t{stamp}\t{0 if at % 50 == 0 else 9}"
            for at in range(1, products + 1)
        ),
    )}  # fmt: skip
    took["customers"] = copy(
        "crm_customer",
        "id, uuid, external_id, permission, state, canary, language, timezone, country, region, age_band, gender, "
        "attributes, source, created_at",
        (
            f"{at}\t{uuid.UUID(int=at)}\tc{at}\t{1023 if at % 10 else 1}\tactive\tf\ten\t\tDE"
            f"\t\t\t\t{{}}\tbench\t{stamp}"
            for at in range(1, people + 1)
        ),
    )
    patterns = [list_of(lot.sample(range(1, products + 1), LISTED), lot) for _ in range(PATTERNS)]
    took["lists"] = copy(
        "recommendations_recommendation",
        "customer_id, product_ids, scores, reasons, personal, version_id, made_at",
        (f"{at}\t{patterns[at % PATTERNS]}\tt\t{version}\t{stamp}" for at in range(1, people + 1)),
    )
    took["neighbours"] = copy(
        "recommendations_neighbours",
        "product_id, kind, product_ids, scores, support, version_id, made_at",
        (
            f"{at}\t{kind}\t{near_of(at, products, lot)}\t{version}\t{stamp}"
            for at in range(1, products + 1)
            for kind in ("similar", "together")
        ),
    )
    took["favourites"] = copy(
        "recommendations_favourites",
        "scope, product_ids, version_id, made_at",
        (
            f"{scope}\t{array(lot.sample(range(1, products + 1), LISTED))}\t{version}\t{stamp}"
            for scope in ("all", "trending", *(f"department:D{at}" for at in range(12)))
        ),
    )
    took["events"] = copy(
        "crm_interaction",
        "customer_id, kind, product_id, occurred_at, source, message_id",
        events(people, products, lot, now),
    )
    print("seeded by COPY:", ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()), flush=True)


def list_of(products: list[int], lot: random.Random) -> str:
    """The three columns of one stored list."""
    reasons = [{"code": "popular", "shares": {"popular": 0.6, "because_you_bought": 0.4}} for _ in products]
    reasons[0] = {"code": "because_you_bought", "product": products[-1], "shares": {"because_you_bought": 0.9}}
    scores = sorted((round(lot.random(), 4) for _ in products), reverse=True)
    return f"{array(products)}\t{array(scores)}\t{json.dumps(reasons)}"


def near_of(product: int, products: int, lot: random.Random) -> str:
    """The three columns of one neighbourhood."""
    ids = lot.sample(range(1, products + 1), NEAR)
    scores = sorted((round(lot.random(), 4) for _ in ids), reverse=True)
    return f"{array(ids)}\t{array(scores)}\t{array([10 + at for at in range(NEAR)])}"


def events(people: int, products: int, lot: random.Random, now: datetime) -> Iterator[str]:
    """Old events of everybody, and a session of every fifth person."""
    number = 0
    for customer in range(1, people + 1):
        session = NEW_EVENTS if lot.random() < SHARE_ACTIVE else 0
        for at in range(OLD_EVENTS + session):
            ago = lot.random() * 7_000_000 if at < OLD_EVENTS else lot.random() * 20_000
            kind = "order" if lot.random() < 0.3 else "view"
            number += 1
            when = (now - timedelta(seconds=ago)).isoformat()
            yield f"{customer}\t{kind}\t{lot.randint(1, products)}\t{when}\tbench\tm{number}"


def ask(port: int, key: str, paths: list[str]) -> list[float]:
    """Ask for every path over one lasting connection; return seconds of each answer."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    took = []
    for path in paths:
        started = time.perf_counter()
        line.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = line.getresponse()
        answer.read()
        took.append(time.perf_counter() - started)
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")
    line.close()
    return took


def client(port: int, key: str, file: Path) -> None:
    """The second process: ask for the paths of a file over CONNECTIONS connections; print seconds as JSON."""
    paths = file.read_text().split()
    parts: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda own: parts.append(ask(port, key, own)), args=(paths[at::CONNECTIONS],))
        for at in range(CONNECTIONS)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"seconds": time.perf_counter() - started, "took": [one for part in parts for one in part]}))


def measure(port: int, key: str, paths: list[str]) -> dict[str, Any]:
    """Let the second process ask; return the seconds of the whole and of each answer."""
    file = VAR / "paths.txt"
    file.write_text("\n".join(paths))
    command = [sys.executable, __file__, "--client", str(port), key, str(file)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def summed(runs: list[dict[str, Any]]) -> dict[str, float]:
    """p50 and p99 in milliseconds and answers a second of several runs together."""
    took = [one for run in runs for one in run["took"]]
    cuts = statistics.quantiles(took, n=100)
    return {"p50": cuts[49] * 1e3, "p99": cuts[98] * 1e3, "rate": len(took) / sum(run["seconds"] for run in runs)}


def freshness(port: int, key: str, people: list[str]) -> list[float]:
    """Send an order of each person and ask until the list has changed; return the seconds from event to answer.

    An order and not a view: beside a dozen acts of the last hours one view may rightly change nothing.
    """
    found = []
    for number, person in enumerate(people):
        path = f"/api/v1/recommendations/{person}/?placement=home"
        before = fetch(port, key, "GET", path)
        event = {"type": "track", "userId": f"c{uuid.UUID(person).int}", "event": "Order Completed"}
        bought = {"products": [{"sku": f"P{number * 7 + 1}", "price": 5.0}]}
        event |= {"properties": bought, "messageId": f"fresh-{uuid.uuid4()}"}
        started = time.perf_counter()
        taken = fetch(port, key, "POST", "/v1/track", event)
        if taken["accepted"] != 1:
            raise SystemExit(f"The event was not taken: {taken}")
        while fetch(port, key, "GET", path)["products"] == before["products"]:
            if time.perf_counter() - started > 10:
                raise SystemExit("Ten seconds after an event the list was the same.")
        found.append(time.perf_counter() - started)
    return found


def fetch(port: int, key: str, method: str, path: str, body: Any = None) -> Any:
    """One call, its answer read as JSON."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    line.request(method, path, json.dumps(body) if body else None, headers)
    return json.loads(line.getresponse().read())


def beat() -> None:
    """Say that a worker is alive, so that the yardstick answers 200 as it does beside one."""
    from config import heartbeat  # noqa: PLC0415

    with contextlib.closing(heartbeat.connect()) as line:
        line.set(heartbeat.KEY, "bench", ex=3_600)


def queries(key: str, path: str) -> int:
    """How many queries one answer costs, without those that take down what was shown."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    browser = Client(headers={"authorization": f"Bearer {key}"})
    browser.get(path)
    with CaptureQueriesContext(connection) as asked:
        browser.get(path)
    return len(asked)


def report(port: int, key: str, options: argparse.Namespace) -> None:
    """Measure everything and print it."""
    lot = random.Random(11)
    people = [str(uuid.UUID(int=lot.randint(1, options.people))) for _ in range(min(ASKED, options.requests))]
    live = [f"/api/v1/recommendations/{person}/?placement=home" for person in people]
    similar = [f"/api/v1/products/{lot.randint(1, options.products)}/similar/" for _ in live]
    print(f"queries of one answer: {queries(key, live[0])}", flush=True)
    asked = {"healthz": ["/healthz"] * len(live), "live list": live, "similar products": similar}
    for paths in asked.values():
        measure(port, key, paths[:200])
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in asked}
    for turn in range(TURNS):
        for name, paths in asked.items():
            runs[name].append(measure(port, key, paths[turn::TURNS]))
    told = {name: summed(found) for name, found in runs.items()}
    for name, one in told.items():
        print(f"{name:18} p50 {one['p50']:7.1f} ms   p99 {one['p99']:7.1f} ms   {one['rate']:7.0f} answers/s")
    live_one, plain = told["live list"], told["healthz"]
    print(
        f"live list / healthz: p50 {live_one['p50'] / plain['p50']:.2f}, "
        f"answers a second {live_one['rate'] / plain['rate']:.2f}"
    )
    willing = [person for person in people if uuid.UUID(person).int % 10][:30]
    late = freshness(port, key, willing)
    print(
        f"a new event was in the list after {statistics.median(late) * 1e3:.0f} ms (median of {len(late)}), "
        f"{max(late) * 1e3:.0f} ms at most"
    )
    if max(late) > EVENT_SECONDS:
        raise SystemExit("An event took longer than a second.")


def kept() -> None:
    """Wait for the writers of what was shown, and print how many lists they wrote."""
    from recommendations.models import Shown  # noqa: PLC0415

    time.sleep(2.5)
    print(f"lists taken down as shown: {Shown.objects.count():,}")


def main(arguments: list[str]) -> None:
    """Seed, serve, measure."""
    if arguments[:1] == ["--client"]:
        client(int(arguments[1]), arguments[2], Path(arguments[3]))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=5_000)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--keep", action="store_true", help="use the database of the last run, and leave it")
    options = parser.parse_args(arguments)
    from benchmarks.kit.serving import served  # noqa: PLC0415
    from lib import embedded  # noqa: PLC0415

    if not options.keep:
        shutil.rmtree(VAR, ignore_errors=True)
    with embedded.running(VAR):
        django.setup()
        prepare(lambda: seed(options.people, options.products))
        from crm.access import keys  # noqa: PLC0415

        key = keys.create(name="bench", scopes=["read", "ingest"], created_by=None)[1]
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
        beat()
        with served() as (port, _server):
            report(port, key, options)
            kept()
        connections.close_all()
    if not options.keep:
        shutil.rmtree(VAR, ignore_errors=True)


def prepare(fill: Callable[[], None]) -> None:
    """Bring both databases up to date, and fill them unless they are."""
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    call_command("migrate", database="keystore", verbosity=0, interactive=False)
    from crm.models import Customer  # noqa: PLC0415

    if not Customer.objects.exists():
        fill()


if __name__ == "__main__":
    main(sys.argv[1:])

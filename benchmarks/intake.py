"""How many events a second the door for programs takes, and what each costs, with and without readers of news.

Fills a database of its own (var/bench-intake) with people, anonymous visitors and products, serves it as `make run`
does, and lets 4 clients send batches of 100 over lasting connections: views, pages, carts, orders, searches, ratings
and others, of known people, known visitors and a few new ones. Rounds with all streams of news read by a consumer stand
between rounds without, so that a busy moment of the machine falls on both. The yardstick is COPY of rows of the same
shape into the same table by 100 and a commit each, from 4 connections.

Prints events (messages) a second, milliseconds of a request, processor milliseconds for 1,000 events by part, the ratio
to the yardstick and the ratio of the rates with readers to those without. Every answer is checked, and in the end what
is stored is counted against what was answered.

    python benchmarks/intake.py [--people 200000] [--batches 100] [--rounds 4] [--plain] [--alone] [--keep]
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
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("BENCH_VAR", ROOT / "var" / "bench-intake"))
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["VAR_DIR"] = str(VAR)

import django

CLIENTS, BATCH = 4, 100
NAMES = (("Product Viewed", 45), ("page", 25), ("Product Added", 10), ("Newsletter Seen", 8), ("Products Searched", 5))
NAMES += (("Order Completed", 5), ("Product Reviewed", 2))
KNOWN, VISITORS = 0.7, 0.28
"""Share of messages by known people and by visitors who came before; the rest are visitors nobody saw yet."""
YARDSTICK = 40_000
TICK = os.sysconf("SC_CLK_TCK")
CONTEXT = {
    "library": {"name": "analytics-node", "version": "2.1.3"},
    "locale": "en-GB",
    "page": {"path": "/c/lamps", "url": "https://shop.example/c/lamps?sort=new", "title": "Lamps"},
    "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
}


def seed(people: int, products: int) -> None:
    """Write people, a visitor for every second of them, and products."""
    from django.db import connection  # noqa: PLC0415  (settings first)

    from crm.interactions import partitions  # noqa: PLC0415

    partitions.ensure([datetime.now(UTC).date()])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_customer (uuid, external_id, permission, state, canary, language, timezone, country,"
            " region, age_band, gender, attributes, source, created_at)"
            " SELECT gen_random_uuid(), CASE WHEN g <= %(people)s THEN 'c-' || g END, 1, 'active', false, 'en', '',"
            " 'GB', '', '', '', '{}', 'bench', now() FROM generate_series(1, %(people)s + %(people)s / 2) AS g",
            {"people": people},
        )
        cursor.execute(
            "INSERT INTO crm_anonymousid (value, customer_id, created_at)"
            " SELECT 'v-' || row_number() OVER (ORDER BY id), id, now() FROM crm_customer WHERE external_id IS NULL"
        )
        cursor.execute(
            "INSERT INTO crm_product (sku, kind, name, description, translations, category, department, brand, tags,"
            " price, currency, url, image_url, recommendable, repeatable, attributes, created_at, updated_at)"
            " SELECT 'P-' || g, 'product', 'Thing ' || g, '', '{}', 'Home > Lamps', 'Home', 'Acme', '{}', 10, 'EUR',"
            " '', '', true, false, '{}', now(), now() FROM generate_series(1, %s) AS g",
            [products],
        )
        cursor.execute("VACUUM ANALYZE")


def message(lot: random.Random, people: int, products: int) -> dict[str, Any]:
    """One message as a library of Segment's sends it."""
    name = lot.choices([name for name, _ in NAMES], [weight for _, weight in NAMES])[0]
    sku = {"sku": f"P-{lot.randint(1, products)}", "name": "Thing", "category": "Home > Lamps", "price": 19.9}
    told: dict[str, Any] = {
        "type": "page" if name == "page" else "track",
        "messageId": f"node-next-{lot.getrandbits(96):024x}",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "context": CONTEXT,
        "integrations": {},
    }
    who = lot.random()
    if who < KNOWN:
        told["userId"] = f"c-{lot.randint(1, people)}"
    elif who < KNOWN + VISITORS:
        told["anonymousId"] = f"v-{lot.randint(1, people // 2)}"
    else:
        told["anonymousId"] = str(uuid.UUID(int=lot.getrandbits(128)))
    told |= {"name": "Lamps"} if name == "page" else {"event": name}
    told["properties"] = {
        "page": {"path": "/c/lamps", "url": "https://shop.example/c/lamps", "referrer": "https://find.example"},
        "Product Viewed": {**sku, "position": lot.randint(1, 40), "url": "https://shop.example/p/thing", "list": "new"},
        "Product Added": {**sku, "quantity": 1, "currency": "EUR", "cart_id": f"cart{lot.getrandbits(32):08x}"},
        "Newsletter Seen": {"campaign": "Spring", "variant": "b", "seconds": lot.randint(1, 60), "device": "phone"},
        "Products Searched": {"query": lot.choice(["desk lamp", "floor lamp brass", "bulb e27"]), "results": 12},
        "Order Completed": {
            "order_id": f"O{lot.getrandbits(40)}",
            "currency": "EUR",
            "total": 39.8,
            "products": [{**sku, "quantity": 1}, {**sku, "sku": f"P-{lot.randint(1, products)}", "quantity": 2}],
        },
        "Product Reviewed": {**sku, "rating": lot.randint(1, 5)},
    }[name]
    return told


def lean(lot: random.Random, people: int, products: int) -> dict[str, Any]:
    """A view of a product by a known person, with nothing around it."""
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": f"c-{lot.randint(1, people)}",
        "messageId": f"{lot.getrandbits(96):024x}",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "properties": {"sku": f"P-{lot.randint(1, products)}"},
    }


def client(port: int, key: str, batches: int, people: int, products: int, *, plain: bool) -> None:
    """Another process: make the bodies, say so, wait for a line, send them over CLIENTS connections, print JSON."""
    lot = random.Random(os.urandom(8))
    told = lean if plain else message

    def body() -> bytes:
        return json.dumps({"batch": [told(lot, people, products) for _ in range(BATCH)]}).encode()

    parts = [[body() for _ in range(batches)] for _ in range(CLIENTS)]
    facts = sum(body.count(b'"event": "Order Completed"') for part in parts for body in part)
    print("ready", flush=True)
    sys.stdin.readline()
    took: list[float] = []
    stored: list[int] = []
    used, started = time.process_time(), time.perf_counter()
    together([lambda part=part: send(port, key, part, took, stored) for part in parts])
    seconds, used = time.perf_counter() - started, time.process_time() - used
    sent = batches * CLIENTS * BATCH
    if sum(stored) != sent + facts:
        raise SystemExit(f"{sent} messages make {sent + facts} facts, and {sum(stored)} were answered.")
    size = sum(len(body) for part in parts for body in part) / sent
    print(json.dumps({"seconds": seconds, "took": took, "stored": sum(stored), "client": used, "size": size}))


def send(port: int, key: str, bodies: list[bytes], took: list[float], stored: list[int]) -> None:
    """Send bodies one after the other over one connection."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for body in bodies:
        started = time.perf_counter()
        line.request("POST", "/v1/batch", body, headers)
        answer = line.getresponse()
        said = json.loads(answer.read())
        took.append(time.perf_counter() - started)
        if answer.status != 200 or said.get("rejected"):
            raise SystemExit(f"{answer.status}: {said}")
        stored.append(said["accepted"])
    line.close()


def together(works: list[Callable[[], Any]]) -> None:
    """Do works at the same time, each in a thread."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def consume() -> None:
    """Another process: take the news of every stream until a line comes; print how many there were."""
    django.setup()
    from django.db import transaction  # noqa: PLC0415

    from crm.changes import read  # noqa: PLC0415
    from crm.changes.models import Stream  # noqa: PLC0415

    print("ready", flush=True)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()
    heard = 0
    while True:
        found = 0
        for stream in Stream:
            with transaction.atomic():
                found += sum(len(item.refs) + len(item.signals) for item in read.take(f"bench-{stream}", 5_000))
        heard += found
        if not found and over.is_set():
            break
        if found < 1_000:
            time.sleep(0.2)
    print(heard)


def used_by(root: int) -> float:
    """Processor seconds of a process, its children and those of them that have ended."""
    spent, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            spent += sum(map(int, fields[11:15])) / TICK
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return spent


def one_round(port: int, key: str, options: argparse.Namespace, web: int, database: int, *, read_news: bool) -> Any:
    """Let the clients send their batches once; return what they say, with the processor seconds of each part."""
    from crm.changes import read  # noqa: PLC0415
    from crm.changes.models import Stream  # noqa: PLC0415

    own = [sys.executable, __file__]
    arguments = [str(port), key, str(options.batches), str(options.people), str(options.products)]
    arguments += ["plain"] if options.plain else []
    sender = subprocess.Popen([*own, "--client", *arguments], stdin=-1, stdout=-1, text=True)
    assert sender.stdout and sender.stdin  # noqa: S101
    sender.stdout.readline()
    listener = None
    if read_news:
        for stream in Stream:
            read.switch_on(f"bench-{stream}", stream)
        read.listen(["event:order", "event:cart", "event:custom"])
        listener = subprocess.Popen([*own, "--consume"], stdin=-1, stdout=-1, text=True)
        assert listener.stdout  # noqa: S101
        listener.stdout.readline()
    before = used_by(web), used_by(database)
    answer = sender.communicate("go\n")[0]
    if sender.returncode:
        raise SystemExit("A client was refused.")
    found = json.loads(answer)
    found |= {"web": used_by(web) - before[0], "database": used_by(database) - before[1], "heard": 0}
    if listener:
        found["heard"] = int(listener.communicate("over\n")[0])
        for stream in Stream:
            read.switch_off(f"bench-{stream}")
    return found


def yardstick() -> float:
    """Rows a second of COPY into the same table, by 100 and a commit, from as many connections."""
    import psycopg  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    given = connection.get_connection_params()
    plain = {name: given[name] for name in ("dbname", "user", "host", "port") if name in given}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM crm_customer ORDER BY random() LIMIT 5000")
        people = [pk for (pk,) in cursor.fetchall()]
        cursor.execute("SELECT id FROM crm_product ORDER BY random() LIMIT 5000")
        products = [pk for (pk,) in cursor.fetchall()]
    columns = "customer_id, product_id, kind, value, quantity, currency, channel, properties, occurred_at, source"
    shape = json.dumps({"position": 7, "url": "https://shop.example/p/thing", "list": "new", "name": "Thing"})

    def fill() -> None:
        lot = random.Random(os.urandom(8))
        with psycopg.connect(**plain, autocommit=True) as line, line.cursor() as cursor:
            for _ in range(YARDSTICK // CLIENTS // BATCH):
                with cursor.copy(f"COPY crm_interaction ({columns}, message_id) FROM STDIN") as stream:
                    for _ in range(BATCH):
                        person, product = lot.choice(people), lot.choice(products)
                        row = (person, product, "view", 19.9, 1, "EUR", "web", shape, datetime.now(UTC), "yardstick")
                        stream.write_row((*row, f"node-next-{lot.getrandbits(96):024x}"))

    started = time.perf_counter()
    together([fill] * CLIENTS)
    return YARDSTICK / (time.perf_counter() - started)


def told(name: str, rounds: list[Any]) -> float:
    """Print the figures of some rounds together; return events a second."""
    took = statistics.quantiles([one for found in rounds for one in found["took"]], n=100)
    sent = sum(len(found["took"]) * BATCH for found in rounds)
    rate = sent / sum(found["seconds"] for found in rounds)
    parts = {part: sum(found[part] for found in rounds) * 1e6 / sent for part in ("web", "database", "client")}
    each = ", ".join(f"{len(found['took']) * BATCH / found['seconds']:,.0f}" for found in rounds)
    print(f"{name:16} {rate:8,.0f} events/s   p50 {took[49] * 1e3:5.1f} ms   p95 {took[94] * 1e3:5.1f} ms   ({each})")
    words = "   ".join(f"{part} {spent:5.1f}" for part, spent in parts.items())
    print(f"{'':16} processor ms for 1,000 events: {words}   together {sum(parts.values()):5.1f}", flush=True)
    return rate


def measure(port: int, web: int, key: str, options: argparse.Namespace) -> None:
    """Measure in turns and print."""
    from lib import embedded  # noqa: PLC0415

    database = int((embedded.places(VAR).data / "postmaster.pid").read_text().splitlines()[0])
    warm = argparse.Namespace(**{**vars(options), "batches": max(10, options.batches // 10)})
    stored = one_round(port, key, warm, web, database, read_news=False)["stored"]
    plain, read, bare = [], [], []
    for _ in range(options.rounds):
        plain.append(one_round(port, key, options, web, database, read_news=False))
        if not options.alone:
            read.append(one_round(port, key, options, web, database, read_news=True))
        bare.append(yardstick())
    print(f"{plain[0]['size']:.0f} bytes a message; load {os.getloadavg()[0]:.1f}")
    rate = told("no readers", plain)
    if read:
        beside = told("all news read", read)
        print(f"ratio of the rates with readers and without: {beside / rate:.2f}", end="")
        print(f" ({sum(found['heard'] for found in read):,} ids and signals heard)")
    copied = statistics.median(bare)
    print(f"COPY into the same table by {BATCH}: {copied:,.0f} rows/s; the door takes {rate / copied:.2f} of that")
    stored += sum(found["stored"] for found in [*plain, *read])
    from crm.interactions.models import Interaction  # noqa: PLC0415

    kept = Interaction.objects.filter(source__startswith=f"api:{key.split('_')[1]}").count()
    print(f"answered {stored:,}, stored {kept:,}")
    if kept != stored:
        raise SystemExit("What was answered was not stored.")


def main(arguments: list[str]) -> None:
    """Seed, serve, measure."""
    if arguments[:1] == ["--client"]:
        client(int(arguments[1]), arguments[2], *map(int, arguments[3:6]), plain="plain" in arguments)
        return
    if arguments[:1] == ["--consume"]:
        consume()
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--batches", type=int, default=100, help="of each client in a round")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--plain", action="store_true", help="views of products by known people, with nothing around")
    parser.add_argument("--alone", action="store_true", help="no rounds with readers")
    parser.add_argument("--keep", action="store_true", help="use the database of the last run, and leave it")
    options = parser.parse_args(arguments)
    from benchmarks.kit.serving import served  # noqa: PLC0415
    from lib import embedded  # noqa: PLC0415

    if not options.keep:
        shutil.rmtree(VAR, ignore_errors=True)
    with embedded.running(VAR):
        django.setup()
        key = prepared(options)
        with served() as (port, web):
            measure(port, web, key, options)
    if not options.keep:
        shutil.rmtree(VAR, ignore_errors=True)


def prepared(options: argparse.Namespace) -> str:
    """Bring both databases up to date, fill them unless they are, and return a key for events."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    call_command("migrate", database="keystore", verbosity=0, interactive=False)
    from crm.access import keys  # noqa: PLC0415
    from crm.models import Customer  # noqa: PLC0415

    if not Customer.objects.exists():
        seed(options.people, options.products)
    key = keys.create(name="bench", scopes=["ingest"], created_by=None)[1]
    connections.close_all()
    return key


if __name__ == "__main__":
    main(sys.argv[1:])

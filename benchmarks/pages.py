"""How long every page and every list of the API takes in a shop of a million people, over HTTP, served as by make run.

Fills a database of its own (benchmarks/kit/million.py), starts the web server and prints what the dashboard takes with
nothing counted, with caches emptied, by four viewers at once, and what counting its figures costs behind it. Then for
each address the median and the 95th percentile of warm loads, the first load, and the median as a multiple of the
yardstick: the login page, which reads no data, measured before and after.

    python benchmarks/pages.py [--people 1000000] [--loads 20] [--only WORD] [--keep] [--folder var/bench-pages]

With --keep the database stays, and the next run with --keep takes it as it is.
"""

import argparse
import http.client
import os
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["HASHED_STATIC"] = "0"
os.environ.setdefault("POSTAL_ADDRESS", "Shop, Street 1, Town")

import django
from django.core.management import call_command

from benchmarks.kit.serving import served
from lib import embedded

LIMIT = 300
"""Milliseconds; slower ones are marked."""
VIEWERS = 4
WARMING = 4
"""Loads before those that count: the server's processes each start helpers and fill caches of their own."""
YARDSTICK = "/login/"


class Browser:
    """A colleague who is signed in."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port = port
        self.headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}

    def milliseconds(self, address: str) -> float:
        """Return how long a page takes to its last byte. Raises RuntimeError when it is not answered with 200."""
        started = time.perf_counter()
        # A connection each: the server closes those that wait for two seconds, as browsers do between pages.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", address, headers=self.headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status} {answer.headers.get('Location', '')}")
        return (time.perf_counter() - started) * 1000


def addresses() -> Iterator[tuple[str, str]]:
    """Yield (what, address) of everything measured, as outside reviewers listed it."""
    from campaigns.models import Campaign  # noqa: PLC0415  (settings first)
    from crm.models import Customer  # noqa: PLC0415
    from recommendations.models import ModelVersion, Placement  # noqa: PLC0415
    from segmentation.models import Segment  # noqa: PLC0415

    person = Customer.objects.get(pk=777_001 if Customer.objects.filter(pk=777_001).exists() else 1)
    segments = {one.name: one.pk for one in Segment.objects.all()}
    campaigns = {one.name.split(",")[0]: one.pk for one in Campaign.objects.all()}
    yield from (
        ("dashboard", "/"),
        ("customers", "/customers/"),
        ("customers of a country", "/customers/?country=DE"),
        ("customers of a language", "/customers/?language=de&allows=email_marketing"),
        ("customer", f"/customers/{person.uuid}/"),
        ("clusters", "/segments/clusters/"),
        ("segments", "/segments/"),
        ("segment by rule", f"/segments/{segments['German']}/"),
        ("segment by rule, orders", f"/segments/{segments['Loyal']}/"),
        ("segment, fixed, everybody", f"/segments/{segments['Everybody']}/"),
        ("builder, new", "/segments/new/"),
        ("builder, a rule", f"/segments/{segments['German']}/edit/"),
        ("builder, a rule of orders", f"/segments/{segments['Loyal']}/edit/"),
        ("campaigns", "/campaigns/"),
        ("campaign, draft", f"/campaigns/{campaigns['Draft to many']}/"),
        ("campaign, sent to everybody", f"/campaigns/{campaigns['Winter']}/"),
        ("report of a few", f"/campaigns/{campaigns['News 0']}/report/"),
        ("report of 300,000", f"/campaigns/{campaigns['Autumn']}/report/"),
        ("report of everybody", f"/campaigns/{campaigns['Winter']}/report/"),
        ("offers", "/campaigns/offers/"),
        ("templates", "/campaigns/templates/"),
        ("products", "/products/"),
        ("products, searched", "/products/?q=thing+no.+4711"),
        ("product", "/products/4711/" if Customer.objects.count() > 10_000 else "/products/11/"),
        ("search by id", f"/search/?q={person.uuid}"),
        ("search by own number", "/search/?q=demo-7770"),
        ("search, none found", "/search/?q=zebra"),
        ("imports", "/data/imports/"),
        ("keys", "/data/keys/"),
        ("privacy", "/privacy/"),
        ("activity", "/activity/"),
        ("settings", "/settings/"),
        ("recommendations", "/recommendations/"),
        ("recommendations, compare", "/recommendations/compare/"),
        ("recommendations, estimates", "/recommendations/estimates/"),
        ("recommendations, try", f"/recommendations/try/?customer={person.uuid}"),
        ("placements", "/recommendations/placements/"),
        ("placement", f"/recommendations/placements/{Placement.objects.all()[0].pk}/"),
        ("model", f"/recommendations/models/{ModelVersion.objects.all()[0].pk}/"),
        ("api customers", "/api/v1/customers/"),
        ("api customers, 1,000", "/api/v1/customers/?limit=1000"),
        ("api customers, filtered", "/api/v1/customers/?country=DE&language=de"),
        ("api customers, none", "/api/v1/customers/?country=XX&language=de"),
        ("api customer", f"/api/v1/customers/{person.uuid}/"),
        ("api products", "/api/v1/products/"),
        ("api interactions", "/api/v1/interactions/"),
        ("api interactions of one", f"/api/v1/interactions/?customer={person.uuid}"),
        ("api segments", "/api/v1/segments/"),
        ("api members, rule", f"/api/v1/segments/{segments['German']}/members/"),
        ("api members, everybody", f"/api/v1/segments/{segments['Everybody']}/members/"),
        ("api campaigns", "/api/v1/campaigns/"),
        ("api deliveries", "/api/v1/deliveries/"),
        ("api recommendations", f"/api/v1/recommendations/{person.uuid}/"),
        ("api trending", "/api/v1/trending/"),
        ("api similar", "/api/v1/products/11/similar/"),
    )


def signed_in() -> str:
    """Return the cookie of a colleague."""
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from crm.models import User  # noqa: PLC0415

    client = Client()
    client.force_login(User.objects.get(username="bench"), backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def p95(spent: list[float]) -> float:
    """Return the 95th percentile, by nearest rank."""
    return sorted(spent)[max(0, -(-len(spent) * 95 // 100) - 1)]


def measure_pages(browser: Browser, loads: int, only: str) -> None:
    """Print a line for each address; those over the limit are marked."""

    def yardstick() -> float:
        stranger = Browser(browser.port, "")
        return statistics.median(stranger.milliseconds(YARDSTICK) for _ in range(loads))

    yardstick()
    before = yardstick()
    print(f"yardstick: {YARDSTICK} {before:.1f} ms\n{'':<30}{'median':>9}{'p95':>9}{'first':>9}{'ratio':>8}")
    over = 0
    for what, address in addresses():
        if only and only not in what:
            continue
        first = browser.milliseconds(address)
        for _ in range(WARMING):
            browser.milliseconds(address)
        spent = [browser.milliseconds(address) for _ in range(loads)]
        slow = p95(spent) > LIMIT
        over += slow
        median = statistics.median(spent)
        print(
            f"{what:<30}{median:>6.0f} ms{p95(spent):>6.0f} ms{first:>6.0f} ms{median / before:>7.1f}x"
            f"{f'  over {LIMIT} ms' if slow else ''}",
            flush=True,
        )
    print(f"yardstick again: {yardstick():.1f} ms; p95 over {LIMIT} ms: {over}")


def measure_dashboard(browsers: list[Browser]) -> None:
    """Print what the dashboard costs cold, whoever looks, and what is counted behind it."""
    from django.core.cache import cache  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from workspace.dashboard import rollup  # noqa: PLC0415
    from workspace.dashboard.models import DayFigures, ShopFigures  # noqa: PLC0415

    def at_once() -> float:
        cache.clear()
        spent: list[float] = []
        threads = [threading.Thread(target=lambda one=one: spent.append(one.milliseconds("/"))) for one in browsers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return max(spent)

    def timed(work: Callable[[], Any]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM crm_interaction WHERE kind = 'order'")
        orders = cursor.fetchone()[0]
    for model in (DayFigures, ShopFigures):
        model.objects.all().delete()
    cache.clear()
    print(f"dashboard, nothing counted: {browsers[0].milliseconds('/'):.0f} ms, {VIEWERS} viewers {at_once():.0f} ms")
    whole = timed(lambda: rollup.renew(everything=True))
    recent = timed(rollup.renew)
    print(f"counted behind it: all weeks {whole:.1f} s, the last days {recent:.1f} s ({orders:,} lines of orders)")
    cache.clear()
    print(f"dashboard, caches emptied: {browsers[0].milliseconds('/'):.0f} ms, {VIEWERS} viewers {at_once():.0f} ms")


def main() -> None:
    """Fill a database of its own, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--loads", type=int, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench-pages")
    options = parser.parse_args()
    folder = options.folder.resolve()
    built = folder / "built"
    os.environ["VAR_DIR"] = str(folder)
    if not (options.keep and built.exists()):
        shutil.rmtree(folder, ignore_errors=True)
    with embedded.running(folder):
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("migrate", database="keystore", verbosity=0)
        if not built.exists():
            from benchmarks.kit import million  # noqa: PLC0415

            share = options.people / 1_000_000
            million.build(million.Size(options.people, max(1_000, int(50_000 * share)), int(5_000_000 * share)))
            built.touch()
        cookie = signed_in()
        with served() as (port, _server):
            measure_dashboard([Browser(port, cookie) for _ in range(VIEWERS)])
            measure_pages(Browser(port, cookie), options.loads, options.only)
    if not options.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

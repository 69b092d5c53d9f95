"""What sealing costs beside the bare cipher: two blobs and two wrapped keys a person, into two databases.

Prints people a second of `vault.seal_many`, blobs a second of AES-256-GCM alone in the same run, and their ratio.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("VAR_DIR", str(Path(__file__).resolve().parent.parent / "var" / "bench"))

import django
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import call_command

from lib import embedded

PEOPLE = 20_000


def bare() -> float:
    """Return blobs a second of the cipher alone, at the size of a contact blob."""
    key = AESGCM(os.urandom(32))
    blob = json.dumps({"email": "somebody.long.enough@example.com", "phone": "+4915112345678"}).encode()
    started = time.perf_counter()
    for _ in range(PEOPLE):
        key.encrypt(os.urandom(12), blob, b"table|contact|1|00000000-0000-0000-0000-000000000000")
    return PEOPLE / (time.perf_counter() - started)


def sealed() -> float:
    """Return people a second of sealing, keys and indexes included."""
    from crm.models import Customer  # noqa: PLC0415  (models need settings first)
    from crm.privacy import vault  # noqa: PLC0415

    mark = time.time_ns()
    people = Customer.objects.bulk_create([Customer(external_id=f"bench-{mark}-{n}") for n in range(PEOPLE)])
    sealings = [
        vault.Sealing(
            customer_id=one.pk,
            uuid=one.uuid,
            email=f"p{mark}-{at}@example.com",
            phone=None,
            identity={"first_name": "Ada", "last_name": "Invented"},
            region="",
        )
        for at, one in enumerate(people)
    ]
    started = time.perf_counter()
    vault.seal_many(sealings)
    return PEOPLE / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    with embedded.running(os.environ["VAR_DIR"]):
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("migrate", database="keystore", verbosity=0)
        yardstick, ours = bare(), sealed()
    print(f"AES-256-GCM alone   {yardstick:>10,.0f} blobs/s")
    print(f"seal_many           {ours:>10,.0f} people/s (two blobs, two keys, two databases)")
    print(f"ratio               {ours * 2 / yardstick:>10.3f} of the bare cipher's blobs")


if __name__ == "__main__":
    main()

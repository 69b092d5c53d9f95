"""A file that somebody hands in: kept under a random name, looked at, matched to our columns, and then made due."""

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crm.access import acts
from crm.access.acts import By
from crm.access.models import User
from crm.access.verbs import Verb
from crm.ingest.files import UnreadableFile, columns, normal, read, sniff
from crm.ingest.models import ImportRun
from crm.ingest.runs import FILES, Subject

NEEDS_REVIEW = "needs_review"
"""State of a run whose columns nobody has confirmed yet: no worker takes it."""
SAMPLES = 3
SAMPLE_LENGTH = 60
LEAVE_OUT = ""

# Other words for our columns, as exports of shops and mail tools write them, in the form that `normal` gives.
ANYWHERE = {
    "customer_id": "external_id", "customer": "external_id", "user_id": "external_id", "userid": "external_id",
    "user": "external_id", "household_key": "external_id", "客户编号": "external_id", "会员号": "external_id",
    "currency_code": "currency", "货币": "currency",
}  # fmt: skip
OTHER_WORDS: dict[str, dict[str, str]] = {
    Subject.CUSTOMERS: {
        "id": "external_id", "e_mail": "email", "mail": "email", "email_address": "email", "e_mail_address": "email",
        "邮箱": "email", "phone_number": "phone", "mobile": "phone", "telephone": "phone", "tel": "phone",
        "手机": "phone", "电话": "phone", "firstname": "first_name", "given_name": "first_name", "名": "first_name",
        "lastname": "last_name", "surname": "last_name", "family_name": "last_name", "姓": "last_name",
        "lang": "language", "locale": "language", "语言": "language", "country_code": "country", "国家": "country",
        "state": "region", "province": "region", "省": "region", "sex": "gender", "性别": "gender",
        "time_zone": "timezone", "地址": "address", "age_group": "age_band",
    },
    Subject.PRODUCTS: {
        "id": "sku", "product_id": "sku", "item": "sku", "item_id": "sku", "stockcode": "sku", "商品编号": "sku",
        "title": "name", "product_name": "name", "product": "name", "名称": "name", "category_name": "category",
        "类别": "category", "品牌": "brand", "vendor": "brand", "manufacturer": "brand", "unit_price": "price",
        "价格": "price", "quantity": "stock", "inventory": "stock", "库存": "stock", "中文名": "name_zh",
    },
    Subject.INTERACTIONS: {
        "anonymousid": "anonymous_id", "event": "kind", "type": "kind", "action": "kind", "product_id": "sku",
        "item": "sku", "item_id": "sku", "product": "sku", "stockcode": "sku", "商品编号": "sku", "amount": "value",
        "total": "value", "price": "value", "revenue": "value", "rating": "value", "金额": "value", "qty": "quantity",
        "数量": "quantity", "order": "order_id", "invoice": "order_id", "invoiceno": "order_id",
        "basket_id": "order_id", "订单号": "order_id", "timestamp": "occurred_at", "time": "occurred_at",
        "date": "occurred_at", "datetime": "occurred_at", "created_at": "occurred_at", "invoicedate": "occurred_at",
        "时间": "occurred_at", "event_id": "message_id", "messageid": "message_id",
    },
}  # fmt: skip


class Unmappable(Exception):
    """The columns chosen cannot be imported; the message says why, for the person who chose."""


@dataclass(frozen=True)
class Column:
    """One column of a file that waits."""

    header: str
    samples: list[str]
    guess: str
    """Our column, or LEAVE_OUT."""


def receive(*, chunks: Iterable[bytes], filename: str, subject: str, by: User) -> ImportRun:
    """Keep a file under a random name that only we can read, and return its run, to be reviewed.

    Raises UnreadableFile for a file that is empty, too large, or not text; then nothing is kept.
    """
    folder = Path(settings.IMPORT_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{secrets.token_hex(16)}.csv"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                file.write(chunk)
        sniff(path, max_bytes=settings.MAX_IMPORT_BYTES)
        with transaction.atomic(durable=True):
            run = ImportRun.objects.create(
                subject=Subject(subject), filename=Path(filename).name[:200], path=str(path), created_by=by,
                state=NEEDS_REVIEW,
            )  # fmt: skip
            acts.record(by=by, verb=Verb.UPLOADED, on=run, subject=run.subject)
            return run
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def look(run: ImportRun) -> list[Column]:
    """Return the columns of the file of a run, each with its first values and our guess at what it is.

    Raises UnreadableFile when the file has no header, FileNotFoundError when it is gone.
    """
    path = Path(run.path)
    rows = list(islice(read(path, sniff(path, max_bytes=settings.MAX_IMPORT_BYTES)), SAMPLES + 1))
    if not rows or rows[0].problem:
        raise UnreadableFile("The file has no header.")
    header, body = rows[0].cells, [row.cells for row in rows[1:] if not row.problem]
    taken: set[str] = set()
    found = []
    for at, name in enumerate(header):
        guess = _guess(name, run.subject)
        guess = LEAVE_OUT if guess in taken else guess
        taken.add(guess)
        found.append(Column(name, [cells[at][:SAMPLE_LENGTH] for cells in body], guess))
    return found


def _guess(name: str, subject: str) -> str:
    word = normal(name)
    if word in FILES[Subject(subject)].COLUMNS or word.startswith("attributes."):
        return word
    return OTHER_WORDS[subject].get(word) or ANYWHERE.get(word, LEAVE_OUT)


def choices(run: ImportRun) -> tuple[str, ...]:
    """Return the names of the columns that a file of this subject may have."""
    return tuple(FILES[Subject(run.subject)].COLUMNS)


@transaction.atomic(durable=True)
def start(*, run: ImportRun, chosen: Mapping[str, str], by: By = None) -> bool:
    """Keep which header is which column of ours (LEAVE_OUT for none) and let a worker take the run.

    Returns False when the run was started or given up already. Raises Unmappable when a column is chosen twice or one
    that is needed is missing, UnreadableFile when a header or a column is not there.
    """
    wanted = [name for name in chosen.values() if name != LEAVE_OUT]
    if twice := sorted({name for name in wanted if wanted.count(name) > 1}):
        raise Unmappable(f"Two columns are both said to be {', '.join(twice)}.")
    loader = FILES[Subject(run.subject)]
    places = columns([column.header for column in look(run)], dict(chosen), loader.COLUMNS)
    for group in loader.ONE_OF:
        if not places.keys() & set(group):
            raise Unmappable(f"One column has to be {' or '.join(group)}.")
    waiting = ImportRun.objects.filter(pk=run.pk, state=NEEDS_REVIEW)
    started = bool(waiting.update(mapping=dict(chosen), state=ImportRun.State.DUE))
    if started:
        # Our columns only: a file without a header has its first person where the headers are.
        acts.record(by=by, verb=Verb.STARTED, on=run, columns=sorted(wanted))
    return started


@transaction.atomic(durable=True)
def give_up(*, run: ImportRun, by: By = None) -> bool:
    """Stop an import: one that was not started loses its file, one that runs stops at its next report.

    Returns False when it is over already.
    """
    waiting = ImportRun.objects.filter(pk=run.pk, state=NEEDS_REVIEW)
    if waiting.update(state=ImportRun.State.CANCELLED, finished_at=timezone.now(), path=""):
        Path(run.path).unlink(missing_ok=True)
    elif not run.cancel():
        return False
    acts.record(by=by, verb=Verb.CANCELLED, on=run)
    return True

"""Rows of a file into products."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crm.ingest.cells import BadCell, number, yes_or_no
from crm.ingest.files import FileRow
from crm.ingest.sink import Line

TEXTS = {
    "name": 200,
    "description": 20_000,
    "category": 200,
    "brand": 120,
    "url": 500,
    "image_url": 500,
}
COLUMNS = ("sku", *TEXTS, "name_zh", "description_zh", "tags", "price", "currency", "stock", "repeatable")
ONE_OF = (("sku",), ("name",))
MAX_PRICE = 10**10


def lines(rows: Iterable[FileRow], places: dict[str, int], source: str) -> Iterator[Line[Mapping[str, Any]]]:
    """Yield the columns of a product for every row; what the file does not name stays as it is."""
    for row in rows:
        if row.problem:
            yield row.line, row.cells, ("", row.problem)
            continue
        cells = {name: row.cells[place].strip() for name, place in places.items()}
        yield row.line, row.cells, _product(cells)


def _product(cells: dict[str, str]) -> dict[str, Any] | tuple[str, str]:
    if not cells["sku"] or len(cells["sku"]) > 120 or any("\x00" in text for text in cells.values()):
        return "sku", "Missing, longer than 120 characters, or a zero byte in the row."
    if not cells["name"]:
        return "name", "A product needs a name."
    for name, limit in TEXTS.items():
        if len(cells.get(name, "")) > limit:
            return name, f"Longer than {limit} characters."
    product: dict[str, Any] = {name: cells[name] for name in ("sku", *TEXTS) if name in cells}
    if "category" in product:
        product["category"] = " > ".join(step.strip() for step in re.split("[>/]", product["category"]) if step.strip())
    for name in ("url", "image_url"):
        if product.get(name) and not re.match(r"(https?://|/)", product[name]):
            return name, "An address starts with http://, https:// or /."
    chinese = {name: cells[f"{name}_zh"] for name in ("name", "description") if cells.get(f"{name}_zh")}
    if chinese:
        product["translations"] = {"zh-hans": chinese}
    if "tags" in cells:
        product["tags"] = [tag.strip()[:60] for tag in re.split(r"[,;|]", cells["tags"]) if tag.strip()]
    return _figures(product, cells)


def _figures(product: dict[str, Any], cells: dict[str, str]) -> dict[str, Any] | tuple[str, str]:
    column = "price"
    try:
        if "price" in cells:
            product["price"] = number(cells["price"])
        column = "stock"
        if "stock" in cells:
            stock = number(cells["stock"])
            product["stock"] = None if stock is None else int(stock)
        column = "repeatable"
        if "repeatable" in cells:
            product["repeatable"] = yes_or_no(cells["repeatable"])
    except BadCell as error:
        return column, str(error)
    if product.get("price") is not None and not 0 <= product["price"] < MAX_PRICE:
        return "price", "A price is between 0 and ten thousand million."
    if product.get("stock") is not None and not -(2**31) < product["stock"] < 2**31:
        return "stock", "This is not a number of pieces."
    if cells.get("currency"):
        product["currency"] = cells["currency"].upper()
        if not re.fullmatch("[A-Z]{3}", product["currency"]):
            return "currency", "A currency is three capital letters (ISO 4217)."
    for name, text in cells.items():
        if name.startswith("attributes.") and text:
            product.setdefault("attributes", {})[name[11:]] = text
    return product

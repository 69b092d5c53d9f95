"""The pages of products."""

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from crm.access.guards import editor
from crm.catalog import exclude
from crm.catalog.models import Product
from crm.catalog.querysets import ProductQuerySet
from lib.outside import whole

PAGE = 50
TOGETHER_AT_MOST = 8
K_SHOWN = 10
"""Fewer buyers in common than this are not shown: a small number can point at a person."""


def products(request: HttpRequest) -> HttpResponse:
    """List products, searched by words, narrowed to a department, in the order of their ids."""
    words, department = request.GET.get("q", "").strip(), request.GET.get("department", "")
    found = Product.objects.all()
    if words:
        found = found.matching(words)
    if department:
        found = found.filter(department=department)
    page, earlier, later = _page(found, whole(request.GET.get("after")), whole(request.GET.get("before")))
    sold = _sold_90(page)
    kept: dict[str, str | int] = {name: value for name, value in (("q", words), ("department", department)) if value}
    context = {
        "nav": "products",
        "products": [(shown, sold.get(shown.pk, 0)) for shown in page],
        "words": words,
        "department": department,
        "departments": Product.objects.departments(),
        "total": found.count(),
        "next_url": f"?{urlencode({**kept, 'after': page[-1].pk})}" if later else "",
        "previous_url": f"?{urlencode({**kept, 'before': page[0].pk})}" if earlier else "",
    }
    return render(request, "crm/catalog/products.html", context)


def _page(found: ProductQuerySet, after: int | None, before: int | None) -> tuple[list[Product], bool, bool]:
    """Return a page, and whether there are pages before and behind it. One row more than shown tells of the next."""
    if before is not None:
        rows = list(found.filter(pk__lt=before).order_by("-pk")[: PAGE + 1])
        return rows[PAGE - 1 :: -1] if len(rows) > PAGE else rows[::-1], len(rows) > PAGE, bool(rows)
    rows = list((found if after is None else found.filter(pk__gt=after)).order_by("pk")[: PAGE + 1])
    return rows[:PAGE], after is not None and bool(rows), len(rows) > PAGE


def _sold_90(page: list[Product]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT product_id, count(*) FROM crm_interaction WHERE kind = 'order' AND product_id = ANY(%s) "
            "AND occurred_at > now() - interval '90 days' GROUP BY product_id",
            [[product.pk for product in page]],
        )
        return dict(cursor.fetchall())


def product(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one product: its texts, how it sells, what it is bought together with."""
    shown = get_object_or_404(Product, pk=pk)
    months = _months(pk)
    context: dict[str, Any] = {
        "nav": "products",
        "product": shown,
        "sales": {
            "x": [row[0] for row in months],
            "series": [{"name": shown.shown_name, "data": [row[1] for row in months]}],
        },
        "buyers": sum(row[1] for row in months),
        "revenue": sum(row[2] for row in months),
        "together": _together(pk),
    }
    return render(request, "crm/catalog/product.html", context)


def _months(pk: int) -> list[tuple[str, int, float]]:
    """Return (month, order lines, revenue) from the first month with an order to the last, within two years."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('month', occurred_at), count(*), coalesce(sum(value), 0)::float FROM crm_interaction "
            "WHERE kind = 'order' AND product_id = %s AND occurred_at > now() - interval '24 months' "
            "GROUP BY 1 ORDER BY 1",
            [pk],
        )
        found = {(row[0].year, row[0].month): row for row in cursor.fetchall()}
    if not found:
        return []
    months: list[tuple[str, int, float]] = []
    year, month = min(found)
    # Months without an order are shown as such, not left out.
    while (year, month) <= max(found):
        _at, lines, revenue = found.get((year, month), (None, 0, 0.0))
        months.append((f"{year}-{month:02d}", lines, revenue))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return months


def _together(pk: int) -> list[tuple[Product, int]]:
    """Return (product, buyers in common) for what is most often in the same order, from K_SHOWN buyers on."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH mine AS (
                SELECT customer_id, order_id, occurred_at FROM crm_interaction
                WHERE kind = 'order' AND product_id = %s AND order_id <> ''
                ORDER BY occurred_at DESC LIMIT 5000
            )
            SELECT o.product_id, count(DISTINCT o.customer_id) AS buyers
            FROM mine JOIN crm_interaction o ON o.customer_id = mine.customer_id AND o.order_id = mine.order_id
                AND o.occurred_at BETWEEN mine.occurred_at - interval '1 day' AND mine.occurred_at + interval '1 day'
            WHERE o.kind = 'order' AND o.product_id <> %s
            GROUP BY o.product_id HAVING count(DISTINCT o.customer_id) >= %s
            ORDER BY buyers DESC, o.product_id LIMIT %s
            """,
            [pk, pk, K_SHOWN, TOGETHER_AT_MOST],
        )
        counts = cursor.fetchall()
    shown = Product.objects.in_bulk([row[0] for row in counts])
    return [(shown[key], buyers) for key, buyers in counts]


@require_POST
def product_exclude(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a product out of recommendations, or put it back with `back=1`.

    Raises PermissionDenied for people who may not edit.
    """
    by = editor(request)
    exclude.exclude(product=get_object_or_404(Product, pk=pk), excluded=request.POST.get("back") != "1", by=by)
    return redirect("crm:product", pk)

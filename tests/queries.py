"""Count the queries of a page, to prove that a list does not ask the database once a row."""

from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext


def queries_of(browser: Client, address: str) -> int:
    """Return how many queries a page costs, after one look that fills the caches."""
    browser.get(address)
    with CaptureQueriesContext(connections["default"]) as asked:
        answer = browser.get(address)
    assert answer.status_code == 200, answer.status_code
    return len(asked)

"""What gunicorn serves."""

import importlib
import sys

import pytest

from config import statements


def test_every_page_is_loaded_before_the_workers_part_and_not_by_the_first_visitor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statements, "limit", lambda seconds: None)
    monkeypatch.delitem(sys.modules, "config.urls", raising=False)
    monkeypatch.delitem(sys.modules, "config.wsgi", raising=False)
    importlib.import_module("config.wsgi")
    assert "config.urls" in sys.modules

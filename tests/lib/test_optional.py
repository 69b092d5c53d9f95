"""Optional libraries: taken when they are there, told with their remedy when they are not."""

import json

import pytest

from lib import optional


def test_a_library_that_is_there_is_handed_over() -> None:
    assert optional.module("json", "") is json
    assert optional.why_not("json", "") is None


def test_one_that_is_not_there_is_told_with_its_remedy() -> None:
    with pytest.raises(optional.Missing, match=r"no_such_library cannot be loaded .* Plant one\."):
        optional.module("no_such_library.part", "Plant one.")
    assert (
        optional.why_not("no_such_library", "Plant one.") == "The library no_such_library is not installed. Plant one."
    )


def test_one_whose_system_library_is_missing_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr("lib.optional.importlib.import_module", broken)
    with pytest.raises(optional.Missing, match=r"libgomp\.so\.1"):
        optional.module("json", "")

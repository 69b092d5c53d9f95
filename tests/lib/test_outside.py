"""Numbers and texts from outside: what a database can hold, and nothing else."""

import pytest

from lib.outside import LARGEST, mended, storable, whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("42", 42), (str(LARGEST), LARGEST)])
def test_a_whole_number_is_read(text: str, number: int) -> None:
    assert whole(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1.0", "²", "٣", "1_0", "x", str(LARGEST + 1), "9" * 5000, None, 7, "1\x00"]
)
def test_what_is_no_number_of_a_database_is_none(text: object) -> None:
    assert whole(text) is None


@pytest.mark.parametrize("text", ["\x00", "nice \ud83d", "\ude00!"])
def test_a_nul_and_half_a_character_cannot_be_stored_and_are_mended(text: str) -> None:
    assert not storable(text)
    assert storable(mended(text))
    mended(text).encode()


def test_whole_characters_stay_as_they_are() -> None:
    assert mended("nice 😀 \n 中文") == "nice 😀 \n 中文"

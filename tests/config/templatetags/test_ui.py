"""The filters behind the components."""

import pytest
from django.template import Context
from django.test import RequestFactory

from config.templatetags import ui


def test_a_spark_line_spans_the_box_and_grows_upwards() -> None:
    assert ui.spark_points([1, 2, 3]) == "0.0,26.0 48.0,14.0 96.0,2.0"


def test_a_flat_spark_line_runs_through_the_middle() -> None:
    assert ui.spark_points([5, 5]) == "0.0,14.0 96.0,14.0"


def test_a_missing_figure_keeps_its_place_in_a_spark_line() -> None:
    assert ui.spark_points([0, None, 2]) == "0.0,26.0 96.0,2.0"


@pytest.mark.parametrize("values", [None, [], [4], [None, 4, None]])
def test_fewer_than_two_figures_draw_no_spark_line(values: list[float | None] | None) -> None:
    assert ui.spark_points(values) == ""


@pytest.mark.parametrize(
    ("value", "largest", "percent"), [(30, 60, "50"), ("-15", 60, "25"), (90, 60, "100"), (1, 0, "0"), (None, 60, "0")]
)
def test_a_bar_is_a_whole_percent_of_the_largest(value: float | str | None, largest: float, percent: str) -> None:
    assert ui.share_of(value, largest) == percent


def test_a_known_state_has_its_colour_and_an_unknown_one_is_shown_as_it_is() -> None:
    assert (ui.tone("sent"), ui.wording("sent")) == ("green", "Sent")
    assert (ui.tone("odd"), ui.wording("odd")) == ("grey", "odd")


def test_polling_stops_at_a_final_state_only() -> None:
    assert [state for state in ("due", "running", "done", "failed", "cancelled") if ui.is_final(state)] == [
        "done",
        "failed",
        "cancelled",
    ]


@pytest.mark.parametrize(
    ("name", "letters"), [("ada.byron@example.com", "AB"), ("ada", "A"), ("", "?"), ("Bo van Dam", "BD")]
)
def test_initials_are_those_of_the_first_and_the_last_word(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_the_current_menu_item_follows_the_address() -> None:
    context = Context({"request": RequestFactory().get("/segments/clusters/")})
    assert ui.is_here(context, "segments", "/segments/", "clusters")
    assert not ui.is_here(context, "home", "/")


def test_a_view_may_say_which_menu_item_is_current() -> None:
    context = Context({"request": RequestFactory().get("/segments/"), "nav": "offers"})
    assert ui.is_here(context, "campaigns", "/campaigns/", "offers templates")
    assert not ui.is_here(context, "segments", "/segments/", "clusters")

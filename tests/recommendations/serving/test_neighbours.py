"""Neighbours are put in place with the lists, only for products there are."""

import pytest

from recommendations.models import Neighbours
from recommendations.serving.neighbours import Beside, Neighbour, beside, store_neighbours
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db


def test_new_neighbours_take_the_place_of_all_old_ones() -> None:
    goods, old, new = shelves.products(4), shelves.version("retired"), shelves.version()
    shelves.neighbours(goods[0], goods[1:], old)
    shelves.neighbours(goods[3], goods[1:], old)
    gone = goods[2].pk
    goods[2].delete()
    rows = [
        Beside(goods[0].pk, "similar", [goods[1].pk, goods[3].pk], [0.5, 0.25], [20, 10]),
        Beside(goods[0].pk, "together", [goods[3].pk], [0.1], [11]),
        Beside(gone, "similar", [goods[0].pk], [0.5], [20]),
    ]
    assert store_neighbours(version=new, rows=rows) == 2
    assert Neighbours.objects.count() == 2
    found = [Neighbour(goods[1].pk, 0.5, 20), Neighbour(goods[3].pk, 0.25, 10)]
    assert beside(goods[0].pk, "similar") == (found, new.pk)
    assert beside(goods[3].pk, "similar") == ([], None)
    assert store_neighbours(version=new, rows=[]) == 0
    assert Neighbours.objects.count() == 0

"""A demo shop and what its generator says is true of it, worked out from its arrays without any of the stages."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from crm.customers.models import Customer
from workspace.demo import catalog
from workspace.demo.behaviour import DemoInteractions, Shop, act
from workspace.demo.files import PREFIX, Size, person_of
from workspace.demo.people import HABIT_NAMES, HABITS, DemoPeople, draw

SIZE = Size(customers=600, products=240)


@dataclass(frozen=True)
class Truth:
    """What the generator planted, by customer number."""

    people: DemoPeople
    acts: DemoInteractions
    shelves: catalog.Shelves

    def orders(self) -> Counter[int]:
        """Number of orders."""
        lines = self._lines()
        return Counter(person for person, _order in set(zip(lines["person"], lines["order"], strict=True)))

    def revenue(self) -> dict[int, Decimal]:
        """Money spent."""
        spent: dict[int, Decimal] = defaultdict(Decimal)
        lines = self._lines()
        for person, product, quantity in zip(lines["person"], lines["product"], lines["quantity"], strict=True):
            spent[person] += Decimal(f"{self.shelves.price[product] * quantity:.2f}")
        return spent

    def favourites(self) -> dict[int, set[str]]:
        """The departments most lines come from; more than one where they tie."""
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        lines = self._lines()
        for person, product in zip(lines["person"], lines["product"], strict=True):
            counts[person][catalog.DEPARTMENTS[self.shelves.department[product]].name] += 1
        return {
            person: {name for name, lines in found.items() if lines == max(found.values())}
            for person, found in counts.items()
        }

    def habit(self, number: int) -> str:
        """The habit of a customer."""
        return HABIT_NAMES[self.people.habit[number]]

    def tastes(self, number: int) -> set[str]:
        """The departments a customer was given a taste for."""
        breadth = HABITS[self.people.habit[number]].departments
        best = np.argsort(-self.people.taste[number])[:breadth]
        return {catalog.DEPARTMENTS[department].name for department in best}

    def allows(self, number: int, purpose: str) -> bool:
        """Say whether the invented person allows a purpose."""
        person = person_of(number, bool(self.people.chinese[number]))
        return bool((person.consents or {}).get(purpose))

    def _lines(self) -> dict[str, list[int]]:
        ordered = self.acts.kind == 0
        return {name: getattr(self.acts, name)[ordered].tolist() for name in ("person", "product", "quantity", "order")}


def truth(last_weekday: int, size: Size = SIZE) -> Truth:
    """Return what the shop of a size holds when its history ends on a weekday (0 for Monday)."""
    shelves = catalog.build(size.products)
    people = draw(0, size.customers)
    return Truth(people, act(people, Shop(shelves).prepare(), last_weekday=last_weekday), shelves)


def numbers() -> dict[int, int]:
    """Return customer id → number in the generator."""
    known = Customer.objects.values_list("pk", "external_id")
    return {pk: int(external.removeprefix(PREFIX)) for pk, external in known}

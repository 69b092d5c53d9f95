"""No regular expression of the house can be made to stand still: each is run against 200 KB of the worst it could meet.

The worst is made from the expression itself: long runs of each character it looks for, alone, in turns, and behind what
it begins with, ended by something it does not want. A linear expression needs milliseconds, a quadratic one minutes.
"""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.architecture.test_layout import ROOT, sources, tree

LENGTH = 200_000
FIRST = LENGTH // 40
"""Every shape is tried at a fortieth of the length, and the slowest at the whole."""
SECONDS, FIRST_SECONDS = 1.0, 0.05
SLOWEST = 3
MOST_CHARACTERS = 5
METHODS = {"search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split"}
CATEGORIES = {c.CATEGORY_DIGIT: "1", c.CATEGORY_SPACE: " ", c.CATEGORY_WORD: "a", c.CATEGORY_NOT_SPACE: "a"}
ENDS = ("", "\x01")


def used() -> dict[tuple[str, int], set[str]]:
    """Every expression of the house (text, flags), and how it is run."""
    methods: dict[str, set[str]] = {}
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                held = node.value
                known = held.attr if isinstance(held, ast.Attribute) else getattr(held, "id", "")
                methods.setdefault(known, set()).add(node.attr)
    found: dict[tuple[Any, int], set[str]] = {}
    for path in sources():
        if not any(isinstance(node, ast.Name) and node.id == "re" for node in ast.walk(tree(path))):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for known, value in vars(module).items():
            if isinstance(value, re.Pattern):
                found.setdefault((value.pattern, value.flags), set()).update(methods.get(known, {"search"}))
        for text, method in written(tree(path)):
            found.setdefault((text, re.UNICODE), set()).add(method)
    return found


def written(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Expressions that are written where they are used, and how they are run there."""
    inside = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    for node in (inner for function in inside for inner in ast.walk(function)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):
            continue
        method = "finditer" if node.func.attr == "compile" else node.func.attr
        text = node.args[0]
        if method in METHODS and isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield text.value, method
        elif method in METHODS and isinstance(text, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in text.values), method


def characters(parsed: Any) -> Iterator[str]:
    """A character for each place of an expression."""
    for kind, value in parsed:
        if kind is c.LITERAL:
            yield chr(value)
        elif kind is c.RANGE:
            yield chr(value[0])
        elif kind is c.CATEGORY:
            yield CATEGORIES.get(value, "a")
        elif kind in {c.ANY, c.NOT_LITERAL}:
            yield "a"
        elif kind is c.IN:
            yield "a" if value[0][0] is c.NEGATE else next(characters(value[:1]))
        elif kind in {c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT}:
            yield from characters(value[2])
        elif kind is c.SUBPATTERN:
            yield from characters(value[3])
        elif kind in {c.ASSERT, c.ASSERT_NOT}:
            yield from characters(value[1])
        elif kind is c.BRANCH:
            for way in value[1]:
                yield from characters(way)


def worst(text: Any, flags: int, size: int) -> Iterator[str]:
    """Texts that an expression would stumble over if it could."""
    every = list(characters(parser.parse(text, flags & ~re.DEBUG)))
    # The rarest first: what repeats is often a class that stands once.
    some = [*sorted(dict.fromkeys(every), key=every.count)[: MOST_CHARACTERS - 1], " "]
    begins = ["", "\x01", *{"".join(every[:length]) for length in (1, 2, 3)}]
    for one in dict.fromkeys(some):
        for begin in begins:
            yield begin + one * size
            if begin:
                yield (begin + one * 8) * (size // (len(begin) + 8))
        for other in some:
            yield (one + other) * (size // 2)
            yield one * (size // 2) + other * (size // 2)


def ended(text: Any, flags: int, size: int) -> Iterator[Any]:
    """The same, and the same with something behind that is not wanted."""
    for given in worst(text, flags, size):
        for end in ENDS:
            yield (given + end).encode("latin-1", "replace") if isinstance(text, bytes) else given + end


def run(pattern: "re.Pattern[Any]", method: str, text: Any) -> None:
    """Run an expression to the end of a text."""
    if method in {"sub", "subn"}:
        getattr(pattern, method)(text[:0], text)
    elif method == "finditer":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)


def seconds(pattern: "re.Pattern[Any]", method: str, text: Any) -> float:
    """Seconds of the processor it takes."""
    before = time.process_time()
    run(pattern, method, text)
    return time.process_time() - before


def stumbles(text: Any, flags: int, method: str) -> str:
    """What an expression stands still at; nothing when it does not."""
    pattern = re.compile(text, flags)
    measured: list[tuple[float, int]] = []
    for place, given in enumerate(ended(text, flags, FIRST)):
        took = seconds(pattern, method, given)
        if took > FIRST_SECONDS:
            return f"{given[:20]!r}… {given[-3:]!r}"
        measured.append((took, place))
    slowest = {place for _took, place in sorted(measured)[-SLOWEST:]}
    for place, given in enumerate(ended(text, flags, LENGTH)):
        if place in slowest and seconds(pattern, method, given) > SECONDS:
            return f"{given[:20]!r}… {given[-3:]!r}"
    return ""


EVERY = used()


def test_the_expressions_are_found() -> None:
    texts = {text for text, _flags in EVERY}
    assert len(EVERY) > 60
    assert r"\n{3,}" in texts and "[^\\s/>]*" in texts


@pytest.mark.parametrize("slow", [r"\{%-?\s*(.*?)-?%\}", r"^[e\s]+|[e\s]+$"])
def test_an_expression_that_stands_still_is_noticed(slow: str) -> None:
    assert stumbles(slow, re.UNICODE | re.DOTALL, "sub")


@pytest.mark.parametrize(("text", "flags"), EVERY, ids=[repr(text)[:60] for text, _flags in EVERY])
def test_200_kilobytes_take_less_than_a_second(text: Any, flags: int) -> None:
    found = {method: at for method in EVERY[text, flags] if (at := stumbles(text, flags, method))}
    assert not found, "The expression is not linear."

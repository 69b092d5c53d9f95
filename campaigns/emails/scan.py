"""Read what somebody wrote in one pass, however it was meant.

No regular expression here may start at many places and run far from each: that is how 6,000 blanks behind a brace once
held every web process for minutes. What is not closed is found to be so once, not once for each opening.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Each of these is matched at one place only, and stops at the first character that does not belong.
BLANKS = re.compile(r"[\s/]*")
NAME = re.compile(r"[^\s/>]*")
ATTRIBUTE = re.compile(r"=?[^\s/>=]*")
EQUALS = re.compile(r"\s*=\s*")
UNQUOTED = re.compile(r"[^\s>]*")
ENDS = {"%": "%}", "{": "}}"}
HIDDEN = {"<!--": "-->", "<style": "</style>"}
HIDES = re.compile(r"<!--|<style", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """One Liquid tag or output, from its first brace to its last."""

    start: int
    end: int
    is_tag: bool
    inside: str
    """What stands between the braces, without blanks and dashes at its ends."""
    written: str
    """All of it, with one blank inside each end: the way it is parsed, since the parser is slow with many blanks."""


def tokens(source: str) -> Iterator[Token]:
    """Yield the Liquid of a source in its order; what has no end is none."""
    open_ended: set[str] = set()
    at = source.find("{")
    while at >= 0:
        kind = source[at + 1 : at + 2]
        end = -1
        if kind in ENDS and kind not in open_ended:
            end = source.find(ENDS[kind], at + 2)
            if end < 0:
                open_ended.add(kind)
        if end < 0:
            at = source.find("{", at + 1)
            continue
        yield _token(source, at, end)
        at = source.find("{", end + 2)


def _token(source: str, at: int, end: int) -> Token:
    inside = source[at + 2 : end]
    left, right = inside.startswith("-"), len(inside) > 1 and inside.endswith("-")
    inside = inside[left : len(inside) - right].strip()
    opening, closing = source[at : at + 2] + "-" * left, "-" * right + source[end : end + 2]
    return Token(at, end + 2, source[at + 1] == "%", inside, f"{opening} {inside} {closing}")


def unclosed(source: str) -> str:
    """Return the first opening brace pair that belongs to no tag or output; empty when there is none."""
    last = 0
    for start, end in [*((token.start, token.end) for token in tokens(source)), (len(source), len(source))]:
        plain = source[last:start]
        places = [place for place in (plain.find("{%"), plain.find("{{")) if place >= 0]
        if places:
            return plain[min(places) : min(places) + 2]
        last = end
    return ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an element."""

    name: str
    """In small letters."""
    value: str
    """As written, without its quotes."""
    start: int
    end: int
    """Where the value stands in the text, quotes included."""


@dataclass(frozen=True, slots=True)
class Element:
    """The beginning of one element of HTML or MJML."""

    name: str
    """In small letters."""
    start: int
    end: int
    attributes: list[Attribute]


def elements(markup: str) -> Iterator[Element]:
    """Yield the beginnings of elements, those inside comments too; one that is not closed ends the reading."""
    at = markup.find("<")
    while at >= 0:
        if not markup[at + 1 : at + 2].isalpha():
            at = markup.find("<", at + 1)
            continue
        named = NAME.match(markup, at + 1)
        assert named is not None  # noqa: S101 - it matches nothing, too
        attributes: list[Attribute] = []
        end = _attributes(markup, named.end(), attributes)
        if end < 0:
            return
        yield Element(named[0].lower(), at, end, attributes)
        at = markup.find("<", end)


def _attributes(markup: str, at: int, found: list[Attribute]) -> int:
    """Gather the attributes from a place on; return where the element's beginning ends, -1 when it does not."""
    while True:
        at = _past(BLANKS, markup, at)
        if at >= len(markup):
            return -1
        if markup[at] == ">":
            return at + 1
        begin, at = at, _past(ATTRIBUTE, markup, at)
        name = markup[begin:at].lower()
        equals = EQUALS.match(markup, at)
        if equals is None:
            found.append(Attribute(name, "", at, at))
            continue
        at = begin = equals.end()
        quote = markup[at : at + 1]
        if quote in {'"', "'"}:
            close = markup.find(quote, at + 1)
            if close < 0:
                return -1
            found.append(Attribute(name, markup[at + 1 : close], begin, close + 1))
            at = close + 1
        else:
            at = _past(UNQUOTED, markup, at)
            found.append(Attribute(name, markup[begin:at], begin, at))


def _past(what: re.Pattern[str], text: str, at: int) -> int:
    matched = what.match(text, at)
    assert matched is not None  # noqa: S101 - every pattern given matches nothing, too
    return matched.end()


def replaced(text: str, places: list[tuple[int, int, str]]) -> str:
    """Return a text with something else at each place (start, end, instead); the places are in order, and apart."""
    pieces: list[str] = []
    last = 0
    for start, end, instead in places:
        pieces += [text[last:start], instead]
        last = end
    return "".join([*pieces, text[last:]])


def without_comments(markup: str) -> str:
    """Return a text without its comments; one that does not end stays."""
    return _without(markup, re.compile("<!--"))


def seen_by_readers(markup: str) -> str:
    """Return a text without its comments and its styles."""
    return _without(markup, HIDES)


def _without(markup: str, opening: re.Pattern[str]) -> str:
    places: list[tuple[int, int, str]] = []
    endless: set[str] = set()
    at = 0
    lowered = markup.lower() if len(markup.lower()) == len(markup) else markup
    while found := opening.search(markup, at):
        closing = HIDDEN[found[0].lower()]
        end = -1 if closing in endless else lowered.find(closing, found.end())
        if end < 0:
            endless.add(closing)
            at = found.end()
            continue
        at = end + len(closing)
        places.append((found.start(), at, ""))
    return replaced(markup, places)

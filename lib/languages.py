"""Which language serves whom: the one answer, for texts and pages.

A tag is BCP 47 in small letters with hyphens: "en", "zh-hans", "pt-br". The workspace lists the languages it speaks in
WORKSPACE_LANGUAGES; the first is its own. Who asks for a language gets that one, else one of the same kin ("zh-cn" is
served by "zh-hans", "de" by "de-at"), else the workspace's own, else the first there is, in the order of the list.
"""

from collections.abc import Collection

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.translation import get_language

SCRIPTS = {
    "zh-cn": "zh-hans",
    "zh-sg": "zh-hans",
    "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
}
"""What people in a place write, where that is another language to who reads it."""
SOURCE = "en"
"""The language the house itself is written in: what it says where it has no words in the one asked for."""
APART = 3
"""Distance of two languages that have nothing in common."""


def normal(tag: str) -> str:
    """Return a tag as it is kept: small letters, hyphens, the script in the place of a country where that says more."""
    said = tag.strip().replace("_", "-").lower()
    return SCRIPTS.get(said, said)


def listed() -> list[str]:
    """Return the languages the workspace speaks, its own first."""
    return list(settings.WORKSPACE_LANGUAGES)


def default() -> str:
    """Return the workspace's own language."""
    return listed()[0]


def page() -> str:
    """Return the language of the page being answered."""
    return get_language() or SOURCE


def best(asked: str, among: Collection[str]) -> str:
    """Return the language of `among` that serves who asks for one; "" when there is none at all."""
    order = {language: place for place, language in enumerate(listed())}

    def rank(language: str) -> tuple[int, int, int, str]:
        return distance(asked, language), distance(default(), language), order.get(language, len(order)), language

    return min(among, key=rank, default="")


def distance(asked: str, other: str) -> int:
    """Return how far a language is from the one asked for: 0 the same, 1 its trunk, 2 of its kin, 3 apart."""
    asked = normal(asked)
    if asked == other:
        return 0
    if asked.startswith(f"{other}-"):
        return 1
    return 2 if asked.partition("-")[0] == other.partition("-")[0] else APART


def chain(asked: str) -> list[str]:
    """Return the languages that serve who asks for one, the nearest first, and last the workspace's own."""
    kin = {normal(asked), normal(asked).partition("-")[0], *listed()}
    near = sorted((one for one in kin if distance(asked, one) < APART), key=lambda one: (distance(asked, one), one))
    return near if default() in near else [*near, default()]


def known(tag: str) -> bool:
    """Say whether a tag is a language there is."""
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return tag == normal(tag)


def locale(tag: str) -> Locale:
    """Return how numbers and days are written in a language; as in English where nobody has written that down."""
    try:
        return Locale.parse(normal(tag) or SOURCE, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(SOURCE)


def name(tag: str, language: str | None = None) -> str:
    """Return what a language is called in another, the page's when none is given: "German", "德语"."""
    return str(locale(tag).get_display_name(locale(language or page())) or tag)

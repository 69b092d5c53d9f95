"""A received mail, taken apart for its page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser


@dataclass(frozen=True)
class Link:
    """One link of a mail."""

    url: str
    text: str


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []
        self.url = ""
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.url, self.words = dict(attrs).get("href") or "", []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.url.startswith(("http://", "https://", "mailto:")):
            self.found.append(Link(self.url, " ".join("".join(self.words).split())))
            self.url = ""


def addresses_in(html: str) -> list[Link]:
    """Return the links of a mail in their order, each address once."""
    parser = _Links()
    parser.feed(html)
    parser.close()
    return list({link.url: link for link in reversed(parser.found)}.values())[::-1]


def moment(seconds: float) -> datetime:
    """Return a moment given in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)

"""Which layout and HTML a marketer may write. The MJML compiler lets unknown tags through, so this list decides."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

from campaigns.emails.problems import Problem, error, warning

MJML_TAGS = frozenset(
    [
        "mjml",
        "mj-head",
        "mj-body",
        "mj-attributes",
        "mj-all",
        "mj-class",
        "mj-breakpoint",
        "mj-preview",
        "mj-style",
        "mj-title",
        "mj-section",
        "mj-column",
        "mj-group",
        "mj-wrapper",
        "mj-text",
        "mj-button",
        "mj-image",
        "mj-divider",
        "mj-spacer",
        "mj-table",
        "mj-hero",
    ]
)
HTML_TAGS = frozenset(
    [
        "a",
        "b",
        "strong",
        "em",
        "i",
        "u",
        "s",
        "br",
        "p",
        "span",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "table",
        "tbody",
        "thead",
        "tfoot",
        "tr",
        "td",
        "th",
        "img",
        "hr",
        "small",
        "sup",
        "sub",
        "blockquote",
        "center",
        "font",
    ]
)
ADDRESSES = frozenset({"href", "src", "background-url", "background", "action", "formaction", "srcset", "xlink:href"})
# Elements without an end; what stands after them is not inside.
VOID = frozenset({"br", "hr", "img"})
DEEPEST = 60
"""The layout compiler needs stack for each level; two thousand end its process."""
LOADS = re.compile(r"@import|url\s*\(|expression\s*\(|javascript:|behavior\s*:", re.IGNORECASE)


class Inspector(HTMLParser):
    """Walks a source whose Liquid was swapped for placeholders, and notes what is not allowed."""

    def __init__(self, comment: str) -> None:
        super().__init__(convert_charrefs=True)
        self.comment = comment
        """How the placeholder of a tag begins; it may stand between elements, never inside an attribute."""
        self.found: list[Problem] = []
        self.inside_style = False
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check one element."""
        if tag not in MJML_TAGS | HTML_TAGS:
            self.found.append(error("tag", f"<{tag}>"))
        self.inside_style = tag == "mj-style"
        self.depth += tag not in VOID
        if self.depth > DEEPEST:
            self.found.append(error("deep"))
        names = dict(attrs)
        for name, value in attrs:
            self._check_attribute(name, value or "")
        if tag in {"mj-image", "img"} and names.get("src") and "alt" not in names:
            self.found.append(warning("alt", names.get("src") or ""))

    def _check_attribute(self, name: str, value: str) -> None:
        if self.comment in value or self.comment in name:
            self.found.append(error("misplaced", name))
        elif name.startswith("on") or (name in ADDRESSES and name not in {"href", "src", "background-url"}):
            self.found.append(error("attribute", name))
        elif name not in ADDRESSES and LOADS.search(value):
            self.found.append(error("style", name))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        self.depth -= tag not in VOID
        if tag == "mj-style":
            self.inside_style = False

    def handle_data(self, data: str) -> None:
        """Check the text of a style."""
        if self.inside_style and (LOADS.search(data) or "<" in data):
            self.found.append(error("style", "mj-style"))

    def handle_pi(self, data: str) -> None:
        """Refuse processing instructions."""
        self.found.append(error("tag", f"<?{data}>"))

    def handle_decl(self, decl: str) -> None:
        """Refuse declarations, entities among them."""
        self.found.append(error("tag", f"<!{decl}>"))


def inspect(source: str, comment: str) -> list[Problem]:
    """Return what a source may not hold; `comment` is how a tag's placeholder begins."""
    inspector = Inspector(comment)
    inspector.feed(source)
    inspector.close()
    return list(dict.fromkeys(inspector.found))


def web_address(url: str) -> bool:
    """Say whether an address is plain http or https, with a host and without a user name."""
    if re.search(r"[\s<>\"\\^`{|}\x00-\x1f]", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False

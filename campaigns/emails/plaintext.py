"""The text part of a mail, made from the HTML part while its Liquid is still put away."""

import re

import lxml.html  # type: ignore[import-untyped]
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig

from campaigns.emails.swap import Swap

# Tables only lay a mail out. As tables the text of neighbouring cells would be woven together line by line,
# and the end of a loop could come before its beginning.
TABLES = ("table", "tbody", "thead", "tfoot", "tr", "td", "th")


def text_of(markup: str, swap: Swap) -> str:
    """Return the text of a mail's HTML, placeholders of tags and outputs kept in their order."""
    tree = lxml.html.document_fromstring(markup.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    for hidden in tree.xpath("//*[contains(@style, 'display:none')]|//head|//style"):
        hidden.drop_tree()
    for element in tree.iter(*TABLES):
        element.tag = "div"
    for link in tree.iter("a"):
        address = link.get("href", "")
        if address and not address.startswith("#"):
            spot = link[-1] if len(link) else None
            if spot is None:
                link.text = f"{link.text or ''} {address}"
            else:
                spot.tail = f"{spot.tail or ''} {address}"
    _show_tags(tree, swap)
    lines = Inscriptis(tree, ParserConfig()).get_text().splitlines()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in lines)).strip() + "\n"


def _show_tags(tree: lxml.html.HtmlElement, swap: Swap) -> None:
    for comment in list(tree.iter(lxml.etree.Comment)):
        # Parsing has given the comment its place; as text it survives the way into plain text.
        shown = f"<!--{comment.text}-->"
        mark = shown if swap.only(shown) else ""
        parent, before = comment.getparent(), comment.getprevious()
        text = mark + (comment.tail or "")
        if parent is None:
            continue
        if before is not None:
            before.tail = (before.tail or "") + text
        else:
            parent.text = (parent.text or "") + text
        comment.tail = None
        parent.remove(comment)

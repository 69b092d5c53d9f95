"""From what a marketer wrote (MJML and Liquid) to what is rendered for each reader (HTML, text and Liquid)."""

import html
import re
from dataclasses import dataclass

from mjml import mjml2html

from campaigns.emails import layout, liquid
from campaigns.emails.plaintext import text_of
from campaigns.emails.problems import CompileError, Problem, error
from campaigns.emails.swap import COMMENT, Swap

LINK = re.compile(r"(<a\b[^>]*?\shref=)(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
PICTURE = re.compile(r"<img\b[^>]*?\ssrc=(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
# One address variable and nothing else: what it leads to is checked where its value is made.
ADDRESS = re.compile(
    r"\{\{-?\s*(?:[A-Za-z_]\w*(?:\[\d+\]|\.\w+)*\.(?:image_)?url|unsubscribe_url|preferences_url)\s*-?\}\}"
)
ELSEWHERE = re.compile(
    r"<(script|iframe|object|embed|form|input|base|link|svg|applet|frame)\b|<[^>]*\son\w+\s*=", re.IGNORECASE
)


@dataclass(frozen=True)
class Compiled:
    """A mail ready to be rendered. `links[n]` in the HTML and text stands for the tracked address of the nth link."""

    subject: str
    html: str
    text: str
    links: tuple[str, ...]
    """The fixed addresses the mail leads to, each once."""
    uses: frozenset[str]
    """The variables it reads."""

    @property
    def needs_name(self) -> bool:
        """Whether the reader's name has to be opened."""
        return "customer.first_name" in self.uses


def compile_text(*, subject: str, preheader: str, mjml: str) -> Compiled:
    """Compile one language of a mail.

    Raises CompileError, with every problem found, when the text cannot become a mail.
    """
    # Comments of the author could hide half a tag.
    mjml = COMMENT.sub("", mjml)
    found = [problem for part in (subject, preheader, mjml) for problem in liquid.refused(part)]
    if found:
        raise CompileError(found)
    uses, found = _used([subject, preheader, mjml])
    swap = Swap()
    source = _with_preheader(swap.out(mjml), swap.out(html.escape(preheader, quote=False)))
    found += [problem for problem in layout.inspect(source, swap.comment) if problem.severity == "error"]
    if found:
        raise CompileError(found)
    markup = _compile_layout(source)
    if swap.order(markup) != sorted(swap.order(markup)) or len(swap.order(markup)) != len(swap.order(source)):
        raise CompileError([error("misplaced")])
    markup, links = _link(markup, swap)
    text = text_of(markup, swap)
    if swap.order(text) != swap.order(markup):
        raise CompileError([error("misplaced")])
    compiled = Compiled(subject, swap.back(markup), swap.back(text), links, uses)
    liquid.parse(compiled.subject, html=False)
    liquid.parse(compiled.html, html=True)
    liquid.parse(compiled.text, html=False)
    return compiled


def _used(parts: list[str]) -> tuple[frozenset[str], list[Problem]]:
    names: frozenset[str] = frozenset()
    found: list[Problem] = []
    for part in parts:
        # Editors write < as &lt; inside text; Liquid means the sign.
        more, problems = liquid.used(liquid.TOKEN.sub(lambda match: html.unescape(match[0]), part))
        names, found = names | more, found + problems
    return names, list(dict.fromkeys(found))


def _with_preheader(source: str, preheader: str) -> str:
    if not preheader or "<mj-preview" in source:
        return source
    preview = f"<mj-preview>{preheader}</mj-preview>"
    if "<mj-head>" in source:
        return source.replace("<mj-head>", f"<mj-head>{preview}", 1)
    return re.sub(r"<mjml(\s[^>]*)?>", lambda match: f"{match[0]}<mj-head>{preview}</mj-head>", source, count=1)


def _compile_layout(source: str) -> str:
    try:
        # No fonts from elsewhere, and no loader: an include fails closed.
        markup = mjml2html(source, fonts={}, disable_comments=False)
    except ValueError as mistake:
        raise CompileError([error("mjml", str(mistake))]) from mistake
    if ELSEWHERE.search(re.sub(r"<!--.*?-->|<style.*?</style>", "", markup, flags=re.DOTALL)):
        raise CompileError([error("tag")])
    return markup


def _link(markup: str, swap: Swap) -> tuple[str, tuple[str, ...]]:
    links: dict[str, str] = {}
    found: list[Problem] = []

    def place(match: re.Match[str]) -> str:
        written = html.unescape(match[2] if match[2] is not None else match[3]).strip()
        if swap.holds(written):
            if not ADDRESS.fullmatch(swap.only(written)):
                found.append(error("bad_link", swap.back(written)))
            return match[0]
        if written.lower().startswith(("mailto:", "tel:")):
            return match[0]
        if not layout.web_address(written):
            found.append(error("bad_link", written))
            return match[0]
        if written not in links:
            links[written] = swap.keep(f"{{{{ links[{len(links)}] }}}}")
        return f'{match[1]}"{links[written]}"'

    markup = LINK.sub(place, markup)
    for match in PICTURE.finditer(markup):
        source = html.unescape(match[1] if match[1] is not None else match[2]).strip()
        variable = swap.only(source)
        if not (ADDRESS.fullmatch(variable) if variable else layout.web_address(source)):
            found.append(error("bad_image", swap.back(source)))
    if found:
        raise CompileError(list(dict.fromkeys(found)))
    return markup, tuple(links)

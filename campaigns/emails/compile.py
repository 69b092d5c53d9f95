"""From what a marketer wrote (MJML and Liquid) to what is rendered for each reader (HTML, text and Liquid).

This runs in a process of its own (see `workshop`), because what somebody wrote may be anything.
"""

import html
import re
from dataclasses import dataclass

from mjml import mjml2html

from campaigns.emails import layout, liquid, scan
from campaigns.emails.plaintext import text_of
from campaigns.emails.problems import CompileError, Problem, error
from campaigns.emails.swap import Swap

# One address variable and nothing else: what it leads to is checked where its value is made.
ADDRESS = re.compile(
    r"\{\{-?\s*(?:[A-Za-z_]\w*(?:\[\d+\]|\.\w+)*\.(?:image_)?url|unsubscribe_url|preferences_url)\s*-?\}\}"
)
ELSEWHERE = re.compile(r"<(?:script|iframe|object|embed|form|input|base|link|svg|applet|frame)\b", re.IGNORECASE)
HANDLER = re.compile(r"\son\w+\s*=", re.IGNORECASE)
LONGEST_LINK = 1_000
"""Characters the table of tracked links holds."""
LANGUAGES = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}
"""How HTML writes a language where it is not as we write it."""


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


def compile_text(*, subject: str, preheader: str, mjml: str, language: str = "en") -> Compiled:
    """Compile one language of a mail.

    Raises CompileError, with every problem found, when the text cannot become a mail.
    """
    # Comments of the author could hide half a tag.
    mjml = scan.without_comments(mjml)
    found = [problem for part in (subject, preheader, mjml) for problem in liquid.refused(part)]
    if found:
        raise CompileError(list(dict.fromkeys(found)))
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
    compiled = Compiled(subject, _headed(swap.back(markup), subject, language), swap.back(text), links, uses)
    liquid.parse(compiled.subject, html=False)
    liquid.parse(compiled.html, html=True)
    liquid.parse(compiled.text, html=False)
    return compiled


def _used(parts: list[str]) -> tuple[frozenset[str], list[Problem]]:
    names: frozenset[str] = frozenset()
    found: list[Problem] = []
    for part in parts:
        # Editors write < as &lt; inside text; Liquid means the sign.
        meant = [(token.start, token.end, html.unescape(part[token.start : token.end])) for token in scan.tokens(part)]
        more, problems = liquid.used(scan.replaced(part, meant))
        names, found = names | more, found + problems
    return names, list(dict.fromkeys(found))


def _with_preheader(source: str, preheader: str) -> str:
    if not preheader or "<mj-preview" in source:
        return source
    preview = f"<mj-preview>{preheader}</mj-preview>"
    if "<mj-head>" in source:
        return source.replace("<mj-head>", f"<mj-head>{preview}", 1)
    root = next((element for element in scan.elements(source) if element.name == "mjml"), None)
    return scan.replaced(source, [(root.end, root.end, f"<mj-head>{preview}</mj-head>")]) if root else source


def _headed(markup: str, subject: str, language: str) -> str:
    """Say the language and the title, for programs that read mails aloud; where the author says them, they stay."""
    title, last = "", 0
    for token in scan.tokens(subject):
        title += html.escape(subject[last : token.start]) + subject[token.start : token.end]
        last = token.end
    title += html.escape(subject[last:])
    markup = markup.replace("<title></title>", f"<title>{title}</title>", 1)
    return markup.replace(' lang="und"', f' lang="{html.escape(LANGUAGES.get(language, language))}"', 1)


def _compile_layout(source: str) -> str:
    try:
        # No fonts from elsewhere, and no loader: an include fails closed.
        markup = mjml2html(source, fonts={}, disable_comments=False)
    except ValueError as mistake:
        raise CompileError([error("mjml", str(mistake))]) from mistake
    seen = scan.seen_by_readers(markup)
    if ELSEWHERE.search(seen) or any(_handles(piece) for piece in seen.split(">")):
        raise CompileError([error("tag")])
    return markup


def _handles(piece: str) -> bool:
    at = piece.find("<")
    return at >= 0 and HANDLER.search(piece, at) is not None


def _link(markup: str, swap: Swap) -> tuple[str, tuple[str, ...]]:
    links: dict[str, str] = {}
    found: list[Problem] = []
    places: list[tuple[int, int, str]] = []
    for element in scan.elements(markup):
        for attribute in element.attributes:
            written = html.unescape(attribute.value).strip()
            if (element.name, attribute.name) == ("img", "src"):
                if not _is_address(written, swap):
                    found.append(error("bad_image", swap.back(written)))
            elif (element.name, attribute.name) == ("a", "href"):
                if written.lower().startswith(("mailto:", "tel:")):
                    continue
                if not _is_address(written, swap):
                    found.append(error("bad_link", swap.back(written)))
                elif len(written) > LONGEST_LINK:
                    found.append(error("long_link", written))
                elif not swap.holds(written):
                    if written not in links:
                        links[written] = swap.keep(f"{{{{ links[{len(links)}] }}}}")
                    places.append((attribute.start, attribute.end, f'"{links[written]}"'))
    if found:
        raise CompileError(list(dict.fromkeys(found)))
    return scan.replaced(markup, places), tuple(links)


def _is_address(written: str, swap: Swap) -> bool:
    """Say whether a link or picture leads to a plain web address, or is exactly one address variable."""
    if swap.holds(written):
        return ADDRESS.fullmatch(swap.only(written)) is not None
    return layout.web_address(written)

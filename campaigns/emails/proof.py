"""Proof-read a mail: everything a marketer should mend before it can, or had better not, be sent."""

from dataclasses import dataclass
from typing import Protocol

from campaigns.emails import layout, scan
from campaigns.emails.compile import Compiled, compile_text
from campaigns.emails.liquid import LONGEST_TEMPLATE
from campaigns.emails.problems import CompileError, Problem, Severity, error, warning
from campaigns.emails.render import RenderedMail, RenderError, missing_in, render, sample_context
from campaigns.emails.swap import Swap

LARGEST = 95 * 1024
"""Bytes of HTML; Gmail cuts a mail at about 102 KB, and the unsubscribe link is at its end."""


BLOCKS = frozenset({"if", "unless", "case", "for"})
NEEDED = {"unsubscribe_url": "no_unsubscribe", "postal_address": "no_address"}


class Text(Protocol):
    """What is proof-read: an EmailText, saved or not."""

    @property
    def subject(self) -> str:
        """The subject, with Liquid."""

    @property
    def preheader(self) -> str:
        """What mail programs show after the subject."""

    @property
    def mjml(self) -> str:
        """The layout, with Liquid."""

    @property
    def language(self) -> str:
        """The language it is written in."""


@dataclass(frozen=True)
class Draft:
    """A text that is not saved, for the editor."""

    subject: str
    preheader: str
    mjml: str
    language: str = "en"


@dataclass(frozen=True)
class Proof:
    """A text, proof-read: what is wrong with it, the mail compiled, and that mail with example data.

    No problem at all means that it can be sent.
    """

    problems: list[Problem]
    """Errors first."""
    compiled: Compiled | None = None
    """None when the text cannot become a mail."""
    example: RenderedMail | None = None
    """None when the mail cannot be made from example data."""

    @property
    def errors(self) -> list[Problem]:
        """What keeps the mail from being sent."""
        return [problem for problem in self.problems if problem.severity == Severity.ERROR]


def proof_read(text: Text) -> Proof:
    """Compile a text and look for everything that is wrong with it."""
    if len(text.mjml) > LONGEST_TEMPLATE:
        return Proof([error("too_long")])
    found = [] if text.subject.strip() else [error("no_subject")]
    swap = Swap()
    for problem in layout.inspect(swap.out(text.mjml), swap.comment):
        if problem.severity == Severity.WARNING:
            found.append(warning(problem.code, swap.back(problem.detail)))
    compiled, example = None, None
    try:
        compiled = compile_text(
            # A mail without a subject can be shown, so that one sees it while its subject is still to be found.
            subject=text.subject if text.subject.strip() else "—",
            preheader=text.preheader,
            mjml=text.mjml,
            language=text.language,
        )
    except CompileError as mistake:
        found += mistake.problems
    else:
        seen, example = _seen(compiled, text.language)
        found += seen
        said = {problem.code for problem in seen}
        found += [warning(f"some_{code}") for code in _sometimes_hidden(compiled.html) if code not in said]
    return Proof(
        sorted(dict.fromkeys(found), key=lambda problem: problem.severity == Severity.WARNING), compiled, example
    )


def _seen(compiled: Compiled, language: str) -> tuple[list[Problem], RenderedMail | None]:
    # Rendered twice, because a condition could hide the footer from some readers.
    full = sample_context(language, compiled.links)
    bare = full | {"products": [], "offer": {}, "customer": {"first_name": "", "language": language}}
    found: list[Problem] = []
    example = None
    for context in (full, bare):
        try:
            mail = render(compiled, context)
        except RenderError as mistake:
            found.append(error("render", str(mistake)))
            continue
        example = mail if context is full else example
        found += [error(code) for code in missing_in(mail, context)]
        if len(mail.html.encode()) > LARGEST:
            found.append(error("too_large"))
        unsubscribe, address = str(context["unsubscribe_url"]), str(context["postal_address"])
        if not mail.text.replace(address, "").replace(unsubscribe, "").strip():
            found.append(warning("no_text"))
    return found, example


def _sometimes_hidden(source: str) -> list[str]:
    """Return the codes of what the law wants and no reader is sure to get, because it stands in conditions only."""
    depth, sure = 0, set()
    for token in scan.tokens(source):
        name = (token.inside.split(None, 1) or [""])[0]
        if token.is_tag:
            depth += (name in BLOCKS) - name.startswith("end")
        elif depth == 0:
            sure.add(name)
    return [code for variable, code in NEEDED.items() if variable not in sure]

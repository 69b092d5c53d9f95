"""Proof-read a mail: everything a marketer should mend before it can, or had better not, be sent."""

from dataclasses import dataclass
from typing import Protocol

from campaigns.emails import layout
from campaigns.emails.compile import Compiled, compile_text
from campaigns.emails.problems import CompileError, Problem, Severity, error, warning
from campaigns.emails.render import RenderError, render, sample_context
from campaigns.emails.swap import Swap

LARGEST = 95 * 1024
"""Bytes of HTML; Gmail cuts a mail at about 102 KB, and the unsubscribe link is at its end."""


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


def problems(text: Text) -> list[Problem]:
    """Return what is wrong with a text, errors first; an empty list means that it can be sent."""
    found = [] if text.subject.strip() else [error("no_subject")]
    swap = Swap()
    for problem in layout.inspect(swap.out(text.mjml), swap.comment):
        if problem.severity == Severity.WARNING:
            found.append(warning(problem.code, swap.back(problem.detail)))
    try:
        compiled = compile_text(subject=text.subject, preheader=text.preheader, mjml=text.mjml)
    except CompileError as mistake:
        found += mistake.problems
    else:
        found += _seen(compiled, text.language)
    return sorted(dict.fromkeys(found), key=lambda problem: problem.severity == Severity.WARNING)


def _seen(compiled: Compiled, language: str) -> list[Problem]:
    # Rendered twice, because a condition could hide the footer from some readers.
    full = sample_context(language, compiled.links)
    bare = full | {"products": [], "offer": {}, "customer": {"first_name": "", "language": language}}
    found: list[Problem] = []
    for context in (full, bare):
        try:
            mail = render(compiled, context)
        except RenderError as mistake:
            found.append(error("render", str(mistake)))
            continue
        unsubscribe, address = str(context["unsubscribe_url"]), str(context["postal_address"])
        if f'href="{unsubscribe}"' not in mail.html or unsubscribe not in mail.text:
            found.append(error("no_unsubscribe"))
        if address not in mail.html or address not in mail.text:
            found.append(error("no_address"))
        if len(mail.html.encode()) > LARGEST:
            found.append(error("too_large"))
        if not mail.text.replace(address, "").replace(unsubscribe, "").strip():
            found.append(warning("no_text"))
    return found


def must_compile(text: Text) -> Compiled:
    """Compile a text for sending.

    Raises CompileError when it has any error.
    """
    errors = [problem for problem in problems(text) if problem.severity == Severity.ERROR]
    if errors:
        raise CompileError(errors)
    return compile_text(subject=text.subject, preheader=text.preheader, mjml=text.mjml)

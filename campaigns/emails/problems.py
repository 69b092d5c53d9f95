"""What can be wrong with a mail, said so that a marketer can mend it."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Severity(StrEnum):
    """An error keeps the mail from being sent; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a mail."""

    severity: Severity
    code: str
    """One key of MESSAGES."""
    detail: str = ""
    """The tag, variable or link in question, as it was written."""

    @property
    def message(self) -> str | Promise:
        """What is wrong, in the language of the page."""
        return MESSAGES[self.code]

    def __str__(self) -> str:
        return f"{self.message} ({self.detail})" if self.detail else str(self.message)


class CompileError(Exception):
    """A mail cannot be made from its text; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        # Only when somebody reads it: where mails are compiled no language is set up.
        return "; ".join(str(problem) for problem in self.problems)


MESSAGES: dict[str, str | Promise] = {
    "syntax": _("The template language has a mistake."),
    "mjml": _("The layout (MJML) has a mistake."),
    "tag": _("This layout tag is not allowed."),
    "attribute": _("This attribute is not allowed."),
    "style": _("Styles may not load anything from elsewhere."),
    "liquid_tag": _("This template tag is not allowed."),
    "filter": _("This filter is not known."),
    "range": _("Ranges are not allowed; loop over products instead."),
    "misplaced": _("A template tag is in a place where it would be lost or moved."),
    "variable": _("This variable is not known."),
    "bad_link": _("A link must start with http:// or https://, or be exactly one address variable."),
    "bad_image": _("A picture must start with http:// or https://, or be exactly one address variable."),
    "long_link": _("A link is longer than 1,000 characters."),
    "no_subject": _("The subject is empty."),
    "no_unsubscribe": _("There is no unsubscribe link: write unsubscribe_url as the address of a link."),
    "no_address": _("The postal address of the sender is missing: write postal_address."),
    "no_text": _("The mail has no text."),
    "too_large": _("The mail is larger than 95 KB; mail programs would cut off its end."),
    "too_long": _("The template is longer than 200 KB."),
    "many_tokens": _("There are more than 2,000 template tags and variables."),
    "long_token": _("A template tag or variable is longer than 2,000 characters."),
    "deep": _("Elements are nested more than 60 deep."),
    "slow": _("The mail takes too long to compile; make it simpler."),
    "memory": _("The mail takes too much memory to compile; make it simpler."),
    "crash": _("The mail made the layout compiler stop; make it simpler."),
    "busy": _("Too many mails are being compiled just now; try again in a moment."),
    "some_no_unsubscribe": _(
        "The unsubscribe link stands inside a condition or a loop; whoever would get the mail without it gets no mail."
    ),
    "some_no_address": _(
        "The postal address stands inside a condition or a loop; whoever would get the mail without it gets no mail."
    ),
    "alt": _("A picture has no alternative text."),
    "render": _("The mail could not be made from example data."),
}


def error(code: str, detail: str = "") -> Problem:
    """Return an error."""
    return Problem(Severity.ERROR, code, detail[:200])


def warning(code: str, detail: str = "") -> Problem:
    """Return a warning."""
    return Problem(Severity.WARNING, code, detail[:200])

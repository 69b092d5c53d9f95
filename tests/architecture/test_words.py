"""What must be said in one place, or by one word, is not said a second time."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SENDERS = ("campaigns", "workspace")
"""Applications that read or write deliveries."""
# A number where a delivery's state should stand by name: compared, listed, or chosen.
BARE = re.compile(
    r"\bstate(?:__in)?\s*(?:=|==|!=|<>|IN|in|NOT IN)\s*[\[({]?\s*\d"
    r"|\bTHEN \d+ ELSE \d+"
    r"|=\s*range\(\d+\)\s*$"
    r"|\bOutcome\([^)]*,\s*\d+\s*[,)]",
    re.MULTILINE,
)
# "May we write to her?" spelled by hand: a purpose in the permission, or who is gone, beside the address.
ELIGIBLE = re.compile(
    r"""permission\s*&\s*(?:%\(?purpose|\{purpose|Purpose\.(?:EMAIL_MARKETING|SERVICE))"""
    r"""|['"]no_consent['"]|email_index(?:\s+IS\s+(?:NOT\s+)?NULL|__isnull)""",
)
SPOKEN = {
    "crm/eligibility/reasons.py": "the one answer",
    "crm/privacy/gate/population.py": "who is in a release, by the purpose of the release",
    "crm/views/privacy.py": "why somebody is not in a release, in words",
    "crm/privacy/suppression.py": "which addresses are still to be looked up",
    "crm/privacy/vault.py": "whether there is an address to look up",
    "campaigns/sending/models.py": "the reasons a delivery keeps",
    "campaigns/tracking/preferences.py": "what the reader switched on, not whether to write",
}
"""Files in which such words stand for something else, or that are the place."""


def sources(*applications: str) -> Iterator[tuple[str, str]]:
    """Give (path, text) of every Python file of some applications but their migrations."""
    for application in applications:
        for path in sorted((ROOT / application).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def test_the_states_of_deliveries_stand_by_name() -> None:
    found = [(path, match[0]) for path, text in sources(*SENDERS) for match in BARE.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ["WHERE d.state IN (0, 4)", "state__in=[1, 2]", "filter(state=3)", "THEN 0 ELSE 7 END", "SENT, LEFT = range(2)"],
)
def test_a_bare_state_would_be_found(text: str) -> None:
    assert BARE.search(text)


def test_whether_somebody_may_be_written_to_is_said_in_one_file() -> None:
    everywhere = sources("crm", "segmentation", "recommendations", "campaigns", "workspace")
    found = {path for path, text in everywhere if ELIGIBLE.search(text)}
    assert found - SPOKEN.keys() == set()
    assert SPOKEN.keys() - found == set(), "a file on the list no longer needs to be there"

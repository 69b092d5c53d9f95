"""What must be documented is: settings, kinds of events, tasks."""

import ast
import re
from pathlib import Path

from config.schedule import SCHEDULE
from crm.consents.purposes import BY_KEY
from crm.interactions.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]


def variables() -> set[str]:
    """Environment variables that the settings read."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / "config/settings.py").read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if getattr(node.func.value, "id", "") == "env" and isinstance(node.args[0], ast.Constant):
            suffix = "_FILE" if node.func.attr == "secret" else ""
            found.add(f"{node.args[0].value}{suffix}")
    return found


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs/settings.md").read_text()
    assert not [name for name in variables() if f"`{name}`" not in text]


def test_no_setting_is_documented_that_does_not_exist() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    known = variables() | set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', _launcher()))
    assert set(rows) <= known, set(rows) - known


def test_every_kind_of_interaction_and_every_purpose_is_documented() -> None:
    text = (ROOT / "docs/events.md").read_text()
    assert not [name for name in [*KINDS, *BY_KEY] if f"`{name}`" not in text]


def test_every_periodic_task_is_documented() -> None:
    text = (ROOT / "docs/events.md").read_text()
    assert not [entry["task"] for entry in SCHEDULE.values() if f"`{entry['task']}`" not in text]


def _launcher() -> str:
    files = [ROOT / "manage.py", *(ROOT / "config").rglob("*.py"), *(ROOT / "lib").rglob("*.py")]
    return "\n".join(path.read_text() for path in files)

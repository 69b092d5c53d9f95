"""Every word a person reads has a Chinese twin."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale/zh_Hans/LC_MESSAGES/django.po"
PACKAGES = ("config", "workspace", "campaigns", "recommendations", "segmentation", "crm", "lib")
GETTEXTS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
TAG = re.compile(r"""\{%\s*trans(?:late)?\s+(?:"([^"]+)"|'([^']+)')""")


def known() -> set[str]:
    """The English texts the catalogue holds."""
    with CATALOGUE.open("rb") as file:
        return {m.id if isinstance(m.id, str) else m.id[0] for m in read_po(file, locale="zh_Hans") if m.id}


def in_code() -> Iterator[str]:
    """English texts that the code marks for translation."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GETTEXTS
                if called and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                    yield node.args[0].value


def in_templates() -> Iterator[str]:
    """English texts that templates mark with {% translate %}."""
    for path in (ROOT / "templates").rglob("*.html"):
        for double, single in TAG.findall(path.read_text()):
            yield (double or single).replace("%", "%%")


def test_every_text_is_in_the_chinese_catalogue() -> None:
    catalogue = {text.replace("%%", "%") for text in known()}
    wanted = {text.replace("%%", "%") for text in [*in_code(), *in_templates()]}
    assert not wanted - catalogue, f"Run makemessages and translate: {sorted(wanted - catalogue)[:20]}"


def test_every_text_of_the_catalogue_is_translated_with_the_same_placeholders() -> None:
    wrong = []
    with CATALOGUE.open("rb") as file:
        for message in read_po(file, locale="zh_Hans"):
            if not message.id:
                continue
            english = message.id if isinstance(message.id, str) else message.id[-1]
            chinese = message.string if isinstance(message.string, str) else message.string[0]
            names = [set(re.findall(r"%\(\w+\)\w|\{\w+\}", text)) for text in (english, chinese)]
            if not chinese or names[0] != names[1] or "fuzzy" in message.flags:
                wrong.append(english)
    assert not wrong

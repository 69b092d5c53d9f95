"""Templates keep to the strict content security policy, and to the components there are."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
VENDOR = ROOT / "static" / "vendor"
ICONS = set((ROOT / "frontend" / "icons.txt").read_text().split())

# Mails are not pages: no policy governs them, and mail programs know only inline styles.
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if "emails" not in path.relative_to(TEMPLATES).parts[:1])

FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an inline event handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on, which needs eval": re.compile(r"\b(?:data-)?hx-on\b"),
    "a js: expression, which needs eval": re.compile(r"[\"']\s*(?:js|javascript):"),
    "a style element": re.compile(r"<style[\s>]", re.IGNORECASE),
    "an iframe with srcdoc": re.compile(r"\ssrcdoc\s*="),
    "an address on another host": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)\s*=\s*[\"'](?:https?:)?//"
    ),
}
COMMENT = re.compile(r"{#.*?#}|{% comment %}.*?{% endcomment %}", re.DOTALL)


def markup(path: Path) -> str:
    """Return the template without its comments."""
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """Return the template's name, for the test's title."""
    return path.relative_to(TEMPLATES).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_holds_nothing_that_the_policy_would_block(path: Path) -> None:
    text = markup(path)
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(text)] == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_script_is_a_static_file(path: Path) -> None:
    for tag in re.findall(r"<script\b[^>]*>", markup(path)):
        assert re.search(r"\ssrc=\"{% static '[^']+' %}\"", tag), tag


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_style_sheet_is_a_static_file(path: Path) -> None:
    for tag in re.findall(r"<link\b[^>]*stylesheet[^>]*>", markup(path)):
        assert re.search(r"\shref=\"{% static '[^']+' %}\"", tag), tag


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_static_file_that_a_template_names_is_there(path: Path) -> None:
    named = re.findall(r"{% static ['\"]([^'\"]+)['\"] %}", markup(path))
    assert [file for file in named if not (ROOT / "static" / file).is_file()] == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_component_that_a_template_uses_is_there(path: Path) -> None:
    used = {tag.replace("-", "_") for tag in re.findall(r"<c-([a-z][a-z0-9-]*)", markup(path))}
    missing = used - {file.stem for file in (TEMPLATES / "cotton").glob("*.html")} - {"slot", "vars"}
    assert missing == set()


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_icon_that_a_template_names_is_in_the_sprite(path: Path) -> None:
    text = markup(path)
    named = set(re.findall(r"<c-icon\b[^>]*\sname=\"([a-z0-9-]+)\"", text))
    named |= set(re.findall(r"<c-[a-z-]+\b[^>]*\sicon=\"([a-z0-9-]+)\"", text))
    assert named - ICONS == set()


def test_a_component_says_how_it_is_used() -> None:
    silent = [path.name for path in (TEMPLATES / "cotton").glob("*.html") if not path.read_text().startswith("{# <c-")]
    assert silent == []


def test_the_sprite_holds_the_icons_of_the_list() -> None:
    drawn = set(re.findall(r"<symbol id=\"([^\"]+)\"", (VENDOR / "icons.svg").read_text()))
    assert drawn == ICONS


def test_vendored_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((VENDOR / "MANIFEST.json").read_text())
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir() if path.name in manifest}
    assert found == {file: entry["sha256"] for file, entry in manifest.items()}
    assert {path.name for path in VENDOR.iterdir()} == {*manifest, "MANIFEST.json", "LICENSES.txt"}


def test_vendored_files_name_no_source_map() -> None:
    assert [path.name for path in VENDOR.iterdir() if "sourceMappingURL=" in path.read_text(encoding="utf-8")] == []


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "frontend" / "package-lock.json").read_text()

"""The house keeps its shape: short files, short functions, named rooms, no imports hidden in functions."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "workspace", "campaigns", "recommendations", "segmentation", "crm", "lib")
BANNED = {"utils", "util", "helpers", "helper", "services", "service", "common", "core", "misc"}
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 400, 60, 7
# Django's AppConfig.ready is the one place where an import must wait.
LAZY_ALLOWED = {Path("config/apps.py")}


def sources() -> list[Path]:
    """Every module of ours, without migrations."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name(path: Path) -> str:
    """A file's path as a person would say it."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sources(), ids=name)
def test_a_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_FILE, f"{name(path)} is longer than {LONGEST_FILE} lines: find its second noun."
    assert not text.strip() or ast.get_docstring(tree(path)) or path.name == "__init__.py", (
        f"{name(path)} has no docstring."
    )


def test_a_function_is_short_and_takes_few_parameters() -> None:
    long, many = [], []
    for path in sources():
        for node in functions(path):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            count = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)
            count -= bool(node.args.args and node.args.args[0].arg in {"self", "cls"})
            if length > LONGEST_FUNCTION:
                long.append(f"{name(path)}:{node.lineno} {node.name} has {length} lines")
            if count > MOST_PARAMETERS:
                many.append(f"{name(path)}:{node.lineno} {node.name} takes {count} parameters")
    assert not long + many, "\n".join(long + many)


def test_no_folder_or_file_hides_its_noun() -> None:
    hidden = [name(path) for path in sources() if BANNED & set(path.relative_to(ROOT).with_suffix("").parts)]
    assert not hidden, f"Find the noun: {hidden}"


def test_no_import_hides_in_a_function() -> None:
    lazy = [
        f"{name(path)}:{inner.lineno}"
        for path in sources()
        if path.relative_to(ROOT) not in LAZY_ALLOWED
        for node in functions(path)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not lazy, f"Imports inside functions hide a circle: {lazy}"


def test_every_function_is_typed() -> None:
    untyped = []
    for path in sources():
        for node in functions(path):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            bare = [a.arg for a in arguments if a.annotation is None and a.arg not in {"self", "cls"}]
            if bare or node.returns is None:
                untyped.append(f"{name(path)}:{node.lineno} {node.name} {bare}")
    assert not untyped, "\n".join(untyped)


def test_nothing_is_pickled_or_evaluated() -> None:
    banned = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    found = []
    for path in sources():
        for node in ast.walk(tree(path)):
            names = [a.name.split(".")[0] for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [(node.module or "").split(".")[0]]
            if banned & set(names):
                found.append(f"{name(path)}:{node.lineno}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
                found.append(f"{name(path)}:{node.lineno}")
    assert not found, f"Templates, rules and models are data, never programs: {found}"


def test_no_signal_receivers() -> None:
    found = [name(path) for path in sources() if "django.dispatch" in path.read_text()]
    assert not found, f"Call the function or leave a row: {found}"


def test_a_number_from_outside_is_read_in_one_place() -> None:
    found = []
    for path in sources():
        if not {"views", "api", "forms"} & {*path.parts, path.stem}:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in {"isdigit", "isdecimal", "isnumeric"}:
                found.append(f"{name(path)}:{node.lineno}")
    assert not found, f"Read numbers of addresses and forms with lib.outside.whole: {found}"


# PostgreSQL hashes such a subquery only while it fits work_mem, and else reads it once for every row.
QUADRATIC = re.compile(r"\bNOT\s+IN\s*\(\s*(SELECT\b|\{|%s|[\"']\s*$)", re.IGNORECASE | re.MULTILINE)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("id NOT IN (SELECT x", True),
        ("id not in (\n    select x", True),
        ('f"id NOT IN ({wanted})"', True),
        ('"id NOT IN (%s)" % query', True),
        ('"id NOT IN ("\n+ query', True),
        ("value not in (None, 0)", False),
        ("NOT EXISTS (SELECT 1", False),
    ],
)
def test_the_look_for_not_in_finds_every_way_of_writing_it(sql: str, found: bool) -> None:
    assert bool(QUADRATIC.search(sql)) is found


def test_no_sql_says_not_in_a_subquery() -> None:
    written = [
        f"{name(path)}:{path.read_text()[: hit.start()].count(chr(10)) + 1}"
        for path in sources()
        for hit in QUADRATIC.finditer(path.read_text())
    ]
    assert not written, f"Say NOT EXISTS, which is linear whatever work_mem is: {written}"

"""Whatever a page lets somebody change is written down: every address that takes a POST leads to acts.record."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from crm.access import acts

OURS = ("config", "workspace", "campaigns", "recommendations", "segmentation", "crm")
WITHOUT_ACT = {
    "set_language": "a cookie of the browser; one's own language is kept by settings_language",
    "crm:segment_batch": "facts of customers from a key; the events are rows of their own",
    "crm:segment_track": "facts of customers from a key; the events are rows of their own",
    "crm:segment_identify": "facts of customers from a key; the events are rows of their own",
    "crm:segment_page": "facts of customers from a key; the events are rows of their own",
    "crm:segment_alias": "facts of customers from a key; the events are rows of their own",
    "search": "looks for what is typed; changes nothing",
    "workspace:customers": "looks for what is typed; changes nothing",
    "styleguide": "shows a form and what is wrong with it; changes nothing",
    "crm:privacy": "looks a person up by what is typed and shows what erasing takes; changes nothing",
    "segmentation:segment_preview": "counts a rule that is being written; changes nothing",
    "campaigns:template_check": "looks at a mail that is being written; changes nothing",
    "campaigns:unsubscribe": "the customer's own word: a row of the ledger of consents",
    "campaigns:preferences": "the customer's own word: rows of the ledger of consents",
}


def routes() -> dict[str, Any]:
    """Every address by its name, with what answers it."""
    found: dict[str, Any] = {}

    def walk(patterns: list[Any], space: str) -> None:
        for one in patterns:
            if isinstance(one, URLResolver):
                walk(one.url_patterns, f"{one.namespace}:" if one.namespace else space)
            elif isinstance(one, URLPattern):
                found[f"{space}{one.name}"] = one.callback

    walk(get_resolver().url_patterns, "")
    return found


def sources(thing: Any) -> Iterator[tuple[ast.AST, dict[str, Any]]]:
    """Yield (tree, names) of a function of ours, or of each method of a class of ours."""
    thing = getattr(thing, "view_class", getattr(thing, "cls", thing))
    if inspect.isclass(thing):
        for base in thing.__mro__:
            if base.__module__.split(".")[0] in OURS:
                for one in vars(base).values():
                    if inspect.isfunction(one):
                        yield from sources(one)
        return
    inner = inspect.unwrap(thing)
    if inspect.isfunction(inner) and inner.__module__.split(".")[0] in OURS:
        yield ast.parse(textwrap.dedent(inspect.getsource(inner))), inner.__globals__


def named(tree: ast.AST, names: dict[str, Any]) -> Iterator[Any]:
    """Yield what of our own a piece of code names: functions, `module.function`, and functions in a table."""
    for node in ast.walk(tree):
        found = None
        if isinstance(node, ast.Name):
            found = names.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found = getattr(names.get(node.value.id), node.attr, None)
        yield from found.values() if isinstance(found, dict) else [found]


def takes_post(view: Any) -> bool:
    """Say whether an address takes a POST. A class of Django's own says so by its method."""
    cls = getattr(view, "view_class", getattr(view, "cls", None))
    if cls is not None:
        return hasattr(cls, "post")
    return "POST" in inspect.getsource(inspect.unwrap(view))


def records(view: Any) -> bool:
    """Say whether acts.record can be reached from a view."""
    ahead, seen = [view], set[int]()
    while ahead:
        one = ahead.pop()
        for tree, names in sources(one):
            for found in named(tree, names):
                if found is acts.record:
                    return True
                if callable(found) and id(found) not in seen and not inspect.isclass(found):
                    seen.add(id(found))
                    ahead.append(found)
    return False


def test_every_address_that_takes_a_post_records_an_act_or_says_why_not() -> None:
    posts = {name: view for name, view in routes().items() if takes_post(view)}
    assert len(posts) > 40
    silent = {name for name, view in posts.items() if not records(view)}
    assert silent == WITHOUT_ACT.keys()


def test_what_shows_only_is_seen_to_record_nothing() -> None:
    """Else the test above could not fail."""
    assert not records(routes()["crm:products"])
    assert records(routes()["crm:product_exclude"])

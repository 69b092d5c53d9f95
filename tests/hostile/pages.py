"""Everything the pages ask for: each address, each form on a page with what it holds, each parameter the code reads."""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django import forms
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.urls.converters import IntConverter

from tests.architecture.test_borders import routes

READ = re.compile(r"(?:GET|POST|query_params|asked)\.(?:get|getlist)\(\s*\"([\w-]+)\"")
# What ends the browser's own session tells nothing about the rest.
LEFT_OUT = {"logout", "healthz"}


@dataclass
class Ask:
    """One thing to ask: how, where, with what, and which further names the code looks for."""

    method: str
    address: str
    fields: dict[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def send(self, client: Client, change: Mapping[str, str]) -> Any:
        """Ask, with some fields changed."""
        return getattr(client, self.method)(self.address, {**self.fields, **change})


class Forms(HTMLParser):
    """Takes the forms of a page apart."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.found, self._area = address, [], ""  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a form, or note a field."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            address = given.get("action") or given.get("hx-post") or given.get("hx-get") or self.address
            post = given.get("method", "").lower() == "post" or "hx-post" in given
            self.found.append(Ask("post" if post else "get", address))
        elif self.found and tag in {"input", "select", "textarea", "button"} and given.get("name"):
            self.found[-1].fields.setdefault(given["name"], given.get("value", ""))
            self._area = given["name"] if tag == "textarea" else ""
        elif self.found and tag == "option" and "selected" in given:
            last = list(self.found[-1].fields)[-1:]
            self.found[-1].fields.update(dict.fromkeys(last, given.get("value", "")))

    def handle_data(self, data: str) -> None:
        """Note what a text area holds."""
        if self._area:
            self.found[-1].fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        """End a text area."""
        if tag == "textarea":
            self._area = ""


def asks(client: Client, known: Mapping[str, object]) -> list[Ask]:
    """Return everything to ask. `known` gives, by the beginning of an address, the key of something there."""
    found = []
    for name, pattern in routes(get_resolver().url_patterns):
        if name in LEFT_OUT:
            continue
        read = frozenset(names_of(pattern))
        for address in addresses(name, pattern, known):
            found += [Ask("get", address, names=read), Ask("post", address, names=read)]
    pages = [ask.address for ask in found if ask.method == "get"]
    for address in pages:
        answer = client.get(address)
        if answer.status_code == 200 and "html" in answer.headers["Content-Type"] and not answer.streaming:
            parser = Forms(address)
            parser.feed(answer.content.decode())
            found += [ask for ask in parser.found if ask.address != "/logout/"]
    return sorted(found, key=lambda ask: (ask.address, ask.method, sorted(ask.fields)))


def names_of(pattern: URLPattern) -> Iterator[str]:
    """Return the names of parameters and fields that the module of a view reads."""
    view: Any = pattern.callback
    module = sys.modules[(getattr(view, "cls", None) or getattr(view, "view_class", None) or view).__module__]
    yield from READ.findall(inspect.getsource(module))
    for thing in vars(module).values():
        if isinstance(thing, type) and issubclass(thing, forms.BaseForm):
            yield from getattr(thing, "base_fields", {})
    if hasattr(view, "cls"):
        yield from ("cursor", "limit")


def addresses(name: str, pattern: URLPattern, known: Mapping[str, object]) -> Iterator[str]:
    """Return the address of a route with a key that exists, and with one beyond 64 bits."""
    parts = dict.fromkeys(pattern.pattern.regex.groupindex)
    for number in (None, 2**63, 10**30):
        filled: dict[str, Any] = {}
        for part in parts:
            whole = isinstance(pattern.pattern.converters.get(part), IntConverter) or part == "pk"
            if whole:
                filled[part] = known.get(name, 1) if number is None else number
            else:
                filled[part] = known.get(part, "en")
        yield reverse(name, kwargs=filled)
        if not any(isinstance(value, int) for value in filled.values()):
            return

"""Liquid for marketers whom nobody has to trust: no files, no loops without end, no text without measure.

python-liquid stops endless loops and long output by itself. It does not stop chains of filters that double a text, nor
ranges; so every filter here is one of a short list with a capped result, and ranges are refused before parsing.
"""

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import FilterArgumentError, FilterValueError, LiquidError, UnknownFilterError
from liquid.stringify import to_liquid_string
from liquid.token import TOKEN_OUTPUT
from markupsafe import escape

from campaigns.emails import scan, variables
from campaigns.emails.problems import CompileError, Problem, error

LONGEST_VALUE = 64 * 1024
LONGEST_TEMPLATE = 200 * 1024
LONGEST_TOKEN = 2_000
MOST_TOKENS = 2_000
LARGEST_NUMBER = 2**63
TAGS = frozenset(
    [
        "if",
        "elsif",
        "else",
        "endif",
        "unless",
        "endunless",
        "case",
        "when",
        "endcase",
        "for",
        "endfor",
        "break",
        "continue",
        "assign",
    ]
)
# How the parser names plain text, output and what it does not know.
PSEUDO_TAGS = frozenset({"content", "output", "illegal"})
FILTERS = frozenset(
    [
        "abs",
        "at_least",
        "at_most",
        "ceil",
        "divided_by",
        "floor",
        "minus",
        "modulo",
        "plus",
        "round",
        "times",
        "append",
        "prepend",
        "replace",
        "replace_first",
        "capitalize",
        "downcase",
        "upcase",
        "escape",
        "lstrip",
        "rstrip",
        "strip",
        "truncate",
        "truncatewords",
        "url_encode",
        "default",
        "size",
        "first",
        "last",
        "slice",
        "join",
    ]
)
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class EscapedNode(OutputNode):
    """Prints for HTML: everything is escaped, the author's own quoted texts as well as the values.

    The library's own escaping trusts quoted texts, and with them a template could write a tag that is on no list.
    """

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value."""
        return buffer.write(str(escape(to_liquid_string(self.expression.evaluate(context), autoescape=False))))


class EscapedOutput(Output):
    """What stands between double braces, in HTML."""

    node_class = EscapedNode


def as_it_is(value: object) -> object:
    """Stand for `escape`: what is printed into HTML is escaped anyway, and only once."""
    return value


class BoundedEnvironment(Environment):
    """A Liquid environment with every limit set and nothing to load from."""

    loop_iteration_limit = 2_000
    output_stream_limit = 400_000
    local_namespace_limit = 20_000
    block_nesting_limit = 20
    context_depth_limit = 30

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Keep the tags and filters of the short lists, the filters capped."""
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS | PSEUDO_TAGS}
        self.filters = {name: capped(call) for name, call in self.filters.items() if name in FILTERS}
        self.filters["escape"] = as_it_is


class HtmlEnvironment(BoundedEnvironment):
    """The same, for HTML."""

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Print escaped."""
        super().setup_tags_and_filters(extra=extra)
        self.tags[TOKEN_OUTPUT] = EscapedOutput(self)


def capped(call: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a filter so that neither what goes in nor what comes out is long."""

    @wraps(call)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        for value in args:
            _refuse_large(value)
        if call.__name__ in {"replace", "replace_first"} and len(args) > 2:
            _refuse_growth(str(args[0]), str(args[1]), str(args[2]))
        result = call(*args, **kwargs)
        _refuse_large(result)
        return result

    return bounded


def _refuse_large(value: object) -> None:
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise FilterValueError("a text became too long", token=None)
    if isinstance(value, list | range) and len(value) > 1_000:
        raise FilterValueError("a list became too long", token=None)
    if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
        raise FilterValueError("a number became too large", token=None)


def _refuse_growth(text: str, old: str, new: str) -> None:
    # An empty pattern matches between all characters.
    times = text.count(old) if old else len(text) + 1
    if len(text) + times * max(0, len(new) - len(old)) > LONGEST_VALUE:
        raise FilterArgumentError("a text became too long", token=None)


# Not the library's `autoescape`: see EscapedNode.
HTML = HtmlEnvironment(autoescape=False)
PLAIN = BoundedEnvironment(autoescape=False)


@lru_cache(maxsize=512)
def parse(source: str, html: bool) -> BoundTemplate:
    """Return the parsed template; values are escaped for HTML when `html`.

    Raises CompileError for a mistake, and for anything that is not on the short lists.
    """
    found = refused(source)
    if found:
        raise CompileError(found)
    try:
        # As the scanner writes it: the library's own expressions are slow with many blanks.
        plain = [(token.start, token.end, token.written) for token in scan.tokens(source)]
        return (HTML if html else PLAIN).from_string(scan.replaced(source, plain))
    except UnknownFilterError as mistake:
        raise CompileError([error("filter", first_line(mistake))]) from mistake
    except (LiquidError, RecursionError) as mistake:
        raise CompileError([error("syntax", first_line(mistake))]) from mistake


def refused(source: str) -> list[Problem]:
    """Return the problems that can be seen without parsing: tags off the list, ranges, excessive length."""
    if len(source) > LONGEST_TEMPLATE:
        return [error("too_long")]
    tokens = list(scan.tokens(source))
    if len(tokens) > MOST_TOKENS:
        return [error("many_tokens")]
    found: list[Problem] = []
    for token in tokens:
        shown = source[token.start : token.end]
        if len(token.written) > LONGEST_TOKEN:
            found.append(error("long_token", shown))
            continue
        if token.is_tag and (token.inside.split(None, 1) or [""])[0] not in TAGS:
            found.append(error("liquid_tag", shown))
        if ".." in QUOTED.sub("", token.inside):
            found.append(error("range", shown))
    if brace := scan.unclosed(source):
        found.append(error("syntax", brace))
    return found


def used(source: str) -> tuple[frozenset[str], list[Problem]]:
    """Return the variables a template reads (`customer.first_name`, `products`), and a problem for each unknown one.

    Raises CompileError as `parse` does.
    """
    analysis = parse(source, html=True).analyze()
    names: set[str] = set()
    found: list[Problem] = []
    for root, places in analysis.variables.items():
        local = root not in analysis.globals
        for segments in (place.segments for place in places):
            if variables.known(segments, local):
                names.add(root if local or root == "products" else ".".join(str(part) for part in segments))
            else:
                found.append(error("variable", ".".join(str(part) for part in segments)))
    unknown = [name for name in analysis.filters if name not in FILTERS]
    found += [error("filter", name) for name in unknown]
    return frozenset(names & (variables.PLAIN | {"products", "offer", "customer"})), list(dict.fromkeys(found))


def first_line(mistake: Exception) -> str:
    """Return what went wrong without the excerpt of the template that follows it."""
    return (str(mistake).splitlines() or [type(mistake).__name__])[0]

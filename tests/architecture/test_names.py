"""A class name tells the room: no public one stands twice in the house."""

import ast
from collections import defaultdict

from tests.architecture.test_layout import name, sources, tree

SET_BY_DJANGO = {"Command", "Migration", "Config"}
"""Names the framework looks for."""


def test_no_public_class_name_stands_twice() -> None:
    rooms = defaultdict(list)
    for path in sources():
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name not in SET_BY_DJANGO:
                rooms[node.name].append(name(path))
    assert {one: found for one, found in rooms.items() if len(found) > 1} == {}

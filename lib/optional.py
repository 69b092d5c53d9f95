"""The one door to libraries that only some installations have: import them when they are needed, or say why not.

A module that uses one can be imported without it; what it does with the library fails with a reason in words.
"""

import importlib
import importlib.util
from types import ModuleType


class Missing(Exception):
    """Something was asked for that needs a library or a program this machine has not; the text says which and how."""


def module(name: str, advice: str) -> ModuleType:
    """The library called `name`, imported now.

    Raises Missing with `advice` (how to get it) where it cannot be loaded.
    """
    try:
        return importlib.import_module(name)
    # a wheel without its system libraries fails with an OSError
    except (ImportError, OSError) as error:
        raise Missing(f"The library {name.partition('.')[0]} cannot be loaded ({error}). {advice}") from error


def why_not(name: str, advice: str) -> str | None:
    """None when the library called `name` is installed, else the reason in words. It is not loaded, which may be slow.

    One that is installed and broken shows itself in module().
    """
    if importlib.util.find_spec(name) is None:
        return f"The library {name} is not installed. {advice}"
    return None

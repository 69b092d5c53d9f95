"""Marks for tests that need a library only some installations have; each says which file brings it."""

import pytest

from lib import optional

needs_torch = pytest.mark.skipif(
    optional.why_not("torch", "") is not None, reason="PyTorch is not installed (requirements-neural.txt)"
)

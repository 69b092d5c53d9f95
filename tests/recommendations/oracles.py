"""Where the public data sets lie that some tests measure on; they are not part of the project."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("RELATA_DATA", Path(__file__).parents[3] / "shared" / "data"))
LENSKIT = DATA / "lenskit-oracles" / "raw"
MOVIELENS = DATA / "movielens-100k" / "raw"

needs_lenskit = pytest.mark.skipif(
    not LENSKIT.exists(), reason="LensKit's reference outputs are not here (RELATA_DATA)"
)
needs_movielens = pytest.mark.skipif(not MOVIELENS.exists(), reason="MovieLens 100K is not here (RELATA_DATA)")

"""Where the library cannot be loaded the reason is told, and models made elsewhere still serve."""

import numpy as np
import pytest

from recommendations.candidates import implicit_library
from recommendations.candidates.als import Als
from recommendations.candidates.catalogue import left_out
from tests.kits.candidate_model import checkerboard

REASON = "the library implicit cannot be loaded: libgomp.so.1 is missing"


def test_here_nothing_is_left_out() -> None:
    assert implicit_library.available() is None
    assert left_out() == {}


def test_without_the_library_fitting_says_why_and_serving_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    data = checkerboard()
    users = np.arange(data.n_users)
    model = Als().fit(data)
    monkeypatch.setattr(implicit_library, "WHY_NOT", REASON)
    with pytest.raises(implicit_library.LibraryMissing, match="libgomp"):
        Als().fit(data)
    served = Als.from_artifacts(*model.artifacts()).recommend(data.history, users, 3)
    np.testing.assert_array_equal(served, model.recommend(data.history, users, 3))


def test_the_catalogue_names_what_is_left_out_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(implicit_library, "WHY_NOT", REASON)
    assert left_out() == {"als": REASON}

"""No page shows the name that a view has in the code, and each view's part of a reason is told as such."""

from recommendations.candidates.catalogue import learners_for
from recommendations.ranking.reasons import Reason, reason_of_view
from recommendations.views.wording import learner_name
from tests.kits.candidate_model import planted


def test_every_view_of_the_blend_has_words_and_a_reason() -> None:
    data = planted()
    views = [view for learner in learners_for(data) for view in learner.fit(data).views]
    assert {"als", "next", "sitting"} <= set(views)
    for view in [*views, "again_alive", "again_due"]:
        assert learner_name(view) != view.replace("_", " "), view
        assert reason_of_view(view) != Reason.DISCOVER, view

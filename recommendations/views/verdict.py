"""What the gate asked of a version and what it found, in the reader's language."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from recommendations.models import ModelVersion
from recommendations.views.wording import CHECKS, attack_name, ground_of, group_name, grouping_name, numbers_of
from segmentation.models import Segment


@dataclass(frozen=True)
class Check:
    """One question of the gate."""

    label: str
    passed: bool | None
    """None where it does not apply."""
    numbers: str


@dataclass(frozen=True)
class VerdictText:
    """The verdict of a version."""

    ground: str
    numbers: str
    """Of the ground; empty where there are none."""
    checks: list[Check]
    """In the order the gate asks; empty for a version judged before they were kept."""


def told(version: ModelVersion) -> VerdictText:
    """Return the verdict of `version` in words; empty ones while the gate has not spoken."""
    ground, decision = ground_of(version.reason), version.metrics.get("decision")
    if not decision:
        return VerdictText(ground, numbers_of(version.reason), [])
    segments = segment_names()
    checks = [
        Check(str(label), decision["checks"][name], _numbers(name, decision, version, segments))
        # the database does not keep the order of keys
        for name, label in CHECKS.items()
        if name in decision["checks"]
    ]
    failed = next((check.numbers for check in checks if check.passed is False), "")
    better = _numbers("not_better_than_popularity", decision, version, segments)
    return VerdictText(ground, failed or better, checks)


def segment_names() -> dict[str, str]:
    """Return the names of segments by their number, as figures by group hold it."""
    return {str(pk): name for pk, name in Segment.objects.values_list("pk", "name")}


def figure(value: float) -> str:
    """Return a figure of a list's quality with as many places as everywhere."""
    return f"{value:.4f}"


def _numbers(check: str, decision: dict[str, Any], version: ModelVersion, segments: dict[str, str]) -> str:
    """Return the numbers one check rests on."""
    ours = {
        "value": figure(decision["ndcg10"]),
        "low": figure(decision["low"]),
        "high": figure(decision["high"]),
        "popular": figure(decision["popularity"]),
    }
    match check:
        case "too_few_people_to_judge":
            people = version.metrics.get("learners", {}).get("hybrid", {}).get("people", 0)
            return _("%(people)s people") % {"people": people}
        case "not_better_than_popularity":
            return _("NDCG@10 %(value)s (%(low)s to %(high)s) against %(popular)s") % ours
        case "worse_than_live":
            if decision["live"] is None:
                return _("There was none.")
            theirs = {"live": figure(decision["live"]), "high": ours["high"]}
            return _("Its NDCG@10 was %(live)s; the interval's upper end is %(high)s") % theirs
        case "harms_a_group":
            return _harm(decision, segments)
        case "privacy_not_tested":
            membership = decision["membership"]
            return _("%(people)s people were asked for twice") % membership if membership else _("Too few people")
        case _:
            return _leak(decision)


def _harm(decision: dict[str, Any], segments: dict[str, str]) -> str:
    bound = figure(decision["harm_bound"])
    if not decision["harmed"]:
        if not decision["groups"]:
            return _("No group has enough people to be judged.")
        return _("Of %(groups)s groups, not one loses more than %(bound)s beyond doubt.") % {
            "groups": decision["groups"],
            "bound": bound,
        }
    lost = [
        _("%(grouping)s, %(group)s: %(value)s less (%(low)s to %(high)s)")
        % {
            "grouping": grouping_name(drop["grouping"]),
            "group": group_name(drop["grouping"], drop["label"], segments),
            "value": figure(drop["value"]),
            "low": figure(drop["low"]),
            "high": figure(drop["high"]),
        }
        for drop in decision["harmed"]
    ]
    against = _("than the version in use") if decision["against"] == "live" else _("than popularity")
    return _("%(groups)s %(against)s; at most %(bound)s is allowed.") % {
        "groups": "; ".join(lost),
        "against": against,
        "bound": bound,
    }


def _leak(decision: dict[str, Any]) -> str:
    membership = decision["membership"]
    if membership is None:
        return "—"
    return (
        _("The best attack reaches an AUC of %(auc)s (%(low)s to %(high)s); at most %(bound)s is allowed.")
        % {
            "auc": f"{membership['auc']:.3f}",
            "low": f"{membership['low']:.3f}",
            "high": f"{membership['high']:.3f}",
            "bound": decision["membership_bound"],
        }
        + " "
        + _("Sign: %(attack)s.") % {"attack": attack_name(membership["attack"])}
    )

"""Names of methods, buckets and verdicts, in words."""

import re
from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

LEARNERS: dict[str, str | Promise] = {
    "hybrid": gettext_lazy("The blend"),
    "popular": gettext_lazy("Popularity"),
    "linear": gettext_lazy("The weighted sum alone"),
    "trees": gettext_lazy("The trees alone"),
    "ease": gettext_lazy("EASE"),
    "ease_even": gettext_lazy("EASE, long histories held back"),
    "ease_even_recent_0.3": gettext_lazy("EASE, long histories held back, recent history"),
    "knn": gettext_lazy("Item neighbours"),
    "knn_recent": gettext_lazy("Item neighbours, recent history"),
    "content": gettext_lazy("Similar texts"),
    "content_recent": gettext_lazy("Similar texts, recent history"),
    "again_item": gettext_lazy("Bought again by others too"),
    "again_last": gettext_lazy("Bought last"),
    "again_count": gettext_lazy("Bought often"),
    "again_fresh": gettext_lazy("Bought often and lately"),
    "again_baskets": gettext_lazy("In the last baskets"),
    "group_popular": gettext_lazy("Popular among similar people"),
    "group_popular_7d": gettext_lazy("Popular among similar people lately"),
    "walk": gettext_lazy("Random walk"),
    "people": gettext_lazy("Similar people"),
    "als": gettext_lazy("Latent factors"),
    "als_recent": gettext_lazy("Latent factors, recent history"),
    "encoder": gettext_lazy("History encoder"),
    "two_tower": gettext_lazy("Two-tower network"),
    "next": gettext_lazy("What is taken next"),
    "sitting": gettext_lazy("What is taken in one sitting"),
    "again_alive": gettext_lazy("Habits still alive"),
    "again_due": gettext_lazy("Due by their own rhythm"),
}
BUCKETS: dict[str, str | Promise] = {
    "cold": gettext_lazy("No history"),
    "short": gettext_lazy("1 to 3 products"),
    "warm": gettext_lazy("4 to 20 products"),
    "hot": gettext_lazy("More than 20 products"),
}
GROUNDS: dict[str, str | Promise] = {
    "better_than_popularity": gettext_lazy("It beats popularity with its whole interval."),
    "too_few_people_to_judge": gettext_lazy("Too few people bought in the last weeks to judge it."),
    "not_better_than_popularity": gettext_lazy("It does not beat popularity beyond doubt."),
    "worse_than_live": gettext_lazy("The version in use is better beyond doubt."),
    "harms_a_group": gettext_lazy("A group of people would get worse lists beyond doubt."),
    "tells_who_was_learned_from": gettext_lazy("Its lists may tell whose history it learned from."),
    "privacy_not_tested": gettext_lazy("Too few people to try whether its lists tell whose history it learned from."),
}
CHECKS: dict[str, str | Promise] = {
    "too_few_people_to_judge": gettext_lazy("Enough people to judge it by"),
    "not_better_than_popularity": gettext_lazy("Better than popularity"),
    "worse_than_live": gettext_lazy("Not worse than the version in use"),
    "harms_a_group": gettext_lazy("No group gets worse lists"),
    "privacy_not_tested": gettext_lazy("Privacy was tried"),
    "tells_who_was_learned_from": gettext_lazy("Lists do not tell whom it learned from"),
}
"""What the gate asks, by the ground it rejects on."""
GOALS: dict[str, str | Promise] = {
    "new": gettext_lazy("Products new to the person"),
    "any": gettext_lazy("Whatever the person takes next"),
}
GROUPINGS: dict[str, str | Promise] = {
    "history": gettext_lazy("Length of history"),
    "gender": gettext_lazy("Gender"),
    "born": gettext_lazy("Years of birth"),
    "country": gettext_lazy("Country"),
    "extra": gettext_lazy("Age band"),
    "segment": gettext_lazy("Segment"),
}
GENDERS: dict[str, str | Promise] = {
    "female": gettext_lazy("Women"),
    "male": gettext_lazy("Men"),
    "diverse": gettext_lazy("Other gender"),
}
DIALS: dict[str, str | Promise] = {
    "ease.ridge": gettext_lazy("EASE, ridge"),
    "item_knn.shrinkage": gettext_lazy("Item neighbours, shrinkage"),
    "item_knn.walk_penalty": gettext_lazy("Random walk, penalty on popularity"),
    "item_knn.walk_power": gettext_lazy("Random walk, power of a step"),
    "people_knn.rarity": gettext_lazy("Similar people, weight of rare products"),
    "people_knn.neighbours": gettext_lazy("Similar people, number"),
    "als.factors": gettext_lazy("Latent factors, number"),
}
"""What is tuned (pipeline/tuning.py)."""
ATTACKS: dict[str, str | Promise] = {
    "own": gettext_lazy("The list goes back to the person's own things"),
    "alike": gettext_lazy("The list is like the person's history"),
    "unexplained": gettext_lazy("Nobody else's behaviour leads to the list"),
    "own_unexplained": gettext_lazy("Own things nobody else's behaviour leads to"),
    "category": gettext_lazy("The list stays in the person's categories"),
    "rare": gettext_lazy("The list is not what is popular anyway"),
    "sure": gettext_lazy("The first score is high"),
    "steep": gettext_lazy("The scores fall quickly"),
    "own_ahead": gettext_lazy("Own things score above all others"),
    "combined": gettext_lazy("All signs at once"),
}
"""What an attacker looks at (evaluation/membership.py)."""
RATERS: dict[str, str | Promise] = {
    "bias": gettext_lazy("Means of person and product"),
    "linear": gettext_lazy("Linear regression on attributes"),
    "items_cosine": gettext_lazy("Neighbours among products, cosine"),
    "items_pearson": gettext_lazy("Neighbours among products, Pearson"),
    "people_cosine": gettext_lazy("Neighbours among people, cosine"),
    "people_pearson": gettext_lazy("Neighbours among people, Pearson"),
    "svd": gettext_lazy("Latent factors (SVD)"),
}
"""What predicts ratings (pipeline/rating.py)."""
NUMBERS = re.compile(
    r"NDCG@10 (?P<ndcg>[\d.]+) \((?P<low>[\d.]+) to (?P<high>[\d.]+)\); popularity (?P<popular>[\d.]+)"
    r"(?:, the version in use (?P<live>[\d.]+))?"
)
"""How the gate writes down what it saw (pipeline/retrain.py), in English, for every reader's language."""


def learner_name(name: str) -> str:
    """Return a method's name in words; popularity with a half-life names its days."""
    if name in LEARNERS:
        return str(LEARNERS[name])
    recent = re.fullmatch(r"ease_recent_([\d.]+)", name)
    if recent:
        return _("EASE, the last %(share)s %% of the history") % {"share": round(float(recent[1]) * 100)}
    half_life = re.fullmatch(r"(popular|begin)_(\d+)d?", name)
    if half_life:
        days = int(half_life[2])
        if half_life[1] == "begin":
            told = ngettext("First purchases, half-life %(days)d day", "First purchases, half-life %(days)d days", days)
        else:
            told = ngettext("Popularity, half-life %(days)d day", "Popularity, half-life %(days)d days", days)
        return told % {"days": days}
    return name.replace("_", " ")


def bucket_name(name: str) -> str:
    """Return a history bucket in words."""
    return str(BUCKETS.get(name, name))


def in_order(buckets: Iterable[str]) -> list[str]:
    """Return history buckets from no history to the longest."""
    known = list(BUCKETS)
    return sorted(buckets, key=lambda name: known.index(name) if name in known else len(known))


def window_name(window: str) -> str:
    """Return in words what a version was measured on: `time 0.80` means what came after the first 80 % of events."""
    share = re.fullmatch(r"time (0\.\d+)", window)
    if share is None:
        return window
    return _("The last %(share)s %% of what happened") % {"share": round(100 * (1 - float(share[1])))}


def goal_name(goal: str) -> str:
    """Return what lists are for, in words."""
    return str(GOALS.get(goal, goal))


def grouping_name(name: str) -> str:
    """Return what people are divided by, in words."""
    return str(GROUPINGS.get(name, name))


def group_name(grouping: str, label: str, segments: Mapping[str, str]) -> str:
    """Return a group in words; `segments` holds the names of segments by their number."""
    if grouping == "history":
        return bucket_name(label)
    if grouping == "gender":
        return str(GENDERS.get(label.lower(), label))
    if grouping == "segment":
        return segments.get(label) or _("Segment %(number)s") % {"number": label}
    return label


def dial_name(name: str) -> str:
    """Return what was tuned, in words."""
    return str(DIALS.get(name, name))


def attack_name(name: str) -> str:
    """Return what an attacker looked at, in words."""
    return str(ATTACKS.get(name, name))


def rater_name(name: str) -> str:
    """Return what predicts ratings in words."""
    return str(RATERS.get(name, name))


def ground_of(reason: str) -> str:
    """Return the gate's ground in words, empty while it has not spoken."""
    return str(GROUNDS.get(reason.partition(":")[0], ""))


def numbers_of(reason: str) -> str:
    """Return the numbers the gate's ground rests on, in words, empty while it has not spoken."""
    numbers = reason.partition(":")[2].strip()
    told = NUMBERS.fullmatch(numbers)
    if told is None:
        return numbers
    words = _("NDCG@10 %(ndcg)s (%(low)s to %(high)s); popularity %(popular)s") % told.groupdict()
    return words + (_(", the version in use %(live)s") % told.groupdict() if told["live"] else "")

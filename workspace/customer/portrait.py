"""What the overview of a customer shows: figures, charts, features, groups, recommended products."""

from dataclasses import dataclass
from typing import Any

from django.utils import formats, timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm.consents.purposes import Purpose
from crm.interactions.models import Channel
from crm.models import Customer, Product
from recommendations.ranking.reasons import SENTENCES, reason_of_view
from recommendations.serving.recommend import Listing, recommend, sentence
from recommendations.serving.wording import TEXTS
from segmentation.models import Cluster, ClusterRun, Membership
from segmentation.portraits.features import BY_NAME, Feature, Type
from segmentation.portraits.groups import GROUPS
from workspace.customer import behaviour
from workspace.customer.stage import Painted
from workspace.dashboard import figures

RECOMMENDED = 5
AXES = 7
UNKNOWN = "—"


@dataclass(frozen=True)
class Figure:
    """One figure of the row at the top."""

    label: str
    value: str
    note: str
    help: str | Promise = ""


@dataclass(frozen=True)
class PortraitPick:
    """One recommended product with its reason and what speaks for it."""

    product: Product
    score: float | None
    because: str
    shares: list[tuple[str, int]]
    """(reason in words, share in percent), largest first."""


def why_unknown(customer: Customer, portrait: Painted | None) -> str:
    """Return why there is no portrait, empty when there is one."""
    if portrait is not None:
        return ""
    if customer.state != Customer.State.ACTIVE:
        return _("Nothing is worked out about this person any more.")
    if not customer.permission & Purpose.PROFILING:
        return _("This person does not allow profiling.")
    return _("Not worked out yet; portraits are renewed every night.")


def kpis(portrait: Painted | None, why: str, currency: str) -> list[Figure]:
    """Return the figures at the top; those that cannot be known say why."""
    if portrait is None:
        labels = (_("Revenue"), _("Orders"), _("Days since last order"), _("Average order"), _("RFM scores"))
        return [Figure(label, UNKNOWN, why) for label in labels]
    none = _("no orders yet")
    days = (timezone.now() - portrait.last_order_at).days if portrait.last_order_at else None
    gap = portrait.typical_gap_days
    usual = _("usual gap %(days)s") % {"days": _whole(gap)} if gap else _("no usual gap yet")
    year = _("%(n)s in the last year") % {"n": _whole(portrait.orders_365d or 0)}
    scores = (portrait.recency_score, portrait.frequency_score, portrait.monetary_score)
    return [
        Figure(_("Revenue"), _money(portrait.revenue), currency, BY_NAME["revenue"].meaning),
        Figure(_("Orders"), _whole(portrait.orders), year if portrait.orders else none, BY_NAME["orders"].meaning),
        Figure(_("Days since last order"), _whole(days), usual if days is not None else none),
        Figure(
            _("Average order"),
            _money(portrait.average_order),
            currency if portrait.average_order is not None else none,
            BY_NAME["average_order"].meaning,
        ),
        Figure(
            _("RFM scores"),
            " · ".join(UNKNOWN if score is None else str(score) for score in scores),
            _("recency, frequency, money; 5 is best"),
            _("Each is a fifth of all customers with orders: 5 is the most recent, the most frequent, the highest."),
        ),
    ]


def _money(value: Any) -> str:
    return UNKNOWN if value is None else formats.number_format(round(value, 2), 2, force_grouping=True)


def _whole(value: Any) -> str:
    # Rounded first, because number_format cuts digits off.
    return UNKNOWN if value is None else formats.number_format(round(value), 0, force_grouping=True)


def spend(customer: Customer, currency: str) -> dict[str, Any]:
    """Return the chart of money spent and mails sent by month; empty `x` when there was neither."""
    rows = behaviour.months(customer)
    if not any(money or mails for _month, money, mails in rows):
        return {"x": [], "series": []}
    return {
        "x": [month for month, _money, _mails in rows],
        "series": [{"name": _("Spend, %(currency)s") % {"currency": currency}, "data": [row[1] for row in rows]}],
        "line": {"name": _("E-mails"), "data": [row[2] for row in rows]},
    }


def interests(portrait: Painted | None) -> dict[str, Any]:
    """Return the radar of departments, this person against everybody; no axes when nothing is known."""
    own: dict[str, float] = portrait.department_affinity if portrait else {}
    if not own:
        return {"axes": [], "series": []}
    all_of_us = figures.kept("interests", behaviour.everybody)
    # Half the axes are the person's own strongest, the rest everybody's, so that both shapes can be seen.
    strongest = sorted(own, key=lambda name: -own[name])[: AXES // 2 + 1]
    names = list(dict.fromkeys([*strongest, *all_of_us]))[:AXES]
    rows: list[dict[str, Any]] = [
        {"name": _("This customer"), "data": [round(100 * own.get(name, 0), 1) for name in names]},
        {
            "name": _("All customers"),
            "data": [round(100 * all_of_us.get(name, 0), 1) for name in names],
            "dashed": True,
        },
    ]
    highest = max(max(row["data"]) for row in rows)
    return {"axes": names, "max": max(10, -(-int(highest + 1) // 10) * 10), "series": rows, "unit": "%"}


def heat(customer: Customer) -> dict[str, Any]:
    """Return the chart of when orders are placed."""
    return behaviour.heat(customer, [str(WEEKDAYS_ABBR[day]) for day in range(7)])


def features(portrait: Painted | None) -> list[tuple[str, list[tuple[Feature, str]]]]:
    """Return (group, [(feature, value in words)]) for every feature of the registry."""
    if portrait is None:
        return []
    return [(str(group), [(BY_NAME[n], _in_words(BY_NAME[n], portrait)) for n in names]) for group, names in GROUPS]


def _in_words(feature: Feature, portrait: Painted) -> str:
    value = getattr(portrait, feature.name)
    if value is None or value in ("", {}):
        return UNKNOWN
    match feature.type, feature.unit:
        case Type.WORD, _ if value in Channel.values:
            return str(Channel(value).label)
        case _, "weekday":
            return str(WEEKDAYS[int(value) - 1])
        case _, "hour":
            return f"{int(value):02d}:00"
        case Type.MOMENT, _:
            return formats.date_format(timezone.localtime(value), "SHORT_DATE_FORMAT")
        case Type.SHARE, _:
            return f"{value:.0%}"
        case Type.MONEY, _:
            return _money(value)
        case Type.NUMBER, "days":
            return ngettext("%(n)s day", "%(n)s days", round(value)) % {"n": formats.number_format(round(value, 1), 1)}
        case Type.NUMBER, _:
            return formats.number_format(round(value, 2), 2)
        case Type.VECTOR, _:
            ranked = sorted(value.items(), key=lambda pair: -pair[1])
            return ", ".join(f"{name} {share:.0%}" for name, share in ranked[:3])
        case Type.COUNT, _:
            return _whole(value)
    return str(value)


def groups(customer: Customer) -> dict[str, Any]:
    """Return the segments the person is in now and the cluster of the latest run."""
    memberships: list[Any] = list(
        Membership.objects.current()
        .filter(customer=customer.pk, segment__archived_at=None)
        .select_related("segment")
        .order_by("segment__name")
    )
    run = ClusterRun.objects.filter(state="done").first()
    cluster = (
        run
        and Cluster.objects.filter(
            run=run, segment_ref__in=[membership.segment_id for membership in memberships]
        ).first()
    )
    set_apart = [
        BY_NAME[one["name"]].label for one in (cluster.features if cluster else []) if one.get("name") in BY_NAME
    ]
    return {"memberships": memberships, "cluster": cluster, "cluster_run": run, "set_apart": set_apart}


def picks(customer: Customer, number: int = RECOMMENDED) -> tuple[Listing, list[PortraitPick]]:
    """Return what would be recommended today, and each product of it with its reason."""
    listing = recommend([customer.pk], number)[customer.pk]
    named = {reason.get("product") for reason in listing.reasons} | set(listing.product_ids)
    products = Product.objects.in_bulk([pk for pk in named if pk])
    names = {pk: product.shown_name for pk, product in products.items()}
    scores: list[float | None] = [*listing.scores] or [None] * len(listing.product_ids)
    found = [
        PortraitPick(products[pk], score, sentence(reason, names), _shares(reason))
        for pk, reason, score in zip(listing.product_ids, listing.reasons, scores, strict=True)
    ]
    return listing, found


def note(listing: Listing) -> str:
    """Return where a list comes from, in a few words."""
    if not listing.product_ids:
        return ""
    if listing.personal:
        return _("Model v%(version)s") % {"version": listing.version_id}
    return _("Favourites of others, because there is no personal list")


def _shares(reason: dict[str, Any]) -> list[tuple[str, int]]:
    chinese = (get_language() or "en").startswith("zh")
    total: dict[str, float] = {}
    for name, share in (reason.get("shares") or {}).items():
        told = TEXTS.get(name) or SENTENCES[reason_of_view(name)]
        # The bare sentence, because which product stood behind it is said above the bars.
        wording = (told.chinese if chinese else told.english).replace("{item}", "…")
        total[wording] = total.get(wording, 0) + float(share)
    ranked = sorted(total.items(), key=lambda pair: -pair[1])
    return [(wording, round(100 * share)) for wording, share in ranked if share >= 0.005]

"""What a rule may ask about, and which permission each answer needs.

Facts of the customer and of the contract (country, consents, orders, answers to mail) may be asked about anybody we
hold. What comes from a portrait may be asked only about people who allow profiling; about all others it is not known.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.consents.purposes import Purpose
from segmentation.portraits.features import FEATURES, Type
from segmentation.portraits.groups import GROUP_OF


class FieldKind(StrEnum):
    """How a field is compared."""

    WHOLE = "whole"
    NUMBER = "number"
    MONEY = "money"
    SHARE = "share"
    MOMENT = "moment"
    WORD = "word"
    SEGMENT = "segment"
    PURPOSE = "purpose"
    """What somebody allows."""


class Op(StrEnum):
    """How a row compares. OPS says which kinds of field know which."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    CONTAINS = "contains"
    WITHIN_DAYS = "within_days"
    MORE_THAN_DAYS_AGO = "more_than_days_ago"
    KNOWN = "known"
    UNKNOWN = "unknown"


NOT_SHOWN = (FieldKind.SEGMENT, FieldKind.PURPOSE)
"""Kinds whose sentence says all there is to say; no value stands beside it."""
NUMBERS = (Op.AT_LEAST, Op.AT_MOST, Op.BETWEEN, Op.KNOWN, Op.UNKNOWN)
OPS: dict[FieldKind, tuple[Op, ...]] = {
    FieldKind.WHOLE: (
        Op.AT_LEAST,
        Op.AT_MOST,
        Op.BETWEEN,
        Op.IS,
        Op.IS_NOT,
        Op.ONE_OF,
        Op.NONE_OF,
        Op.KNOWN,
        Op.UNKNOWN,
    ),
    FieldKind.NUMBER: NUMBERS,
    FieldKind.MONEY: NUMBERS,
    FieldKind.SHARE: NUMBERS,
    FieldKind.MOMENT: (Op.WITHIN_DAYS, Op.MORE_THAN_DAYS_AGO, Op.KNOWN, Op.UNKNOWN),
    FieldKind.WORD: (Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF, Op.CONTAINS, Op.KNOWN, Op.UNKNOWN),
    FieldKind.SEGMENT: (Op.IS, Op.IS_NOT),
    FieldKind.PURPOSE: (Op.IS, Op.IS_NOT),
}
OP_LABELS: dict[Op, str | Promise] = {
    Op.IS: _("is"),
    Op.IS_NOT: _("is not"),
    Op.ONE_OF: _("is one of"),
    Op.NONE_OF: _("is none of"),
    Op.AT_LEAST: _("is at least"),
    Op.AT_MOST: _("is at most"),
    Op.BETWEEN: _("is between"),
    Op.CONTAINS: _("contains"),
    Op.WITHIN_DAYS: _("in the last … days"),
    Op.MORE_THAN_DAYS_AGO: _("more than … days ago"),
    Op.KNOWN: _("is known"),
    Op.UNKNOWN: _("is unknown"),
}
KINDS: dict[Type, FieldKind] = {
    Type.COUNT: FieldKind.WHOLE,
    Type.NUMBER: FieldKind.NUMBER,
    Type.MONEY: FieldKind.MONEY,
    Type.SHARE: FieldKind.SHARE,
    Type.MOMENT: FieldKind.MOMENT,
    Type.WORD: FieldKind.WORD,
}


NOTHING = Purpose(0)
NONE: dict[FieldKind, int | Decimal] = {FieldKind.WHOLE: 0, FieldKind.MONEY: Decimal(0)}
"""What is known where nothing was counted."""


def allows(bits: Purpose, path: str = "permission") -> Q:
    """Return the condition that a customer allows every purpose in `bits`; it holds for all where there is none."""
    return Q(Exact(F(path).bitand(int(bits)), int(bits))) if bits else Q()


@dataclass(frozen=True)
class Field:
    """One thing a row may ask about. `path` is the lookup from Customer; it comes from this file, never from a user."""

    key: str
    label: str | Promise
    kind: FieldKind
    path: str
    group: str | Promise
    meaning: str | Promise = ""
    unit: str = ""
    needs: Purpose = NOTHING
    """What a person must allow for this to be known of her."""
    counted: bool = False
    """True where having no row means none, which is known: 0 orders."""

    @property
    def ops(self) -> tuple[Op, ...]:
        """The operators that make sense for it."""
        return OPS[self.kind]

    @property
    def profiling(self) -> bool:
        """True where it is known only of people who allow profiling."""
        return bool(self.needs & Purpose.PROFILING)

    @property
    def plain(self) -> Any:
        """The value as an expression on Customer, without asking whether it may be known; compare `known`."""
        return Coalesce(F(self.path), Value(NONE[self.kind])) if self.counted else F(self.path)

    @property
    def known(self) -> Any:
        """The value as an expression on Customer, null for people who do not allow what it needs."""
        return Case(When(allows(self.needs), then=self.plain)) if self.needs else self.plain


ABOUT = _("About the customer")
ORDERS = _("Orders")
MAIL = _("Mail")
SCORES = _("Scores")
SEGMENTS = _("Segments")
FIFTHS = _("1 to 5 by fifths of all customers with orders, 5 the best.")
TRACKED = {"opens_90d": Purpose.OPEN_TRACKING, "clicks_90d": Purpose.CLICK_TRACKING}
"""Features that count what is noticed only of people who allow it: of the others 0 would be a guess."""


def _facts() -> list[Field]:
    """Return what is known of everybody."""
    opens, clicks = Purpose.OPEN_TRACKING, Purpose.CLICK_TRACKING
    noticed = _("Known only of people who allow it to be noticed.")
    opened, clicked = "standing__last_open_at", "standing__last_click_at"
    return [
        Field("country", _("Country"), FieldKind.WORD, "country", ABOUT, _("Two letters, such as DE.")),
        Field("region", _("Region"), FieldKind.WORD, "region", ABOUT),
        Field("language", _("Language"), FieldKind.WORD, "language", ABOUT),
        Field("age_band", _("Age band"), FieldKind.WORD, "age_band", ABOUT),
        Field("gender", _("Gender"), FieldKind.WORD, "gender", ABOUT),
        Field("source", _("Source"), FieldKind.WORD, "source", ABOUT, _("Where the customer came from first.")),
        Field("created", _("Added"), FieldKind.MOMENT, "created_at", ABOUT, _("When the customer came into Relata.")),
        Field("known_since", _("Known since"), FieldKind.MOMENT, "first_seen", ABOUT, _("The first thing known.")),
        Field("last_active", _("Last active"), FieldKind.MOMENT, "last_seen", ABOUT, _("The last thing known.")),
        Field("allows", _("Consent"), FieldKind.PURPOSE, "permission", ABOUT, _("What the customer allows today.")),
        Field("order_count", _("Number of orders"), FieldKind.WHOLE, "standing__orders", ORDERS, counted=True),
        Field("order_sum", _("Sum of orders"), FieldKind.MONEY, "standing__revenue", ORDERS, counted=True),
        Field("order_first", _("First order placed"), FieldKind.MOMENT, "standing__first_order_at", ORDERS),
        Field("order_last", _("Last order placed"), FieldKind.MOMENT, "standing__last_order_at", ORDERS),
        Field("mail_count", _("Mails sent"), FieldKind.WHOLE, "standing__mails", MAIL, counted=True),
        Field("mail_last", _("Last mail sent"), FieldKind.MOMENT, "standing__last_mail_at", MAIL),
        Field("mail_opens", _("Mails opened"), FieldKind.WHOLE, "standing__opens", MAIL, noticed, "", opens, True),
        Field("mail_opened", _("Last mail opened"), FieldKind.MOMENT, opened, MAIL, noticed, needs=opens),
        Field("mail_clicks", _("Mails clicked"), FieldKind.WHOLE, "standing__clicks", MAIL, noticed, "", clicks, True),
        Field("mail_clicked", _("Last mail clicked"), FieldKind.MOMENT, clicked, MAIL, noticed, needs=clicks),
        Field("in_segment", _("Segment"), FieldKind.SEGMENT, "memberships", SEGMENTS, _("Who is in another segment.")),
    ]  # fmt: skip


def _portrayed() -> list[Field]:
    """Return what only portraits know."""
    profiling = Purpose.PROFILING
    scores = {
        "recency_score": _("Recency score"),
        "frequency_score": _("Frequency score"),
        "monetary_score": _("Monetary score"),
    }
    return [
        *(
            Field(
                f.name, f.label, KINDS[f.type], f"portrait__{f.name}", GROUP_OF[f.name], f.meaning, f.unit,
                profiling | TRACKED.get(f.name, NOTHING),
            )
            for f in FEATURES
            if f.type in KINDS
        ),
        *(
            Field(name, label, FieldKind.WHOLE, f"portrait__{name}", SCORES, FIFTHS, "", profiling)
            for name, label in scores.items()
        ),
    ]  # fmt: skip


FIELDS: dict[str, Field] = {field.key: field for field in (*_facts(), *_portrayed())}

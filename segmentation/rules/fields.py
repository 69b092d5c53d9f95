"""What a rule may ask about: comparable features of a portrait, scores, attributes of the customer, segments."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from segmentation.portraits.features import FEATURES, Type
from segmentation.portraits.groups import GROUP_OF


class Kind(StrEnum):
    """How a field is compared."""

    WHOLE = "whole"
    NUMBER = "number"
    MONEY = "money"
    SHARE = "share"
    MOMENT = "moment"
    WORD = "word"
    SEGMENT = "segment"


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


NUMBERS = (Op.AT_LEAST, Op.AT_MOST, Op.BETWEEN, Op.KNOWN, Op.UNKNOWN)
OPS: dict[Kind, tuple[Op, ...]] = {
    Kind.WHOLE: (Op.AT_LEAST, Op.AT_MOST, Op.BETWEEN, Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF, Op.KNOWN, Op.UNKNOWN),
    Kind.NUMBER: NUMBERS,
    Kind.MONEY: NUMBERS,
    Kind.SHARE: NUMBERS,
    Kind.MOMENT: (Op.WITHIN_DAYS, Op.MORE_THAN_DAYS_AGO, Op.KNOWN, Op.UNKNOWN),
    Kind.WORD: (Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF, Op.CONTAINS, Op.KNOWN, Op.UNKNOWN),
    Kind.SEGMENT: (Op.IS, Op.IS_NOT),
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
KINDS: dict[Type, Kind] = {
    Type.COUNT: Kind.WHOLE,
    Type.NUMBER: Kind.NUMBER,
    Type.MONEY: Kind.MONEY,
    Type.SHARE: Kind.SHARE,
    Type.MOMENT: Kind.MOMENT,
    Type.WORD: Kind.WORD,
}


@dataclass(frozen=True)
class Field:
    """One thing a row may ask about. `path` is the lookup from Portrait; it comes from this file, never from a user."""

    key: str
    label: str | Promise
    kind: Kind
    path: str
    group: str | Promise
    meaning: str | Promise = ""
    unit: str = ""

    @property
    def ops(self) -> tuple[Op, ...]:
        """The operators that make sense for it."""
        return OPS[self.kind]


ABOUT = _("About the customer")
SCORES = _("Scores")
SEGMENTS = _("Segments")
FIFTHS = _("1 to 5 by fifths of all customers with orders, 5 the best.")
FIELDS: dict[str, Field] = {
    field.key: field
    for field in [
        *(
            Field(f.name, f.label, KINDS[f.type], f.name, GROUP_OF[f.name], f.meaning, f.unit)
            for f in FEATURES
            if f.type in KINDS
        ),
        Field("recency_score", _("Recency score"), Kind.WHOLE, "recency_score", SCORES, FIFTHS),
        Field("frequency_score", _("Frequency score"), Kind.WHOLE, "frequency_score", SCORES, FIFTHS),
        Field("monetary_score", _("Monetary score"), Kind.WHOLE, "monetary_score", SCORES, FIFTHS),
        Field("country", _("Country"), Kind.WORD, "customer__country", ABOUT, _("Two letters, such as DE.")),
        Field("region", _("Region"), Kind.WORD, "customer__region", ABOUT),
        Field("language", _("Language"), Kind.WORD, "customer__language", ABOUT),
        Field("age_band", _("Age band"), Kind.WORD, "customer__age_band", ABOUT),
        Field("gender", _("Gender"), Kind.WORD, "customer__gender", ABOUT),
        Field(
            "in_segment", _("Segment"), Kind.SEGMENT, "customer__memberships", SEGMENTS, _("Who is in another segment.")
        ),
    ]
}

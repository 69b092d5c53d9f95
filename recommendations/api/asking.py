"""What a question to the API may say, checked once for every endpoint."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from lib.outside import whole
from recommendations.dataset.events import ITEM_KINDS
from recommendations.serving import desk, placing
from recommendations.serving.models import MOST, Placement

MOST_ANCHORS = 20
N = OpenApiParameter(
    "n",
    {"type": "integer", "minimum": 1, "maximum": MOST},
    description="At most so many; the placement's length, or 10",
)
LANGUAGE = OpenApiParameter("language", str, description="Language of names and reasons, such as `en` or `zh-hans`")
PLACEMENT = OpenApiParameter("placement", str, description="Key of a placement: its kind, its length, its filters")
PRODUCT = OpenApiParameter(
    "product",
    {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": MOST_ANCHORS},
    explode=True,
    description="Products that a similar or together placement stands beside; repeat it for a whole basket",
)
QUERY = OpenApiParameter("query", str, description="Only what matches this text, in the customer's order")
KIND = OpenApiParameter("kind", str, many=True, enum=ITEM_KINDS, description="With query: only these kinds")


def length(request: Request) -> int | None:
    """Return `n`, None where it is not given. Raises ValidationError when it is not a number from 1 to MOST."""
    text = request.query_params.get("n")
    if text is None:
        return None
    number = whole(text)
    if number is None or not 1 <= number <= MOST:
        raise ValidationError({"n": f"Must be a number from 1 to {MOST}."})
    return number


def placement(request: Request) -> Placement | None:
    """Return the placement asked for, None where none is. Raises ValidationError for a key that does not exist."""
    key = request.query_params.get("placement")
    if key is None:
        return None
    found = placing.find(key)
    if found is None:
        raise ValidationError({"placement": "There is no such placement."})
    return found


def anchors(request: Request) -> list[int]:
    """Return the products named, each once. Raises ValidationError for an id that is none, and for too many."""
    asked = [whole(text) for text in request.query_params.getlist("product")]
    numbers = [number for number in asked if number is not None]
    if len(numbers) < len(asked):
        raise ValidationError({"product": "Must be ids of products."})
    if len(numbers) > MOST_ANCHORS:
        raise ValidationError({"product": f"At most {MOST_ANCHORS} products."})
    return list(dict.fromkeys(numbers))


def question(request: Request) -> tuple[str, list[str]] | None:
    """Return the query and the kinds it asks for, None without one. Raises ValidationError for one without sense."""
    query, kinds = request.query_params.get("query"), request.query_params.getlist("kind")
    if query is None:
        if kinds:
            raise ValidationError({"kind": "Needs a query."})
        return None
    if not query.strip() or len(query) > desk.LONGEST:
        raise ValidationError({"query": f"Must hold 1 to {desk.LONGEST} characters."})
    if set(kinds) - set(ITEM_KINDS):
        raise ValidationError({"kind": f"Must be of {', '.join(ITEM_KINDS)}."})
    return query, kinds

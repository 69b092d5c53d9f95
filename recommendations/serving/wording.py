"""Every reason that can be shown, in words: those of the ranker, and those of the live lists."""

from typing import Any

from django.utils.translation import get_language

from recommendations.ranking.reasons import SENTENCES, Sentence

LIVE = (
    Sentence("because_you_viewed", "Because you looked at {item}", "因为您看过{item}"),
    Sentence("similar_to", "Similar to {item}", "与{item}相似"),
)
TEXTS = {sentence.code: sentence for sentence in (*LIVE, *SENTENCES.values())}


def sentence(reason: dict[str, Any], names: dict[int, str], language: str | None = None) -> str:
    """Return a reason in words, in a language (the page's when none is given).

    `names` gives product id → name in that language, for reasons that name a product.
    """
    text = TEXTS[reason["code"]]
    wording = text.chinese if (language or get_language() or "en").startswith("zh") else text.english
    if "{item}" not in wording:
        return wording
    name = names.get(reason.get("product") or 0)
    return wording.replace("{item}", name) if name else sentence({"code": "people_like_you"}, names, language)

"""Which language serves whom."""

from lib import languages


def test_who_asks_is_served_by_the_nearest_language_then_the_workspaces_own_then_the_first() -> None:
    assert languages.best("zh-CN", ["zh-hant", "zh-hans"]) == "zh-hans"
    assert languages.best("zh_TW", ["zh-hans", "en", "zh-hant"]) == "zh-hant"
    assert languages.best("zh", ["en", "zh-hans"]) == "zh-hans"
    assert languages.best("pt-br", ["pt-pt", "pt"]) == "pt"
    assert languages.best("fr", ["de", "en"]) == "en"
    assert languages.best("fr", ["it", "de"]) == "de"
    assert languages.best("fr", []) == ""


def test_the_workspaces_own_language_is_the_first_it_lists(settings: object) -> None:
    settings.WORKSPACE_LANGUAGES = ["de", "en"]  # type: ignore[attr-defined]
    assert languages.best("fr", ["en", "de"]) == "de"
    assert languages.chain("fr") == ["fr", "de"]
    assert languages.chain("de-at") == ["de-at", "de"]


def test_a_language_is_called_as_the_page_calls_it() -> None:
    assert languages.name("de", "en") == "German" and languages.name("de", "zh-hans") == "德语"
    assert languages.known("fr-ch") and not languages.known("xx") and not languages.known("DE")

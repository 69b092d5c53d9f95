"""Settings from the environment are typed, and what makes no sense is said by name, never with a password in it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import domains

from config import env
from config.env import BadSetting

NAME = "RELATA_TEST_SETTING"


def test_text_falls_back_where_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    assert (env.text(NAME), env.text(NAME, "default")) == ("", "default")
    monkeypatch.setenv(NAME, "")
    assert env.text(NAME, "default") == "default"
    monkeypatch.setenv(NAME, "said")
    assert env.text(NAME, "default") == "said"


@pytest.mark.parametrize(
    ("said", "meant"), [("1", True), ("YES", True), (" on ", True), ("0", False), ("False", False)]
)
def test_a_flag_is_a_yes_or_a_no(monkeypatch: pytest.MonkeyPatch, said: str, meant: bool) -> None:
    monkeypatch.setenv(NAME, said)
    assert env.flag(NAME, not meant) is meant


@pytest.mark.parametrize("default", [True, False])
def test_an_empty_flag_is_its_default(monkeypatch: pytest.MonkeyPatch, default: bool) -> None:
    monkeypatch.setenv(NAME, " ")
    assert env.flag(NAME, default) is default


@pytest.mark.parametrize("said", ["maybe", "2", "ja"])
def test_a_flag_that_is_neither_names_itself(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(NAME, said)
    with pytest.raises(BadSetting, match=NAME):
        env.flag(NAME)


def test_a_whole_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " 8080 ")
    assert env.whole(NAME, 1) == 8080
    monkeypatch.setenv(NAME, "")
    assert env.whole(NAME, 1) == 1
    for wrong in ("8080.5", "eighty"):
        monkeypatch.setenv(NAME, wrong)
        with pytest.raises(BadSetting, match=NAME):
            env.whole(NAME, 1)


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " a.example.com, ,b.example.com ")
    assert env.words(NAME, ["x"]) == ["a.example.com", "b.example.com"]
    monkeypatch.setenv(NAME, " , ")
    assert env.words(NAME, ["x"]) == ["x"]


def test_a_database_is_taken_apart() -> None:
    told = env.database("postgresql://ann:p%40ss%2Fword@db.example.com:6543/shop%20one?sslmode=require")
    assert (told["NAME"], told["USER"], told["PASSWORD"]) == ("shop one", "ann", "p@ss/word")
    assert (told["HOST"], told["PORT"], told["OPTIONS"]) == ("db.example.com", "6543", {"sslmode": "require"})
    assert told["ENGINE"] == "django.db.backends.postgresql"


def test_a_database_behind_a_socket_has_a_directory_for_a_host() -> None:
    told = env.database("postgresql:///relata?host=/var/run/pg&user=ann")
    assert (told["HOST"], told["USER"], told["PORT"], told["OPTIONS"]) == ("/var/run/pg", "ann", "", {})


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hush@h/d", "postgresql://u:hush@h", "postgresql://u:hush@h/", "postgresql://u:hush@h:port/d",
        "postgresql://u:hush@h:99999/d", "postgresql://u:hush@[::1/d", "", "relata",
    ],
)  # fmt: skip
def test_a_database_that_makes_no_sense_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        env.database(url)
    assert "hush" not in str(refused.value)
    assert refused.value.__cause__ is None


@given(st.text(min_size=1, max_size=20).filter(lambda text: "\ud800" not in text), domains(max_length=40))
def test_any_password_survives_being_quoted(password: str, host: str) -> None:
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in password):
        return
    quoted = "".join(f"%{byte:02X}" for byte in password.encode())
    assert env.database(f"postgresql://u:{quoted}@{host}:5/d")["PASSWORD"] == password
    assert env.email(f"smtp://u:{quoted}@{host}:5")["password"] == password


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://mail.example.com", 25, ""), ("smtps://mail.example.com", 465, "implicit"),
        ("smtp://mail.example.com:587?tls=1", 587, "starttls"), ("smtps://mail.example.com:466?tls=1", 466, "implicit"),
    ],
)  # fmt: skip
def test_a_mail_server_is_taken_apart(url: str, port: int, tls: str) -> None:
    told = env.email(url)
    assert (told["host"], told["port"], told["tls"], told["user"]) == ("mail.example.com", port, tls, "")


def test_a_mail_server_without_a_host_is_not_this_machine() -> None:
    assert env.email("smtp://")["host"] == ""


@pytest.mark.parametrize(
    "url", ["http://mail.example.com", "smtp://u:hush@h:x", "smtp://u:hush@[h", "mail.example.com"]
)
def test_a_mail_server_that_makes_no_sense_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="EMAIL_URL") as refused:
        env.email(url)
    assert "hush" not in str(refused.value)


def test_a_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = env.secret(NAME, folder, lambda: b"first")
    assert first == env.secret(NAME, folder, lambda: b"second") == b"first"
    (kept,) = folder.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_starts_at_the_same_time_agree_on_one_secret(tmp_path: Path) -> None:
    def start(number: int) -> bytes:
        return env.secret(NAME, tmp_path, lambda: str(number).encode())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(40)))) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_secret_may_be_kept_in_a_file_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.write_bytes(b"mine")
    monkeypatch.setenv(f"{NAME}_FILE", str(own))
    assert env.secret(NAME, tmp_path / "keys", lambda: b"made") == b"mine"
    assert not (tmp_path / "keys").exists()


def test_a_secret_that_is_missing_or_empty_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    monkeypatch.setenv(f"{NAME}_FILE", str(own))
    with pytest.raises(BadSetting, match=f"{NAME}_FILE"):
        env.secret(NAME, tmp_path, lambda: b"made")
    own.write_bytes(b" \n")
    with pytest.raises(BadSetting, match="empty"):
        env.secret(NAME, tmp_path, lambda: b"made")

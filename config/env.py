"""Read settings from the environment, typed, and fail loudly when a value makes no sense."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


class BadSetting(Exception):
    """A setting in the environment cannot be understood; the message says which and why."""


def text(name: str, default: str = "") -> str:
    """Return the variable as text, or the default when it is unset or empty."""
    return os.environ.get(name) or default


def flag(name: str, default: bool = False) -> bool:
    """Return the variable as a yes or no.

    Raises BadSetting for anything but 1/0, true/false, yes/no, on/off.
    """
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name} must be yes or no, not {value!r}.")


def whole(name: str, default: int) -> int:
    """Return the variable as a whole number.

    Raises BadSetting when it is not one.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise BadSetting(f"{name} must be a whole number, not {value!r}.") from error


def words(name: str, default: list[str]) -> list[str]:
    """Return the variable as a list of comma-separated words."""
    value = os.environ.get(name, "")
    return [word.strip() for word in value.split(",") if word.strip()] or default


def database(url: str) -> dict[str, Any]:
    """Turn `postgresql://user:password@host:port/name?option=value` into Django's dictionary.

    A `host` option names a directory of unix sockets, as in libpq.
    Raises BadSetting for another scheme or a missing database name.
    """
    parts, port = _split(url, "A database URL")
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadSetting(f"A database URL must start with postgresql://, not {parts.scheme}://.")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise BadSetting("A database URL must end with the name of the database.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def _split(url: str, what: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        # Neither the URL nor the error that repeats a part of it is shown: it may hold a password.
        raise BadSetting(f"{what} cannot be read: its host or its port makes no sense.") from None


def email(url: str) -> dict[str, Any]:
    """Turn `smtp://user:password@host:port` (or `smtps://`, or `?tls=1` for STARTTLS) into a transport's settings.

    Without a host nothing is sent. Raises BadSetting for another scheme.
    """
    parts, port = _split(url, "EMAIL_URL")
    if parts.scheme not in {"smtp", "smtps"}:
        raise BadSetting(f"EMAIL_URL must start with smtp:// or smtps://, not {parts.scheme}://.")
    options = dict(parse_qsl(parts.query))
    return {
        "host": parts.hostname or "",
        "port": port or (465 if parts.scheme == "smtps" else 25),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "tls": "implicit" if parts.scheme == "smtps" else ("starttls" if options.get("tls") == "1" else ""),
    }


def secret(name: str, directory: Path, make: Any) -> bytes:
    """Return the secret kept in the file that the variable names, or in `directory`, made on first use with mode 0600.

    Raises BadSetting when the named file cannot be read, or holds nothing.
    """
    named = os.environ.get(f"{name}_FILE")
    path = Path(named) if named else directory / name.lower()
    if named and not path.is_file():
        raise BadSetting(f"{name}_FILE names {named}, which is not a readable file.")
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written aside and linked into place, so that two processes starting at once agree on one secret.
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    kept = path.read_bytes()
    if not kept.strip():
        raise BadSetting(f"The secret {name} is empty: {path} holds nothing.")
    return kept

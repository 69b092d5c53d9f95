"""Who is behind a request for a tracked address: a reader, a machine that looks first, or one of ourselves."""

from collections.abc import Mapping
from dataclasses import dataclass

PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
PREFETCH_WORDS = ("prefetch", "preview", "prerender")
# What Apple Mail's privacy proxy calls itself, and nobody else: it loads every picture, read or not.
PROXY_AGENT = "Mozilla/5.0"


@dataclass(frozen=True)
class Hit:
    """What of a request is looked at; none of it is stored."""

    method: str = "GET"
    headers: Mapping[str, str] | None = None
    staff: bool = False
    """Is the browser signed in here? Then a colleague looks at a mail, in the test inbox or elsewhere."""

    @property
    def counts(self) -> bool:
        """True for readers alone: what machines and colleagues do is no fact about a customer."""
        return not self.staff and not self.machine

    @property
    def machine(self) -> bool:
        """True for probes and prefetches, which are not recorded at all."""
        headers = self.headers or {}
        announced = " ".join(headers.get(name, "") for name in PREFETCH_HEADERS).lower()
        return (
            self.method != "GET"
            or any(word in announced for word in PREFETCH_WORDS)
            or headers.get("User-Agent", "").strip() == PROXY_AGENT
        )

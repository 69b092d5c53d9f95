"""Progress bars for people at a terminal; silence in logs."""

from django.core.management.base import OutputWrapper

from lib.progress import Progress

WIDTH = 30
NAMED = 28


def bar(out: OutputWrapper, stage: str) -> Progress:
    """Return a function that draws a stage's bar on `out`, or does nothing where nobody watches."""
    watched = out.isatty()

    def draw(done: int, total: int, doing: str) -> None:
        if not watched:
            return
        filled = WIDTH * min(done, total) // total if total else 0
        drawn = "█" * filled + "░" * (WIDTH - filled)
        out.write(f"\r{stage:<{NAMED}} {drawn} {done:,} of {total:,} {doing[:32]:<32}", ending="")

    return draw

"""A page that forgives nothing: an error in the console, in a script, or of the content policy fails the test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Response

AXE = (Path(__file__).parent / "axe.min.js").read_text()
# What the policy stops is told to the console; told again here with what was stopped.
TELL = """document.addEventListener('securitypolicyviolation', (event) => console.error(
    `stopped by the content policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"""
CHECK = """async () => (await axe.run(document, {resultTypes: ['violations'], iframes: false})).violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => `${one.id}: ${one.help}: ` + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)
        + ' ' + (node.any[0]?.message ?? '').slice(0, 160)).join(' | '))"""
# Text that a reader sees, without places where braces are meant.
TEXT = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const parts = []
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest('script, style, template, code, pre, textarea, kbd'))
            parts.push(walker.currentNode.data)
    return parts.join('\\n')
}"""
# Charts follow the width a moment later.
OVERFLOW = """async () => {
    const over = () => document.documentElement.scrollWidth - window.innerWidth
    for (let wait = 0; wait < 40 && over() > 0; wait++) await new Promise((done) => setTimeout(done, 50))
    return over()
}"""
WIDE, NARROW = 1440, 390


@dataclass
class Watched:
    """A page, and what went wrong on it."""

    page: Page
    base: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> Response:
        """Go to a path and wait until nothing is loading any more."""
        answer = self.page.goto(self.base + path, wait_until="load")
        assert answer is not None
        return answer

    def settle(self) -> None:
        """Wait until requests of the page have been answered."""
        self.page.wait_for_function("() => !document.querySelector('.htmx-request')")

    def barriers(self) -> list[str]:
        """Return what axe finds serious or critical."""
        self.page.evaluate(AXE)
        found: list[str] = self.page.evaluate(CHECK)
        return found

    def text(self) -> str:
        """Return what a reader can read."""
        found: str = self.page.evaluate(TEXT)
        return found

    def overflow(self) -> int:
        """Return by how many pixels a phone would scroll sideways."""
        self.page.set_viewport_size({"width": NARROW, "height": 800})
        found: int = self.page.evaluate(OVERFLOW)
        self.page.set_viewport_size({"width": WIDE, "height": 900})
        return found


Opener = Callable[..., Any]


@contextmanager
def watched(browser: Browser, base: str, **cookies: str) -> Iterator[Watched]:
    """Open a page of its own context, with cookies; fail at the end when anything went wrong that nobody looked at."""
    context = browser.new_context(viewport={"width": WIDE, "height": 900}, reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies.items()])
    context.add_init_script(TELL)
    page = context.new_page()
    found = Watched(page, base)

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.wrong.append(f"{page.url}: {message.text}")

    page.on("console", heard)
    page.on("pageerror", lambda error: found.wrong.append(f"{page.url}: {error}"))
    try:
        yield found
        assert not found.wrong, "\n".join(found.wrong)
    finally:
        context.close()

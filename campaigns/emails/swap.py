"""Swap Liquid for placeholders that no layout tool touches, and back. Layout tools move what they do not know."""

import html
import re
import secrets

from campaigns.emails import scan


class Swap:
    """The Liquid of one source, put away. Tags become comments, outputs become words."""

    def __init__(self) -> None:
        # Random, so that no text can hold a placeholder by chance or by intent.
        self.word = f"lq{secrets.token_hex(5)}"
        self.tokens: list[str] = []
        self.pattern = re.compile(rf"<!--{self.word}n(\d+)z-->|{self.word}n(\d+)z")
        self.tags = re.compile(rf"<!--{self.word}n(\d+)z-->")

    @property
    def comment(self) -> str:
        """How the placeholder of a tag begins."""
        return f"<!--{self.word}"

    def out(self, source: str) -> str:
        """Return the source with placeholders, without the comments of the author."""
        source = scan.without_comments(source)
        places = [(token.start, token.end, self.keep(source[token.start : token.end])) for token in scan.tokens(source)]
        return scan.replaced(source, places)

    def keep(self, token: str) -> str:
        """Put one tag or output away and return its placeholder."""
        # Editors write < as &lt; inside text; Liquid means the sign.
        self.tokens.append(html.unescape(token))
        placeholder = f"{self.word}n{len(self.tokens) - 1}z"
        return f"<!--{placeholder}-->" if token.startswith("{%") else placeholder

    def back(self, text: str) -> str:
        """Return the text with the Liquid in its place again."""
        return self.pattern.sub(lambda match: self.tokens[int(match[1] or match[2])], text)

    def only(self, text: str) -> str:
        """Return the Liquid when the text is exactly one placeholder, else an empty text."""
        match = self.pattern.fullmatch(text.strip())
        return self.tokens[int(match[1] or match[2])] if match else ""

    def holds(self, text: str) -> bool:
        """Say whether a text has a placeholder in it."""
        return self.word in text

    def order(self, text: str) -> list[int]:
        """Return the numbers of the tags, in the order they stand in a text."""
        return [int(number) for number in self.tags.findall(text)]

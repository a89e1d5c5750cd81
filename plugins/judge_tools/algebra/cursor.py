"""The place in the tokens that is read, and the customs by which they are read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from judge import ToolError
from judge_tools.algebra.tokens import MAX_LEVEL, Token
from judge_tools.algebra.tree import Node


@dataclass(frozen=True, slots=True)
class Reading:
    """Which of two customs is followed where a spelling is ambiguous.

    `tight`: 1/2x is 1/(2x), sin x/2 is sin(x/2); `log10`: a bare log has base 10; `plain`: 2e-3 is 2*e - 3;
    `lower`: which of its two values ± has. `symbols` are names that are variables, whatever else they may mean.
    """

    tight: bool = False
    log10: bool = False
    plain: bool = False
    lower: bool = False
    symbols: frozenset[str] = frozenset()

    def otherwise(self, doubt: str) -> Reading:
        """Return the reading that follows the other custom."""
        return replace(self, tight=doubt == "tight", log10=doubt == "log10", plain=doubt == "plain")


@dataclass(slots=True)
class Integral:
    """An integral whose differential is looked for, at the level of brackets where it began."""

    level: int
    variable: Node | None = None


@dataclass(slots=True)
class Cursor:
    """The tokens with the place that is read, and what is known at that place."""

    tokens: tuple[Token, ...]
    reading: Reading
    end: int
    at: int = 0
    level: int = 0
    bars: int = 0
    bound: list[str] = field(default_factory=list)
    integrals: list[Integral] = field(default_factory=list)
    doubts: set[str] = field(default_factory=set)


class Reader:
    """Steps over tokens, and says where reading stopped."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def peek(self, ahead: int = 0) -> Token:
        """Return a token to come; behind the last one there is an `end` without text."""
        place = self.cursor.at + ahead
        tokens = self.cursor.tokens
        return tokens[place] if 0 <= place < len(tokens) else Token("eof", "", self.cursor.end)

    def take(self, *texts: str) -> bool:
        """Step over a token if it is one of these."""
        token = self.peek()
        if token.text in texts and token.kind != "eof":
            self.cursor.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        """Step over a token that must be this one. Raises ToolError."""
        if not self.take(text):
            raise self.unexpected(f"{text!r} was expected")

    def unexpected(self, problem: str = "") -> ToolError:
        """Return the error that says where reading stopped."""
        token = self.peek()
        if token.kind == "eof":
            return ToolError(f"the text ends too early, at position {token.at}{f': {problem}' if problem else ''}")
        return ToolError(f"position {token.at}: {problem + ', not' if problem else 'unexpected'} {token.text!r}")

    def deeper(self) -> None:
        """Count one level of nesting. Raises ToolError beyond the bound."""
        self.cursor.level += 1
        if self.cursor.level > MAX_LEVEL:
            raise ToolError(f"position {self.peek().at}: the expression is nested too deeply")

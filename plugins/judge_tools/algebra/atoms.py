"""The smallest parts of a formula: numbers, variables with an index, constants and brackets."""

from __future__ import annotations

from judge import ToolError
from judge_tools.algebra.functions import Functions
from judge_tools.algebra.names import (
    ALIASES,
    CONSTANTS,
    CONSTRUCTORS,
    ENGLISH,
    FUNCTIONS,
    GREEK,
    UNKNOWN_FUNCTIONS,
)
from judge_tools.algebra.tokens import Token
from judge_tools.algebra.tree import Node

_CLOSING = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil",
            r"\lvert": r"\rvert"}  # fmt: skip
_WRAPPING = {r"\lfloor": "floor", r"\lceil": "ceiling", r"\lvert": "abs"}
_FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac"})


class Atoms(Functions):
    """Reads the smallest parts; what joins them is left to the subclass."""

    def sum(self) -> Node:
        """Read terms joined by signs."""
        raise NotImplementedError

    def constructor(self, name: str, at: int) -> Node:
        """Read the arguments of a class or function of sympy; its token was taken."""
        raise NotImplementedError

    def atom(self) -> Node:
        """Read one number, name, command or bracket. Raises ToolError."""
        token = self.peek()
        if token.kind == "num":
            self.cursor.at += 1
            return Node("num", text=token.text)
        if token.kind == "word":
            self.cursor.at += 1
            return self._word(token)
        if token.kind == "cmd":
            self.cursor.at += 1
            return self._named_command(token)
        if token.kind == "begin":
            self.cursor.at += 1
            return self.command(f"begin {token.text}")
        if token.kind == "open":
            return self.group()
        if token.text == "|" and self.cursor.bars < 3:
            return self._absolute()
        raise self.unexpected()

    def group(self) -> Node:
        """Read what stands in brackets: one formula, a tuple, a list or a set."""
        opening = self.peek().text
        self.cursor.at += 1
        self.deeper()
        bars, self.cursor.bars = self.cursor.bars, 0
        items: list[Node] = []
        if self.peek().text != _CLOSING[opening]:
            items.append(self.clause())
            while self.take(",", ";"):
                if self.peek().text == _CLOSING[opening]:  # (1,) and [1,]
                    break
                items.append(self.clause())
        self.cursor.bars = bars
        self.need(_CLOSING[opening])
        self.cursor.level -= 1
        if opening in _WRAPPING and len(items) == 1:
            return Node("fn", tuple(items), _WRAPPING[opening])
        if opening == r"\{" or (opening == "{" and len(items) != 1):
            return Node("set", tuple(items))
        if opening == "[":
            return _matrix(items) or Node("list", tuple(items))
        if not items:
            raise ToolError(f"position {self.peek(-1).at}: empty brackets")
        return items[0] if len(items) == 1 else Node("tuple", tuple(items))

    def argument(self) -> Node:
        r"""Read an argument of a command: a group, or a single token, of a number its first digit (`\frac12`)."""
        token = self.peek()
        if token.kind == "open" and token.text == "{":
            return self.group()
        if token.kind == "num" and len(token.text) > 1 and token.text.isdigit():
            tokens = self.cursor.tokens
            first, rest = token._replace(text=token.text[0]), token._replace(text=token.text[1:], at=token.at + 1)
            self.cursor.tokens = (*tokens[: self.cursor.at], first, rest, *tokens[self.cursor.at + 1 :])
        self.deeper()
        node = self.atom()
        self.cursor.level -= 1
        return node

    def _absolute(self) -> Node:
        self.cursor.at += 1
        self.cursor.bars += 1
        self.deeper()
        node = self.sum()
        self.cursor.bars -= 1
        self.cursor.level -= 1
        self.need("|")
        return Node("fn", (node,), "abs")

    def _named_command(self, token: Token) -> Node:
        name = token.text[1:]
        if name in _FRACTIONS or name == "sqrt":
            return self.command(name)
        if ALIASES.get(name, name) in (*FUNCTIONS, "log10") and name not in GREEK:
            return self.function(name)
        if name in CONSTANTS and name not in ("e", "i", "E", "I"):
            return Node("const", text=CONSTANTS[name])
        if name in GREEK:
            if name in ("Gamma", "zeta") and self.peek().text == "(":
                return self.function(name)
            return self._indexed(name.removeprefix("var"))
        return self.command(name)

    def _word(self, token: Token) -> Node:
        name = token.text
        if name in self.cursor.reading.symbols or name in self.cursor.bound:
            return self._indexed(name)
        called = self.peek().text == "(" and not self.peek().spaced
        if name == "S" and called and self.peek(1).kind == "num" and self.peek(2).text == ")":
            return self.arguments()[0]  # sympy's S(1)
        if name in CONSTRUCTORS and called:
            return self.constructor(name, token.at)
        is_function = name in ALIASES or (name in FUNCTIONS and (name not in GREEK or called))
        if is_function and not (len(name) == 1 and not called):
            return self.function(name)
        if name in CONSTANTS and self.peek().text != "_":
            return Node("const", text=CONSTANTS[name])
        if name in GREEK:
            return self._indexed(name)
        if len(name) == 1:
            return self._letter(token)
        return self._letters(token)

    def _letter(self, token: Token) -> Node:
        if token.text in UNKNOWN_FUNCTIONS and self.peek().text == "(" and not self.peek().spaced:
            return Node("call", self.arguments(), token.text)
        return self._indexed(token.text)

    def _letters(self, token: Token) -> Node:
        """Read `xy` as a product of letters, and `sinx` as sin x. Raises ToolError for words."""
        name = token.text
        for known in ("sin", "cos", "tan", "cot", "log", "ln", "exp", "sqrt"):
            if name.startswith(known) and len(name) - len(known) == 1 and name != "sinc":  # a function of its own
                self._split(token, known, name[len(known) :])
                return self.function(known)
        if name[0] == "d" and len(name) == 2 and name not in ENGLISH:
            raise ToolError(f"position {token.at}: {name!r} is a differential outside an integral: write diff(f, x)")
        if len(name) > 3 or name.lower() in ENGLISH:
            raise ToolError(
                f"position {token.at}: unknown name {name!r}: variables are single letters, Greek letters or x_1; "
                "functions are sqrt, exp, log, sin, factorial, binomial, …"
            )
        self._split(token, name[0], name[1:])
        return self._word(token._replace(text=name[0]))

    def _split(self, token: Token, first: str, rest: str) -> None:
        """Put the rest of a word back as a token of its own; the first part was taken."""
        tokens = self.cursor.tokens
        tail = Token("word", rest, token.at + len(first))
        self.cursor.tokens = (*tokens[: self.cursor.at], tail, *tokens[self.cursor.at :])

    def _indexed(self, name: str) -> Node:
        if self.peek().kind == "num" and not self.peek().spaced and self.peek(-1).kind == "word":
            if not self.peek().text.isdigit():
                raise self.unexpected("an index")
            name += "_" + self.peek().text
            self.cursor.at += 1
        elif self.take("_"):
            name += "_" + self._subscript()
        if self.peek().text == "'":
            raise self.unexpected("a derivative is written diff(f, x)")
        return Node("sym", text=name)

    def _subscript(self) -> str:
        braced = self.take("{")
        token = self.peek()
        text = token.text.lstrip("\\")
        if token.kind not in ("num", "word", "cmd") or not text.isalnum() or len(text) > 12:
            raise self.unexpected("an index is a number, a letter or a short word")
        self.cursor.at += 1
        if braced:
            self.need("}")
        return text


def _matrix(items: list[Node]) -> Node | None:
    """Return `[[1, 2], [3, 4]]` as a matrix; None for another list."""
    if items and all(item.op == "list" and item.args for item in items):
        return Node("matrix", tuple(Node("row", item.args) for item in items))
    return None

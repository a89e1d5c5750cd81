"""The smallest parts of a formula: literals, variables with their indices, commands, brackets and functions."""

from __future__ import annotations

from fractions import Fraction

from judge_evaluators.answer.reading.tokens import Token, Unreadable
from judge_evaluators.answer.reading.values import Apply, Node, Num, Sym
from judge_evaluators.answer.reading.vocabulary import (
    ALIASES,
    CONSTANTS,
    ENGLISH,
    FUNCTIONS,
    GREEK,
    UNKNOWN_FUNCTIONS,
)

_CLOSING = {"(": ")", "[": "]", "{": "}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil", r"\lvert": r"\rvert"}
_MAX_DIGITS = 4300
_MAX_EXPONENT = 5000


def number(text: str) -> Num:
    """Return a literal: digits with an optional point, thousands commas and exponent, within bounds."""
    grouped = text if "," in text else ""
    mantissa, _, exponent = text.replace(",", "").lower().partition("e")
    whole, _, part = mantissa.partition(".")
    power = int(exponent) if len(exponent) < 7 and exponent else 0
    if len(whole) + len(part) > _MAX_DIGITS or abs(power) > _MAX_EXPONENT or len(exponent) > 6:
        raise Unreadable("too many digits")
    value = Fraction(int(whole + part or "0")) * Fraction(10) ** (power - len(part))
    if not part and not exponent:
        return Num(value, grouped=grouped)
    return Num(value, len(part) - power, len((whole + part).lstrip("0")), grouped=grouped)


class Atoms:
    """A reader of tokens that knows the smallest parts; what joins them is left to its subclass."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at, self.bars = tokens, 0, 0
        self.depth = 0

    def peek(self, ahead: int = 0) -> str:
        """Return the text of a token to come, or nothing."""
        return self.tokens[self.at + ahead].text if self.at + ahead < len(self.tokens) else ""

    def kind(self, ahead: int = 0) -> str:
        """Return the kind of a token to come, or nothing."""
        return self.tokens[self.at + ahead].kind if self.at + ahead < len(self.tokens) else ""

    def take(self, text: str) -> bool:
        """Step over a token if it is this one."""
        if self.peek() == text and self.kind() != "text":
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        """Step over a token that must be this one. Raises `Unreadable`."""
        if not self.take(text):
            raise Unreadable(f"{text!r} was expected")

    def sum(self) -> Node:
        """Read terms joined by signs."""
        raise NotImplementedError

    def power(self) -> Node:
        """Read a base with its exponent."""
        raise NotImplementedError

    def _exponent(self) -> Node:
        raise NotImplementedError

    def _starts_factor(self) -> bool:
        raise NotImplementedError

    def atom(self) -> Node:
        """Read one literal, variable, command or bracket."""
        kind, text = self.kind(), self.peek()
        if kind in ("num", "sci", "grouped"):
            self.at += 1
            return number(text)
        if kind == "word":
            return self._word(text)
        if kind == "cmd":
            return self._command(text[1:])
        if kind == "open" and text in _CLOSING:
            return self._group(text)
        if kind == "text" and text in FUNCTIONS:
            return self._word(text)
        if kind == "op" and text == "|" and self.bars < 3:
            self.at += 1
            self.bars += 1
            node = self.sum()
            self.bars -= 1
            self.need("|")
            return Apply("abs", (node,))
        raise Unreadable(f"{text!r} was not expected")

    def _group(self, text: str) -> Node:
        if text not in _CLOSING:  # the brace of a set
            raise Unreadable(f"{text!r} was not expected")
        self.at += 1
        bars, self.bars = self.bars, 0
        node = self.sum()
        self.bars = bars
        self.need(_CLOSING[text])
        wrap = {r"\lfloor": "floor", r"\lceil": "ceil", r"\lvert": "abs"}.get(text)
        return Apply(wrap, (node,)) if wrap else node

    def _word(self, text: str) -> Node:
        if text in FUNCTIONS or text in ALIASES:
            self.at += 1
            return self._function(ALIASES.get(text, text))
        if text in CONSTANTS and text != "i":
            self.at += 1
            return Sym(CONSTANTS[text]) if self.peek() != "_" else self._indexed(text)
        for name in FUNCTIONS:
            if len(text) > len(name) > 2 and text.startswith(name) and len(text) - len(name) == 1 and text.isalpha():
                self.tokens[self.at : self.at + 1] = [Token("word", name), Token("word", text[len(name) :])]
                return self._word(name)
        if len(text) > 3 or text in ENGLISH or (len(text) == 3 and text.istitle()):
            raise Unreadable(f"word {text!r}")
        if len(text) > 1:
            first = self.tokens[self.at]
            parts = [Token("word", char, first.spaced and not n, first.depth) for n, char in enumerate(text)]
            self.tokens[self.at : self.at + 1] = parts
            text = text[0]
        self.at += 1
        if text in UNKNOWN_FUNCTIONS and self.kind() == "open" and self.peek() == "(":
            return Apply(f"call:{text}", self._arguments())
        return self._indexed(text)

    def _indexed(self, name: str) -> Node:
        primes = ""
        while self.kind() == "prime":
            primes += self.peek()
            self.at += 1
        if self.take("_"):
            name += "_" + self._subscript()
        if name == "i" and not primes:
            return Sym("i")
        if primes and self.kind() == "open" and self.peek() == "(":
            return Apply(f"call:{name}{primes}", self._arguments())
        return Sym(CONSTANTS.get(name, name) + primes)

    def _subscript(self) -> str:
        if self.peek() != "{" or self.kind() != "open":
            self.at += 1
            return self.tokens[self.at - 1].text.lstrip("\\") if self.at <= len(self.tokens) else ""
        start = self.at
        depth = self.tokens[start].depth
        self.at += 1
        while self.at < len(self.tokens) and not (self.kind() == "close" and self.tokens[self.at].depth == depth):
            self.at += 1
        self.at += 1
        inner = self.tokens[start + 1 : self.at - 1]
        return "".join(token.text.lstrip("\\") for token in inner if token.text not in "{}")

    def _command(self, name: str) -> Node:
        self.at += 1
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            top = self._argument()
            return Apply("div", (top, self._argument()))
        if name in ("binom", "dbinom", "tbinom"):
            top = self._argument()
            return Apply("binom", (top, self._argument()))
        if name == "sqrt":
            return self._root()
        if name in FUNCTIONS or name in ALIASES:
            return self._function(ALIASES.get(name, name))
        if name in ("pi", "infty", "imath"):
            return Sym(CONSTANTS[name])
        if name in GREEK:
            return self._indexed(name.removeprefix("var"))
        raise Unreadable(f"command {name!r}")

    def _root(self) -> Node:
        index: Node | None = None
        if self.take("["):
            index = self.sum()
            self.need("]")
        body = self._argument()
        return Apply("sqrt", (body,)) if index is None else Apply("root", (body, index))

    def _argument(self) -> Node:
        if self.kind() == "open":
            return self._group(self.peek())
        return self.atom()

    def _arguments(self) -> tuple[Node, ...]:
        self.need("(")
        found = [self.sum()]
        while self.take(","):
            found.append(self.sum())
        self.need(")")
        return tuple(found)

    def _function(self, name: str) -> Node:
        base: Node | None = None
        exponent: Node | None = None
        if name == "sqrt" and self.peek() == "[":
            return self._root()
        if self.take("_"):
            base = self._argument()
        if self.take("^"):
            exponent = self._exponent()
        if self.take("_"):
            base = self._argument()
        if name in ("max", "min", "gcd", "lcm") and self.peek() == "(":
            return Apply(name, self._arguments())
        if name in ("max", "min", "gcd", "lcm") and self.kind() == "num":
            raise Unreadable("a label, not a function")
        if self.kind() == "open" or (self.kind() == "op" and self.peek() == "|"):
            inner = self._argument()
        elif name in ("sqrt", "cbrt"):
            inner = self.atom()
        else:
            inner = self._bare_argument()
        if name in ("sin", "cos", "tan", "cot", "sec", "csc") and _is_minus_one(exponent):
            return Apply("a" + name, (inner,))
        node = Apply(name, (inner,) if base is None else (inner, base))
        return node if exponent is None else Apply("pow", (node, exponent))

    def _bare_argument(self) -> Node:
        """Read what follows `\\sin` without brackets: the factors up to an operator or the next function."""
        if self.kind() == "op" and self.peek() == "-":
            self.at += 1
            return Apply("neg", (self._bare_argument(),))
        node = self.power()
        while self._starts_factor() and self.kind() != "open":
            text = self.peek().lstrip("\\")
            if text in FUNCTIONS or text in ALIASES or (self.kind() == "num" and not isinstance(node, Num)):
                break
            node = Apply("mul", (node, self.power()))
        if self.peek() == "/" and self.kind(1) == "num" and isinstance(node, Sym | Num):
            self.at += 2
            node = Apply("div", (node, number(self.peek(-1))))
        return node


def _is_minus_one(node: Node | None) -> bool:
    return isinstance(node, Apply) and node.op == "neg" and node.args == (Num(Fraction(1)),)

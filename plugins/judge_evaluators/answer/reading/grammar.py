"""Tokens to the node of one formula, by recursive descent; nothing is computed here."""

from __future__ import annotations

from fractions import Fraction

from judge_evaluators.answer.reading.atoms import Atoms, number
from judge_evaluators.answer.reading.tokens import Token, Unreadable
from judge_evaluators.answer.reading.values import Apply, Node, Num


def formula(tokens: list[Token]) -> Node:
    """Return the node that all the tokens make up. Raises `Unreadable`."""
    reader = _Reader(tokens)
    node = reader.sum()
    if reader.at != len(tokens):
        raise Unreadable(f"{reader.peek()!r} was not expected")
    return node


class _Reader(Atoms):
    """The operators: sums of products of powers."""

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > 60:
            raise Unreadable("too deep")
        terms: list[Node] = []
        while True:
            negative, signs = False, 0
            while self.kind() == "op" and self.peek() in "+-" and self.peek():
                negative ^= self.peek() == "-"
                self.at += 1
                signs += 1
            if terms and not signs:
                break
            if signs > 2:
                raise Unreadable("a row of signs")
            term = self.product()
            terms.append(Apply("neg", (term,)) if negative else term)
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Apply("add", tuple(terms))

    def product(self) -> Node:
        """Read factors, with or without a sign between them."""
        node = self.power()
        while True:
            if self.kind() == "op" and self.peek() in ("*", "/"):
                op = self.peek()
                self.at += 1
                negative = False
                while self.kind() == "op" and self.peek() in ("-", "+"):
                    negative ^= self.peek() == "-"
                    self.at += 1
                right = self.power()
                right = Apply("neg", (right,)) if negative else right
                node = Apply("mul" if op == "*" else "div", (node, right))
            elif self._starts_factor():
                mixed = self._mixed(node)
                if mixed is not None:
                    node = mixed
                    continue
                if self.kind() in ("num", "sci", "grouped"):
                    raise Unreadable("two numbers side by side")
                node = Apply("mul", (node, self.power()))
            else:
                return node

    def _starts_factor(self) -> bool:
        kind, text = self.kind(), self.peek()
        if kind == "op":
            return text == "|" and self.bars == 0
        return kind in ("num", "word", "sci", "grouped", "open") or (
            kind == "cmd" and text not in (r"\cdots", r"\ldots", r"\dots")
        )

    def _mixed(self, node: Node) -> Node | None:
        """Read `3 1/2` and `3\\frac{1}{2}`, whose whole part was just read, as a sum."""
        if not isinstance(node, Num) or node.value.denominator != 1 or node.decimals is not None:
            return None
        if self.tokens[self.at - 1].kind != "num":
            return None
        start = self.at
        if self.kind() == "num" and self.peek(1) == "/" and self.kind(2) == "num" and self.tokens[start].spaced:
            top, bottom = number(self.peek()), number(self.peek(2))
            self.at += 3
        elif self.peek() in (r"\frac", r"\dfrac", r"\tfrac", r"\cfrac") or self.peek() == "{":
            fraction = self.power()
            if not isinstance(fraction, Apply) or fraction.op != "div":
                self.at = start
                return None
            top, bottom = fraction.args[0], fraction.args[1]  # type: ignore[assignment]
        else:
            return None
        if isinstance(top, Num) and isinstance(bottom, Num) and 0 < top.value < bottom.value:
            return Apply("add", (node, Apply("div", (top, bottom))))
        self.at = start
        return None

    def power(self) -> Node:
        node = self.postfix()
        if not self.take("^"):
            return node
        node = Apply("pow", (node, self._exponent()))
        return self._factorial(node) if self.peek() == "!" else node

    def _exponent(self) -> Node:
        if self.take("-"):
            return Apply("neg", (self._exponent(),))
        self.take("+")
        self.depth += 1
        if self.depth > 60:
            raise Unreadable("too deep")
        node = self.power() if self.peek() != "{" else self.postfix()
        self.depth -= 1
        return node

    def postfix(self) -> Node:
        """Read an atom with its factorials, percent and degree signs."""
        node = self.atom()
        while True:
            kind, text = self.kind(), self.peek()
            if kind == "op" and text == "!":
                node = self._factorial(node)
            elif kind == "percent":
                self.at += 1
                node = _percent(node)
            elif kind == "degree":
                self.at += 1
                node = Apply("degree", (node,))
            else:
                return node

    def _factorial(self, node: Node) -> Node:
        self.at += 1
        if self.peek() == "!":
            raise Unreadable("a double factorial, or a factorial of one")
        return Apply("factorial", (node,))


def _percent(node: Node) -> Node:
    if isinstance(node, Num):
        digits = node.digits or len(str(node.value.numerator)[:40].rstrip("0"))  # zeros at the end may be rounding
        return Num(node.value / 100, (node.decimals or 0) + 2, digits, percent=True)
    return Apply("div", (node, Num(Fraction(100))))

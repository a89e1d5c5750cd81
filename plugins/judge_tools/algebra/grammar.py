"""From text to the tree of a formula: relations of sums of products of powers. Nothing is computed here.

One grammar reads LaTeX, plain mathematics (`2x^2`, `sin x`, `3!`) and the syntax of sympy (`Rational(1, 2)*x**2`).
It knows closed lists of names and has no strings, attributes, keywords or statements, so that code cannot be said
in it. Where a spelling is ambiguous it follows a `Reading` and reports the doubt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from judge import ToolError
from judge_tools.algebra.binders import Binders
from judge_tools.algebra.bounds import check_size
from judge_tools.algebra.cursor import Cursor, Reading
from judge_tools.algebra.spelling import spell
from judge_tools.algebra.tokens import tokenize
from judge_tools.algebra.tree import ONE, Node

_RELATIONS = ("=", "<", ">", "<=", ">=")
_ORDINARY = Reading()


class Parsed(NamedTuple):
    """`doubts` names the fields of `Reading` that would have made another tree."""

    node: Node
    doubts: frozenset[str]


def parse(text: str, reading: Reading = _ORDINARY) -> Parsed:
    """Return the tree of a text. Raises ToolError, with the position, for what is no formula or too large.

    >>> parse("2x^2 = 8").node.op
    'rel'
    """
    spelled = spell(text.rstrip(" .\n"))
    tokens, ambiguous = tokenize(spelled, plain=reading.plain)
    if len(tokens) == 0:
        raise ToolError("the expression is empty")
    reader = _Reader(Cursor(tokens, reading, end=len(text) + 1))
    if any(token.text in "±∓" and token.kind == "op" for token in tokens):
        other = _Reader(Cursor(tokens, replace(reading, lower=True), end=len(text) + 1))
        node = Node("set", tuple(dict.fromkeys((*_items(reader.answer()), *_items(other.answer())))))
    else:
        node = reader.answer()
    check_size(node)
    return Parsed(node, frozenset(reader.cursor.doubts) | ({"plain"} if ambiguous else frozenset()))


def _items(node: Node) -> tuple[Node, ...]:
    return node.args if node.op == "set" else (node,)


class _Reader(Binders):
    """The operators, from the loosest to the tightest."""

    def answer(self) -> Node:
        """Read everything: one clause, or several as a set."""
        clauses = [self.clause()]
        while self.take(",", ";", "or", "and"):
            self.take("or", "and")
            if self.peek().kind == "eof":
                break
            clauses.append(self.clause())
        if self.peek().kind != "eof":
            raise self.unexpected()
        return clauses[0] if len(clauses) == 1 else Node("set", tuple(clauses))

    def clause(self) -> Node:
        self.deeper()
        sides: list[Node] = [self.sum()]
        relations: list[str] = []
        if self.take("∈"):
            return self._member(sides[0])
        while self.peek().kind == "op" and self.take(*_RELATIONS):
            relations.append(self.peek(-1).text)
            sides.append(self.sum())
        if self.peek().text == "!=":
            raise self.unexpected("only = < > <= >= relate; a factorial before '=' needs a space, as in 5! = 120")
        self.cursor.level -= 1
        if len(relations) > 1 and "=" in relations:
            raise ToolError(f"position {self.peek(-1).at}: a chain of '=' is not read: write one equation")
        pairs = [_pair(left, right, sign) for left, right, sign in zip(sides, sides[1:], relations, strict=False)]
        return sides[0] if not pairs else pairs[0] if len(pairs) == 1 else Node("chain", tuple(pairs))

    def _member(self, name: Node) -> Node:
        """Read `x \\in \\{1, 2\\}` as x = 1 or x = 2. Raises ToolError for other sets."""
        members = self.sum()
        self.cursor.level -= 1
        if members.op != "set" or not members.args:
            raise ToolError(f"position {self.peek(-1).at}: after \\in a set of values in braces is read")
        return Node("set", tuple(Node("rel", (name, member), "=") for member in members.args))

    def sum(self) -> Node:
        self.deeper()
        terms: list[Node] = []
        while not self.ended():
            negative, signed = self._signs()
            if terms and not signed:
                break
            term = self.product()
            terms.append(Node("neg", (term,)) if negative else term)
        self.cursor.level -= 1
        if not terms:
            raise self.unexpected()
        return terms[0] if len(terms) == 1 else Node("add", tuple(terms))

    def _signs(self) -> tuple[bool, bool]:
        negative, count = False, 0
        while self.peek().kind == "op" and self.take("+", "-", "±", "∓"):
            sign = self.peek(-1).text
            negative ^= sign == "-" or (sign != "+" and (sign == "∓") != self.cursor.reading.lower)
            count += 1
        if count > 3:
            raise ToolError(f"position {self.peek(-1).at}: a row of signs")
        return negative, count > 0

    def product(self) -> Node:
        factors = [self._factor()]
        while not self.ended():
            token = self.peek()
            if token.kind == "op" and self.take("*"):
                factors.append(self._signed())
            elif token.kind == "op" and self.take("/"):
                factors.append(Node("inv", (self._divisor(),)))
            elif token.text == "mod" and factors and self.take("mod"):
                factors = [Node("fn", (_product(factors), self._signed()), "mod")]
            elif self.starts_factor():
                if token.kind == "num" and self.peek(-1).kind == "num":
                    factors = [self._mixed(factors)]
                    continue
                factor = self._factor()
                if factor is ONE:  # a differential
                    continue
                mixed = len(factors) == 1 and _is_whole(factors[0]) and "frac" in token.text and _is_proper(factor)
                factors = [Node("add", (factors[0], factor))] if mixed else [*factors, factor]
            else:
                break
        return _product(factors)

    def _mixed(self, factors: list[Node]) -> Node:
        """Read `3 1/2`, whose whole part was just read. Raises ToolError for other numbers side by side."""
        top, bottom = self.peek(), self.peek(2)
        if len(factors) == 1 and _is_whole(factors[0]) and self.peek(1).text == "/" and bottom.kind == "num":
            fraction = Node("mul", (Node("num", text=top.text), Node("inv", (Node("num", text=bottom.text),))))
            if top.spaced and _is_proper(fraction):
                self.cursor.at += 3
                return Node("add", (factors[0], fraction))
        raise ToolError(f"position {top.at}: two numbers side by side: write *, + or a comma between them")

    def _factor(self) -> Node:
        if (body := self.differential()) is not None:
            return body
        return self.power()

    def _signed(self) -> Node:
        negative, _ = self._signs()
        node = self._factor()
        return Node("neg", (node,)) if negative else node

    def _divisor(self) -> Node:
        node = self._signed()
        if self.ended() or not self.starts_factor() or self.peek().kind == "num":
            return node
        self.cursor.doubts.add("tight")
        factors = [node]
        while self.cursor.reading.tight and self.starts_factor() and not self.ended():
            factors.append(self._factor())
        return _product(factors)

    def starts_factor(self) -> bool:
        token = self.peek()
        if token.kind == "word":
            return token.text not in ("mod", "or", "and")
        if token.text == "|":
            return self.cursor.bars == 0
        return token.kind in ("num", "cmd", "open", "begin")

    def power(self) -> Node:
        self.deeper()
        node = self._postfix()
        if self.peek().kind == "op" and self.take("^"):
            node = Node("pow", (node, self.exponent()))
        self.cursor.level -= 1
        return node

    def exponent(self) -> Node:
        negative, _ = self._signs()
        node = self.group() if self.peek().text == "{" else self.power()
        return Node("neg", (node,)) if negative else node

    def _postfix(self) -> Node:
        node = self.atom()
        factorials = 0
        while self.peek().kind == "op":
            if self.take("!"):
                factorials += 1
                if factorials > 1:
                    raise ToolError(f"position {self.peek(-1).at}: write factorial2(n) for n!!, (n!)! for the other")
                node = Node("fn", (node,), "factorial")
            elif self.take("degree"):
                node = Node("mul", (node, Node("const", text="pi"), Node("inv", (Node("num", text="180"),))))
            elif self.take(r"\%") or self._percent():
                node = Node("mul", (node, Node("inv", (Node("num", text="100"),))))
            else:
                break
        return node

    def _percent(self) -> bool:
        if self.peek().text != "%":
            return False
        if self.peek(1).kind in ("num", "word", "cmd", "open"):
            raise self.unexpected("write mod(a, b) for a remainder, a/100 for a percentage")
        self.cursor.at += 1
        return True


def _pair(left: Node, right: Node, relation: str) -> Node:
    """Return a relation; `(x, y) = (1, 2)` is two of them."""
    if relation == "=" and left.op == right.op == "tuple" and len(left.args) == len(right.args):
        return Node("set", tuple(Node("rel", both, "=") for both in zip(left.args, right.args, strict=True)))
    return Node("rel", (left, right), relation)


def _product(factors: list[Node]) -> Node:
    if len(factors) == 1:
        return factors[0]
    flat = [part for factor in factors[:1] for part in (factor.args if factor.op == "mul" else (factor,))]
    return Node("mul", (*flat, *factors[1:]))


def _is_whole(node: Node) -> bool:
    return node.op == "num" and node.text.isdigit()


def _is_proper(node: Node) -> bool:
    """Whether a node is a fraction of two whole numbers below one."""
    if node.op != "mul" or len(node.args) != 2 or node.args[1].op != "inv":
        return False
    top, bottom = node.args[0], node.args[1].args[0]
    return _is_whole(top) and _is_whole(bottom) and int(top.text) < int(bottom.text)

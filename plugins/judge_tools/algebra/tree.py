"""A formula as plain data: what the parser makes, what crosses into the sandbox, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """An operator on nodes, or a leaf.

    Leaves: `num` (a decimal literal in `text`), `sym`, `const`. Inner nodes: `add`, `mul`, `inv`, `neg`, `pow`, `fn`
    and `call` (a known and an unknown function, named by `text`), `rel` (two sides) and `chain` (relations that all
    hold), `set`, `list`, `tuple`, `matrix` of `row`s, and the binders `int`, `diff`, `sum`, `prod`, `lim`, whose second
    argument is the bound variable.
    """

    op: str
    args: tuple[Node, ...] = ()
    text: str = ""

    def data(self) -> list[Any]:
        """Return the tree as lists and strings."""
        return [self.op, self.text, *(arg.data() for arg in self.args)]


BINDERS = frozenset({"int", "diff", "sum", "prod", "lim"})
ONE = Node("num", text="1")


def every(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes below it."""
    yield node
    for arg in node.args:
        yield from every(arg)


def free(node: Node) -> frozenset[str]:
    """Return the names of the symbols that no binder binds; a derivative keeps its variable."""
    if node.op == "sym":
        return frozenset({node.text})
    if node.op in BINDERS:
        body, variable, *rest = node.args
        kept = free(body) if node.op == "diff" or (node.op == "int" and not rest) else free(body) - {variable.text}
        return kept.union(*(free(arg) for arg in rest))
    return frozenset().union(*(free(arg) for arg in node.args))


def substitute(node: Node, values: Mapping[str, Node]) -> Node:
    """Return the tree with values for free symbols. Raises ValueError for a variable of a derivative or integral."""
    if node.op == "sym":
        return values.get(node.text, node)
    if node.op in BINDERS:
        body, variable, *rest = node.args
        if variable.text in values and variable.text in free(node):
            raise ValueError(variable.text)
        inner = {name: value for name, value in values.items() if name != variable.text}
        if any(variable.text in free(value) for name, value in inner.items() if name in free(body)):
            raise ValueError(variable.text)
        args = (substitute(body, inner), variable, *(substitute(arg, values) for arg in rest))
        return Node(node.op, args, node.text)
    return Node(node.op, tuple(substitute(arg, values) for arg in node.args), node.text)


_BRACKETS = {"set": "{}", "list": "[]", "row": "[]", "tuple": "()"}
_NAMES = {"int": "Integral", "diff": "Derivative", "sum": "Sum", "prod": "Product", "lim": "Limit"}


def show(node: Node) -> str:
    """Return the tree in the spelling of sympy, brackets only where they are needed."""
    return _show(node)[0]


def _show(node: Node) -> tuple[str, int]:
    """Return the text with how tightly it binds: 0 relation, 1 sum, 2 product, 3 power, 4 atom."""
    args = node.args
    if node.op in ("num", "sym"):
        return node.text, 4
    if node.op == "const":
        return {"e": "E", "i": "I"}.get(node.text, node.text), 4
    if node.op == "add":
        parts = [_within(arg, 1) for arg in args]
        return parts[0] + "".join(f" - {p[1:]}" if p.startswith("-") else f" + {p}" for p in parts[1:]), 1
    if node.op == "neg":
        return "-" + _within(args[0], 2), 1
    if node.op == "mul":
        first = "" if args[0].op != "inv" else "1"
        return first + "".join(_factor(arg, n) for n, arg in enumerate(args)), 2
    if node.op == "inv":
        return "1/" + _within(args[0], 3), 2
    if node.op == "pow":
        return f"{_within(args[0], 4)}**{_within(args[1], 4)}", 3
    if node.op in ("rel", "chain"):
        return (f" {node.text} " if node.op == "rel" else " and ").join(_within(arg, 1) for arg in args), 0
    if node.op in _BRACKETS:
        brackets = _BRACKETS[node.op]
        return brackets[0] + ", ".join(show(arg) for arg in args) + brackets[1], 4
    if node.op == "matrix":
        return "Matrix([" + ", ".join(show(arg) for arg in args) + "])", 4
    if node.op in _NAMES:
        return _binder(node), 4
    return f"{node.text}({', '.join(show(arg) for arg in args)})", 4


def _within(node: Node, tightness: int) -> str:
    text, binds = _show(node)
    return text if binds >= tightness else f"({text})"


def _factor(node: Node, place: int) -> str:
    if node.op == "inv":
        return "/" + _within(node.args[0], 3)
    return ("*" if place else "") + _within(node, 2 if node.op != "mul" else 3)


def _binder(node: Node) -> str:
    body, variable, *rest = (show(arg) for arg in node.args)
    bound = f"({', '.join([variable, *rest])})" if rest and node.op != "lim" else ", ".join([variable, *rest])
    more = f", {node.text}" if node.text not in ("", "1") else ""
    return f"{_NAMES[node.op]}({body}, {bound}{more})"

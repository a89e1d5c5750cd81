"""The classes and functions of sympy that an expression may name: each stands for a node."""

from __future__ import annotations

from judge_tools.algebra.tree import Node

_ROUNDS = {"Eq": "=", "Lt": "<", "Le": "<=", "Gt": ">", "Ge": ">="}
_PASSED = frozenset({"Integer", "Float", "simplify", "expand", "factor"})
_RANGES = frozenset({"Integral", "integrate", "Sum", "summation", "Product", "product"})


def constructed(name: str, args: tuple[Node, ...]) -> Node | None:
    """Return the node that a class or function of sympy stands for; None where the arguments do not fit."""
    two = len(args) == 2
    if name == "Rational" and two:
        return Node("mul", (args[0], Node("inv", (args[1],))))
    if name in _PASSED or (name == "Rational" and len(args) == 1):
        return args[0]
    if name in ("Add", "Mul"):
        return Node(name.lower(), args) if len(args) > 1 else args[0]
    if name == "Pow" and two:
        return Node("pow", args)
    if name in _ROUNDS and two:
        return Node("rel", args, _ROUNDS[name])
    if name == "Matrix" and len(args) == 1:
        if args[0].op == "matrix":
            return args[0]
        column = tuple(Node("row", (item,)) for item in args[0].args)
        return Node("matrix", column) if args[0].op == "list" and column else None
    if name in ("FiniteSet", "Tuple"):
        return Node("set" if name == "FiniteSet" else "tuple", args)
    if name in ("Derivative", "diff"):
        return _sympy_derivative(args)
    if name in ("Limit", "limit") and len(args) == 3 and args[1].op == "sym":
        return Node("lim", args)
    return _sympy_range(name, args)


def _sympy_derivative(args: tuple[Node, ...]) -> Node | None:
    body, *rest = args
    while rest:
        variable = rest.pop(0)
        order = rest.pop(0).text if rest and rest[0].op == "num" and rest[0].text.isdigit() else "1"
        if variable.op != "sym" or len(order) > 2:
            return None
        body = Node("diff", (body, variable), order)
    return body if body is not args[0] else None


def _sympy_range(name: str, args: tuple[Node, ...]) -> Node | None:
    """Return an integral, sum or product in the manner of sympy: `Sum(k, (k, 1, n))`."""
    if len(args) != 2:
        return None
    body, bound = args
    if bound.op == "sym" and name in ("Integral", "integrate"):
        return Node("int", (body, bound))
    if bound.op != "tuple" or len(bound.args) != 3:
        return None
    variable = bound.args[0]
    if variable == Node("const", text="i"):
        body, variable = _named(body), Node("sym", text="i")
    if variable.op != "sym":
        return None
    op = {"Integral": "int", "integrate": "int", "Sum": "sum", "summation": "sum"}.get(name, "prod")
    return Node(op, (body, variable, *bound.args[1:])) if name in _RANGES else None


def _named(node: Node) -> Node:
    """Return the tree with the imaginary unit as a variable i."""
    if node == Node("const", text="i"):
        return Node("sym", text="i")
    return Node(node.op, tuple(_named(arg) for arg in node.args), node.text)

"""Formulas at points, equations up to a factor, and families up to the names of their parameters."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from judge_evaluators.answer.comparing.numeric import Undefined, precise
from judge_evaluators.answer.comparing.outcome import Compare, Comparison, correct, incorrect, undecided
from judge_evaluators.answer.comparing.probing import Sameness, rational_points, same
from judge_evaluators.answer.comparing.rounding import rounded
from judge_evaluators.answer.reading.exact import exact
from judge_evaluators.answer.reading.lifting import node_of
from judge_evaluators.answer.reading.values import (
    Apply,
    Equation,
    Expression,
    Family,
    Inequality,
    Node,
    Num,
    Number,
    Sym,
    Value,
    symbols,
    variables,
)  # fmt: skip


def formulas(response: Value, reference: Value) -> Comparison:
    """Compare two formulas; a decimal against a constant by the digits that the decimal states."""
    one, other = node_of(response), node_of(reference)
    if one is None or other is None:
        return undecided("a formula against another kind of value")
    if isinstance(one, Sym) and isinstance(other, Sym) and one.name.lower() == other.name.lower() != "i":
        return correct("rule", "the same letter")
    if one == other:
        return correct("proof", "math: the same formula")
    infinite = [_infinity(node) for node in (one, other)]
    if any(infinite):
        if all(infinite) or symbols(one) | symbols(other) != {"oo"}:
            return incorrect("rule", "math: another infinity") if all(infinite) else undecided("math: infinity")
        return incorrect("rule", "math: infinite on one side only")
    found = same(one, other)
    if found.same:
        return correct(
            "proof" if found.proved else "tested",
            "math: equal exactly" if found.proved else "math: equal at the points tried",
        )
    for decimal, node in ((response, other), (reference, one)):
        if isinstance(decimal, Number) and decimal.form in ("decimal", "percent") and not variables(node):
            near = _rounds_to(decimal, node)
            if near:
                return near
    if found.same is False and _same_renamed(one, other):
        return undecided("math: equal, but for the name of a variable")
    return _from_sameness(found)


def _same_renamed(one: Node, other: Node) -> bool:
    left, right = variables(one), variables(other)
    if len(left) != 1 or len(right) != 1 or left == right:
        return False
    return same(substitute(one, {next(iter(left)): Sym(next(iter(right)))}), other).same is True


def _infinity(node: Node) -> bool:
    return node == Sym("oo") or node == Apply("neg", (Sym("oo"),))


def _rounds_to(decimal: Number, node: Node) -> Comparison | None:
    if symbols(node) & {"i", "oo"}:
        return None
    try:
        value = precise(50).value(node, {})
    except Undefined:
        return None
    if abs(value) > 10**40 or abs(decimal.value) > 10**40:
        return None
    fraction = Fraction(int(value * 10**45), 10**45)
    rounding = rounded(decimal, fraction)
    if rounding == "yes":
        return correct("rule", "number: the decimal is the exact value, to the digits given")
    return undecided("number: rounded to fewer than three digits") if rounding == "maybe" else None


def _from_sameness(found: Sameness) -> Comparison:
    if found.same is False:
        return incorrect(
            "proof" if found.proved else "counterexample", f"math: they differ, {found.witness}", found.witness
        )
    return undecided("math: not settled by probing" + (f" ({found.witness})" if found.witness else ""))


def equations(response: Value, reference: Value) -> Comparison:
    """Compare equations up to a factor, and inequalities side by side; a bare formula is no equation."""
    if isinstance(response, Inequality) and isinstance(reference, Inequality):
        return _inequalities(response, reference)
    if not isinstance(response, Equation) or not isinstance(reference, Equation):
        return _solution(response, reference)
    return proportional(_difference(response), _difference(reference))


def _solution(response: Value, reference: Value) -> Comparison:
    """Compare an equation with a formula that solves it for the one variable that the formula lacks."""
    equation, value = (response, reference) if isinstance(response, Equation) else (reference, response)
    node = node_of(value)
    if not isinstance(equation, Equation) or node is None:
        return undecided("an equation against another kind of value")
    gap = _difference(equation)
    lacking = variables(gap) - variables(node)
    if len(lacking) == 1 and variables(node) < variables(gap):
        (name,) = lacking
        zero, one, two = (substitute(gap, {name: Num(Fraction(n))}) for n in (0, 1, 2))
        linear = same(Apply("add", (zero, two)), Apply("mul", (Num(Fraction(2)), one))).same
        if linear and same(one, zero).same is False and same(substitute(gap, {name: node}), Num(Fraction(0))).same:
            return correct("tested", f"equation: solved for {name}")
    return undecided("an equation against a formula")


def _difference(equation: Equation) -> Node:
    return Apply("add", (equation.left, Apply("neg", (equation.right,))))


def proportional(one: Node, other: Node) -> Comparison:
    """Whether two formulas are constant multiples of each other, that is, the equations with 0 the same."""
    names = tuple(sorted(variables(one) | variables(other)))
    if variables(one) != variables(other) or not names:
        return undecided("equations in other variables")
    direct = _from_sameness(same(one, other))
    if direct.outcome == "correct":
        return direct
    for point in rational_points(names):
        for factor in _factors(one, other, point):
            scaled = same(Apply("mul", (one, factor[1])), Apply("mul", (other, factor[0])))
            if scaled.same:
                return correct("tested", "equation: equal up to a factor")
            if scaled.same is False:
                polynomial = exact(one, point) is not None and exact(other, point) is not None
                if polynomial and _degree(one, names) == _degree(other, names):
                    return incorrect("counterexample", f"equation: they differ, {scaled.witness}", scaled.witness)
            return undecided("equation: not a constant multiple; they may still have the same solutions")
    return undecided("equation: not settled by probing")


def _factors(one: Node, other: Node, point: dict[str, Fraction]) -> list[tuple[Node, Node]]:
    top, bottom = exact(one, point), exact(other, point)
    if top is not None and bottom is not None and top and bottom:
        return [(Num(top), Num(bottom))]
    at = {name: Num(Fraction(value.numerator % 7 + 2, 3)) for name, value in point.items()}
    left, right = substitute(one, dict(at)), substitute(other, dict(at))
    try:
        if abs(precise(50).value(left, {})) > 1e-20 and abs(precise(50).value(right, {})) > 1e-20:
            return [(left, right)]
    except (Undefined, TypeError):
        pass
    return []


def _degree(node: Node, names: tuple[str, ...]) -> int:
    """Return the growth of a rational formula along a random line, which is its degree."""
    large = [
        exact(node, {name: Fraction(1000 + n) ** 4 * scale for n, name in enumerate(names)}) for scale in (1, 2**40)
    ]
    if None in large or not large[0] or not large[1]:
        return -99
    ratio = abs(large[1] / large[0])
    return round((ratio.numerator.bit_length() - ratio.denominator.bit_length()) / 40)


def _inequalities(response: Inequality, reference: Inequality) -> Comparison:
    flip = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}
    chains = [(response.nodes, response.relations)]
    chains.append((response.nodes[::-1], tuple(flip[relation] for relation in response.relations[::-1])))
    for nodes, relations in chains:
        if relations == reference.relations:
            found = [same(one, other).same for one, other in zip(nodes, reference.nodes, strict=True)]
            if all(found):
                return correct("tested", "inequality: the same on every side")
    return undecided("inequality: not the same side by side")


def substitute(node: Node, names: dict[str, Node]) -> Node:
    """Return the node with variables replaced."""
    if isinstance(node, Sym):
        return names.get(node.name, node)
    if isinstance(node, Num):
        return node
    return Apply(node.op, tuple(substitute(arg, names) for arg in node.args))


def families(response: Value, reference: Value, compare: Compare) -> Comparison:
    """Compare families, with the parameters of one renamed to those of the other."""
    if not isinstance(response, Family) or not isinstance(reference, Family):
        inner = [value.value if isinstance(value, Family) else value for value in (response, reference)]
        found = compare(inner[0], inner[1])
        return found if found.outcome == "correct" else undecided("a family against a single value")
    if len(response.parameters) != len(reference.parameters) or len(reference.parameters) > 3:
        return undecided("other numbers of parameters")
    for order in permutations(reference.parameters):
        renamed = rename(response.value, dict(zip(response.parameters, order, strict=True)))
        found = compare(renamed, reference.value)
        if found.outcome == "correct":
            return found
    return undecided("families that differ; another parametrisation may be meant")


def rename(value: Value, names: dict[str, str]) -> Value:
    """Return the value with variables renamed, wherever it holds formulas."""
    from judge_evaluators.answer.reading.values import Labelled, ListOf, SetOf, TupleOf

    table: dict[str, Node] = {old: Sym(new) for old, new in names.items()}
    match value:
        case Expression():
            return Expression(substitute(value.node, table))
        case Equation():
            return Equation(substitute(value.left, table), substitute(value.right, table))
        case ListOf() | SetOf():
            return type(value)(tuple(rename(item, names) for item in value.items))
        case TupleOf():
            return TupleOf(tuple(rename(item, names) for item in value.items), value.brackets)
        case Labelled():
            return Labelled(value.names, tuple(rename(item, names) for item in value.items))
    return value

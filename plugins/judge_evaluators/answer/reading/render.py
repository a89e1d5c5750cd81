"""A value back to text: in one spelling for each value, which reads as that value again.

The spelling is LaTeX with every grouping written out. What a value does not keep (the spelling of a unit, thousands
commas, the brackets of a matrix) comes out in one way. A unit is written by its name and an option by its letter.
"""

from __future__ import annotations

from fractions import Fraction

from judge_evaluators.answer.reading.values import (
    Apply,
    Boolean,
    Choice,
    Date,
    Equation,
    Expression,
    Family,
    Inequality,
    Interval,
    Labelled,
    ListOf,
    Matrix,
    Node,
    Num,
    Number,
    Quantity,
    SetOf,
    Span,
    Sym,
    Text,
    Time,
    TupleOf,
    Value,
)

_NAMED = {"pi": r"\pi", "oo": r"\infty"}
_AROUND = {"abs": (r"\left|", r"\right|"), "floor": (r"\lfloor", r"\rfloor"), "ceil": (r"\lceil", r"\rceil")}
_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_AFTER = {"factorial": "!", "degree": r"^{\circ}"}


def render(value: Value) -> str:
    r"""Return a text that reads as the value. Raises ValueError for an integer of more than 4,300 digits.

    A lone capital that was read as a variable comes out as what would be read as an option.

    >>> from judge_evaluators.answer.reading.parse import parse
    >>> [render(parse(text)) for text in ("x = 0.50", "3 1/2 km", "1<x<=2", "3 pm")]
    ['x = 0.50', '\\frac{7}{2} km', '1 < x \\le 2', '3:00 pm']
    """
    match value:
        case Number():
            return _number(value)
        case Expression(node):
            return _node(node)
        case Quantity(inner, unit):
            return f"{_inner(inner)} {unit.name}" if unit.name != "₰" else f"{_inner(inner)} dollars"
        case Equation(left, right):
            return f"{_node(left)} = {_node(right)}"
        case Inequality(nodes, relations):
            pairs = zip(relations, nodes[1:], strict=True)
            return _node(nodes[0]) + "".join(f" {relation} {_node(node)}" for relation, node in pairs)
        case Interval((Span(low, high, left, right),), ()) if low is not None and high is not None and low != high:
            return f"{_node(low)} {_below(left)} x {_below(right)} {_node(high)}"
        case Interval(spans, without):
            taken = f" \\setminus \\{{{', '.join(map(_node, without))}\\}}" if without else ""
            return r"x \in " + r" \cup ".join(map(_span, spans)) + taken
        case SetOf(items):
            return rf"\{{{_row(items)}\}}"
        case TupleOf(items, brackets):
            return ":".join(map(_inner, items)) if brackets == "::" else f"{brackets[0]}{_row(items)}{brackets[1]}"
        case ListOf(items):
            return _row(items)
        case Labelled(names, items):
            return ", ".join(f"{name} = {_inner(item)}" for name, item in zip(names, items, strict=True))
        case Matrix(rows):
            body = r" \\ ".join(" & ".join(map(_inner, row)) for row in rows)
            return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"
        case Family(inner, parameters):
            return rf"{render(inner)}, {', '.join(parameters)} \in \mathbb{{Z}}"
        case _:
            return _plainly(value)


def _plainly(value: Value) -> str:
    match value:
        case Date(year, month, day):
            return " ".join(str(part) for part in (month and _MONTHS[month - 1], day, year) if part is not None)
        case Time(seconds):
            hour, rest = divmod(seconds, 3600)
            exactly = f"{rest // 60:02d}:{rest % 60:02d}" if rest % 60 else f"{rest // 60:02d}"
            return f"{(hour - 1) % 12 + 1}:{exactly} {'am' if hour < 12 else 'pm'}"
        case Choice(letter, text):
            return f"({letter}) {text}".strip()
        case Boolean(truth):
            return "True" if truth else "False"
        case Text(text):
            return text
    return value.source


def _row(items: tuple[Value, ...]) -> str:
    return ", ".join(map(_inner, items))


def _inner(value: Value) -> str:
    """Return a part of a value; a list in a list needs brackets of its own."""
    return f"({render(value)})" if isinstance(value, ListOf | Labelled) else render(value)


def _number(value: Number) -> str:
    if value.form == "percent":
        return f"{_decimal(value.value * 100, max(0, value.decimals - 2))}\\%"
    if value.form == "decimal":
        return _decimal(value.value, value.decimals)
    return _fraction(value.value)


def _decimal(value: Fraction, decimals: int) -> str:
    """Return a decimal with so many digits after the point; fewer than none is an exponent."""
    if decimals < 0:
        return f"{value / Fraction(10) ** -decimals}e{-decimals}"
    digits = str(abs(int(value * 10**decimals))).rjust(decimals + 1, "0")
    point = f".{digits[-decimals:]}" if decimals else ""
    return ("-" if value < 0 else "") + digits[: len(digits) - decimals] + point


def _fraction(value: Fraction) -> str:
    sign = "-" if value < 0 else ""
    if value.denominator == 1:
        return f"{sign}{abs(value.numerator)}"
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def _below(closed: bool) -> str:
    return r"\le" if closed else "<"


def _span(span: Span) -> str:
    if span.low is not None and span.low == span.high:
        return rf"\{{{_node(span.low)}\}}"
    low = r"-\infty" if span.low is None else _node(span.low)
    high = r"\infty" if span.high is None else _node(span.high)
    return f"{'[' if span.low_closed else '('}{low}, {high}{']' if span.high_closed else ')'}"


def _node(node: Node) -> str:
    match node:
        case Num():
            return _literal(node)
        case Sym(name):
            return _symbol(name)
        case Apply("add", (first, *others)):
            return _term(first) + "".join(f" + {_term(node)}" for node in others).replace(" + -", " - ")
        case Apply("neg", (_,)):
            return _term(node)
        case Apply("mul", (first, *others)):
            # A product of products is read from the left, so that only those on the right need brackets.
            left = _node(first) if isinstance(first, Apply) and first.op == "mul" else _factor(first)
            return r" \cdot ".join([left, *map(_factor, others)])
        case Apply("div", (top, bottom)):
            return rf"\frac{{{_node(top)}}}{{{_node(bottom)}}}"
        case Apply("pow", (base, exponent)):
            return f"{_factor(base, base=True)}^{{{_node(exponent)}}}"
        case Apply("sqrt", (only,)):
            return rf"\sqrt{{{_node(only)}}}"
        case Apply("root", (only, index)):
            return rf"\sqrt[{_node(index)}]{{{_node(only)}}}"
        case Apply("binom", (top, bottom)):
            return rf"\binom{{{_node(top)}}}{{{_node(bottom)}}}"
        case Apply("log", (only, base)):
            return rf"\log_{{{_node(base)}}}({_node(only)})"
        case Apply(op, (only,)) if op in _AROUND:
            return f"{_AROUND[op][0]} {_node(only)} {_AROUND[op][1]}"
        case Apply(op, (only,)) if op in _AFTER:
            return f"{_factor(only, base=True)}{_AFTER[op]}"
        case Apply(op, args):
            return f"{op.removeprefix('call:')}({', '.join(map(_node, args))})"


def _term(node: Node) -> str:
    """Return one term of a sum, with its sign."""
    if isinstance(node, Apply) and node.op == "neg":
        inner = node.args[0]
        loose = isinstance(inner, Apply) and inner.op == "mul"
        return f"-{_node(inner) if loose else _factor(inner)}"
    return _node(node) if isinstance(node, Apply) and node.op == "mul" else _factor(node)


def _factor(node: Node, *, base: bool = False) -> str:
    """Return a node in brackets, unless it holds together by itself."""
    closed = isinstance(node, Sym) or (isinstance(node, Num) and node.value >= 0 and not (base and node.percent))
    if isinstance(node, Apply) and not base:
        closed = node.op in ("div", "pow", "sqrt", "root", "binom", "log", *_AROUND) or node.op.startswith("call:")
    return _node(node) if closed else f"({_node(node)})"


def _literal(node: Num) -> str:
    if node.percent:
        return f"{_decimal(node.value * 100, max(0, (node.decimals or 0) - 2))}\\%"
    return _fraction(node.value) if node.decimals is None else _decimal(node.value, node.decimals)


def _symbol(name: str) -> str:
    if name in _NAMED:
        return _NAMED[name]
    letter, underscore, index = name.partition("_")
    primes = "'" * (name.count("'") + name.count("′"))
    letter, index = letter.rstrip("'′"), index.rstrip("'′")
    letter = f"\\{letter}" if len(letter) > 1 else letter
    return letter + (f"_{{{index}}}" if underscore else "") + primes

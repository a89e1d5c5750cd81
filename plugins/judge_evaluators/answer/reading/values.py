"""What an answer can be, once read: one frozen record a type, and the nodes of an expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Form = Literal["integer", "decimal", "fraction", "percent", "words"]


def count_digits(value: Fraction) -> int:
    """Return about how many digits the numerator has, at no cost for large ones."""
    bits = value.numerator.bit_length()
    return len(str(abs(value.numerator))) if bits < 100 else round(bits * 0.30103)


@dataclass(frozen=True, slots=True)
class Num:
    """A literal. `decimals` is the number of digits after the point, None for what was written exactly."""

    value: Fraction
    decimals: int | None = None
    digits: int = 0
    percent: bool = False
    grouped: str = ""


@dataclass(frozen=True, slots=True)
class Sym:
    """A variable, or one of the constants `pi`, `e`, `i` and `oo`."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function on nodes: add, mul, div, neg, pow, sqrt, sin, …, or `call:f` for an unknown f."""

    op: str
    args: tuple[Node, ...]


Node = Num | Sym | Apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The common part: the text it was read from, which is never compared as a value."""

    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Number(Value):
    """A rational as it was written. `decimals` and `digits` say how precisely a decimal was stated."""

    value: Fraction
    form: Form = "integer"
    decimals: int = 0
    digits: int = 0
    grouped: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Expression(Value):
    """A formula without a relation; constants such as sqrt(2) included."""

    node: Node


@dataclass(frozen=True, slots=True)
class Equation(Value):
    """left = right, where the left side is no mere label."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Inequality(Value):
    """A chain of nodes with the relations between them, that is no interval of one variable."""

    nodes: tuple[Node, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """One interval; an end that is None is infinite, and a point has two equal closed ends."""

    low: Node | None
    high: Node | None
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Interval(Value):
    """A union of spans, with points that were taken out."""

    spans: tuple[Span, ...]
    without: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class SetOf(Value):
    """A set in braces; order and repetition do not matter."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class TupleOf(Value):
    """Values in brackets, in order; two of them may also be meant as an interval (see `brackets`)."""

    items: tuple[Value, ...]
    brackets: str = "()"


@dataclass(frozen=True, slots=True)
class ListOf(Value):
    """Values separated by commas, `and` or `or`, without brackets; order does not matter."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Labelled(Value):
    """`x = 1, y = 2`: names with their values, in the order written."""

    names: tuple[str, ...]
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Matrix(Value):
    """Rows of values, all of one length."""

    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a factor and powers of base units; a counted noun (`goats`) has only its name."""

    name: str
    factor: Fraction = Fraction(1)
    dimension: tuple[tuple[str, int], ...] = ()
    offset: Fraction = Fraction(0)
    noun: bool = False


@dataclass(frozen=True, slots=True)
class Quantity(Value):
    """A value with a unit. `otherwise` is the reading as a formula, where `5 m` may be five times m."""

    value: Value
    unit: Unit
    otherwise: Expression | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Family(Value):
    """A value with free integer parameters, as in `x = k pi, k in Z`."""

    value: Value
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Date(Value):
    """A calendar date; a part that was not given is None."""

    year: int | None
    month: int | None = None
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Time(Value):
    """A time of day, in seconds after midnight."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Choice(Value):
    """An option by its letter, with its text if that was given."""

    letter: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Boolean(Value):
    """Yes or true, no or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class Text(Value):
    """What no other type reads."""

    text: str


CONSTANTS = frozenset({"pi", "e", "i", "oo"})


def symbols(node: Node) -> frozenset[str]:
    """Return the names in a node, constants included."""
    if isinstance(node, Sym):
        return frozenset({node.name})
    if isinstance(node, Num):
        return frozenset()
    found: frozenset[str] = frozenset()
    for arg in node.args:
        found |= symbols(arg)
    return found


def variables(node: Node) -> frozenset[str]:
    """Return the names in a node that are no constants."""
    return symbols(node) - CONSTANTS


def every(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Yield all nodes below these, and themselves."""
    for node in nodes:
        yield node
        if isinstance(node, Apply):
            yield from every(node.args)

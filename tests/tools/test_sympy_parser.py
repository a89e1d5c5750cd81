"""The parser of the tool `sympy`: hostile texts, bounds, trees, and that no text raises anything but ToolError."""

import json
import re
import string
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from judge_tools.algebra import Sympy
from judge_tools.algebra.cursor import Reading
from judge_tools.algebra.grammar import parse
from judge_tools.algebra.names import CONSTANTS, FUNCTIONS
from judge_tools.algebra.tree import Node, every, free, show

from judge import ToolError

CASES = Path(__file__).parent.parent / "cases" / "sympy_hostile.jsonl"
HOSTILE: list[dict[str, str]] = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
TOOL = Sympy(seconds=2)
OPS = {"num", "sym", "const", "add", "mul", "inv", "neg", "pow", "fn", "call", "rel", "chain", "set", "list", "tuple",
       "matrix", "row", "int", "diff", "sum", "prod", "lim"}  # fmt: skip
NAMES = st.sampled_from([*FUNCTIONS, *CONSTANTS, "Matrix", "Sum", "diff", "x", "y", "alpha", "os", "eval", "__class__"])
SIGNS = list("()[]{}^_|,;=<>+-*/!.'\"\\&%$: 0123456789xyzeidn√½²₁∫∑π≤")
COMMANDS = (
    r"\frac \sqrt \int_ \sum_{k=1}^ \lim_{x\to \begin{pmatrix} \end{pmatrix} \\ \left( \right) \pm \sin dx \{ \} \binom"
    r" \frac{d}{dx} ** 1e9 1,000 \in"
)
MARKS = st.sampled_from([*SIGNS, *re.split(" ", COMMANDS)])
JUMBLES = st.lists(st.one_of(MARKS, NAMES), max_size=60).map("".join)


def read(text: str) -> Node | None:
    """The tree of a text, or None where it is refused; anything else that is raised fails the test."""
    try:
        return parse(text).node
    except ToolError as error:
        assert str(error)
        return None


@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: f"{row['family']} {row['text'][:30]!a}")
def test_a_hostile_text_is_refused_or_is_harmless_mathematics(row: dict[str, str]) -> None:
    node = read(row["text"])
    if node is not None:
        assert_closed(node)


def assert_closed(node: Node) -> None:
    """What crosses into the sandbox holds nothing but operators, numbers and names of closed lists."""
    letters = set(string.ascii_letters + string.digits + "_")
    for part in every(node):
        assert part.op in OPS
        if part.op == "num":
            assert set(part.text) <= set(string.digits + ".e-")
        elif part.op == "fn":
            assert part.text in FUNCTIONS
        elif part.op == "const":
            assert part.text in CONSTANTS.values()
        elif part.op == "call":
            assert part.text in set("fghFGH")
        elif part.op == "sym":
            assert set(part.text) <= letters
            assert "__" not in part.text
            assert len(part.text) <= 24


RUNS = [row["text"] for row in HOSTILE if read(row["text"]) is not None]


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", RUNS, ids=lambda text: f"{text[:40]!a}")
def test_what_is_read_of_the_hostile_texts_never_differs_from_itself(text: str) -> None:
    try:
        said = TOOL.run(TOOL.Arguments(operation="equal", expression=text, other=text))
    except ToolError as error:
        assert str(error)
        return
    assert said.startswith(("yes", "unknown"))


def test_hostile_texts_are_refused_in_every_field() -> None:
    text = "__import__('os').system('id')"
    for fields in (
        {"operation": "equal", "expression": "x", "other": text},
        {"operation": "diff", "expression": "x", "variable": text},
        {"operation": "limit", "expression": "x", "point": text},
        {"operation": "integrate", "expression": "x", "lower": text, "upper": "1"},
        {"operation": "integrate", "expression": "x", "lower": "1", "upper": text},
        {"operation": "substitute", "expression": "x", "other": f"x = {text}"},
        {"operation": "evaluate", "expression": text},
    ):
        with pytest.raises(ToolError, match="position"):
            TOOL.run(TOOL.Arguments.model_validate(fields))


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("evaluate", r"\sum_{k=1}^{10^9} 1/k"),
        ("evaluate", r"\prod_{k=1}^{10^7} k"),
        ("factor", "2^{521}-3"),
    ],
)
def test_what_only_grows_while_it_is_worked_out_ends_in_unknown(operation: str, text: str) -> None:
    assert TOOL.run(TOOL.Arguments.model_validate({"operation": operation, "expression": text})).startswith("unknown: ")


@pytest.mark.exhaustive
@settings(max_examples=1500, deadline=None)
@given(st.one_of(st.text(max_size=120), JUMBLES))
@example("(" * 2000)
@example("\\frac{" * 300)
@example("sin " * 500)
@example("x^" * 900)
@example("\ud800")
@example("\\int \\frac{dx}{" * 100)
def test_no_text_raises_anything_but_a_tool_error(text: str) -> None:
    node = read(text)
    if node is not None:
        assert_closed(node)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60), st.text(max_size=30))
def test_no_text_in_any_field_raises_anything_but_a_tool_error(one: str, other: str) -> None:
    for fields in (
        {"operation": "diff", "expression": "x + y", "variable": one or "?"},
        {"operation": "limit", "expression": "#", "point": one, "variable": other},
        {"operation": "equal", "expression": "#", "other": one},
    ):
        with pytest.raises(ToolError):
            TOOL.run(TOOL.Arguments.model_validate(fields | ({"order": 99} if fields["operation"] == "diff" else {})))


ATOMS = st.sampled_from(["1", "2", "7", "x", "y", "pi", "alpha"])
TREES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
        inner.map(lambda one: f"sin({one})"),
        inner.map(lambda one: f"({one})**2"),
        inner.map(lambda one: f"sqrt({one})"),
    ),
    max_leaves=8,
)


@given(TREES)
def test_what_is_shown_is_read_again_as_the_same(text: str) -> None:
    node = parse(text).node
    again = parse(show(node)).node
    assert show(again) == show(node)
    assert value(again) == value(node)


def value(node: Node) -> Fraction | None:
    """A value that differs where trees mean different things; functions are stood in for by other functions."""
    args = [value(arg) for arg in node.args]
    known = [arg for arg in args if arg is not None]
    if node.op == "num":
        return Fraction(node.text)
    if not args:
        return {"x": Fraction(5, 7), "y": Fraction(-11, 3), "pi": Fraction(22, 7), "alpha": Fraction(3)}[node.text]
    if len(known) < len(args) or (node.op == "inv" and known[0] == 0):
        return None
    if node.op in ("add", "mul"):
        return sum(known) + Fraction(0) if node.op == "add" else prod(known, start=Fraction(1))
    if node.op in ("neg", "inv"):
        return -known[0] if node.op == "neg" else 1 / known[0]
    if node.op == "pow":
        return known[0] ** int(known[1])
    return known[0] * 3 + 1 if node.text == "sin" else known[0] * 5 - 2


SPELLINGS: list[tuple[str, str]] = [
    ("2x^2 = 8", "2*x**2 = 8"),
    (r"\frac12x", "1/2*x"),
    ("1/2x", "1/2*x"),
    ("2(1/3)", "2*(1/3)"),
    (r"2\frac{1}{3}", "2 + 1/3"),
    ("-x^2", "-x**2"),
    ("2^-1", "2**(-1)"),
    ("2**3**2", "2**(3**2)"),
    ("a/b*c", "a/b*c"),
    (r"\sin^2 x + \cos^2 x", "sin(x)**2 + cos(x)**2"),
    (r"\sin^{-1} x", "asin(x)"),
    ("sin 2x cos x", "sin(2*x)*cos(x)"),
    (r"\log_{10}(x)", "log(x, 10)"),
    (r"\int_0^1 x^2 \, dx + 1", "Integral(x**2, (x, 0, 1)) + 1"),
    (r"\int \frac{x\,dx}{x^2+1}", "Integral(x/(x**2 + 1), x)"),
    (r"\sum_{i=1}^n i", "Sum(i, (i, 1, n))"),
    (r"\lim_{x \to 0^+} \frac{\sin x}{x}", "Limit(sin(x)/x, x, 0, +)"),
    (r"\frac{d^2}{dx^2}(x^3)", "Derivative(x**3, x, 2)"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "Matrix([[1, 2], [3, 4]])"),
    ("x = 1 or x = 2", "{x = 1, x = 2}"),
    (r"x = \pm 2", "{x = 2, x = -2}"),
    ("|x||y|", "abs(x)*abs(y)"),
    ("Rational(1, 2)*x", "1/2*x"),
    ("S(1)/2", "1/2"),
    ("N(N+1)/2", "N*(N + 1)/2"),
    ("x₁ + x1 + x_{1}", "x_1 + x_1 + x_1"),
    ("gcd(12,345)", "gcd(12, 345)"),
    ("1,234", "1234"),
    ("ｓｉｎ(x)", "sin(x)"),
    ("f(x+1)", "f(x + 1)"),
    ("lambda + 1", "lambda + 1"),
]


@pytest.mark.parametrize(("text", "shown"), SPELLINGS)
def test_the_table_of_spellings(text: str, shown: str) -> None:
    assert show(parse(text).node) == shown


@pytest.mark.parametrize(
    ("text", "doubt", "otherwise"),
    [
        ("1/2x", "tight", "1/(2*x)"),
        ("sin x/2", "tight", "sin(x/2)"),
        ("log x", "log10", "log(x, 10)"),
        ("2e-3", "plain", "2*E - 3"),
        ("100,200", "plain", "{100, 200}"),
    ],
)
def test_an_ambiguous_spelling_is_reported_and_can_be_read_the_other_way(text: str, doubt: str, otherwise: str) -> None:
    assert parse(text).doubts == {doubt}
    assert show(parse(text, Reading().otherwise(doubt)).node) == otherwise


@pytest.mark.parametrize(
    ("text", "place"), [("x + #", 5), ("x + y)", 6), ("½ + ?", 5), ("x² + ²", 6), ("1 + fooo", 5), ("αβ + ж", 6)]
)
def test_an_error_names_the_position_in_the_text_as_it_was_given(text: str, place: int) -> None:
    with pytest.raises(ToolError, match=rf"position {place}\b"):
        parse(text)


def test_named_variables_win_over_constants() -> None:
    assert free(parse("e + i + E").node) == frozenset()
    assert free(parse("e + i + E", Reading(symbols=frozenset("eiE"))).node) == {"e", "i", "E"}


def test_the_schema_is_flat_and_says_what_each_field_is_for() -> None:
    schema: dict[str, Any] = TOOL.Arguments.model_json_schema()
    assert schema["required"] == ["operation", "expression"]
    assert "$defs" not in schema
    assert all(field["description"] for field in schema["properties"].values())

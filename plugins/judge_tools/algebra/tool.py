"""The tool ``sympy``: what a model may ask, checked and parsed here, worked out in the sandbox."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from judge import Serving, Tool, ToolError
from judge.sandbox import Failed, Limits, Program
from judge.types import Record
from judge_tools.algebra.bounds import check_size
from judge_tools.algebra.cursor import Reading
from judge_tools.algebra.grammar import Parsed, parse
from judge_tools.algebra.tree import Node, free, show, substitute

Operation = Literal[
    "equal", "evaluate", "simplify", "solve", "substitute", "expand", "factor", "together", "apart", "diff",
    "integrate", "limit", "series", "sum", "product", "det", "inverse", "rank", "eigenvalues",
]  # fmt: skip

_ONE_VARIABLE = frozenset({"apart", "diff", "integrate", "limit", "series", "sum", "product"})
_SECONDS = 4.0
_MAX_ORDER = 20
_DOUBTS = {
    "tight": "1/2x read as 1/(2x), sin x/2 as sin(x/2)",
    "log10": "log read as the logarithm to base 10",
    "plain": "2e-3 read as 2*e - 3, 1,234 as two numbers",
}


class Arguments(BaseModel):
    """What to work out. Fields that an operation does not need stay empty."""

    operation: Operation = Field(description="what to do with the expression")
    expression: str = Field(
        description="LaTeX or plain math, such as \\frac{x^2-1}{x-1}, 2x = 4, sqrt(2)/2, {1, 2}, Matrix([[1,2],[3,4]])"
    )
    other: str = Field(
        default="", description="equal: what to compare with; substitute: the values, such as x = 2, y = 1/3"
    )
    variable: str = Field(
        default="", description="the variable, where there are several: x; for a system: x, y", examples=["x"]
    )
    point: str = Field(default="", description="limit, series: where, such as 0, 0+, 0-, oo")
    lower: str = Field(default="", description="integrate, sum, product: the lower bound, if there is one")
    upper: str = Field(default="", description="integrate, sum, product: the upper bound, if there is one")
    order: int = Field(default=0, description="diff: how often (0: once); series: how many powers (0: six)")
    assume: Literal["", "complex", "real", "positive", "integer"] = Field(
        default="", description="what all variables are known to be; empty: nothing is known"
    )


class Sympy(Tool):
    """Does algebra for a judge: exactly, in the sandbox, and never as a guess."""

    name = "sympy"
    description = (
        "Exact algebra: check whether two expressions, equations, solution lists or matrices are equal; solve, "
        "simplify, evaluate, differentiate, integrate, take limits and sums. Not for units, dates, words or programs. "
        'Example: {"operation": "equal", "expression": "\\\\frac{x^2-1}{x-1}", "other": "x+1"}. '
        "'equal' answers yes (proved), no (with a point where they differ) or unknown; unknown, and a time limit, say "
        "nothing against an answer. Variables are single letters, Greek letters or x_1; log is natural, e and E are "
        "Euler's number, i and I the imaginary unit, unless 'variable' names them. What cannot be read is answered "
        "with its position: write it differently and call again."
    )
    Arguments = Arguments
    serving = Serving("Exact algebra", sandboxed=True)

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._seconds = seconds  # of processor time for one question; twice that on the clock

    def run(self, arguments: BaseModel, /) -> str:
        """Return the result, or "unknown: …" where none was found in time. Raises ToolError for a call to mend."""
        assert isinstance(arguments, Arguments)
        names = _names(arguments.variable)
        reading = Reading(symbols=frozenset(names))
        parsed = _parsed("expression", arguments.expression, reading)
        if arguments.operation == "equal":
            return _equal(arguments, parsed, reading, self._seconds)
        request = _request(arguments, parsed.node, names, reading)
        return f"{_work(request, self._seconds)}\n(read as: {show(parsed.node)})"


def _names(text: str) -> list[str]:
    """Return the names of the variables that were given. Raises ToolError."""
    found = []
    for part in text.replace(" ", ",").split(",") if len(text) <= 200 else [text]:
        if part:
            bare = part.strip("\\$")
            reading = Reading(symbols=frozenset({bare} if bare.isascii() and bare.isalpha() and len(bare) == 1 else ()))
            node = _parsed("variable", part, reading).node
            if node.op != "sym":
                raise ToolError(f"variable: {part[:40]!r} is not a variable: write a letter such as x")
            found.append(node.text)
    return found


def _parsed(field: str, text: str, reading: Reading) -> Parsed:
    if not text.strip():
        raise ToolError(f"{field}: it is missing")
    try:
        return parse(text, reading)
    except ToolError as error:
        raise ToolError(f"{field}: {error}") from None


def _equal(arguments: Arguments, parsed: Parsed, reading: Reading, seconds: float) -> str:
    """Compare, and take a `no` back where another custom of reading makes the two equal."""
    other = _parsed("other", arguments.other, reading)
    shown = f"\n(read as: {show(parsed.node)} and {show(other.node)})"

    def compare(one: Node, two: Node, seconds: float) -> str:
        request = {"operation": "equal", "expression": one.data(), "other": two.data(), "assume": arguments.assume}
        return _work(request, seconds)

    found = compare(parsed.node, other.node, seconds)
    doubts = sorted(parsed.doubts | other.doubts)
    if not found.startswith("no"):
        return found + shown
    for doubt in doubts:
        again = reading.otherwise(doubt)
        try:
            one, two = parse(arguments.expression, again).node, parse(arguments.other, again).node
        except ToolError:
            continue
        second = compare(one, two, seconds / 3)
        if not second.startswith("no"):
            return f"unknown: it depends on the reading. With {_DOUBTS[doubt]}: {second}. As read below: {found}{shown}"
    return found + shown


def _request(arguments: Arguments, node: Node, names: list[str], reading: Reading) -> dict[str, Any]:
    """Return what goes into the sandbox. Raises ToolError for a field that is missing or does not fit."""
    operation = arguments.operation
    request: dict[str, Any] = {"operation": operation, "assume": arguments.assume, "side": ""}
    if operation == "substitute":
        node = _substituted(node, _parsed("other", arguments.other, reading).node)
    if node.op in ("rel", "chain", "set", "list", "tuple") and operation != "solve":
        what = "an equation" if node.op == "rel" else "several values"
        raise ToolError(f"expression: {operation} takes one expression, not {what}; use solve or equal")
    request["expression"] = node.data()
    request["variables"] = _variables(operation, node, names)
    if not 0 <= arguments.order <= _MAX_ORDER:
        raise ToolError(f"order: it has to be from 0 to {_MAX_ORDER}")
    request["order"] = arguments.order
    if operation in ("limit", "series"):
        _add_point(request, arguments, reading)
    if operation in ("sum", "product") or (operation == "integrate" and (arguments.lower or arguments.upper)):
        for field in ("lower", "upper"):
            request[field] = _parsed(field, getattr(arguments, field), reading).node.data()
    return request


def _variables(operation: str, node: Node, names: list[str]) -> list[str]:
    """Return the variables to work with: those named, or the only ones there are. Raises ToolError."""
    if operation != "solve" and operation not in _ONE_VARIABLE:
        return names
    have = sorted(free(node))
    if operation == "solve" and node.op in ("set", "list") and not names:
        names = have
    if not names and len(have) != 1:
        which = f"the expression has {', '.join(have)}" if have else "the expression has none"
        raise ToolError(f"variable: say which one ({which})")
    if operation in _ONE_VARIABLE and len(names) > 1:
        raise ToolError(f"variable: {operation} takes one variable")
    return names or have


def _add_point(request: dict[str, Any], arguments: Arguments, reading: Reading) -> None:
    text = arguments.point.strip()
    if request["operation"] == "limit" and text[-1:] in ("+", "-"):
        text, request["side"] = text[:-1].rstrip("^ "), text[-1]
    if text or request["operation"] == "limit":
        request["point"] = _parsed("point", text, reading).node.data()


def _substituted(node: Node, given: Node) -> Node:
    """Put values in before anything is worked out, so that the size of numbers is bounded. Raises ToolError."""
    values: dict[str, Node] = {}
    for pair in given.args if given.op in ("set", "list") else (given,):
        if pair.op != "rel" or pair.text != "=" or pair.args[0].op != "sym":
            raise ToolError("other: substitute takes values such as x = 2, y = 1/3")
        if values.setdefault(pair.args[0].text, pair.args[1]) is not pair.args[1]:
            raise ToolError(f"other: {pair.args[0].text} is given twice")
    try:
        node = substitute(node, values)
    except ValueError as error:
        raise ToolError(f"other: {error} is the variable of an integral, sum, limit or derivative") from None
    check_size(node)
    return node


class _Said(Record):
    """What comes out of the sandbox: the text of an answer, or what is wrong with the question."""

    text: str = ""
    error: str = ""


_INSIDE = "judge_tools.algebra.inside"
_ALGEBRA = Program(f"{_INSIDE}.main:start", answers=_Said, ships=(_INSIDE,), loads=("sympy",))


def _work(request: dict[str, Any], seconds: float) -> str:
    """Return what the sandbox says to a request; what it did not finish is unknown. Raises ToolError."""
    found = _ALGEBRA.ask(request, limits=Limits(seconds=2 * seconds, cpu_seconds=seconds))
    if not isinstance(found, Failed):
        said = found
    elif found.partial is not None:
        said = found.partial  # known before the end
    else:
        return _unfinished(found)
    if said.error:
        raise ToolError(said.error)
    return said.text


def _unfinished(failed: Failed[_Said]) -> str:
    if failed.cause == "sandbox":
        raise ToolError(f"algebra cannot be done here: {failed.message}")
    if failed.cause == "error":
        raise ToolError(failed.sentence("the algebra"))
    what = "in the time allowed" if failed.cause in ("time", "cpu") else f"within its limit ({failed.cause})"
    return f"unknown: it could not be worked out {what}; this says nothing about the answer"

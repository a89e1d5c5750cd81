"""No cheat gives the values that are expected; what honest candidates compute arrives exactly as it is.

What a candidate can still do is to compute the right value in a way that its author did not mean, or to know it by
heart: that no sandbox sees.
"""

from __future__ import annotations

import math
import textwrap
from typing import Any

import pytest
from cheats import CHEATS, HONEST

from judge.sandbox import Limits, MiB, Result, Sandbox

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

INPUTS = [(10,), (7,), (20,)]
EXPECTED = [285, 91, 2470]
LIMITS = Limits(seconds=3, cpu_seconds=2, memory_bytes=128 * MiB)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    return bool(one == other) or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


@pytest.mark.parametrize("name", CHEATS)
def test_no_cheat_gives_what_is_expected(sandbox: Sandbox, name: str) -> None:
    results = sandbox.apply(textwrap.dedent(CHEATS[name]), INPUTS, limits=LIMITS)
    assert len(results) == len(INPUTS)
    for result, expected in zip(results, EXPECTED, strict=True):
        assert not same(result.value, expected), result
        assert type(result.value) in (type(None), bool, int, float, str, list, bytes), result


def test_there_are_the_eleven_and_more() -> None:
    assert len(CHEATS) >= 30


def test_control_an_honest_candidate_passes(sandbox: Sandbox) -> None:
    assert [result.value for result in sandbox.apply(HONEST, INPUTS)] == EXPECTED


@pytest.mark.parametrize(
    "name", ["equals everything", "has a metaclass that equals everything", "says that its class is int"]
)
def test_an_object_that_equals_everything_is_an_error(sandbox: Sandbox, name: str) -> None:
    for result in sandbox.apply(CHEATS[name], INPUTS):
        assert result.value is None
        assert result.error is not None
        assert "not plain data" in result.error


def test_a_subclass_becomes_its_exact_base(sandbox: Sandbox) -> None:
    code = """
import collections, enum
import numpy
class Cheat(int):
    def __eq__(self, other): return True
    __hash__ = None
class Colour(enum.IntEnum):
    RED = 3
Point = collections.namedtuple('Point', 'x y')
values = [Cheat(7), collections.Counter('aab'), collections.OrderedDict(a=1), Point(1, 2), Colour.RED,
          numpy.float64(0.5), numpy.int32(4), numpy.bool_(True),
          numpy.str_('t'), collections.defaultdict(list, {1: [2]})]
def f(i): return values[i]
"""
    expected = [7, {"a": 2, "b": 1}, {"a": 1}, (1, 2), 3, 0.5, 4, True, "t", {1: [2]}]
    results = sandbox.apply(code, [(i,) for i in range(10)])
    assert all(same(result.value, value) for result, value in zip(results, expected, strict=True)), results


def test_plain_data_comes_back_exactly(sandbox: Sandbox) -> None:
    values: list[Any] = [
        *(None, True, False, 0, -1, 2**200, -(10**5000), 0.1, -0.0, math.inf, -math.inf, math.nan, 1e308, 5e-324),
        *(1 + 2j, "", "é\ud800\0", "x" * 1000, b"", b"\0\xff", [], [1, [2.0, "3"]], (), (1,), ((), [()]), {}, {1: 2}),
        *({"a": [{"b": (1, None)}]}, {(1, 2): {3}, None: frozenset({4})}, set(), {1, "a"}, frozenset()),
    ]
    results = sandbox.apply("def same(x): return x", [(value,) for value in values])
    for result, value in zip(results, values, strict=True):
        assert result.error is None
        assert same(result.value, value)
    negative = sandbox.apply("def same(x): return x", [(-0.0,)])[0].value
    assert math.copysign(1, negative) == -1


def test_each_input_has_its_own_outcome(sandbox: Sandbox) -> None:
    code = "def g(x): return 1\ndef f(a, b=2):\n    print(a)\n    return a / b"
    results = sandbox.apply(code, [(1,), (1, 0), ("x",), (3, 2), ()])
    assert [result.value for result in results] == [0.5, None, None, 1.5, None]
    assert [result.error and result.error.partition(":")[0] for result in results] == [
        *(None, "ZeroDivisionError", "TypeError", None, "TypeError")
    ]
    assert sandbox.apply(code, [(5,)], function="g") == [Result(value=1)]


def test_what_was_answered_before_a_limit_is_kept(sandbox: Sandbox) -> None:
    code = "def f(x):\n    while x == 2: pass\n    return x"
    results = sandbox.apply(code, [(1,), (2,), (3,)], limits=Limits(seconds=1, cpu_seconds=0.3))
    assert [result.value for result in results] == [1, None, None]
    assert [result.reason for result in results] == [None, "cpu", "cpu"]


def test_one_call_cannot_change_the_arguments_of_the_next(sandbox: Sandbox) -> None:
    shared = [3, 1, 2]
    results = sandbox.apply("def f(x):\n    x.append(9)\n    return x", [(shared,), (shared,)])
    assert [result.value for result in results] == [[3, 1, 2, 9]] * 2
    assert shared == [3, 1, 2]


def test_code_that_cannot_be_used_says_so(sandbox: Sandbox) -> None:
    for code, function, error in (
        ("def f(:", None, "SyntaxError"),
        ("x = 1", None, "NameError"),
        ("def f(): pass", "g", "KeyError"),
        ("1 / 0\ndef f(): pass", None, "ZeroDivisionError"),
    ):
        results = sandbox.apply(code, [(), ()], function=function)
        assert [(result.error or "").partition(":")[0] for result in results] == [error] * 2
    assert sandbox.apply("def f(): pass", []) == []


def test_arguments_that_are_not_plain_are_the_callers_mistake(sandbox: Sandbox) -> None:
    with pytest.raises(TypeError, match="not plain data"):
        sandbox.apply("def f(x): return x", [(object(),)])

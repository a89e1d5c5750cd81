"""What crosses the wall: every plain value comes back exactly, and no text makes the reader do anything but refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.sandbox.inside.plain import DEEPEST, NotPlain, decode, encode
from judge.sandbox.inside.wire import Frames, frame

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
)
HASHABLE = st.recursive(LEAVES, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
    ),
    max_leaves=12,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("ifcbltszdx"), inner, max_size=1)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=20,
)


def spelled(value: object) -> str:
    """The repr, with the members of sets in a fixed order."""
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}({sorted(map(spelled, value))})"
    if isinstance(value, dict):
        return f"dict({[(spelled(key), spelled(item)) for key, item in value.items()]})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({[spelled(item) for item in value]})"
    return repr(value)


@given(VALUES)
def test_every_plain_value_comes_back(value: object) -> None:
    assert spelled(decode(json.loads(json.dumps(encode(value))))) == spelled(value)


@given(JSON)
def test_no_text_does_harm(data: object) -> None:
    try:
        value = decode(data)
    except NotPlain:
        return
    assert spelled(decode(encode(value))) == spelled(value)


def test_depth_is_bounded_on_both_sides() -> None:
    deep: Any = None
    for _ in range(DEEPEST):
        deep = [deep]
    assert decode(encode(deep)) == deep
    with pytest.raises(NotPlain, match="deep"):
        encode([deep])
    data: Any = None
    for _ in range(DEEPEST + 1):
        data = {"l": [data]}
    with pytest.raises(NotPlain):
        decode(data)


def test_a_table_of_colliding_keys_is_refused() -> None:
    keys = [{"i": f"{number * (2**61 - 1):x}"} for number in range(200_000)]
    for data in ({"s": keys}, {"d": [[key, None] for key in keys]}):
        with pytest.raises(NotPlain, match="same hash"):
            decode(data)
    assert decode({"s": keys[:50]}) == {number * (2**61 - 1) for number in range(50)}


@given(st.lists(st.binary(max_size=20)), st.integers(1, 7))
def test_frames_come_out_however_they_are_cut(contents: list[bytes], step: int) -> None:
    data, frames, found = b"".join(map(frame, contents)), Frames(10_000), []
    for start in range(0, len(data), step):
        found += frames.feed(data[start : start + step])
    assert found == contents


def test_frames_are_bounded_before_they_are_read() -> None:
    with pytest.raises(OverflowError):
        Frames(100).feed((101).to_bytes(4, "big"))
    frames = Frames(100)
    frames.feed(frame(bytes(60)))
    with pytest.raises(OverflowError):
        frames.feed(frame(bytes(60)))

"""Normal forms in linear time: the same as Unicode's, but where marks are heaped."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.text.normal import normalized
from judge.text.shown import excerpt, too_long

marked = st.text(st.sampled_from("aé가\u1100\u1161\u0301\u0327\u0315\uff9e\uff21\u0f73ﬁ"), max_size=80)
heaped = st.builds(lambda a, n, b: a + "\u0301\u0327" * n + b, marked, st.integers(0, 40), marked)


@given(heaped, st.sampled_from(["NFC", "NFKC", "NFKD"]))
def test_what_comes_out_is_equivalent_to_what_went_in(text: str, form: str) -> None:
    assert unicodedata.normalize(form, normalized(form, text)) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


@given(marked.filter(lambda text: len(text) <= 30), st.sampled_from(["NFC", "NFKC", "NFKD"]))
def test_without_a_heap_it_is_the_normal_form(text: str, form: str) -> None:
    assert normalized(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


@given(heaped, heaped)
def test_texts_that_become_the_same_are_canonically_equivalent(one: str, other: str) -> None:
    if normalized("NFC", one) == normalized("NFC", other):
        assert unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


@pytest.mark.parametrize("heap", ["\u0301\u0327", "\uff9e\u0301", "\u0344\u0327"])
def test_half_a_million_marks_are_no_work(heap: str) -> None:
    """Sorting them would take minutes."""
    assert len(normalized("NFKC", "a" + heap * 250_000)) >= 500_000


def test_an_excerpt_tells_long_texts_apart() -> None:
    assert excerpt("short") == "short"
    one, other = excerpt("a" * 10_000 + "b"), excerpt("a" * 10_000 + "c")
    assert one != other
    assert "9,001 further characters" in one
    assert len(one) < 1_200


def test_what_is_too_long_is_said_in_numbers() -> None:
    assert too_long("the response", "abc", longest=3) is None
    assert too_long("the response", "abcd", longest=3) == "the response has 4 characters, and more than 3 are not read"

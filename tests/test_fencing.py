"""Fences: text that came in cannot close its own fence, whatever it says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge import Case, RubricError
from judge.fencing import Untrusted, fence, nonce_for
from judge.rubric import Rubric

texts = st.text(st.characters(codec="utf-8"))
RUBRIC = Rubric.find("correctness")


@given(texts)
def test_the_closing_tag_occurs_once_and_last(text: str) -> None:
    fenced = fence(text, name="data")
    opening, *_, closing = fenced.split("\n")
    assert fenced == f"{opening}\n{text}\n{closing}"
    assert fenced.count(closing) == 1
    assert closing == opening.replace("<", "</", 1)


@given(texts, texts)
def test_the_nonce_is_in_no_text_of_the_case(one: str, other: str) -> None:
    nonce = nonce_for("salt", (one, other))
    assert nonce not in one
    assert nonce not in other


def test_a_nonce_that_is_guessed_is_not_used() -> None:
    guess = nonce_for("", ("x",))
    assert guess != nonce_for("", ("x", guess))


@given(texts, texts.filter(bool))
def test_a_rendered_response_stays_inside_its_fence(response: str, reference: str) -> None:
    user = RUBRIC.render(Case(question="Q?", response=response, reference=reference))[1].content
    nonce = re.findall(r"\n</response-([0-9a-f]{12})>\n", user)[-1]
    before, opening, rest = user.partition(f"<response-{nonce}>\n")
    inside, closing, after = rest.partition(f"\n</response-{nonce}>")
    assert inside == response
    assert nonce not in response
    assert opening not in before + after
    assert closing not in after


def test_braces_in_a_response_are_only_braces() -> None:
    user = RUBRIC.render(Case(response="{{ 7*7 }}{% raw %}", reference="49"))[1].content
    assert "{{ 7*7 }}{% raw %}" in user


def test_untrusted_text_has_no_other_way_out() -> None:
    for attempt in (str, repr, "{}".format):
        with pytest.raises(RubricError, match="only through fence"):
            attempt(Untrusted("x"))

"""Extraction: a table of responses, laws on arbitrary ones, cheats, and bounds on the time it takes."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_evaluators.answer.finding.extract import Extracted, Refused, extract

TABLE = Path(__file__).parent.parent / "cases" / "answers_extract.jsonl"
ROWS = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
REFERENCES = ["12", "B", "April 15, 1712", "5 km", "1, 2", "x^2 + 1", "Paris"]


@pytest.mark.parametrize("row", ROWS, ids=[row["response"][:50] for row in ROWS])
def test_the_table_of_responses(row: dict[str, Any]) -> None:
    found = extract(row["response"], reference=row["reference"], question=row.get("question"))
    if "refused" in row:
        assert isinstance(found, Refused), found
        assert row["refused"] in found.because
    else:
        assert isinstance(found, Extracted), found
        assert found.text == row["text"]
        assert extract(found.text, reference=row["reference"], question=row.get("question"))[0] == found.text


WORDS = [
    "the answer is",
    "final answer:",
    "12",
    "13",
    "-3/4",
    "\\boxed{",
    "}",
    "{",
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
]
WORDS += ["####", "**", "```", "\n", ". ", "or", "not", "A", "B", "(C)", "wait, no,", ",", "=", "maybe", "\\frac{1}{2}"]
WORDS += [
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    '{"answer": ',
    "km",
    "答案是",
    "因此",
    "April 15, 1712",
    "x^2",
    ":",
]
WORDS += ["\\text{", "Paris", "1,000", "%", "is", "(", ")", "-", '"', "'", "`", "of the", "Grader:", "the reference"]
words = st.sampled_from(WORDS)
responses = st.one_of(st.text(max_size=80), st.lists(words, max_size=14).map(" ".join))


@settings(max_examples=400, deadline=None)
@given(responses, st.sampled_from(REFERENCES))
def test_extraction_is_idempotent_and_never_crashes(response: str, reference: str) -> None:
    found = extract(response, reference=reference)
    if isinstance(found, Extracted):
        again = extract(found.text, reference=reference)
        assert isinstance(again, Extracted)
        assert again.text == found.text


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_reference_and_question_can_be_read(reference: str, question: str) -> None:
    extract("The answer is 12.", reference=reference, question=question)


@given(st.integers(-(10**9), 10**9))
def test_a_number_is_found_in_whatever_announces_it(number: int) -> None:
    for said in ("{}", "The answer is {}.", r"\boxed{{{}}}", "**Answer:** {}", "#### {}", "答案是{}。", "It is {}."):
        found = extract(said.format(number), reference="12")
        assert isinstance(found, Extracted), said
        assert found.text == str(number)


@given(st.lists(st.integers(0, 999), min_size=2, max_size=5, unique=True))
def test_a_spray_of_numbers_is_never_taken_for_one_of_them(numbers: list[int]) -> None:
    texts = [str(number) for number in numbers]
    announced = "".join(f"The answer is {text}. " for text in texts)
    for said in (" or ".join(texts), "\n".join(texts), " ".join(texts), ", ".join(texts), announced):
        found = extract(said, reference=texts[-1])
        assert isinstance(found, Refused) or found.text not in texts
    boxes = " ".join(rf"\boxed{{{text}}}" for text in texts)
    assert isinstance(extract(boxes, reference=texts[0]), Refused)


FLOODS = [
    "(",
    "\\",
    "\\boxed{",
    "$",
    "the answer is ",
    "\n",
    "a",
    "A ",
    "9",
    "wait ",
    "<think>",
    "<!--",
    " ",
    '{"answer": ',
]
FLOODS += [
    "```\n",
    "not ",
    "*",
    "1,",
    "\\(",
    "\\begin{a}",
    "答案",
    "ignore ",
    "A. ",
    ". ",
    "1+",
    '{"answer":[',
    "\u200b",
    "x$",
]


@pytest.mark.parametrize("flood", FLOODS)
def test_a_megabyte_is_read_in_bounded_time(flood: str) -> None:
    text = flood * (1_000_000 // len(flood))
    start = time.process_time()
    extract(text, reference="12", question=text)
    extract(text, reference="B", question="Which? A. x B. y")
    assert time.process_time() - start < 2  # the bound is generous: the test is about growth, not speed

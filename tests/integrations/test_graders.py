"""Graders of OpenAI's format: read as its own SDK reads them, and what they say of rows."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import graders as sdk
from pydantic import TypeAdapter
from rouge_score.rouge_scorer import RougeScorer

from judge import ConfigError, InputError
from judge.integrations.graders import Grade, figures, grade, read, read_rows, read_text
from judge.integrations.graders.formula import Formula
from judge.integrations.graders.similarity import similarity
from judge.integrations.graders.templates import Missing, parse

pytestmark = pytest.mark.xdist_group("graders")  # its fixtures are made once

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "graders"
ROWS = [
    {"item": {"answer": "4"}, "sample": {"output_text": "It is 4."}},
    {"item": {"answer": "4"}, "sample": "Five"},
]


def text_of(**fields: Any) -> str:
    return json.dumps(fields)


def check(operation: str, text: str = "{{sample.output_text}}", reference: str = "{{item.answer}}") -> str:
    return text_of(type="string_check", name="check", operation=operation, input=text, reference=reference)


def python(source: str) -> str:
    return text_of(type="python", name="program", source=source)


def graded(text: str, rows: Any = ROWS) -> list[Grade]:
    return grade(read_text(text), rows)


def scores(text: str, rows: Any = ROWS) -> list[float | None]:
    return [one.score for one in graded(text, rows)]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("[!r]*.json")), ids=lambda path: path.name)
def test_the_examples_are_graders_to_the_sdk_as_well(path: Path) -> None:
    found = json.loads(path.read_text())
    parts = found if isinstance(found, list) else list(found["graders"].values())
    kinds = {
        "label_model": sdk.LabelModelGrader,
        "python": sdk.PythonGrader,
        "score_model": sdk.ScoreModelGrader,
        "string_check": sdk.StringCheckGrader,
        "text_similarity": sdk.TextSimilarityGrader,
    }
    for part in parts:
        TypeAdapter(kinds[part["type"]]).validate_python(part, strict=True)
    assert [one.name for one in read(path)] == [one["name"] for one in (found if isinstance(found, list) else [found])]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("eq", [0.0, 0.0]), ("ne", [1.0, 1.0]), ("like", [1.0, 0.0]), ("ilike", [1.0, 0.0])],
)
def test_texts_are_checked(operation: str, expected: list[float]) -> None:
    assert scores(check(operation)) == expected


def test_only_ilike_ignores_the_case_of_letters() -> None:
    rows = [{"item": {"answer": "paris"}, "sample": "PARIS it is"}]
    assert [scores(check(operation), rows) for operation in ("like", "ilike")] == [[0.0], [1.0]]


def test_passing_is_what_the_grader_says() -> None:
    assert [one.passed for one in graded(check("like"))] == [True, False]
    similar = {"type": "text_similarity", "input": "{{sample.output_text}}", "reference": "It is 4."}
    strict, loose = (
        text_of(**similar, evaluation_metric="fuzzy_match", **more) for more in ({"pass_threshold": 1}, {})
    )
    assert [one.passed for one in graded(strict)] == [True, False]
    assert [one.passed for one in graded(loose)] == [None, None]


WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "mat.", "Sat!", "4.5", "it's"]), max_size=12).map(" ".join)


@given(WORDS, WORDS)
def test_rouge_is_that_of_its_own_package(text: str, reference: str) -> None:
    kinds = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_3": "rouge3", "rouge_5": "rouge5", "rouge_l": "rougeL"}
    if text and reference:
        theirs = RougeScorer(list(kinds.values())).score(reference, text)
        for ours, name in kinds.items():
            assert similarity(ours, text, reference) == pytest.approx(theirs[name].fmeasure)


@pytest.mark.parametrize("metric", ["fuzzy_match", "bleu", "gleu", "meteor", "rouge_1", "rouge_l"])
def test_a_metric_goes_from_nothing_in_common_to_the_same(metric: str) -> None:
    text = "the cat sat on the mat, quietly"
    assert similarity(metric, text, text) == pytest.approx(1.0, abs=0.01)
    assert similarity(metric, "", text) == similarity(metric, text, " ") == 0.0
    assert similarity(metric, " ", "") == 1.0
    near, far = similarity(metric, "the cat sat on a mat", text), similarity(metric, "dogs bark", text)
    assert 0 <= far < near < 1


def test_a_program_is_given_sample_and_item() -> None:
    source = "def grade(sample, item):\n    return 0.5 + 0.5 * (item['answer'] in sample['output_text'])"
    assert scores(python(source)) == [1.0, 0.5]
    chosen = "def grade(sample, item):\n    return sample['output_json']['n'] / len(sample['choices'])"
    assert scores(python(chosen), [{"sample": '{"n": 0.25}'}]) == [0.25]


@pytest.mark.parametrize(
    ("source", "cause", "says"),
    [
        ("def grade(sample, item):\n    return 1 / 0", "grader_error", "ZeroDivisionError"),
        ("def grade(sample, item):\n    return 'high'", "grader_error", "finite number"),
        ("def grade(sample, item):\n    return float('nan')", "grader_error", "finite number"),
        ("def score(sample, item):\n    return 1", "grader_error", "grade"),
        ("def grade(sample, item:\n", "grader_error", "SyntaxError"),
        ("import os\ndef grade(sample, item):\n    os._exit(0)", "grader_crash", "ended its process"),
        ("def grade(sample, item):\n    return open('/etc/hostname').read()", "grader_error", "FileNotFound"),
    ],
)
def test_a_program_that_fails_leaves_no_score_and_never_a_zero(source: str, cause: str, says: str) -> None:
    for one in graded(python(source)):
        assert one.score is None
        assert one.passed is None
        assert one.error is not None
        assert (one.error.cause, says in one.because) == (cause, True), one.because


def test_a_formula_puts_parts_together() -> None:
    both = {"a": json.loads(check("like")), "b": json.loads(python("def grade(sample, item):\n    return 0.25"))}
    text = text_of(type="multi", name="both", graders=both, calculate_output="max(a, b) - b ^ 2", pass_threshold=0.5)
    first, second = graded(text)
    assert (first.score, second.score) == (0.9375, 0.1875)
    assert (first.passed, second.passed) == (True, False)
    assert {key: part.score for key, part in second.parts.items()} == {"a": 0.0, "b": 0.25}
    assert second.because == "max(a, b) - b ^ 2, where a = 0, b = 0.25"


def test_a_part_without_a_score_leaves_the_whole_without_one_if_the_formula_uses_it() -> None:
    both = {"a": json.loads(check("like")), "b": json.loads(python("def grade(sample, item):\n    return 1 / 0"))}
    used, unused = (
        text_of(type="multi", name="both", graders=both, calculate_output=formula) for formula in ("a + b", "2 * a")
    )
    assert scores(used) == [None, None]
    assert "b has no score: the grader failed: ZeroDivisionError" in graded(used)[0].because
    assert scores(unused) == [2.0, 0.0]


@pytest.mark.parametrize(
    ("text", "value"),
    [("-a + 3", 1.0), ("min(a, b, 1)", 0.5), ("floor(2.7) * ceil(0.1)", 2.0), ("sqrt(abs(-4)) / a", 1.0),
     ("exp(0) + log(1)", 1.0), ("a ** 3", 8.0), ("2 ^ 3 ^ 2", 512.0), ("(a + b) * 2", 5.0)],
)  # fmt: skip
def test_formulas(text: str, value: float) -> None:
    assert Formula(text, ["a", "b"], where="multi").value({"a": 2.0, "b": 0.5}) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("aa + b", "no grader is called 'aa'. Did you mean 'a'?"),
        ("a +", "no formula"),
        ("__import__('os').system('true')", "not allowed"),
        ("a.real", "not allowed"),
        ("max(a)", "not allowed"),
        ("max(*a, b)", "not allowed"),
        ("a if b else 1", "not allowed"),
        ("'x' * 10", "not allowed"),
        ("a % 2", "not allowed"),
        ("True", "not allowed"),
        ("(" * 5000 + "a" + ")" * 5000, "no formula"),
        ("a + " * 3000 + "a", "too long"),
    ],
)
def test_what_is_no_formula_is_told_before_any_work(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match="calculate_output") as told:
        Formula(text, ["a", "b"], where="multi")
    assert says in str(told.value)


@pytest.mark.parametrize("text", ["1 / (a - a)", "log(a - a)", "9 ^ 9 ^ 9", "exp(10000)", "sqrt(-a)", "1e308 * 10"])
def test_a_formula_without_a_value_is_no_score(text: str) -> None:
    with pytest.raises(InputError):
        Formula(text, ["a"], where="multi").value({"a": 2.0})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ item.a }}", "x"), ("{{item.b[1].c}}", "2.5"), ("{{ item['d e'] }}!", "y!"), ("{{ item.b }}", None),
        ("{{ sample.output_text }} {{item.a}}", "hello x"), ("{ {item.a} }", "{ {item.a} }"), ("{{item.f}}", "true"),
    ],
)  # fmt: skip
def test_templates(text: str, said: str | None) -> None:
    item = {"a": "x", "b": [1, {"c": 2.5}], "d e": "y", "f": True}
    filled = parse(text, where="input").fill({"item": item, "sample": {"output_text": "hello"}})
    assert filled == (json.dumps(item["b"]) if said is None else said)


@pytest.mark.parametrize("text", ["{{ items.a }}", "{{ item }}", "{{ }}", "{{ item.a + 1 }}", "{{ item.a | upper }}"])
def test_braces_without_a_variable_are_told(text: str) -> None:
    with pytest.raises(ConfigError, match="names nothing"):
        parse(text, where="input")


@pytest.mark.parametrize(
    ("text", "says"),
    [("{{item.ansver}}", "no item.ansver. Did you mean 'answer'?"), ("{{item.list[3]}}", "no item.list[3]"),
     ("{{item.answer.x}}", "no item.answer.x"), ("{{item.nothing}}", "null"), ("{{sample.output_text}}", "no sample")],
)  # fmt: skip
def test_a_row_without_a_variable_is_told(text: str, says: str) -> None:
    with pytest.raises(Missing) as told:
        parse(text, where="input").fill({"item": {"answer": "4", "list": [1], "nothing": None}, "sample": None})
    assert says in str(told.value)


def test_one_row_without_a_variable_has_no_score_and_all_rows_without_it_are_an_error() -> None:
    one, other = graded(check("like"), [*ROWS[:1], {"item": {"question": "?"}, "sample": "4"}])
    assert one.score == 1.0
    assert other.error is not None
    assert (other.score, other.error.cause, other.because) == (None, "missing", "the row has no item.answer.")
    with pytest.raises(InputError, match=r"'check' fits no row. row 1: the row has no item.ansver. Did you mean"):
        grade(read_text(check("like", reference="{{item.ansver}}")), ROWS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "holds no grader"),
        ('{"name": "x"}', "holds no grader"),
        (text_of(type="string_chek"), "unknown type 'string_chek'. Did you mean 'string_check'?"),
        (check("equals"), "field 'operation'"),
        (text_of(type="string_check", operation="eq", input="a"), "field 'reference' is missing"),
        (check("eq")[:-1] + ', "refrence": "x"}', "unknown field 'refrence'. Did you mean 'reference'?"),
        (f"[{check('eq')}, {check('ne')}]", "two graders are called 'check'"),
        (text_of(type="text_similarity", evaluation_metric="cosine", input="a", reference="b"), "embeddings"),
        (
            text_of(type="label_model", model="m", input=[{"role": "user", "content": "x"}], labels=["a", "b"],
                    passing_labels=["c"]),
            "passing_labels has 'c'",
        ),
        (
            text_of(type="label_model", model="m", labels=["a", "b"], passing_labels=[],
                    input=[{"role": "user", "content": {"type": "input_image", "image_url": "x"}}]),
            "content of type 'input_image' cannot be judged here",
        ),
        (text_of(type="multi", graders={"a": {"type": "multi"}}, calculate_output="a"), "graders.a"),
        (text_of(type="multi", graders=[json.loads(check("eq"))] * 2, calculate_output="a"), "names that differ"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_grader_says_which_field(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as told:
        read_text(text, where="mine.json")
    assert str(told.value).startswith("mine.json")
    assert says in str(told.value)


@pytest.mark.parametrize(
    "wrapped",
    [
        '{"grader": %s}',
        '{"testing_criteria": [%s]}',
        '{"method": {"type": "reinforcement", "reinforcement": {"grader": %s}}}',
    ],
)
def test_the_job_or_evaluation_around_a_grader_is_taken_off(wrapped: str) -> None:
    assert read_text(wrapped % check("eq")) == read_text(check("eq"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: not JSON"),
        ("[1]", "line 2: expected an object"),
        ('{"item": "x"}', "'item' has to be an object"),
        ('{"sample": 3}', "'sample' has to be an object or a text"),
        ('{"id": "a"}', "the id 'a' is already that of"),
    ],
)
def test_rows_that_are_none_say_where(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "rows.jsonl").write_text(f'{{"id": "a", "response": "4"}}\n{line}\n')
    with pytest.raises(InputError) as told:
        read_rows(tmp_path / "rows.jsonl")
    assert says in str(told.value)
    assert len(read_rows(tmp_path / "rows.jsonl", limit=1)) == 1


def test_a_file_without_rows_is_told(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n")
    with pytest.raises(InputError, match="holds no rows to grade"):
        read_rows(tmp_path / "rows.jsonl")


def test_figures_leave_out_what_has_no_score() -> None:
    source = "def grade(sample, item):\n    return len(sample['output_text']) / item['most']"
    rows = [{"item": {"most": most}, "sample": "abcd"} for most in (4, 8, 16, 0)]
    (told,) = figures(graded(python(source), rows))
    assert (told.rows, told.scored, told.unscored) == (4, 3, {"grader_error": 1})
    assert told.score == pytest.approx(7 / 12)
    assert told.stderr == pytest.approx(math.sqrt(((5 / 12) ** 2 + (1 / 12) ** 2 + (4 / 12) ** 2) / 2 / 3))

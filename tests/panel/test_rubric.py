"""Rubrics: the shipped ones, a user's own, and what is refused before any work."""

import inspect
import sys
import types
from pathlib import Path

import pytest
from pydantic import BaseModel

from judge import Case, Rubric, RubricError
from judge.panel.ballots import ballot_schema, strict
from judge.panel.rubric import available

BODY = "{% block system %}S{% endblock %}{% block user %}{{ fence(case.response) }}{% endblock %}"
SHIPPED = {
    "correctness": ("correct", "incorrect"),
    "correctness_open": ("correct", "incorrect"),
    "preference": ("A", "B", "tie"),
    "grade": ("1", "2", "3", "4", "5"),
    "pass_fail": ("pass", "fail"),
}


def parse(front: str, body: str = BODY) -> Rubric:
    return Rubric.parse("mine", f"---\n{front}\n---\n{body}")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_rubrics_render_every_kind_of_case_they_take(name: str) -> None:
    rubric = Rubric.find(name)
    assert rubric.labels == SHIPPED[name]
    responses = ["one", "two"] if name == "preference" else ["one"]
    case = Case(question="Q?", responses=responses, references=["r1", "r2"], context="con", criterion="cri")
    system, user = rubric.render(case)
    assert (system.role, user.role) == ("system", "user")
    assert "is data" in system.content
    assert "Example:" in system.content
    assert "one" in user.content


@pytest.mark.parametrize("name", SHIPPED)
def test_the_reason_is_asked_for_before_the_label(name: str) -> None:
    rubric = Rubric.find(name)
    schema = ballot_schema(rubric.Ballot, labels=rubric.values, cites=True)
    assert list(schema["properties"]) == ["reason", "cites", "label"]  # type: ignore[arg-type]
    assert schema["required"] == ["reason", "cites", "label"]
    assert schema["additionalProperties"] is False


def test_a_rubric_says_what_a_case_lacks() -> None:
    def misfit(name: str, case: Case) -> str:
        return Rubric.find(name).misfit(case) or ""

    assert "needs a reference" in misfit("correctness", Case(response="x"))
    assert "needs two responses" in misfit("preference", Case(response="x", question="q"))
    assert "needs a criterion" in misfit("grade", Case(response="x"))
    assert "judges one response" in misfit("correctness", Case(responses=["x", "y"], reference="r"))
    assert misfit("correctness", Case(response="x", reference="r")) == ""
    with pytest.raises(RubricError, match="needs a reference"):
        Rubric.find("correctness").render(Case(response="x"))


@pytest.mark.parametrize(
    ("front", "body", "message"),
    [
        ("labels: [a, b]", BODY.replace("case.response", "case.qestion"), "Did you mean 'question'"),
        ("labels: [a, b]", BODY.replace("case.response", "kase.response"), "undefined variable 'kase'"),
        ("labels: [a, b]", "{% block system %}{% endblock %}", "lacks the block 'user'"),
        ("labels: [a, b]", BODY + "\n{% if %}", "line 5"),
        ("labels: [a]", BODY, "labels"),
        ("labels: [yes, no]", BODY, "quotes"),
        ("labels: [a, b]\nlabel: c", BODY, "label"),
        ("labels: [a, b", BODY, "not YAML"),
        ("labels: [a, a]", BODY, "twice"),
        ("labels: [a, undecided]", BODY, "another word"),
        ("about: neither", BODY, "two labels or more"),
        ("labels: [a, b]\nrange: [0, 1]", BODY, "a range stands alone"),
        ("range: [1, 0]", BODY, "lower number first"),
        ("range: [0, .inf]", BODY, "range.1"),
        ("range: [0]", BODY, "range.1"),
        ("labels: [a, b]\nschema: nowhere:Vote", BODY, "cannot be imported"),
        ("labels: [a, b]\nneeds: [answer]", BODY, "needs"),
    ],
)
def test_a_rubric_that_cannot_work_is_refused_with_the_reason(front: str, body: str, message: str) -> None:
    with pytest.raises(RubricError, match=message):
        parse(front, body)


def test_front_matter_is_required() -> None:
    with pytest.raises(RubricError, match="front matter"):
        Rubric.parse("mine", BODY)


def test_a_response_without_a_fence_is_refused() -> None:
    for expression in (
        "case.response",
        "case.responses",
        "case.response ~ 'x'",
        "case.response | upper",
        "case.response._text",
    ):
        rubric = parse("labels: [a, b]", BODY.replace("fence(case.response)", expression))
        with pytest.raises(RubricError, match=r"fence|unsafe"):
            rubric.render(Case(response="x"))


def test_a_template_cannot_reach_into_python() -> None:
    rubric = parse("labels: [a, b]", BODY.replace("fence(case.response)", "fence.__globals__"))
    with pytest.raises(RubricError):
        rubric.render(Case(response="x"))


def test_a_users_own_rubric_is_found_by_path_and_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    path = folder / "terse.j2"
    path.write_text(f"---\nlabels: [good, bad]\n---\n{BODY}")
    assert Rubric.find(str(path)).labels == ("good", "bad")
    assert Rubric.find("terse", folder=folder).labels == ("good", "bad")
    assert "terse" in available(folder=folder)
    with pytest.raises(RubricError, match="Did you mean 'terse'"):
        Rubric.find("tersse", folder=folder)


def test_the_hash_covers_the_whole_file() -> None:
    assert parse("labels: [a, b]").hash != parse("labels: [a, b]", BODY + " ").hash


def test_a_schema_of_ones_own_adds_fields_and_keeps_the_reason_first() -> None:
    class Graded(BaseModel):
        reason: str
        severity: int
        label: str

    class Backwards(BaseModel):
        label: str
        reason: str

    module = types.ModuleType("mine_schemas")
    module.__dict__.update(Graded=Graded, Backwards=Backwards)
    sys.modules["mine_schemas"] = module
    try:
        rubric = parse("labels: [a, b]\nschema: mine_schemas:Graded")
        schema = ballot_schema(rubric.Ballot, labels=rubric.values, cites=False)
        assert list(schema["properties"]) == ["reason", "severity", "label"]  # type: ignore[arg-type]
        with pytest.raises(RubricError, match="reason before the label"):
            parse("labels: [a, b]\nschema: mine_schemas:Backwards")
    finally:
        del sys.modules["mine_schemas"]


def test_strict_schemas_keep_properties_that_are_called_title() -> None:
    class Book(BaseModel):
        title: str = "none"

    assert strict(Book.model_json_schema()) == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }


def test_prompts_are_short() -> None:
    for name in SHIPPED:
        assert len(inspect.cleandoc(Rubric.find(name).text)) < 2600

"""``judge kinds``: what is declared, what only evaluators know, and what is broken."""

import json
from pathlib import Path

import pytest
from cli.command import Ran, judge, quick, write

from judge import Judge, registry

PLUGIN = """
from typing import Literal
from pydantic import Field
from judge import Evaluator, File, Finding, Inputs, Kind

class Plans(Inputs):
    world: str = Field(description="the domain")
    size: int = 3
    files: list[File] | None = None
    how: Literal["fast", "slow"] | float | None = None

PLAN = Kind(
    name="plan", summary="a plan", Inputs=Plans, relations={"reaches": "It reaches the goal.", "best": "And soonest."},
    extra="solver", tools=(), example={"response": "go", "inputs": {"world": "w"}},
)
BROKEN = "no kind at all"
OTHER = Kind(name="another", summary="")

class Planner(Evaluator):
    name, version, kinds = "planner", "7", frozenset({"plan"})
    bases = {"correct": frozenset({"bounded", "proof"}), "incorrect": frozenset({"counterexample"})}
    needs = ("no_such_solver",)

class Lone(Planner):
    name, kinds, needs = "lone", frozenset({"wild"}), ()
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a distribution that declares a kind, two evaluators and two kinds that are broken."""
    info = tmp_path / "site" / "planning-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planning\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[judge.kinds]\nplan = planning:PLAN\nbad = planning:BROKEN\ngone = planning:GONE\nmisnamed = planning:OTHER\n"
        "[judge.evaluators]\nplanner = planning:Planner\nlone = planning:Lone\n"
    )
    (tmp_path / "site" / "planning.py").write_text(PLUGIN)
    return tmp_path / "site"


def beside(site: Path, *words: str) -> Ran:
    return judge(*words, cwd=site.parent, env={"PYTHONPATH": str(site)})


def test_the_kinds_are_listed_with_who_decides_them(tmp_path: Path) -> None:
    ran = quick("kinds", cwd=tmp_path)
    assert ran.code == 0
    (answer,) = [line for line in ran.out.splitlines() if line.startswith("answer ")]
    assert "exact, number, answer" in answer
    assert "a final answer" in answer
    told = {one["name"]: one for one in quick("kinds", "--json", cwd=tmp_path).json}
    assert told["answer"]["error"] is None
    assert "number" in told["answer"]["evaluators"]
    assert told["grader"]["evaluators"] == []


def test_a_kind_is_shown_with_all_that_a_case_of_it_brings(tmp_path: Path) -> None:
    ran = quick("kinds", "show", "answer", cwd=tmp_path)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].startswith("answer: a final answer")
    assert any(line.split()[:2] == ["database", "file"] for line in lines)
    assert any(line.startswith("  same  The response") for line in lines)
    assert any(
        line.split() == ["number", "correct", "by", "proof,", "rule;", "incorrect", "by", "proof"] for line in lines
    )
    assert "  a panel, where a model is set: rubric correctness, tools check" in lines
    assert "anything, by any name" in quick("kinds", "show", "grader", cwd=tmp_path).out


def test_a_kind_of_a_plugin_is_shown_as_it_is(site: Path) -> None:
    told = beside(site, "kinds", "show", "plan", "--json").json
    assert [(one["name"], one["type"], one["required"]) for one in told["inputs"]] == [
        ("world", "text", True),
        ("size", "integer", False),
        ("files", "list", False),
        ("how", "'fast' or 'slow' or number", False),
    ]
    assert list(told["relations"]) == ["reaches", "best"]
    assert told["evaluators"] == [
        {"name": "planner", "version": "7", "correct": ["proof", "bounded"], "incorrect": ["counterexample"],
         "lacks": ["no_such_solver"]}
    ]  # fmt: skip
    assert told["extra"] == {"name": "solver", "installed": False, "install": "pip install 'planning[solver]'"}
    assert told["example"] == {"kind": "plan", "response": "go", "inputs": {"world": "w"}}
    shown = beside(site, "kinds", "show", "plan").out
    assert "world  text, needed" in shown
    assert "the extra solver: not installed: pip install 'planning[solver]'" in shown
    assert "planner  correct by proof, bounded; incorrect by counterexample (lacks no_such_solver)" in shown
    assert "tools none" in shown
    assert json.loads(shown.splitlines()[-1]) == told["example"]


@pytest.mark.exhaustive
def test_a_kind_that_only_an_evaluator_knows_declares_no_inputs(site: Path) -> None:
    listed = {one["name"]: one for one in beside(site, "kinds", "--json").json}
    assert listed["wild"]["evaluators"] == ["lone"]
    assert "it has no inputs" in listed["wild"]["summary"]
    ran = beside(site, "kinds", "show", "wild")
    assert ran.code == 0
    assert "\n  no inputs\n" in ran.out


@pytest.mark.exhaustive
def test_a_broken_kind_is_listed_with_its_fault(site: Path) -> None:
    ran = beside(site, "kinds")
    assert ran.code == 1
    for fault in (
        "kind 'bad' has to be a judge.kinds.Kind, not str",
        "kind 'gone' of planning cannot be imported: AttributeError",
        "kind 'misnamed' calls itself 'another'",
    ):
        assert fault in ran.out
    assert "plan      planner" in ran.out
    ran = beside(site, "kinds", "show", "gone")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be imported" in ran.err
    plugins = beside(site, "plugins")
    assert plugins.code == 1
    assert "kind 'bad' has to be a judge.kinds.Kind" in plugins.out


def test_an_unknown_kind_is_answered_with_the_nearest(tmp_path: Path) -> None:
    ran = quick("kinds", "show", "anser", cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.startswith("judge: unknown kind 'anser'. Did you mean 'answer'? Known: answer, ")


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", registry.names("kinds"))
def test_the_example_of_a_kind_runs(kind: str, tmp_path: Path) -> None:
    example = quick("kinds", "show", kind, cwd=tmp_path).out.splitlines()[-1].strip()
    assert json.loads(example)["kind"] == kind
    name = write(tmp_path, "c.jsonl", example + "\n")
    ran = judge("run", name, cwd=tmp_path, env={"JUDGE_EVALUATORS": "all"})
    assert ran.code == 0, ran.err
    assert "1 case" in ran.out or "cases" in ran.out


def test_asking_what_kinds_there_are_starts_no_process() -> None:
    assert Judge().cascade.evaluators

"""inspect_ai itself, in an environment of its own: a log scored afterwards, and a task that names our scorer."""

import json
import math
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from environments.make import environment
from pages import follow
from server import FakeOpenAI
from server_faults import Behaviour, Fill, Json, Text, Truncated

from judge import verify_answers

pytestmark = pytest.mark.frameworks

ROOT = Path(__file__).parent.parent.parent
DEADLINE = 300
# A task whose solver says what somebody answered before, so that a scorer has answers of every sort before it.
TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.solver import solver
import json

@solver
def recorded():
    async def solve(state, generate):
        state.output = ModelOutput.from_content("recorded", state.metadata["response"])
        return state
    return solve

@task
def answers():
    rows = [json.loads(line) for line in open("rows.jsonl", encoding="utf-8")]
    samples = [Sample(id=r["id"], input=r["question"], target=r["references"], choices=r.get("choices"),
                      metadata={"response": r["response"]}) for r in rows]
    return Task(dataset=samples, solver=recorded())
"""
ODD = [
    {"id": "choice", "question": "Which is largest?", "choices": ["Mars", "Jupiter"], "references": ["B"],
     "response": "Jupiter"},
    {"id": "no-target", "question": "Which is largest?", "references": [""], "response": "Jupiter"},
    {"id": "open", "question": "Which of them?", "references": ["Jupiter"], "response": "It is Jupiter or Saturn."},
    {"id": "silent", "question": "Which is largest?", "references": ["Jupiter"], "response": ""},
]  # fmt: skip


class Inspect(NamedTuple):
    """The programs of inspect_ai and a folder with one evaluated, unscored log."""

    programs: Path
    folder: Path
    log: Path
    rows: list[Json]

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return run([str(self.programs / "inspect"), *words], self.folder, environ)

    def score(self, *words: str, output: str, **environ: str) -> Any:
        command = ["score", str(self.log), "--scorer", "equijudge/answer", "--action", "overwrite"]
        done = self.run(*command, "--output-file", output, *words, **environ)
        assert done.returncode == 0, done.stdout
        assert "Unclosed" not in done.stdout, done.stdout
        return self.read(output)

    def read(self, log: str) -> Any:
        done = self.run("log", "dump", log)
        assert done.returncode == 0, done.stdout
        return json.loads(done.stdout)


def run(command: list[str], folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=clean(environ), text=True, timeout=DEADLINE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip


def clean(more: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUDGE_", "OPENAI_", "INSPECT_"))}
    return {**kept, "OPENAI_API_KEY": "none", "NO_COLOR": "1", "COLUMNS": "200", **more}


@pytest.fixture(scope="module")
def inspect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspect]:
    folder = tmp_path_factory.mktemp("inspect")
    lines = (ROOT / "examples" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for line in lines if (row := json.loads(line)).get("question")][:40] + ODD
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / "answers.py").write_text(TASK, encoding="utf-8")
    programs = environment("inspect_ai")
    command = [
        "inspect",
        "eval",
        "answers.py",
        "--model",
        "none",
        "--no-score",
        "--log-dir",
        "logs",
        "--display",
        "plain",
    ]
    done = run([str(programs / command[0]), *command[1:]], folder, {})
    assert done.returncode == 0, done.stdout
    yield Inspect(programs, folder, next((folder / "logs").glob("*.eval")), rows)


def scores(log: Any, scorer: str = "answer") -> dict[str, Any]:
    return {sample["id"]: sample["scores"][scorer] for sample in log["samples"]}


def test_a_log_is_scored_as_python_judges_it(inspect: Inspect) -> None:
    rows = inspect.rows[:40]
    given = ([row[name] for row in rows] for name in ("response", "references", "question"))
    verdicts = dict(zip((row["id"] for row in rows), verify_answers(*given), strict=True))
    log = inspect.score(output="plain.eval")
    found = scores(log)
    for name, verdict in verdicts.items():
        score = found[name]
        if verdict.label == "undecided":
            assert is_nan(score["value"])
            assert score["reason"] == "undecided"
        else:
            assert score["value"] == {"correct": "C", "incorrect": "I"}[verdict.label]
        assert score["explanation"] == verdict.because
        assert score["metadata"]["decided_by"] == verdict.decided_by
        assert score["metadata"]["findings"].keys() == verdict.findings.keys()
    assert {verdict.label for verdict in verdicts.values()} == {"correct", "incorrect", "undecided"}
    evidence = [
        f["evidence"]
        for s in found.values()
        if s.get("metadata")
        for f in s["metadata"]["findings"].values()
        if "evidence" in f
    ]
    assert evidence != []


def test_metrics_count_what_was_decided_and_the_log_counts_the_rest(inspect: Inspect) -> None:
    log = inspect.score(output="counted.eval")
    values = [score["value"] for score in scores(log).values()]
    decided = [value for value in values if value in ("C", "I")]
    result = log["results"]["scores"][0]
    assert (result["scored_samples"], result["unscored_samples"]) == (len(decided), len(values) - len(decided))
    assert result["metrics"]["accuracy"]["value"] == pytest.approx(decided.count("C") / len(decided))
    assert result["metrics"]["stderr"]["value"] > 0


def test_choices_are_heard_and_odd_samples_are_unscored_with_a_reason(inspect: Inspect) -> None:
    found = scores(inspect.score(output="odd.eval"))
    assert found["choice"]["value"] == "C"
    assert found["no-target"]["reason"] == "scoring_failed"
    assert "no target and no model is asked" in found["no-target"]["explanation"]
    assert found["silent"]["reason"] == "no_response"
    assert is_nan(found["no-target"]["value"])


def test_a_panel_votes_on_what_is_open_and_its_votes_are_in_the_metadata(inspect: Inspect) -> None:
    def answer(body: Json, n: int) -> Behaviour:
        return Truncated() if "Which of them?" in json.dumps(body["messages"]) else Fill(label="incorrect")

    with FakeOpenAI(answer) as server:
        settings = ["-S", "model=openai:fake", "-S", "votes=3", "-S", "temperature=0.5"]
        found = scores(inspect.score(*settings, output="panel.eval", OPENAI_BASE_URL=server.url))
        assert server.violations == []
    voted = [score for score in found.values() if score.get("metadata", {}).get("decided_by") == "panel"]
    assert voted != []
    assert {score["value"] for score in voted} == {"I"}
    assert {vote["label"] for score in voted for vote in score["metadata"]["votes"]} == {"incorrect"}
    assert (found["open"]["reason"], is_nan(found["open"]["value"])) == ("grader_failed", True)
    assert "needs" in found["no-target"]["explanation"] or "reference" in found["no-target"]["explanation"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-S", "voets=3"], "unknown setting 'voets'. Did you mean 'votes'?"),
        (["-S", "kind=anwser"], "unknown kind 'anwser'. Did you mean 'answer'?"),
        (["-S", "model=openai:x", "-S", "rubric=corectness"], "corectness"),
        (["-S", "votes=many"], "votes"),
    ],
)
def test_a_bad_setting_ends_the_command_with_its_reason(inspect: Inspect, words: list[str], message: str) -> None:
    done = inspect.run("score", str(inspect.log), "--scorer", "equijudge/answer", "--output-file", "never.eval", *words)
    assert done.returncode != 0
    assert message in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout
    assert not (inspect.folder / "never.eval").exists()


def test_the_page_of_the_docs_runs_as_it_stands(inspect: Inspect, tmp_path: Path) -> None:
    questions = (ROOT / "examples" / "lm_eval" / "short_qa.jsonl").read_text(encoding="utf-8")
    (tmp_path / "short_qa.jsonl").write_text(questions, encoding="utf-8")
    with FakeOpenAI(Fill(label="incorrect")) as panel, FakeOpenAI(Text("It is Jupiter or Saturn.")) as evaluated:
        environ = {
            "PATH": f"{inspect.programs}:{os.environ['PATH']}",
            "OPENAI_BASE_URL": panel.url,
            "LOCAL_BASE_URL": evaluated.url,
            "LOCAL_API_KEY": "none",
        }
        given = {"openai/NAME": "openai-api/local/fake", "openai:NAME": "openai:fake"}
        follow(ROOT / "docs" / "inspect.md", tmp_path, clean(environ), given=given, deadline=DEADLINE)
        assert (panel.violations, len(evaluated.requests)) == ([], 20)
    log = inspect.read(str(next((tmp_path / "logs").glob("*.eval"))))
    assert [score["name"] for score in log["results"]["scores"]] == ["answer", "exact", "answer1", "answer2"]
    assert all(is_nan(score["value"]) or score["value"] == "I" for score in scores(log).values())
    assert {score["value"] for score in scores(log, "answer2").values()} == {"I"}


EPOCHS = """
from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.solver import solver
from judge.integrations.inspect_ai import answer

@solver
def says():
    async def solve(state, generate):
        state.output = ModelOutput.from_content("recorded", ["4", "5", "3 or 4"][state.epoch - 1])
        return state
    return solve

@task
def epochs():
    samples = [Sample(id=1, input="2 + 2?", target=["four", "4"]), Sample(id=2, input="Who?", target="perhaps")]
    return Task(dataset=samples, solver=says(), scorer=answer(), epochs=Epochs(3, "mean"))
"""


def test_epochs_are_scored_each_and_what_is_unscored_is_left_out_of_their_mean(inspect: Inspect) -> None:
    (inspect.folder / "epochs.py").write_text(EPOCHS, encoding="utf-8")
    done = inspect.run("eval", "epochs.py", "--model", "none", "--log-dir", "epochs", "--display", "plain")
    assert done.returncode == 0, done.stdout
    log = inspect.read(str(next((inspect.folder / "epochs").glob("*.eval"))))
    first = [s["scores"]["answer"]["value"] for s in log["samples"] if s["id"] == 1]
    assert first[:2] == ["C", "I"] and is_nan(first[2])
    result = log["results"]["scores"][0]
    assert (result["scored_samples"], result["unscored_samples"]) == (1, 1)
    assert result["metrics"]["accuracy"]["value"] == 0.5


def is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)

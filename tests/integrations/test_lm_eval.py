"""lm-evaluation-harness itself, in an environment of its own: tasks that are judged, and samples judged afterwards."""

import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from environments.make import environment
from pages import blocks, follow
from server import FakeOpenAI
from server_faults import Delay, Fill, Json, Text

from judge import verify_answers

pytestmark = pytest.mark.frameworks

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples" / "lm_eval"
DEADLINE = 300
ROWS = {
    row["question"]: row
    for line in (ROOT / "examples" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    if (row := json.loads(line)).get("question")
}
TASKS = {"judge_math": "math.jsonl", "judge_short_qa": "short_qa.jsonl"}
SCRIPTS = Path(__file__).parent / "environments"


def answer(body: Json, n: int) -> Text:
    """Say what the saved answer to the question says: a model that never changes its mind."""
    asked = body["messages"][-1]["content"]
    return Text(next(row["response"] for question, row in ROWS.items() if question in asked))


class Harness(NamedTuple):
    """The harness in a folder with the examples' tasks, and a server with the model that is evaluated."""

    programs: Path
    folder: Path
    server: FakeOpenAI

    def evaluate(self, *arguments: str) -> Path:
        """Evaluate and return the folder with the results."""
        name = f"out-{len(list(self.folder.glob('out-*')))}"
        model = f"model=fake,base_url={self.server.url}/chat/completions,num_concurrent=8,max_retries=1"
        done = self.run(
            f"{self.programs}/lm_eval", "--model", "local-chat-completions", "--model_args", model,
            "--apply_chat_template", "--include_path", ".", "--output_path", name, "--log_samples", *arguments,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return next((self.folder / name).iterdir())

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=clean(environ), text=True, timeout=DEADLINE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip

    def judge(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "judge.cli", *words, **environ)


def clean(more: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUDGE_", "OPENAI_", "HF_"))}
    return {**kept, "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", **more}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    folder = tmp_path_factory.mktemp("harness") / "lm_eval"
    shutil.copytree(EXAMPLES, folder)
    with FakeOpenAI(answer) as server:
        yield Harness(environment("lm_eval"), folder, server)
    assert server.violations == []


@pytest.fixture(scope="module")
def judged(harness: Harness) -> Path:
    """The results of both tasks, judged by the filter."""
    return harness.evaluate("--tasks", ",".join(TASKS))


def results(folder: Path) -> Any:
    return json.loads(next(folder.glob("results_*.json")).read_text(encoding="utf-8"))


def samples(folder: Path, task: str) -> list[Any]:
    lines = next(folder.glob(f"samples_{task}_*.jsonl")).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def expected(task: str) -> list[str]:
    """The labels that the same answers get from Python."""
    docs = [json.loads(line) for line in (EXAMPLES / TASKS[task]).read_text(encoding="utf-8").splitlines()]
    said = [ROWS[doc["question"]]["response"] for doc in docs]
    verdicts = verify_answers(said, [doc["references"] for doc in docs], [doc["question"] for doc in docs])
    return [verdict.label for verdict in verdicts]


@pytest.mark.parametrize("task", TASKS)
def test_the_filter_judges_a_task_as_python_does(judged: Path, task: str) -> None:
    labels = expected(task)
    found = results(judged)["results"][task]
    right = [float(label == "correct") for label in labels]
    decided = [float(label == "correct") for label in labels if label != "undecided"]
    open_ones = [float(label == "undecided") for label in labels]
    assert found["accuracy,judge"] == pytest.approx(statistics.fmean(right))
    assert found["accuracy_stderr,judge"] == pytest.approx(statistics.stdev(right) / math.sqrt(len(right)))
    assert found["undecided,judge"] == pytest.approx(statistics.fmean(open_ones))
    assert found["undecided_stderr,judge"] == pytest.approx(statistics.stdev(open_ones) / math.sqrt(len(right)))
    assert found["accuracy_decided,judge"] == pytest.approx(statistics.fmean(decided))
    assert 0 < sum(right) < len(right)
    assert [json.loads(row["filtered_resps"][0][0])["label"] for row in samples(judged, task)] == labels


def test_rescoring_gives_the_figures_of_the_filter_in_files_that_the_harness_reads(
    harness: Harness, judged: Path
) -> None:
    saved = sorted(map(str, judged.glob("samples_*.jsonl")))
    done = harness.judge("lm-eval", "rescore", *saved, "--json")
    assert done.returncode == 0, done.stdout
    rescored = results(judged / "judged")
    for task in TASKS:
        once, again = results(judged)["results"][task], rescored["results"][task]
        for name in ("accuracy", "undecided", "accuracy_stderr", "undecided_stderr", "accuracy_decided"):
            assert again[f"{name},judge"] == pytest.approx(once[f"{name},judge"])
        assert again["accuracy_decided_stderr,judge"] > 0
        first, second = samples(judged, task), samples(judged / "judged", task)
        assert [row.keys() for row in first] == [row.keys() for row in second]
        assert [row["filtered_resps"][0][0] for row in first] != []
        assert [row["accuracy"] for row in first] == [row["accuracy"] for row in second]
    assert {name: rescored[name] for name in ("config", "model_name", "task_hashes")} == {
        name: results(judged)[name] for name in ("config", "model_name", "task_hashes")
    }
    read = harness.run(f"{harness.programs}/python", str(SCRIPTS / "lm_eval_reads.py"), str(judged / "judged"))
    assert read.returncode == 0, read.stdout
    shown = json.loads(read.stdout.splitlines()[-1])
    assert shown["rows"] == {"judge_math": 75, "judge_short_qa": 150}
    assert re.search(
        r"\|judge_math\s*\|\s*1\|judge \|\s*0\|accuracy\s*\|↑\s*\|0\.\d{4}\|±\s*\|0\.\d{4}\|", shown["table"]
    )


def test_answers_can_be_saved_first_and_judged_by_a_panel_later(harness: Harness) -> None:
    saved = harness.evaluate("--tasks", "judge_math", "--predict_only", "--limit", "20")
    paths = list(map(str, saved.glob("samples_*.jsonl")))
    with FakeOpenAI(Fill(label="incorrect")) as panel:
        command = ["lm-eval", "rescore", *paths, "--model", "openai:fake", "--votes", "3", "--base-url", panel.url]
        done = harness.judge(*command)
        assert done.returncode == 0, done.stdout
        asked = len(panel.requests)
        assert harness.judge(*command).returncode == 0
        assert len(panel.requests) == asked  # every verdict was kept
    by_program = expected("judge_math")[:20].count("undecided")
    assert by_program > 0
    assert asked == 1 + 2 * by_program  # one finds out how tools are called; the third vote could change nothing
    found = results(saved / "judged")["results"]["judge_math"]
    assert (found["undecided,judge"], found["sample_len"]) == (0.0, 20)
    assert not any(name.startswith("bypass") for name in found)
    verdicts = [json.loads(row["filtered_resps"][0][0]) for row in samples(saved / "judged", "judge_math")]
    assert [v["decided_by"] for v in verdicts].count("panel") == by_program


def test_a_panel_in_the_filter_is_asked_about_many_documents_at_once(harness: Harness) -> None:
    with FakeOpenAI(Delay(0.2, then=Fill(label="correct"))) as panel:
        variant(harness, "judge_panel", model="openai:fake", base_url=panel.url, evaluators="none", in_flight=16)
        found = harness.evaluate("--tasks", "judge_panel", "--limit", "64")
        assert (len(panel.requests), panel.violations) == (1 + 64, [])  # the first finds out how tools are called
        assert panel.in_flight_peak > 1
    assert results(found)["results"]["judge_panel"]["accuracy,judge"] == 1.0


def test_repeats_are_judged_each_and_averaged(harness: Harness) -> None:
    text = (harness.folder / "judge_math.yaml").read_text(encoding="utf-8")
    (harness.folder / "repeated.yaml").write_text(text.replace("task: judge_math", "task: repeated\nrepeats: 3"))
    found = harness.evaluate("--tasks", "repeated", "--limit", "10")
    rows = samples(found, "repeated")
    assert [len(row["filtered_resps"][0]) for row in rows] == [3] * 10
    assert results(found)["results"]["repeated"]["accuracy,judge"] == pytest.approx(
        expected("judge_math")[:10].count("correct") / 10
    )
    done = harness.judge("lm-eval", "rescore", str(next(found.glob("samples_*"))), "--json")
    assert json.loads(done.stdout)[0]["accuracy,judge"] == results(found)["results"]["repeated"]["accuracy,judge"]


OTHER = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: short_qa.jsonl, train: short_qa.jsonl}}}}
test_split: test
fewshot_split: train
output_type: generate_until
doc_to_text: "Question: {{{{question}}}}\nAnswer:"
doc_to_target: {target}
generation_kwargs: {{until: ["\\n"]}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
"""
GROUP = """
group: judged
task: [judge_math, judge_short_qa]
aggregate_metric_list:
  - {metric: accuracy, aggregation: mean, filter_list: judge}
"""


def test_samples_of_tasks_of_every_sort_can_be_rescored(harness: Harness) -> None:
    (harness.folder / "several.yaml").write_text(OTHER.format(name="several", target="references"), encoding="utf-8")
    shots = OTHER.format(name="shots", target='"{{references[0]}}"') + "num_fewshot: 2\n"
    (harness.folder / "shots.yaml").write_text(shots, encoding="utf-8")
    (harness.folder / "judged.yaml").write_text(GROUP, encoding="utf-8")
    config = {"model": "dummy", "tasks": ["several", "shots", "judged"], "include_path": ".", "limit": 5}
    config |= {"output_path": "dummy", "log_samples": True}
    (harness.folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    done = harness.run(f"{harness.programs}/lm_eval", "run", "--config", "config.yaml")
    assert done.returncode == 0, done.stdout
    folder = next((harness.folder / "dummy").iterdir())
    assert "accuracy,judge" in results(folder)["results"]["judged"]
    done = harness.judge("lm-eval", "rescore", *map(str, folder.glob("samples_*.jsonl")))
    assert done.returncode == 0, done.stdout
    found = results(folder / "judged")["results"]
    assert "accuracy,judge" not in found["judged"]
    for task in ("several", "shots"):
        assert (found[task]["exact_match,none"], found[task]["accuracy,judge"]) == (0.0, 0.0)
    cited = {row["target"] for row in samples(folder / "judged", "several")}
    assert "['Warren Zevon', 'Bon Jovi']" in cited
    read = harness.run(f"{harness.programs}/python", str(SCRIPTS / "lm_eval_reads.py"), str(folder / "judged"))
    assert read.returncode == 0, read.stdout
    table = json.loads(read.stdout.splitlines()[-1])["table"]
    assert re.search(r"\|shots +\|Yaml +\|judge +\| +2\|accuracy ", table), table


def test_what_cannot_be_judged_ends_the_harness_with_the_reason(harness: Harness) -> None:
    variant(harness, "fault_column", reference="answer")
    variant(harness, "fault_template", reference="{{ answer.value }}")
    variant(harness, "fault_kind", kind="anwser")
    variant(harness, "fault_setting", voets=3)
    variant(harness, "fault_no_reference", reference=None)
    variant(harness, "fault_all_empty", reference="{{ '' }}")
    variant(harness, "fault_labels", model="openai:fake", rubric="grade", criterion="brief")
    text = (harness.folder / "judge_math.yaml").read_text(encoding="utf-8")
    without = re.sub(r"filter_list:.*?process_results", "process_results", text, flags=re.DOTALL)
    (harness.folder / "fault_filter.yaml").write_text(without.replace("task: judge_math", "task: fault_filter"))
    done = harness.run(f"{harness.programs}/python", str(SCRIPTS / "lm_eval_faults.py"))
    assert done.returncode == 0, done.stdout
    said = json.loads(done.stdout.splitlines()[-1])
    assert said.pop("fault_column").startswith(
        "InputError: document 0: reference 'answer': no column 'answer'. There are: id"
    )
    assert "'answer' is undefined" in said.pop("fault_template")
    assert "unknown kind 'anwser'. Did you mean 'answer'?" in said.pop("fault_kind")
    assert "unknown setting 'voets'. Did you mean 'votes'?" in said.pop("fault_setting")
    assert "no 'reference' is given and no model is asked" in said.pop("fault_no_reference")
    assert "none of the cases has a reference" in said.pop("fault_all_empty")
    assert "which is neither right nor wrong" in said.pop("fault_labels")
    assert "put judge.integrations.lm_eval.JudgeFilter last in the filter_list" in said.pop("fault_filter")
    assert said == {}


def test_the_coming_plugin_groups_lead_to_parts_that_the_harness_can_use(harness: Harness) -> None:
    done = harness.run(f"{harness.programs}/python", str(SCRIPTS / "lm_eval_plugins.py"))
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "filter": ["correct", "incorrect"],
        "aggregation": 0.5,
        "metric": {"equijudge,none": 0.5, "exact_match,none": 0.0},
    }


def variant(harness: Harness, name: str, **changed: Any) -> None:
    """Write the task judge_math under another name, with its filter changed."""
    text = (harness.folder / "judge_math.yaml").read_text(encoding="utf-8").replace("task: judge_math", f"task: {name}")
    settings = {"reference": "references", "question": "question"} | changed
    lines = "".join(f"        {key}: {json.dumps(value)}\n" for key, value in settings.items() if value is not None)
    text = text.replace("        reference: references\n        question: question\n", lines)
    (harness.folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_the_page_of_the_docs_runs_as_it_stands(harness: Harness, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples" / "lm_eval")
    page = ROOT / "docs" / "lm_eval.md"
    for task in blocks(page, "yaml"):
        assert task in (EXAMPLES / "judge_math.yaml").read_text(encoding="utf-8")
    path = f"{harness.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    model = f"--model local-chat-completions --model_args model=fake,base_url={harness.server.url}/chat/completions"
    with FakeOpenAI(Fill(label="correct")) as panel:
        environ = clean({"PATH": path, "OPENAI_BASE_URL": panel.url, "NO_COLOR": "1"})
        given = {"--model hf --model_args pretrained=MODEL": f"{model} --apply_chat_template", "NAME": "fake"}
        follow(page, tmp_path / "examples" / "lm_eval", environ, given=given, deadline=DEADLINE)
        assert panel.requests != []
        assert panel.violations == []

"""Samples that lm-evaluation-harness saved, judged by the program; the files are the harness's own."""

import doctest
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from judge import InputError, verify_answers
from judge.config import Settings
from judge.integrations.lm_eval import fields as lm_eval_fields
from judge.integrations.lm_eval import filter as lm_eval
from judge.integrations.lm_eval.fields import Fields
from judge.integrations.lm_eval.filter import JudgeFilter, figures, mean_of_decided, process_results
from judge.integrations.lm_eval.rescore import rescore

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

SAVED = Path(__file__).parent / "environments" / "saved"
DATE = "2026-11-22T16-48-44.393213"
MATH, SHORT = (f"samples_{task}_{DATE}.jsonl" for task in ("judge_math", "judge_short_qa"))
Row = dict[str, Any]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAVED, tmp_path / "model"))


def judge(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("JUDGE_", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-m", "judge.cli", "lm-eval", "rescore", *words],
        cwd=folder, env={**environ, "NO_COLOR": "1"}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def change(path: Path, edit: Callable[[Row], object]) -> Path:
    """Edit every row of a file of samples."""
    changed = rows(path)
    for row in changed:
        edit(row)
    path.write_text("".join(json.dumps(row) + "\n" for row in changed), encoding="utf-8")
    return path


def test_both_tasks_of_a_run_are_judged_and_written_beside_it(saved: Path) -> None:
    done = judge(saved, MATH, SHORT)
    assert done.returncode == 0, done.stderr
    table, written = done.stdout.splitlines()[:3], done.stdout.splitlines()[-1]
    assert [line.split()[:2] for line in table] == [["task", "documents"], ["judge_math", "5"], ["judge_short_qa", "5"]]
    assert written == "written to judged"
    before, after = (json.loads((f / f"results_{DATE}.json").read_text("utf-8")) for f in (saved, saved / "judged"))
    for name in (MATH, SHORT):
        task = name.split("_", 1)[1].rsplit("_", 1)[0]
        docs = rows(saved / name)
        responses = [row["resps"][0][0] for row in docs]
        references = [row["doc"]["references"] for row in docs]
        labels = [v.label for v in verify_answers(responses, references, [row["doc"]["question"] for row in docs])]
        found, metrics = rows(saved / "judged" / name), after["results"][task]
        assert [json.loads(row["filtered_resps"][0][0])["label"] for row in found] == labels
        assert [row["accuracy"] for row in found] == [float(label == "correct") for label in labels]
        assert metrics["accuracy,judge"] == statistics.fmean(row["accuracy"] for row in found)
        assert metrics["undecided,judge"] == labels.count("undecided") / 5
        assert not any(key.startswith("bypass") for key in metrics)
        unchanged = ("doc", "target", "resps", "arguments", "doc_hash", "prompt_hash", "target_hash")
        assert [[row[key] for key in unchanged] for row in found] == [[row[key] for key in unchanged] for row in docs]
        assert after["higher_is_better"][task] == {"accuracy": True, "accuracy_decided": True, "undecided": False}
    same = before.keys() - {"results", "higher_is_better"}
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert after["equijudge"]["judge_math"]["settings"]["panel"] is None


@pytest.mark.exhaustive
def test_tasks_can_be_rescored_one_after_the_other_and_again(saved: Path) -> None:
    for name in (MATH, SHORT, MATH):
        assert judge(saved, name).returncode == 0
    separately = (saved / "judged" / f"results_{DATE}.json").read_text("utf-8")
    shutil.rmtree(saved / "judged")
    assert judge(saved, MATH, SHORT).returncode == 0
    assert json.loads((saved / "judged" / f"results_{DATE}.json").read_text("utf-8")) == json.loads(separately)


def test_a_group_keeps_no_figures_of_the_judgement_before(saved: Path) -> None:
    path = saved / f"results_{DATE}.json"
    results = json.loads(path.read_text("utf-8"))
    figures = {"alias": "g", "sample_len": 10, "accuracy,judge": 0.5, "accuracy_stderr,judge": 0.1, "acc,none": 0.25}
    results["group_subtasks"] = {"inner": ["judge_math", "judge_short_qa"], "outer": ["inner"], "other": ["x"]}
    results["groups"] = dict.fromkeys(results["group_subtasks"], figures)
    results["results"] |= results["groups"]
    path.write_text(json.dumps(results), encoding="utf-8")
    assert judge(saved, MATH).returncode == 0
    found = json.loads((saved / "judged" / path.name).read_text("utf-8"))
    kept = {"alias": "g", "sample_len": 10, "acc,none": 0.25}
    for table in (found["results"], found["groups"]):
        assert [table[name] for name in ("inner", "outer", "other")] == [kept, kept, figures]


def test_samples_without_results_and_a_folder_for_the_output(saved: Path) -> None:
    (saved / f"results_{DATE}.json").unlink()
    done = judge(saved.parent, f"model/{MATH}", "--output", "elsewhere", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert (found["task"], found["sample_len"]) == ("judge_math", 5)
    results = json.loads((saved.parent / found["results"]).read_text("utf-8"))
    assert found["results"] == f"elsewhere/model/results_{DATE}.json"
    assert results["n-samples"] == {"judge_math": {"original": 5, "effective": 5}}
    assert len(results["task_hashes"]["judge_math"]) == 64


def test_a_document_counts_once_however_many_filters_saved_it(saved: Path) -> None:
    text = (saved / MATH).read_text("utf-8")
    (saved / MATH).write_text(text + text.replace('"filter": "judge"', '"filter": "strict"'), encoding="utf-8")
    assert json.loads(judge(saved, MATH, "--json").stdout)[0]["sample_len"] == 5


@pytest.mark.exhaustive
def test_references_come_from_the_target_a_column_or_a_template(saved: Path) -> None:
    def accuracy(*words: str) -> float:
        done = judge(saved, MATH, "--json", *words)
        assert done.returncode == 0, done.stderr
        return float(json.loads(done.stdout)[0]["accuracy,judge"])

    def edit(row: Row) -> None:
        row["resps"] = [["The answer is 12."]]
        row["target"] = "7"
        row["doc"] |= {"key": 12, "nested": {"keys": ["11", "12"]}, "solution": "so it is\n#### 12"}

    change(saved / MATH, edit)
    assert accuracy() == 0.0
    assert accuracy("--reference", "key") == 1.0
    assert accuracy("--reference", "nested.keys") == 1.0
    assert accuracy("--reference", '{{ solution.split("#### ")[-1] }}') == 1.0
    change(saved / MATH, lambda row: row.update(target="['11', '12']"))
    assert accuracy() == 1.0
    change(saved / MATH, lambda row: row.update(target="[1, 2]", resps=[["The answer is [1, 2]."]]))
    assert accuracy() == 1.0  # one interval, not two answers


def test_the_question_is_the_column_of_that_name(saved: Path) -> None:
    def edit(row: Row) -> None:
        row["doc"]["question"] = "Which is the largest?\nA. Mars\nB. Venus\nC. Jupiter"
        row["doc"]["asked"] = "?"
        row["resps"], row["target"] = [["It is Jupiter."]], "C"

    change(saved / SHORT, edit)
    assert json.loads(judge(saved, SHORT, "--json").stdout)[0]["accuracy,judge"] == 1.0
    assert json.loads(judge(saved, SHORT, "--json", "--question", "asked").stdout)[0]["accuracy,judge"] == 0.0


def test_the_inputs_of_the_kind_come_from_a_column_a_path_or_a_template(saved: Path) -> None:
    doc = {"brings": {"tables": {"t": [{"n": 1}]}}, "rows": [{"n": 1}], "text": '{"dialect": "sqlite"}'}
    wanted: dict[str, Row] = {"text": {"dialect": "sqlite"}, "null": {}}
    ids = set()
    for spec in ("brings", "nested.brings", '{"tables": {"t": {{ rows | tojson }}}}', "text", "null"):
        fields = Fields(reference="key", inputs=spec)
        case = fields.case("n", "7", {**doc, "nested": doc, "key": "7", "null": None}, where="document 0")
        assert case.inputs == wanted.get(spec, {"tables": {"t": [{"n": 1}]}})
        ids.add(case.id)
    assert len(ids) == 3  # a run file of other inputs is not taken for one of these
    done = judge(saved, MATH, "--json", "--inputs", '{"dialect": "{{ \'sqlite\' }}"}')
    assert done.returncode == 0, done.stderr


def test_documents_without_a_reference_are_undecided_among_others(saved: Path) -> None:
    change(saved / MATH, lambda row: row.update(target="" if row["doc_id"] == 0 else "7", resps=[["7"]]))
    (found,) = json.loads(judge(saved, MATH, "--json").stdout)
    assert (found["accuracy,judge"], found["undecided,judge"], found["accuracy_decided,judge"]) == (0.8, 0.2, 1.0)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda row: row.pop("resps"), "line 1: field 'resps' is missing; is it a sample of lm-evaluation-harness?"),
        (lambda row: row.update(resps=[]), "line 1: not one request for a document"),
        (lambda row: row.update(resps=[["-1.5", "True"], ["-2.5", "False"]]), "line 1: not one request for a document"),
        (lambda row: row.update(resps=[[["-1.5", "True"]]]), "document 0: expected generated text"),
        (lambda row: row.update(resps=[[]]), "document 0: there is no response"),
        (lambda row: row.update(target=""), "none of the cases has a reference, and no model is asked"),
    ],
)
def test_a_file_that_cannot_be_judged_says_where(saved: Path, edit: Callable[[Row], object], message: str) -> None:
    change(saved / MATH, edit)
    done = judge(saved, MATH)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not (saved / "judged").exists()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            [MATH, "--reference", "refrences"],
            "document 0: reference 'refrences': no column 'refrences'. Did you mean 'references'?",
        ),
        ([MATH, "--reference", "{{ refrences }}"], "reference '{{ refrences }}': 'refrences' is undefined"),
        ([MATH, "--reference", "{{ references"], "'{{ references' is no template"),
        ([MATH, "--question", "id.x"], "no column 'x'"),
        ([MATH, "--inputs", "tabels"], "document 0: inputs 'tabels': no column 'tabels'"),
        ([MATH, "--inputs", "{{ 5 }}"], "document 0: inputs '{{ 5 }}': expected an object with the inputs of a case"),
        ([MATH, "--inputs", '{"tabels": {{ 5 }}}'], "the kind 'answer' has no input 'tabels'. Did you mean 'tables'?"),
        ([MATH, "--kind", "anwser"], "unknown kind 'anwser'. Did you mean 'answer'?"),
        ([MATH, "--model", "scripted:none.jsonl", "--rubric", "grade", "--criterion", "x"], "none.jsonl"),
        (["samples_none_2026.jsonl"], "cannot be read: No such file"),
        ([f"results_{DATE}.json"], "the harness calls its samples samples_TASK_DATE.jsonl"),
        ([MATH, f"../copy/{MATH}", "--output", "out"], "two of the files would be written to"),
    ],
)
def test_a_bad_option_ends_with_its_reason(saved: Path, words: list[str], message: str) -> None:
    shutil.copytree(saved, saved.parent / "copy" / "model")
    words = [word.replace("../copy/", "../copy/model/") for word in words]
    done = judge(saved, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_json_names_the_line(saved: Path) -> None:
    with (saved / MATH).open("a", encoding="utf-8") as file:
        file.write('{"doc_id": 5')
    assert "line 6: not JSON" in judge(saved, MATH).stderr
    (saved / MATH).write_text("", encoding="utf-8")
    assert "holds no samples" in judge(saved, MATH).stderr
    (saved / MATH).write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in judge(saved, MATH).stderr
    (saved / f"results_{DATE}.json").write_text("[]", encoding="utf-8")
    assert "holds no results of lm-evaluation-harness" in judge(saved, SHORT).stderr


def test_figures_of_a_document_are_means_over_its_responses() -> None:
    assert figures(["correct", "undecided", "incorrect", "correct"]) == {
        "accuracy": 0.5,
        "accuracy_decided": pytest.approx(2 / 3),
        "undecided": 0.25,
    }
    assert figures(["undecided"]) == {"accuracy": 0.0, "accuracy_decided": None, "undecided": 1.0}
    assert mean_of_decided([1.0, None, 0.0]) == 0.5
    assert mean_of_decided([None]) != mean_of_decided([None])  # NaN


def test_the_filter_keeps_the_shape_in_which_responses_come() -> None:
    judged = JudgeFilter(reference="answer").apply([["3", "4"], "5"], [{"answer": "3"}, {"answer": [6, 5]}])
    labels = [[json.loads(text)["label"] for text in judged[0]], json.loads(judged[1])["label"]]
    assert labels == [["correct", "incorrect"], "correct"]
    assert process_results({}, [judged[0]]) == {"accuracy": 0.5, "accuracy_decided": 0.5, "undecided": 0.0}
    assert process_results({}, [judged[1]])["accuracy"] == 1.0
    assert JudgeFilter(reference="answer").apply([], []) == []


def test_from_python_rescore_says_the_same(saved: Path) -> None:
    (found,) = rescore([saved / MATH], Fields(), Settings())
    assert found.metrics["sample_len"] == 5
    assert found.samples == saved / "judged" / MATH
    with pytest.raises(InputError, match="cannot be read"):
        rescore([saved / "samples_x_1.jsonl"], Fields(), Settings())


def test_the_examples_of_the_docstrings_hold() -> None:
    for module in (lm_eval, lm_eval_fields):
        assert doctest.testmod(module).failed == 0

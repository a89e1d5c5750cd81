"""``judge label``, and how the other commands show what people said."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from command import hard, quick, right, write


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    write(tmp_path, "cases.jsonl", right("a", label="correct"), hard("b"))
    assert quick("run", "cases.jsonl", "--run", "r.judge", cwd=tmp_path).code == 0
    return tmp_path


def test_a_case_is_labelled_by_a_command(ran: Path) -> None:
    said = quick("label", "r.judge", "a", "false", "--rater", "ann", cwd=ran)
    assert (said.code, said.out) == (0, "a: the verdict is correct; labels: ann incorrect, file correct\n")
    said = quick("label", "r.judge", "b", "new", "--json", "--rater", "ann", cwd=ran)
    assert said.json == {"case": "b", "labels": {"ann": "new"}, "verdict": "undecided"}
    said = quick("label", "r.judge", "c", "correct", cwd=ran)
    assert (said.code, said.err) == (2, "judge: run 'r.judge' has no case 'c'.\n")


def test_the_rater_is_who_is_logged_in(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "someone")
    assert quick("label", "r.judge", "b", "correct", "--json", cwd=ran).json["labels"] == {"someone": "correct"}


def test_commands_show_who_said_what(ran: Path) -> None:
    quick("label", "r.judge", "a", "incorrect", "--rater", "ann", cwd=ran)
    shown = quick("show", "r.judge", cwd=ran).out
    assert "agreement with 1 human labels of ann: accuracy 0.000" in shown
    assert "agreement with 1 human labels of the file of cases: accuracy 1.000" in shown
    assert "a  correct  ann said incorrect" in shown
    story = quick("show", "r.judge", "a", cwd=ran).out
    assert "  ann said: incorrect\n  a person said: correct\n" in story
    assert quick("show", "r.judge", "a", "--json", cwd=ran).json["labels"] == {"ann": "incorrect", "file": "correct"}


def test_a_bound_on_accuracy_takes_the_labels_of_the_only_rater(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    words = ("run", "cases.jsonl", "--run", "r.judge", "--fail-under", "accuracy=0.5")
    assert quick(*words, cwd=tmp_path).code == 2
    quick("label", "r.judge", "a", "correct", "--rater", "ann", cwd=tmp_path)
    assert quick(*words, cwd=tmp_path).code == 0
    quick("label", "r.judge", "a", "incorrect", "--rater", "ann", cwd=tmp_path)
    assert quick(*words, cwd=tmp_path).code == 1


def test_exports_have_all_labels(ran: Path) -> None:
    quick("label", "r.judge", "a", "incorrect", "--rater", "ann", cwd=ran)
    quick("label", "r.judge", "b", "correct", "--rater", "ann", cwd=ran)
    assert quick("export", "r.judge", "--to", "v.csv", cwd=ran).code == 0
    assert quick("export", "r.judge", "--to", "v.jsonl", cwd=ran).code == 0
    with (ran / "v.csv").open(newline="") as file:
        rows: dict[str, Any] = {row["id"]: (row["human"], json.loads(row["labels"])) for row in csv.DictReader(file)}
    assert rows == {"a": ("correct", {"ann": "incorrect", "file": "correct"}), "b": ("correct", {"ann": "correct"})}
    lines = [json.loads(line) for line in (ran / "v.jsonl").read_text().splitlines()]
    assert {line["case"]["id"]: line["labels"] for line in lines} == {name: row[1] for name, row in rows.items()}
    assert all(line["at"].endswith("Z") for line in lines)


def test_a_command_goes_on_with_a_run_whose_labels_and_tags_changed(ran: Path) -> None:
    write(ran, "cases.jsonl", right("a", label="incorrect", note="a tag"), hard("b", label="correct"))
    on = quick("run", "cases.jsonl", "--run", "r.judge", "--json", cwd=ran)
    assert on.json["agreement"]["labelled"] == 2
    assert on.json["agreement"]["accuracy"] == 0.0

"""``judge run``: what it prints, what it leaves, how it ends, and how it goes on."""

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command import again, hard, judge, quick, right, started, write

VOTE = {"say": {"reason": "so it is", "label": "correct"}}


def labels(folder: Path, run: str = "r.judge") -> dict[str, str]:
    """Return the label of each case of a run."""
    connection = sqlite3.connect(folder / run)
    found = dict(connection.execute("SELECT case_id, label FROM verdicts WHERE superseded = 0"))
    connection.close()
    return found


# What it prints


def test_a_run_ends_with_a_summary_and_what_to_do_next(tmp_path: Path) -> None:
    write(
        tmp_path,
        "cases.jsonl",
        right("a", label="correct"),
        right("b", response="0.6", label="correct"),
        hard("c", label="incorrect"),
    )
    ran = judge("run", "cases.jsonl", cwd=tmp_path)
    assert ran.code == 0
    (run,) = (tmp_path / "runs").glob("*.judge")
    name = run.relative_to(tmp_path)
    assert ran.out.splitlines() == [
        f"3 cases, 2 decided  ({name})",
        "  answer: 1 correct, 1 incorrect, 1 undecided",
        "  decided by: number 2, nobody 1",
        "  agreement with 3 human labels: accuracy 0.333, of the 2 decided 0.500, kappa 0.000",
        "    human \\ verdict  correct  incorrect  undecided",
        "    correct          1        1          0",
        "    incorrect        0        0          1",
        "1 cases are undecided: no evaluator could tell, and no model was asked. "
        "Ask one: judge run cases.jsonl --model openai:NAME",
        f"See why: judge show {name} CASE",
    ]
    assert "judge: 3/3 cases, number 2 undecided 1, about 0 s left\n" in ran.err


def test_the_same_command_has_nothing_left_to_do(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    first, second = (judge("run", "cases.jsonl", cwd=tmp_path) for _ in range(2))
    assert first.out == second.out
    assert "already holds 1 verdicts" in second.err
    assert len(list((tmp_path / "runs").glob("*.judge"))) == 1


def test_json_is_all_that_is_printed(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a", label="correct"), hard("b", label="correct"))
    summary = judge("run", "cases.jsonl", "--run", "r.judge", "--json", cwd=tmp_path).json
    assert summary["path"] == "r.judge"
    assert (summary["cases"], summary["decided"], summary["decided_by"]) == (2, 1, {"nobody": 1, "number": 1})
    assert summary["agreement"]["accuracy"] == 0.5
    assert summary["agreement"]["confusion"] == {"correct": {"correct": 1, "undecided": 1}}


def test_failures_are_counted_by_cause_and_end_a_run_with_errors(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"), *(hard(str(n)) for n in range(3)))
    write(tmp_path, "s.jsonl", {"case": "0", "fail": "timeout"}, {"case": "1", "fail": "truncated"}, VOTE)
    words = ("run", "cases.jsonl", "-m", "scripted:s.jsonl", "--run", "r.judge")
    ran = judge(*words, cwd=tmp_path)
    assert ran.code == 3
    assert "  failures: 1 timeout, 1 truncated" in ran.out
    retry = f"judge {' '.join(words)} --retry-errors"
    assert f"2 cases are undecided because something failed; try them again: {retry}" in ran.out
    assert judge(*words, "--json", cwd=tmp_path).json["errors"] == 2


def test_votes_and_calls_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", hard("a"))
    write(tmp_path, "s.jsonl", VOTE)
    ran = judge("run", "cases.jsonl", "-m", "scripted:s.jsonl", "-n", "3", "--tools", "none", cwd=tmp_path)
    assert "  decided by: panel 1" in ran.out
    assert "  3 votes asked for, 1 not needed; 2 calls, " in ran.out
    assert "votes saved 1" in ran.err


# What it reads


def test_every_format_gives_the_same_verdicts(tmp_path: Path) -> None:
    rows = [right("a"), right("b", response="0.6"), hard("c")]
    write(tmp_path, "cases.jsonl", *rows)
    write(tmp_path, "cases.json", json.dumps(rows))
    write(tmp_path, "cases.csv", "id,response,reference\n", *(",".join(row.values()) + "\n" for row in rows))
    write(tmp_path, "cases.tsv", "id\tresponse\treference\n", *("\t".join(row.values()) + "\n" for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "cases.parquet")
    expected = {"a": "correct", "b": "incorrect", "c": "undecided"}
    for name in ("cases.jsonl", "cases.json", "cases.csv", "cases.tsv", "cases.parquet"):
        assert quick("run", name, "--run", f"{name}.judge", cwd=tmp_path).code == 0
        assert labels(tmp_path, f"{name}.judge") == expected


@pytest.mark.exhaustive
def test_standard_input_is_a_run_of_its_own_for_each_content(tmp_path: Path) -> None:
    one, two = (json.dumps(right(name)) + "\n" for name in ("a", "b"))
    for text in (one, two, one):
        assert judge("run", "-", "--json", cwd=tmp_path, stdin=text).json["cases"] == 1
    assert len(list((tmp_path / "runs").glob("stdin-*.judge"))) == 2


def test_a_limit_judges_the_first_cases_and_can_be_raised(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", *(hard(str(n)) for n in range(5)))
    write(tmp_path, "s.jsonl", VOTE)
    words = ("run", "cases.jsonl", "-m", "scripted:s.jsonl", "--run", "r.judge", "--limit")
    assert quick(*words, 2, cwd=tmp_path).code == 0
    assert sorted(labels(tmp_path)) == ["0", "1"]
    write(tmp_path, "s.jsonl", {"case": "0", "fail": "down"}, {"case": "1", "fail": "down"}, VOTE)  # not asked again
    assert quick(*words, 4, cwd=tmp_path).code == 0
    assert sorted(labels(tmp_path)) == ["0", "1", "2", "3"]


def test_a_limit_looks_no_further_for_bad_rows(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"), "x\n")
    assert quick("run", "cases.jsonl", "--run", "r.judge", "--limit", 1, cwd=tmp_path).code == 0


def test_a_criterion_can_be_given_for_all_cases(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", {"id": "a", "response": "hello"})
    write(tmp_path, "s.jsonl", {"contains": "is polite", "say": {"reason": "it is", "label": "pass"}})
    words = ("run", "cases.jsonl", "-m", "scripted:s.jsonl", "-r", "pass_fail", "--run", "r.judge")
    refused = quick(*words, cwd=tmp_path)
    assert refused.code == 2
    assert "line 1: rubric 'pass_fail' needs a criterion, and the case has none" in refused.err
    assert quick(*words, "--criterion", "is polite", cwd=tmp_path).code == 0
    assert labels(tmp_path) == {"a": "pass"}


def test_grades_have_a_median(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", *({"id": str(n), "response": "x", "criterion": "c"} for n in range(3)))
    grades = [{"case": str(n), "say": {"reason": "r", "label": n + 2}} for n in range(3)]
    write(tmp_path, "s.jsonl", *grades)
    ran = quick("run", "cases.jsonl", "-m", "scripted:s.jsonl", "-r", "grade", "--run", "r.judge", cwd=tmp_path)
    assert ran.code == 0
    assert "  median score: 3\n" in ran.out
    assert labels(tmp_path) == {"0": "2", "1": "3", "2": "4"}


# Checks for continuous integration


@pytest.mark.parametrize(
    ("bounds", "code", "said"),
    [
        (["accuracy=0.5"], 0, ""),
        (["accuracy=0.5", "coverage=0.75", "correct=0.5", "undecided=0.25"], 0, ""),
        (["accuracy=0.51"], 1, "judge: accuracy is 0.5000, below 0.51"),
        (["coverage=0.1", "incorrect=0.3"], 1, "judge: incorrect is 0.2500, below 0.3"),
        (["accuracy_decided=0.9"], 1, "judge: accuracy_decided is 0.6667, below 0.9"),
        (["kappa=0.9"], 1, "judge: kappa is 0."),
    ],
)
def test_a_figure_below_its_bound_is_a_failed_check(tmp_path: Path, bounds: list[str], code: int, said: str) -> None:
    write(
        tmp_path,
        "cases.jsonl",
        right("a", label="correct"),
        right("b", response="0.6", label="incorrect"),
        right("c", label="incorrect"),
        hard("d", label="correct"),
    )
    ran = quick("run", "cases.jsonl", *(word for bound in bounds for word in ("--fail-under", bound)), cwd=tmp_path)
    assert ran.code == code
    assert said in ran.err


def test_a_figure_that_needs_human_labels_says_so(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    ran = quick("run", "cases.jsonl", "--run", "r.judge", "--fail-under", "accuracy=0.5", cwd=tmp_path)
    assert ran.code == 2
    assert "--fail-under accuracy: the run has no such figure (do the cases carry human labels?)" in ran.err
    assert labels(tmp_path) == {"a": "correct"}


def test_a_label_of_the_rubric_is_a_metric(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", {"id": "a", "response": "hello", "criterion": "c"})
    write(tmp_path, "s.jsonl", {"say": {"reason": "r", "label": "fail"}})
    words = ("run", "cases.jsonl", "-m", "scripted:s.jsonl", "-r", "pass_fail", "--fail-under")
    assert quick(*words, "fail=1", cwd=tmp_path).code == 0
    assert quick(*words, "pass=0.1", cwd=tmp_path).code == 1
    assert quick(*words, "correct=0.1", cwd=tmp_path).code == 2


# Going on


def test_only_what_failed_is_tried_again(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", hard("a"), hard("b"), hard("c"))
    write(
        tmp_path,
        "s.jsonl",
        {"case": "a", "seed": 0, "fail": "timeout"},
        {"case": "a", "seed": 2, "fail": "timeout"},
        {"case": "b", "fail": "server"},
        VOTE,
    )
    words = ("run", "cases.jsonl", "-m", "scripted:s.jsonl", "-n", "3", "--run", "r.judge")
    ran = judge(*words, cwd=tmp_path)
    assert ran.code == 3
    assert labels(tmp_path) == {"a": "undecided", "b": "undecided", "c": "correct"}

    # What did not fail would now bring the run down.
    write(tmp_path, "s.jsonl", {"case": "c", "fail": "down"}, {"case": "a", "seed": 1, "fail": "down"}, VOTE)
    assert judge(*words, cwd=tmp_path).code == 3  # without the flag, nothing is asked
    command = ran.out.split("try them again: ")[1].splitlines()[0]
    on = again(command, cwd=tmp_path)
    assert on.code == 0, on.err
    assert labels(tmp_path) == {"a": "correct", "b": "correct", "c": "correct"}
    shown = quick("show", "r.judge", "--json", cwd=tmp_path).json
    assert (shown["cases"], shown["errors"], shown["failures"]) == (3, 0, {})
    assert quick("replay", "r.judge", cwd=tmp_path).code == 0


def test_a_retry_that_goes_down_names_the_command_without_the_flag_twice(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", hard("a"))
    write(tmp_path, "s.jsonl", {"fail": "timeout"})
    words = ("run", "cases.jsonl", "-m", "scripted:s.jsonl", "--run", "r.judge", "--retry-errors")
    ran = judge(*words, cwd=tmp_path)
    assert ran.code == 3
    assert ran.out.count("--retry-errors") == 1


@contextmanager
def slow_run(folder: Path, *, delay: float) -> Iterator[subprocess.Popen[str]]:
    """Start a run, two cases at once, of which all but the first few take their time; wait until it is among those."""
    write(folder, "cases.jsonl", *(hard(str(n)) for n in range(30)))
    fast = [{"case": str(n), **VOTE} for n in range(3)]
    write(folder, "s.jsonl", *fast, {"delay": delay, **VOTE})
    process = started(*SLOW, cwd=folder)
    try:
        end = time.monotonic() + 30
        while not (folder / "r.judge").exists() or count(folder) < 3:
            assert time.monotonic() < end and process.poll() is None, process.communicate()
            time.sleep(0.02)
        time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


SLOW = ("run", "cases.jsonl", "-m", "scripted:s.jsonl", "--run", "r.judge", "--in-flight", "2", "--tools", "none")


def count(folder: Path) -> int:
    try:
        return len(labels(folder))
    except sqlite3.OperationalError:  # not laid out yet
        return 0


def test_control_c_finishes_what_is_in_flight_and_the_run_goes_on(tmp_path: Path) -> None:
    with slow_run(tmp_path, delay=1.0) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "judge: finishing the cases in flight; press Ctrl-C again to stop at once" in err
    assert "judge: interrupted; continue with: judge run cases.jsonl" in err
    kept = labels(tmp_path)
    assert 3 + 2 <= len(kept) <= 3 + 2 * 2  # those in flight, and no others
    assert f"{len(kept)} cases, {len(kept)} decided" in out

    write(tmp_path, "s.jsonl", *({"case": name, "fail": "down"} for name in kept), VOTE)  # none is asked again
    on = again(err.split("continue with: ")[1].strip(), cwd=tmp_path)
    assert on.code == 0, on.err
    assert len(labels(tmp_path)) == 30


@pytest.mark.exhaustive
def test_control_c_twice_stops_at_once_and_loses_nothing(tmp_path: Path) -> None:
    with slow_run(tmp_path, delay=60.0) as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr
        for line in process.stderr:
            if "press Ctrl-C again" in line:
                break
        assert process.poll() is None
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert time.monotonic() - began < 10  # not the minute that the calls take
    kept = labels(tmp_path)
    assert sorted(kept) == ["0", "1", "2"]
    write(tmp_path, "s.jsonl", *({"case": name, "fail": "down"} for name in kept), VOTE)
    assert judge(*SLOW, cwd=tmp_path).code == 0
    assert len(labels(tmp_path)) == 30


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    with slow_run(tmp_path, delay=60.0) as process:
        process.kill()
        process.wait()
    shown = judge("show", "r.judge", "--json", cwd=tmp_path)
    assert shown.json["cases"] == 3
    write(tmp_path, "s.jsonl", *({"case": str(n), "fail": "down"} for n in range(3)), VOTE)
    on = judge(*SLOW, "--json", cwd=tmp_path)
    assert on.code == 0, on.err
    assert on.json["cases"] == 30


@pytest.mark.exhaustive
def test_two_writers_are_one_too_many(tmp_path: Path) -> None:
    with slow_run(tmp_path, delay=60.0):
        ran = judge(*SLOW, cwd=tmp_path)
        assert ran.code == 2
        assert "judge: run file 'r.judge' is being written by another process" in ran.err
        assert judge("show", "r.judge", cwd=tmp_path).code == 0


# Replay as a model


def test_a_recorded_run_answers_for_its_model(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"), hard("b"), hard("c"), hard("d"))
    write(
        tmp_path,
        "s.jsonl",
        {"case": "b", "turn": 0, "call": {"tool": "check", "arguments": {"kind": "answer", "response": "1/2"}}},
        {"case": "c", "seed": 1, "fail": "timeout"},
        {"case": "d", "seed": 1, "say": {"reason": "no", "label": "incorrect"}},
        {"case": "d", "say": "I do not know."},
        VOTE,
    )
    words = ("run", "cases.jsonl", "-n", "3")
    assert quick(*words, "-m", "scripted:s.jsonl", "--run", "r.judge", cwd=tmp_path).code == 3
    (tmp_path / "s.jsonl").unlink()
    assert quick(*words, "-m", "replay:r.judge", "--run", "again.judge", cwd=tmp_path).code == 3

    def told(run: str) -> list[Any]:
        assert quick("export", run, "--to", f"{run}.jsonl", cwd=tmp_path).code == 0
        found = [json.loads(line) for line in (tmp_path / f"{run}.jsonl").read_text().splitlines()]
        for line in found:
            del line["at"], line["verdict"]["provenance"]
            for vote in line["verdict"]["votes"]:
                del vote["member"]["model"]
                for evidence in vote["evidence"]:
                    assert evidence.pop("seconds") >= 0  # tools ran again
        return sorted(found, key=lambda line: line["case"]["id"])

    assert told("again.judge") == told("r.judge")


def test_a_recorded_run_says_what_it_does_not_hold(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", hard("a"))
    write(tmp_path, "more.jsonl", hard("a"), hard("b", response="something new"))
    write(tmp_path, "s.jsonl", VOTE)
    assert quick("run", "cases.jsonl", "-m", "scripted:s.jsonl", "--run", "r.judge", cwd=tmp_path).code == 0
    ran = quick("run", "more.jsonl", "-m", "replay:r.judge", "--run", "again.judge", cwd=tmp_path)
    assert ran.code == 3
    assert "failures: 1 not_recorded" in ran.out
    assert labels(tmp_path, "again.judge") == {"a": "correct", "b": "undecided"}
    write(tmp_path, "none.jsonl", right("a"))
    assert quick("run", "none.jsonl", "--run", "none.judge", cwd=tmp_path).code == 0
    refused = quick("run", "more.jsonl", "-m", "replay:none.judge", cwd=tmp_path)
    assert refused.code == 2
    assert "run 'none.judge' holds no exchange with a model" in refused.err
    refused = quick("run", "more.jsonl", "-m", "replay:r.judge#openai:x", cwd=tmp_path)
    assert "run 'r.judge' did not ask 'openai:x', but: scripted:s.jsonl" in refused.err

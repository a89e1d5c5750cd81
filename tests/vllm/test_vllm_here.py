"""What only an engine in this process has: scores, determinism, death, Ctrl-C, and being closed."""

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from backends import CASES, ENGINE, Backend, ask, here, surroundings, text_of, weights

from judge import Case, ConfigError, ModelDown
from judge.cli import main
from judge.record.store import Store
from judge.replaying import replay

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

SHORT: dict[str, Any] = {
    "output": {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}, "required": ["n"]},
    "temperature": 0.0,
}
HERE = pytest.mark.parametrize("backend", ["here"], indirect=True)


@HERE
def test_scores_are_calibrated_and_used(backend: Backend, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Judge labelled cases by score, calibrate, judge again by the threshold: it can only agree more."""
    cases = [
        Case(id=f"{n}", question=f"What is {n} + 1?", response=str(n + 1 + n % 2), reference=str(n + 1), label=label)
        for n, label in enumerate(["correct", "incorrect"] * 6)
    ]
    with backend.judge(score=True) as judge:
        first = list(judge.run(cases, path=tmp_path / "raw.judge"))
    for verdict in first:
        (vote,) = verdict.votes
        assert vote.error is None
        assert vote.usage.completion_tokens == 1
        scores: Any = vote.extra["scores"]
        assert sum(math.exp(s) for s in scores.values()) == pytest.approx(float(str(vote.extra["mass"])), rel=1e-3)
    with Store.read(tmp_path / "raw.judge") as store:
        assert [c.differences for c in replay(store)] == [()] * len(cases)

    with pytest.raises(SystemExit) as done:
        main(["calibrate", str(tmp_path / "raw.judge"), "--json"])
    assert done.value.code == 0
    (told,) = json.loads(capsys.readouterr().out)["thresholds"]
    with backend.judge(score=True, threshold=str(tmp_path / "raw.threshold.json")) as judge:
        again = list(judge.run(cases, path=tmp_path / "calibrated.judge"))
    human = {case.id: case.label for case in cases}
    agreed = [sum(v.label == human[v.case_id] for v in verdicts) / len(cases) for verdicts in (first, again)]
    assert agreed == pytest.approx([told["accuracy_raw"], told["accuracy"]], abs=1e-3)
    assert agreed[1] >= agreed[0]
    with Store.read(tmp_path / "calibrated.judge") as store:
        assert [c.differences for c in replay(store)] == [()] * len(cases)


@HERE
def test_determinism_means_that_company_does_not_matter(backend: Backend) -> None:
    engine = {"max_model_len": 1024, "kv_cache_memory_bytes": 1 << 28}
    model = backend.model(engine=engine, deterministic=True)
    try:
        form = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 60}}, "required": ["text"]}
        wanted = [
            ask(f"Say something about {what}, as JSON.", temperature=0.0, output=form, max_tokens=100)
            for what in ("the sea", "tea", "stone", "the moon")
        ]
        alone = [text_of(model, request) for request in wanted]
        together: dict[int, str] = {}
        threads = [
            threading.Thread(target=lambda n=n: together.update({n: text_of(model, wanted[n % 4])})) for n in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [together[n] for n in range(12)] == alone * 3
    finally:
        model.close()


@HERE
def test_an_engine_that_was_closed_starts_again(backend: Backend) -> None:
    model = backend.model(engine={**ENGINE, "max_model_len": 512, "kv_cache_memory_bytes": 1 << 27})
    before = text_of(model, ask(**SHORT))
    model.close()
    assert text_of(model, ask(**SHORT)) == before
    model.close()


@HERE
@pytest.mark.parametrize(
    ("engine", "error", "says"),
    [
        ({"max_modle_len": 512}, ConfigError, "Did you mean 'max_model_len'?"),
        ({"dtype": "float31"}, ConfigError, "float31"),
        ({"max_model_len": 2048, "kv_cache_memory_bytes": 1 << 20}, ModelDown, "lower max_model_len"),
        ({"kv_cache_memory_bytes": 1 << 50}, ModelDown, "not enough memory"),
    ],
)
def test_what_cannot_be_started_says_what_to_change(
    backend: Backend, engine: dict[str, Any], error: type[Exception], says: str
) -> None:
    model = backend.model(engine=engine)
    for _ in range(2):  # who comes later is told the same
        with pytest.raises(error) as raised:
            model.generate(ask())
        assert says in str(raised.value)
    model.close()


def test_a_dead_engine_tells_those_who_wait_and_those_who_come_later() -> None:
    said = program(Path(__file__).with_name("dying.py"), weights())
    assert said["told"] == ["engine_dead"] * 7
    assert "EngineDeadError" in said["said"]
    assert said["left"] == 0


def test_ctrl_c_lets_the_cases_in_flight_finish_and_leaves_no_process(tmp_path: Path) -> None:
    """The engine's core is in a process of its own here, which gets the signal of the terminal as well."""
    run = started(tmp_path, {"VLLM_ENABLE_V1_MULTIPROCESSING": "1"})
    wait_for_verdicts(tmp_path, run, 1)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=300)
    assert run.returncode == 130, said
    assert "finishing the cases in flight" in said
    assert verdicts(tmp_path) > 1
    assert failures(tmp_path) <= {"truncated"}
    assert left_of(run) == []


def test_a_program_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """As after a second Ctrl-C, which ends the program at once."""
    run = started(tmp_path, {"VLLM_ENABLE_V1_MULTIPROCESSING": "1"})
    wait_for_verdicts(tmp_path, run, 1)
    assert len(group(run.pid)) > 1
    run.kill()
    assert left_of(run) == []
    run.communicate(timeout=60)


def test_a_run_that_was_killed_goes_on(tmp_path: Path) -> None:
    run = started(tmp_path, {})
    wait_for_verdicts(tmp_path, run, 2)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=60)
    before = verdicts(tmp_path)
    assert 2 <= before < MANY
    _, said = started(tmp_path, {}).communicate(timeout=500)
    assert f"already holds {before} verdicts" in said
    assert verdicts(tmp_path) == MANY
    with Store.read(tmp_path / "run.judge") as store:
        assert [c.differences for c in replay(store)] == [()] * MANY


MANY = 24


def started(folder: Path, more: dict[str, str]) -> subprocess.Popen[str]:
    """Start `judge run` over many cases with an engine of its own, as the leader of a group."""
    cases = [
        CASES[n % 3].model_copy(update={"id": f"case {n}", "question": f"({n}) {CASES[n % 3].question}"})
        for n in range(MANY)
    ]
    (folder / "cases.jsonl").write_text("".join(case.model_dump_json() + "\n" for case in cases))
    command = [sys.executable, "-m", "judge.cli", "run", "cases.jsonl", "--model", f"vllm:{weights()}", "--run"]
    command += ["run.judge", "-e", "none", "--tools", "none", "--in-flight", "2", "--max-tokens", "60"]
    command += [word for name, value in ENGINE.items() for word in ("--engine", f"{name}={value}")]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**surroundings(), **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_verdicts(folder: Path, run: subprocess.Popen[str], count: int) -> None:
    end = time.monotonic() + 400
    while verdicts(folder) < count:
        if run.poll() is not None or time.monotonic() > end:
            run.kill()
            raise AssertionError(run.communicate()[1])
        time.sleep(0.05)


def verdicts(folder: Path) -> int:
    return len(rows(folder, "SELECT failures FROM verdicts"))


def failures(folder: Path) -> set[str]:
    return {cause for (found,) in rows(folder, "SELECT failures FROM verdicts") for cause in json.loads(found)}


def rows(folder: Path, query: str) -> list[Any]:
    path = folder / "run.judge"
    if not path.exists():
        return []
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:  # it is just being made
        return []


def left_of(run: subprocess.Popen[str]) -> list[int]:
    """The processes of a group that go on after a while in which they may end."""
    end = time.monotonic() + 60
    while found := [pid for pid in group(run.pid) if pid != run.pid]:
        if time.monotonic() > end:
            os.killpg(run.pid, signal.SIGKILL)
            return found
        time.sleep(0.1)
    return []


def group(leader: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state, _, of = (path / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of) == leader and state != "Z":
            found.append(int(path.name))
    return found


def program(path: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(path), *words],
        env=surroundings(),
        timeout=500,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_an_engine_with_nobody_left_is_closed() -> None:
    with here() as backend:
        first, second = backend.model(), backend.model()
        assert text_of(first, ask(**SHORT)) == text_of(second, ask(**SHORT))
        first.close()
        assert text_of(second, ask(**SHORT))
        second.close()

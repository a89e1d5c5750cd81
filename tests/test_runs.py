"""Runs: so many at once and no more, read as needed, ended by whatever ends them, continued without asking twice."""

import itertools
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from judge import (
    Basis,
    Budget,
    Case,
    Evaluator,
    Evidence,
    Finding,
    InputError,
    Judge,
    ModelDown,
    ModelError,
    Outcome,
    Request,
    ScriptedModel,
    StoreError,
    Verdict,
)
from judge.record.store import Store
from judge.runs import AHEAD, Result, run

VOTE = {"reason": "so it is", "label": "correct"}
Answer = Callable[[Request], Any]


class Asked:
    """A model's function that remembers what it was asked: the case and the seed of each call."""

    def __init__(self, then: Answer = lambda request: VOTE) -> None:
        self.calls: list[tuple[str, int | None]] = []
        self._then = then

    def __call__(self, request: Request) -> Any:
        self.calls.append((request.case_id, request.seed))
        return self._then(request)


def panel(answer: Answer, *, evaluators: Any = "none", **settings: Any) -> Judge:
    return Judge(model=ScriptedModel(answer), evaluators=evaluators, tools="none", **settings)


def cases(count: int, *, start: int = 0) -> list[Case]:
    return [Case(id=str(n), response="1", reference="2") for n in range(start, start + count)]


def names(verdicts: list[Verdict]) -> list[str]:
    return sorted((verdict.case_id for verdict in verdicts), key=int)


def by_id(verdict: Verdict) -> int:
    return int(verdict.case_id)


def numbers(count: int) -> list[str]:
    return [str(n) for n in range(count)]


def stored(path: Path) -> list[str]:
    with Store.read(path) as store:
        return sorted((found.case.id for found in store.all()), key=int)


def opened(path: Path, judge: Judge) -> Store:
    return Store.open(path, judge.cascade.provenance, rubrics=judge.rubric_texts())


@pytest.fixture(autouse=True)
def all_threads_end() -> Iterator[None]:
    """Whatever a test does to a run, nothing of it goes on."""
    yield
    end = time.monotonic() + 10
    while left := [t.name for t in threading.enumerate() if t.name in ("judge-feed", "judge-work", "judge-store")]:
        assert time.monotonic() < end, f"still there: {Counter(left)}"
        time.sleep(0.01)


# So many at once


def test_every_case_gets_its_verdict() -> None:
    with panel(lambda request: VOTE, in_flight=3) as judge:
        verdicts = list(judge.run(cases(20)))
    assert names(verdicts) == numbers(20)
    assert {verdict.label for verdict in verdicts} == {"correct"}


def test_a_run_says_what_deciding_one_by_one_says() -> None:
    def answer(request: Request) -> dict[str, Any]:
        if (int(request.case_id) + (request.seed or 0)) % 4 == 0:
            raise ModelError("the script says so", cause="timeout")
        return {"reason": "r", "label": "correct" if int(request.case_id) % 3 else "incorrect"}

    with panel(answer, votes=3) as judge:
        together = {verdict.case_id: verdict for verdict in judge.run(cases(24))}
        assert together == {case.id: judge.decide(case) for case in cases(24)}


def test_nothing_to_do_is_done_at_once() -> None:
    with panel(lambda request: VOTE) as judge:
        assert list(judge.run([])) == []


@pytest.mark.parametrize("in_flight", [1, 2, 5])
def test_as_many_cases_are_in_flight_as_were_asked_for_and_no_more(in_flight: int) -> None:
    together = threading.Barrier(in_flight)  # opens only when so many are there at once
    now, most, lock = 0, 0, threading.Lock()

    def answer(request: Request) -> dict[str, Any]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(timeout=10)
        time.sleep(0.002)
        with lock:
            now -= 1
        return VOTE

    with panel(answer, in_flight=in_flight) as judge:
        assert len(list(judge.run(cases(6 * in_flight)))) == 6 * in_flight
    assert most == in_flight


@pytest.mark.parametrize("in_flight", [1, 8])
@pytest.mark.parametrize("with_store", [False, True])
def test_cases_are_read_as_results_are_taken(tmp_path: Path, in_flight: int, with_store: bool) -> None:
    read = 0

    def endless() -> Iterator[Case]:
        nonlocal read
        for number in itertools.count():
            read = number + 1
            yield Case(id=str(number), response="1", reference="1")

    bound = in_flight + AHEAD + 1  # in flight, waiting, and the one that waits for room
    with Judge(evaluators=["number"], in_flight=in_flight) as judge:
        results = judge.run(endless(), path=tmp_path / "r.judge" if with_store else None)
        for taken, _ in enumerate(itertools.islice(results, 2 * AHEAD), start=1):
            assert read <= taken + bound
        time.sleep(0.2)  # nobody takes anything, so nothing more is read
        assert read <= 2 * AHEAD + bound
        results.close()  # type: ignore[attr-defined]


def test_nothing_is_read_before_the_first_result_is_wanted() -> None:
    read: list[str] = []
    with panel(lambda request: VOTE) as judge:
        results = judge.run(read.append(case.id) or case for case in cases(3))  # type: ignore[func-returns-value]
        time.sleep(0.05)
        assert read == []
        assert len(list(results)) == 3


# What ends a run


def test_an_error_of_the_source_comes_after_the_results_that_were_begun(tmp_path: Path) -> None:
    def broken() -> Iterator[Case]:
        yield from cases(5)
        raise OSError("the disk is gone")

    taken = []
    with panel(lambda request: VOTE, in_flight=2) as judge, pytest.raises(OSError, match="the disk is gone"):
        for verdict in judge.run(broken(), path=tmp_path / "r.judge"):
            taken.append(verdict)
    assert set(names(taken)) <= set(stored(tmp_path / "r.judge")) <= set(numbers(5))


def test_a_model_that_goes_down_ends_the_run_and_keeps_what_was_judged(tmp_path: Path) -> None:
    down = True

    def answer(request: Request) -> dict[str, Any]:
        if down and request.case_id == "7":
            raise ModelDown("the server is gone", cause="connection")
        return VOTE

    path, taken = tmp_path / "r.judge", []
    asked = Asked(answer)
    with panel(asked, in_flight=2) as judge:
        with pytest.raises(ModelDown, match="the server is gone"):
            for verdict in judge.run(cases(500), path=path):
                taken.append(verdict)
        assert names(taken) == stored(path)
        assert len(taken) < 500
        assert len(asked.calls) <= len(taken) + 2
        down = False
        rest = list(judge.run(cases(500), path=path))
    assert names(rest) == numbers(500)
    assert Counter(asked.calls).most_common(1)[0][1] == 2  # case 7, which got no answer the first time
    assert sum(Counter(asked.calls).values()) == 501


def test_a_crash_of_a_model_is_recorded_and_ends_nothing() -> None:
    def answer(request: Request) -> dict[str, Any]:
        if request.case_id == "7":
            raise ZeroDivisionError("a bug in a plugin")
        return VOTE

    with panel(answer, in_flight=4) as judge:
        verdicts = {verdict.case_id: verdict for verdict in judge.run(cases(50))}
    assert [name for name, verdict in verdicts.items() if verdict.label == "undecided"] == ["7"]
    assert "ZeroDivisionError: a bug in a plugin" in verdicts["7"].failures[0].message
    assert len(verdicts) == 50


def test_a_verdict_that_cannot_be_stored_ends_the_run(tmp_path: Path) -> None:
    bad = Case(id="bad", response="1").model_copy(update={"tags": {"x": object()}})  # no JSON can hold that
    with Judge(evaluators="none", in_flight=2) as judge:
        taken = []
        with pytest.raises(StoreError, match="cannot hold the verdict on case 'bad'"):
            for verdict in judge.run([*cases(3), bad, *cases(400, start=3)], path=tmp_path / "r.judge"):
                taken.append(verdict)
        assert names(taken) == stored(tmp_path / "r.judge")


@pytest.mark.parametrize("in_flight", [1, 3])
def test_stopping_finishes_what_is_in_flight_and_begins_nothing(tmp_path: Path, in_flight: int) -> None:
    stop = threading.Event()

    def answer(request: Request) -> dict[str, Any]:
        if len(asked.calls) >= 5:
            stop.set()
        time.sleep(0.01)
        return VOTE

    asked = Asked(answer)
    with panel(asked, in_flight=in_flight) as judge, opened(tmp_path / "r.judge", judge) as store:
        results = list(run(judge.cascade, cases(400), in_flight=in_flight, store=store, stop=stop))
    assert sorted(result.case.id for result in results) == sorted(case_id for case_id, _ in asked.calls)
    assert len(results) <= 5 + in_flight - 1
    assert stored(tmp_path / "r.judge") == names([result.verdict for result in results])


def test_a_run_that_was_stopped_before_it_began_does_nothing() -> None:
    stop, asked = threading.Event(), Asked()
    stop.set()
    with panel(asked) as judge:
        assert list(run(judge.cascade, cases(5), in_flight=2, stop=stop)) == []
    assert asked.calls == []


@pytest.mark.parametrize("with_store", [False, True])
def test_nobody_has_to_read_a_run_to_its_end(tmp_path: Path, with_store: bool) -> None:
    path = tmp_path / "r.judge" if with_store else None
    with panel(lambda request: VOTE, in_flight=4) as judge:
        results = judge.run((Case(id=str(n), response="1", reference="2") for n in itertools.count()), path=path)
        taken = [next(results) for _ in range(10)]
        results.close()  # type: ignore[attr-defined]
        assert list(results) == []
        if path:
            assert set(names(taken)) <= set(stored(path))
            with opened(path, judge):  # and the file is free again
                pass


def test_an_error_of_whoever_reads_ends_the_run(tmp_path: Path) -> None:
    with panel(lambda request: VOTE, in_flight=4) as judge, pytest.raises(KeyboardInterrupt):
        for _ in judge.run(cases(2000), path=tmp_path / "r.judge"):
            raise KeyboardInterrupt
    assert "0" in stored(tmp_path / "r.judge") or stored(tmp_path / "r.judge")


@pytest.mark.parametrize("where", ["memory", "a file"])
def test_an_id_that_comes_twice_is_named(tmp_path: Path, where: str) -> None:
    path = None if where == "memory" else tmp_path / "r.judge"
    twice = [*cases(3), Case(id="1", response="another")]
    with (
        panel(lambda request: VOTE, in_flight=2) as judge,
        pytest.raises(InputError, match=r"^case 4: the id '1' is already that of case 2$"),
    ):
        list(judge.run(twice, path=path))
    if path:
        assert set(stored(path)) <= set(numbers(3))


def test_a_case_that_cannot_be_judged_is_named() -> None:
    wrong = Case(id="w", kind="anser", response="1")
    with (
        panel(lambda request: VOTE) as judge,
        pytest.raises(InputError, match=r"case 'w': unknown kind 'anser'\. Did you mean 'answer'\?"),
    ):
        list(judge.run([*cases(1), wrong]))


# Going on


@pytest.mark.parametrize("first", [0, 1, 7, 20])
def test_what_is_stored_is_not_asked_again(tmp_path: Path, first: int) -> None:
    asked = Asked()
    with panel(asked, votes=3) as judge:
        begun = list(judge.run(cases(first), path=tmp_path / "r.judge"))
        before = list(asked.calls)
        rest = list(judge.run(cases(20), path=tmp_path / "r.judge"))
        after = list(asked.calls)
        assert sorted(judge.run(cases(20), path=tmp_path / "r.judge"), key=by_id) == sorted(rest, key=by_id)
    assert names(begun) == numbers(first)
    assert names(rest) == numbers(20)
    assert all(verdict in rest for verdict in begun)  # as they are in the file
    assert {case_id for case_id, _ in asked.calls[len(before) :]} == {str(n) for n in range(first, 20)}
    assert asked.calls == after
    assert set(Counter(asked.calls).values()) == {1}


def test_a_case_that_changed_since_is_an_error_and_the_others_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with panel(lambda request: VOTE, in_flight=1) as judge:
        list(judge.run(cases(3), path=path))
        changed = [*cases(1, start=3), Case(id="1", response="changed", reference="2"), *cases(1, start=4)]
        with pytest.raises(InputError, match="case '1' is not the one that"):
            list(judge.run(changed, path=path))
    assert set(numbers(3)) <= set(stored(path)) <= set(numbers(4))


class Shaky:
    """An evaluator that crashes as long as it is told to."""

    name, version, kinds, runs = "shaky", "1", frozenset({"answer"}), "sandbox"
    cost, deterministic, needs = 1.0, True, ()
    bases: Mapping[Outcome, frozenset[Basis]] = {"correct": frozenset({"rule"})}

    def __init__(self) -> None:
        self.crashes = True

    def recheck(self, case: Case, witness: Evidence, /) -> bool:
        return False

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        if self.crashes:
            raise RuntimeError("not today")
        return Finding(outcome="correct", basis="rule", because="it is so")


def retry(judge: Judge, path: Path, again: list[Case]) -> list[Result]:
    with opened(path, judge) as store:
        return list(run(judge.cascade, again, in_flight=2, store=store, retry_errors=True))


def test_only_votes_that_failed_are_asked_for_again(tmp_path: Path) -> None:
    failing = {("0", 0), ("0", 2), ("1", 0), ("1", 1), ("1", 2), ("3", 1)}

    def answer(request: Request) -> dict[str, Any]:
        if (request.case_id, request.seed) in failing:
            raise ModelError("the script says so", cause="timeout")
        return {"reason": f"seed {request.seed}", "label": "incorrect" if request.seed == 1 else "correct"}

    asked, path = Asked(answer), tmp_path / "r.judge"
    with panel(asked, votes=3) as judge:
        # 0: fails, incorrect, fails; 1: all fail; 2: correct, incorrect, correct; 3: correct, fails, correct
        first = {verdict.case_id: verdict for verdict in judge.run(cases(4), path=path)}
        assert {name: verdict.label for name, verdict in first.items()} == {
            "0": "undecided",
            "1": "undecided",
            "2": "correct",
            "3": "correct",
        }
        asked.calls.clear()
        failing -= {("0", 0), ("0", 2), ("1", 0), ("1", 1), ("1", 2)}
        again = {result.case.id: result.verdict for result in retry(judge, path, cases(4))}
    assert sorted(asked.calls) == [("0", 0), ("0", 2), ("1", 0), ("1", 1), ("1", 2)]
    assert {name: verdict.label for name, verdict in again.items()} == {"0": "correct", "1": "correct"}
    kept = next(vote for vote in first["0"].votes if vote.error is None)
    assert kept in again["0"].votes
    with Store.read(path) as store:
        assert {found.case.id: found.verdict for found in store.all()} == first | again
        assert next(store.query("SELECT count(*) FROM verdicts WHERE superseded = 1"))[0] == 2
        assert [e.vote for e in store.exchanges("0")] == [0, 1, 2]


def test_a_retry_that_fails_again_keeps_the_votes_that_did_not(tmp_path: Path) -> None:
    failing = {0, 2}

    def answer(request: Request) -> dict[str, Any]:
        if request.seed in failing:
            raise ModelError("the script says so", cause="timeout")
        return VOTE

    asked, path = Asked(answer), tmp_path / "r.judge"
    with panel(asked, votes=3) as judge:
        list(judge.run(cases(1), path=path))
        assert sorted(asked.calls) == [("0", 0), ("0", 1), ("0", 2)]
        for left, calls in (({0, 2}, [0, 2]), ({0}, [0, 2]), (set[int](), [])):
            asked.calls.clear()
            failing = left
            retry(judge, path, cases(1))
            assert sorted(seed or 0 for _, seed in asked.calls) == calls
        with Store.read(path) as store:
            found = store.get("0")
    assert found is not None
    assert found.verdict.label == "correct"


def test_a_retry_asks_an_evaluator_that_crashed(tmp_path: Path) -> None:
    shaky, path = Shaky(), tmp_path / "r.judge"
    evaluators: list[Evaluator] = [shaky]
    with Judge(evaluators=evaluators) as judge:
        assert [verdict.label for verdict in judge.run(cases(2), path=path)] == ["undecided"] * 2
        assert retry(judge, path, []) == []
        shaky.crashes = False
        assert [verdict.label for verdict in judge.run(cases(2), path=path)] == ["undecided"] * 2
        assert [result.verdict.label for result in retry(judge, path, cases(2))] == ["correct"] * 2
        assert retry(judge, path, cases(2)) == []


def test_undecided_for_lack_of_a_majority_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    asked = Asked(lambda request: {"reason": "r", "label": "correct" if request.seed else "incorrect"})
    with panel(asked, votes=2) as judge:
        (verdict,) = judge.run(cases(1), path=path)
        assert verdict.label == "undecided"
        asked.calls.clear()
        assert retry(judge, path, cases(1)) == []
    assert asked.calls == []


# A long run

MEASURED = """
import sys
from judge.cli import main
sys.argv = ["judge", "run", sys.argv[1], "--run", sys.argv[2], "--json"]
try:
    main()
finally:
    status = open("/proc/self/status").read()
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), file=sys.stderr)
"""


@pytest.mark.kill
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux, to see the most memory used")
def test_memory_does_not_grow_with_the_number_of_cases(tmp_path: Path) -> None:
    most = {}
    for count in (10_000, 100_000):
        file = tmp_path / f"{count}.jsonl"
        with file.open("w") as lines:
            for n in range(count):
                lines.write(json.dumps({"id": f"case-{n}", "response": str(n / 4), "reference": f"{n}/4"}) + "\n")
        command = [sys.executable, "-c", MEASURED, str(file), str(tmp_path / f"{count}.judge")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["labels"] == {"answer": {"correct": count}}
        most[count] = int(done.stderr.split()[-1]) / 1024
    print(f"most memory in MB by number of cases: {most}")
    assert most[100_000] < 200
    assert most[100_000] < most[10_000] + 40

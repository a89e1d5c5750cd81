"""Evaluators in children: what one text does to its child costs that text, and nobody else."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
from processes import alive, descendants, until

from judge import Basis, Budget, Case, Evaluator, Finding, Judge, Outcome, Runs, SandboxDown
from judge.processes import crew as crews
from judge.processes.consulting import Asked, Terms
from judge.processes.workers import Workers, sendable
from judge.sandbox import shared

STUCK = re.compile("(a|a)*b")  # holds the interpreter, as a pattern that nobody looked at would


class Hostile(Evaluator):
    """Does what a response says: holds the interpreter, hangs, dies, crashes; else it says where it ran."""

    name, version = "hostile", "1"
    kinds = frozenset({"answer"})
    bases: Mapping[Outcome, frozenset[Basis]] = {"correct": frozenset({"rule"})}
    runs: Runs = "worker"

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        if case.response == "stuck":
            STUCK.match("a" * 60)
        if case.response == "hang":
            subprocess.Popen([sys.executable, "-c", f"import time; time.sleep(60)  # {case.reference}"])
            time.sleep(60)
        if case.response == "die":
            os._exit(3)
        if case.response == "down":
            raise SandboxDown("nothing can be isolated here")
        print("a print of an evaluator harms nothing")
        return Finding(outcome="correct", basis="rule", because=str(os.getpid()))


class Plain(Hostile):
    """An evaluator beside it, which is asked after it."""

    name = "plain"
    cost = 2

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        return Finding(outcome="correct", basis="rule", because="plain")


class Declared(Hostile):
    """Runs where it is told to."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs


class Isolating(Hostile):
    """Uses the sandbox where there is none."""

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        return Finding(outcome="correct", basis="rule", because=str(shared().run("1")))


class Forking(Hostile):
    """Forks a copy of its worker, which comes back, or ends as a program does: with what it has not yet written."""

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        if case.response in ("returns", "exits"):
            child = os.fork()
            if child == 0:
                if case.response == "exits":
                    sys.exit(0)
                return Finding(outcome="correct", basis="rule", because="by a fork")
            os.waitpid(child, 0)
        return Finding(outcome="correct", basis="rule", because=case.response)


class Slow(Hostile):
    """Takes less than its deadline for each case, and much more for all."""

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        time.sleep(0.2)
        return Finding(outcome="correct", basis="rule", because=case.response)


class Unloadable(Hostile):
    def __setstate__(self, state: object) -> None:
        raise ValueError("not in this process")

    def __getstate__(self) -> object:
        return {"a": 1}


def ask(*responses: str, size: int = 1, deadline_s: float = 1.0, reference: str = "x") -> list[Finding]:
    workers = Workers([Hostile()], Terms(deadline_s=deadline_s))
    cases = [Case(id=str(n), response=response, reference=reference) for n, response in enumerate(responses)]
    return [found["hostile"] for found in workers.consult([Asked(case=case) for case in cases], size=size)]


def causes(findings: list[Finding]) -> list[str | None]:
    return [finding.error.cause if finding.error else None for finding in findings]


def test_a_worker_is_another_process_and_stays() -> None:
    first, second = (ask("x")[0] for _ in range(2))
    assert first.because == second.because != str(os.getpid())


def test_who_hangs_or_dies_is_undecided_and_the_others_of_the_batch_go_on() -> None:
    found = ask("x", "stuck", "x", "die", "x", "hang", "x")
    assert causes(found) == [None, "evaluator_timeout", None, "evaluator_crash", None, "evaluator_timeout", None]
    assert [finding.outcome for finding in found if not finding.error] == ["correct"] * 4
    assert "took longer than 1 s" in found[1].because


@pytest.mark.exhaustive
def test_a_child_dies_with_its_children() -> None:
    mark = uuid.uuid4().hex
    assert causes(ask("hang", reference=mark)) == ["evaluator_timeout"]
    assert subprocess.run(["pgrep", "-f", f"[#] {mark}"], capture_output=True).stdout == b""


def test_the_other_evaluators_of_a_case_are_asked_all_the_same() -> None:
    with Judge(evaluators=[Hostile(), Plain()], evaluator_deadline_s=1) as judge:
        for response, cause in (("stuck", "evaluator_timeout"), ("die", "evaluator_crash")):
            verdict = judge.decide(Case(response=response, reference="x"))
            assert (verdict.label, verdict.decided_by) == ("correct", "plain")
            assert [failure.cause for failure in verdict.failures] == [cause]


@pytest.mark.exhaustive
def test_the_deadline_is_that_of_a_case_and_not_of_its_batch() -> None:
    cases = [Case(response=str(n)) for n in range(12)]
    found = Workers([Slow()], Terms(deadline_s=1.0)).consult([Asked(case=case) for case in cases], size=1)
    assert [finding["hostile"].because for finding in found] == [case.response for case in cases]


def test_while_one_text_holds_a_child_another_answers() -> None:
    held = threading.Thread(target=lambda: ask("stuck", size=3, deadline_s=20))
    held.start()
    assert until(lambda: crews.crew(3)._threads == 1 and crews.crew(3)._free == 0)
    assert causes(ask("x", size=3)) == [None]
    assert held.is_alive()
    for child in list(crews.crew(3)._children):
        os.kill(child._process.pid, signal.SIGKILL)  # nobody has to wait for the deadline
    held.join()


def test_a_child_that_is_killed_is_replaced() -> None:
    before = ask("x")[0].because
    os.kill(int(before), signal.SIGKILL)
    after = ask("x")[0]
    assert after.outcome == "correct"
    assert after.because != before


def test_an_evaluator_that_a_child_cannot_load_is_undecided() -> None:
    found = Workers([Unloadable()], Terms()).consult([Asked(case=Case(response="x"))] * 3, size=1)
    assert causes([finding["hostile"] for finding in found]) == ["evaluator_crash"] * 3
    assert "cannot be loaded in a worker: ValueError: not in this process" in found[0]["hostile"].because


def test_a_worker_makes_no_second_sandbox() -> None:
    found = Workers([Isolating()], Terms()).consult([Asked(case=Case(response="x"))])
    assert causes(list(found[0].values())) == ["evaluator_crash"]
    assert "declares runs = 'sandbox'" in found[0]["hostile"].because


def test_no_case_gets_the_answer_of_another_whoever_forks() -> None:
    said = ["1", "2", "exits", "3", "returns", "4", "5"]
    workers = Workers([Forking()], Terms())
    for _ in range(3):
        found = workers.consult([Asked(case=Case(response=text)) for text in said], size=1)
        assert [finding["hostile"].because for finding in found] == said


def program(text: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(text)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.exhaustive
def test_a_fork_beside_threads_that_ask_goes_on() -> None:
    done = program("""
        import os, threading
        from judge import verify_answers
        long = ["x" * 400_000] * 40
        threads = [threading.Thread(target=verify_answers, args=(long, ["5"] * 40), daemon=True) for _ in range(3)]
        verify_answers(["1"], ["1"])
        [thread.start() for thread in threads]
        for _ in range(20):
            if not (child := os.fork()):
                os._exit(verify_answers(["1/2"], ["0.5"])[0].label != "correct")
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print("all")
    """)
    assert done.stdout == "all\n", done.stderr


def test_where_no_thread_can_be_started_it_is_said_and_later_ones_are() -> None:
    done = program("""
        import threading
        from judge import verify_answers
        from judge.processes.crew import crew
        start = threading.Thread.start
        def broken(self):
            raise RuntimeError("can't start new thread")
        threading.Thread.start = broken
        first = verify_answers(["1"], ["1"])[0]
        print(first.label, first.failures[0].cause)
        threading.Thread.start = start
        print(verify_answers(["1"], ["1"])[0].label)
    """)
    assert done.stdout == "undecided evaluator_crash\ncorrect\n", done.stderr


def test_at_the_end_of_a_process_nobody_waits_for_ever() -> None:
    done = program("""
        import atexit
        def late():
            print(verify_answers(["1"], ["1"])[0].label)
        atexit.register(late)
        from judge import verify_answers
        print(verify_answers(["1"], ["1"])[0].label)
    """)
    assert done.stdout == "correct\nundecided\n", done.stderr


@pytest.mark.exhaustive
def test_workers_start_without_streams_and_where_only_this_process_finds_judge(tmp_path: Path) -> None:
    done = program("""
        import os, sys
        os.close(0), os.close(2)
        from judge import verify_answers
        print([v.label for v in verify_answers(["1/2"] * 40, ["0.5"] * 40, workers=2)].count("correct"))
    """)
    assert done.stdout == "40\n"
    (tmp_path / "script.py").write_text(
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from judge import verify_answers\nprint(verify_answers(['1/2'], ['0.5'])[0].label)\n"
    )
    command = [sys._base_executable, str(tmp_path / "script.py")]  # which knows nothing of this environment
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "correct\n", done.stderr


def test_texts_that_utf8_cannot_hold_come_through() -> None:
    found = Workers([Plain()], Terms()).consult([Asked(case=Case(response="half \ud800 of a character"))])
    assert found[0]["plain"].outcome == "correct"


def test_a_sandbox_that_is_down_ends_a_run_from_inside_a_worker(tmp_path: Path) -> None:
    cases = [Case(id=str(n), response="down" if n == 3 else "x") for n in range(6)]
    with Judge(evaluators=[Hostile()]) as judge, pytest.raises(SandboxDown, match="nothing can be isolated here"):
        list(judge.run(cases, path=tmp_path / "r.judge"))


def test_an_evaluator_that_cannot_be_sent_is_asked_here() -> None:
    class Local(Hostile):
        pass

    assert not sendable(Local())
    with Judge(evaluators=[Local()]) as judge:
        assert judge.decide(Case(response="x")).because == str(os.getpid())


@pytest.mark.parametrize(
    ("runs", "here", "in_a_child"),
    [("here", False, True), ("here", True, False), ("worker", True, True), ("sandbox", False, False)],
)
def test_where_evaluators_run_is_what_they_declare(runs: Runs, here: bool, in_a_child: bool) -> None:
    with Judge(evaluators=[Declared(runs)], here=here) as judge:
        assert (judge.decide(Case(response="x")).because != str(os.getpid())) == in_a_child


def test_a_run_that_ends_leaves_no_process(tmp_path: Path) -> None:
    script = tmp_path / "ends.py"
    script.write_text(
        textwrap.dedent("""
            import sys
            from judge import verify_answers
            assert [v.label for v in verify_answers(["1/2"] * 40, ["0.5"] * 40, workers=2)] == ["correct"] * 40
            print("ready", flush=True)
            sys.stdin.read()
        """)
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, script], text=True, **pipes) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        children = descendants(process.pid)
        assert children
        process.communicate("")
    assert process.returncode == 0
    assert until(lambda: not alive(children))

"""Record and replay, against a real server: what is asked, what is not, and what a miss says."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_project import Project
from server import FakeOpenAI
from server_faults import Behaviour, Delay, Fill, Json, Status, Text

SECRET = "sk-test-abcdefghijklmnop"
CASSETTE = "cassettes/test_it.judge.yaml"
TESTS = """
    import os
    import pytest

    def test_right(judge):
        assert judge(question="Who wrote Hamlet?", response="The Bard of Avon wrote it.", reference="Shakespeare")

    @pytest.mark.judge(votes=3)
    def test_polite(judge):
        assert judge.passes("Good morning", "is polite")
"""
#: Whether the server calls tools, one vote, two votes of three.
EXCHANGES = 4


class Says:
    """What the server answers: a vote for the response, or what a test sets."""

    now: Behaviour | None = None

    def __call__(self, body: Json, n: int) -> Behaviour:
        return self.now or Fill(label="pass" if "'pass'" in str(body) else "correct", reason="It is.")


@pytest.fixture
def says() -> Says:
    return Says()


@pytest.fixture
def server(says: Says) -> Iterator[FakeOpenAI]:
    with FakeOpenAI(says) as server:
        yield server
    assert server.violations == []


class Recording(Project):
    """A project whose model is a server; counts what each session asks it."""

    def __init__(self, folder: Path, server: FakeOpenAI, **files: str) -> None:
        super().__init__(folder, **files)
        self.server = server
        self.write("judge.toml", 'model = "openai:m"\n[models."openai:m"]\nprice_prompt = 100.0\n')

    def session(self, *arguments: str) -> tuple[str, str, int]:
        """Run pytest; return the line of the counts, everything, and how often the server was asked."""
        before = len(self.server.requests)
        ran = self.pytest(*arguments, env={"OPENAI_BASE_URL": self.server.url, "OPENAI_API_KEY": SECRET})
        return ran.last, ran.out, len(self.server.requests) - before


@pytest.fixture
def project(tmp_path: Path, server: FakeOpenAI) -> Recording:
    return Recording(tmp_path, server, test_it=TESTS)


@pytest.mark.exhaustive
def test_once_asks_once_and_replays_ever_after(project: Recording) -> None:
    last, out, asked = project.session()
    assert (last, asked) == ("2 passed", EXCHANGES)
    assert f"recorded {EXCHANGES} exchanges in {CASSETTE}" in out
    kept = project.read(CASSETTE)

    last, out, asked = project.session()
    assert (last, asked) == ("2 passed", 0)
    assert f"0 calls, 0 tokens; {EXCHANGES} answered from cassettes" in out
    assert "recorded" not in out and project.read(CASSETTE) == kept

    project.server.stop()  # offline, without a key, and by a part of the tests
    ran = project.pytest("--judge-record=none", "-k", "polite")
    assert ran.last == "1 passed, 1 deselected"


@pytest.mark.exhaustive
def test_a_new_test_is_recorded_and_a_changed_one_misses_with_a_diff(project: Recording) -> None:
    project.session()
    changed = TESTS.replace("is polite", "is polite and short") + (
        '\n    def test_new(judge):\n        assert judge.passes("Hi", "is short")\n'
    )
    project.write("test_it.py", changed)
    last, out, asked = project.session()
    assert (last, asked) == ("1 failed, 2 passed", 1)
    for line in (
        f"{CASSETTE} holds no answer of openai:m to this request",
        "The nearest one was recorded by test_polite:",
        "-  is polite\n",
        "+  is polite and short\n",
        "This test was recorded before, so that nothing is asked for it again (--judge-record=once).",
        "Record what is missing: pytest --judge-record=new test_it.py::test_polite",
    ):
        assert line in out, out
    assert "-  <criterion-" not in out  # the codes of fences differ as well, which would only distract

    last, out, asked = project.session("--judge-record=new")
    assert (last, asked) == ("3 passed", 2)
    assert "2 calls, " in out and "recorded 2 exchanges" in out


@pytest.mark.exhaustive
def test_the_command_for_what_is_missing_can_be_pasted(tmp_path: Path, server: FakeOpenAI) -> None:
    test = """
        import pytest

        @pytest.mark.parametrize("name", ["it's [ü] $(x)"])
        def test_it(judge, name):
            assert judge.passes(name, "is polite")
    """
    project = Recording(tmp_path / "sub", server, test_it=test)  # a folder below the root
    project.write("../judge.toml", project.read("judge.toml"))
    _, out, asked = project.session("--rootdir=..", "--judge-record=none")
    assert asked == 0
    _, record, test_id = shlex.split(out.split("Record it: ")[1].splitlines()[0])
    last, _, asked = project.session("--rootdir=..", record, test_id)
    assert (last, asked) == ("1 passed", 1)


def test_none_never_asks(project: Recording) -> None:
    last, out, asked = project.session("--judge-record=none")
    assert (last, asked) == ("2 failed", 0)
    assert "nothing is recorded in" in out and "CassetteMiss" in out
    assert not (project.folder / "cassettes").exists()


@pytest.mark.exhaustive
def test_all_asks_everything_again_and_replaces_it(project: Recording) -> None:
    project.session()
    project.write(CASSETTE, project.read(CASSETTE).replace("It is.", "It was."))
    last, _, asked = project.session("--judge-record=all")
    assert (last, asked) == ("2 passed", EXCHANGES)
    kept = project.read(CASSETTE)
    assert "It was." not in kept and kept.count("\nkey: ") == EXCHANGES


@pytest.mark.exhaustive
def test_a_failure_is_replayed_with_its_cause_until_new_asks_again(
    tmp_path: Path, server: FakeOpenAI, says: Says
) -> None:
    test = """
        def test_it(judge):
            verdict = judge.passes("Hi", "is short")
            assert verdict.failures == (), verdict.failures[0].cause
    """
    project = Recording(tmp_path, server, test_it=test)
    says.now = Status(400, "This model's maximum context length is 8 tokens.", error_code="context_length_exceeded")
    assert project.session()[0::2] == ("1 failed", 1)
    _, out, asked = project.session("--judge-record=none")
    assert "AssertionError: too_long" in out and asked == 0
    says.now = None
    assert project.session("--judge-record=new")[0::2] == ("1 passed", 1)


@pytest.mark.exhaustive
def test_a_server_that_is_gone_fails_the_test_and_is_not_recorded(project: Recording) -> None:
    project.server.stop()
    last, out, _ = project.session("-k", "polite")
    assert last == "1 failed, 1 deselected"
    assert "ModelDown: model 'm' at http://127.0.0.1" in out and "cannot be reached" in out
    assert not (project.folder / "cassettes").exists()
    project.server.start_again()
    assert project.session("-k", "polite")[0] == "1 passed, 1 deselected"


@pytest.mark.exhaustive
def test_no_secret_is_kept(tmp_path: Path, server: FakeOpenAI, says: Says) -> None:
    test = """
        import os

        def test_it(judge):
            assert judge.passes(f"The key is {os.environ['OPENAI_API_KEY']}.", "is short")
    """
    project = Recording(tmp_path, server, test_it=test)
    says.now = Text(f'{{"reason": "It holds {SECRET}.", "label": "pass"}}')
    assert project.session()[0::2] == ("1 passed", 1)
    kept = project.read(CASSETTE)
    assert SECRET not in kept and kept.count("[secret removed]") == 2
    assert SECRET in str(server.requests[0].body)  # the model was asked about what the test said
    assert project.session()[0::2] == ("1 passed", 0)


@pytest.mark.exhaustive
def test_a_missing_key_is_said(project: Recording) -> None:
    ran = project.pytest("-k", "polite")
    assert "pytest.UsageError: the environment variable OPENAI_API_KEY is not set" in ran.failure("test_polite")


@pytest.mark.exhaustive
def test_a_damaged_cassette_is_named(project: Recording) -> None:
    project.session()
    project.write(CASSETTE, project.read(CASSETTE).replace("reply:", "repply:"))
    last, out, asked = project.session()
    assert (last, asked) == ("2 failed", 0)
    assert out.count("E       pytest.UsageError: cassette") == 2
    assert out.count("is damaged: the document on line ") >= 2


SHARED = """
    import pytest

    @pytest.mark.parametrize("n", range(12))
    def test_same(judge, n):
        assert judge.passes("Good morning", "is polite")

    @pytest.mark.parametrize("n", range(4))
    def test_own(judge, n):
        assert judge.passes(f"Good morning {n}", "is polite")
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", ["once", "all"])
def test_workers_share_what_is_recorded_and_totals_are_of_all(tmp_path: Path, server: FakeOpenAI, mode: str) -> None:
    project = Recording(tmp_path, server, test_it=SHARED)
    last, out, asked = project.session(f"--judge-record={mode}", "-n2")
    assert (last, asked) == ("16 passed", 5)
    assert "16 verdicts in 16 tests: 16 pass" in out
    tokens = sum(int(line.split(": ")[1]) for line in project.read(CASSETTE).splitlines() if "_tokens: " in line)
    assert f"5 calls, {tokens} tokens, cost 0." in out and "; 11 answered from cassettes" in out
    assert "recorded 5 exchanges" in out

    last, out, asked = project.session("-n2")
    assert (last, asked) == ("16 passed", 0)
    assert "0 calls, 0 tokens; 16 answered from cassettes" in out


@pytest.mark.exhaustive
def test_what_is_asked_at_once_is_all_recorded(tmp_path: Path, server: FakeOpenAI, says: Says) -> None:
    test = """
        import pytest
        from judge import Case

        @pytest.mark.judge(rubric="pass_fail", votes=3)
        def test_it(judge):
            cases = [Case(response=f"Good morning {n}", criterion="is polite") for n in range(20)]
            results = judge.all(cases)
            assert [v.case_id for v in results] == [c.id for c in cases]
            assert results.pass_rate == 1
    """
    project = Recording(tmp_path, server, test_it=test)
    says.now = Delay(0.3, Fill(label="pass", reason="It is."))
    assert project.session()[0::2] == ("1 passed", 40)
    assert server.in_flight_peak > 1
    assert project.session("--judge-record=none")[0::2] == ("1 passed", 0)

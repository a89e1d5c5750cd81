"""What a failed assertion shows: the verdict and everything it rests on, and nothing where no verdict is concerned."""

import re
import shlex
import sys

import pytest
from pytest_project import Project, Ran

pytestmark = pytest.mark.xdist_group("pytest_failing")  # its fixtures are made once

TESTS = """
    import unittest
    import pytest
    from judge import Case, equivalent

    RESPONSE = "I think it is long.\\nSo the length, I am sure, is 4 km."

    def check(verdict):
        assert verdict

    def test_passes(judge):
        assert judge.equivalent("0.5", "1/2").correct

    def test_correct(judge):
        verdict = judge(question="How long?", response=RESPONSE, reference="5 km")
        assert verdict.correct

    def test_call(judge):
        assert judge.equivalent("4 km", "5 km")

    def test_helper(judge):
        check(judge.equivalent("4", "5"))

    def test_inside(judge):
        found = {"first": judge.equivalent("4", "5")}
        assert found["first"].correct, "said by the test"

    def test_label(judge):
        assert judge.equivalent("4", "5").label == "correct"

    def test_not(judge):
        assert not judge.equivalent("4", "4.0")

    def test_undecided(judge):
        assert judge.equivalent("perhaps", "4")

    def test_same(judge):
        assert judge.equivalent("4", "4") == judge.equivalent("4", "5")

    def test_from_python():
        assert equivalent("4", "5")

    def test_votes(judge):
        assert judge(response="Well, hello there.", criterion="is formal").correct
    test_votes = pytest.mark.judge(model="scripted:votes.jsonl", rubric="pass_fail", votes=3)(test_votes)

    @pytest.mark.judge(model="scripted:votes.jsonl", rubric="grade", threshold=4)
    def test_grade(judge):
        assert judge(response="Well.", criterion="is long")

    @pytest.mark.judge(model="scripted:tool.jsonl")
    def test_tool(judge):
        assert judge(question="The sum?", response="perhaps 4/4", reference="about 2 or 3")

    def test_terminal(judge):
        assert judge.equivalent("\\x1b[31mred\\x07", "4")

    def test_members(judge):
        found = [judge.equivalent("4", "4"), judge.equivalent("4", "5")]
        assert all(found)

    def test_odd_id(judge):
        assert judge(Case(id="it's $(odd)", response="4", reference="5"))

    class TestOfUnittest(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def asks(self, judge):
            self.judge = judge

        def test_plain(self):
            assert self.judge.equivalent("4", "5")

        def test_method(self):
            self.assertTrue(self.judge.equivalent("4", "5"))

        def test_subtest(self):
            with self.subTest("first"):
                assert self.judge.equivalent("4", "5")

    def test_unrelated(judge):
        kept = judge.equivalent("4", "5")
        assert 1 == 2

    def test_other_error(judge):
        assert judge.equivalent("4", "4")
        raise KeyError("k")
"""
VOTES = """\
    {"contains": "is formal", "seed": 1, "fail": "timeout"}
    {"contains": "is formal", "say": {"reason": "It says \\"hello there\\", which is not.", "label": "fail"}}
    {"say": {"reason": "It is one word.", "label": 3}}
    """
TOOL = """\
    {"turn": 0, "call": {"tool": "check", "arguments": {"kind": "answer", "response": "4/4", "reference": "2"}}}
    {"call": {"tool": "vote", "arguments": {"reason": "e1 shows it.", "cites": ["e1"], "label": "incorrect"}}}
    """


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("failing"), test_it=TESTS)
    project.write("votes.jsonl", VOTES)
    project.write("tool.jsonl", TOOL)
    return project


@pytest.fixture(scope="module")
def ran(project: Project) -> Ran:
    return project.pytest()


def test_all_that_should_fail_do(ran: Ran) -> None:
    assert ran.code == 1
    assert ran.last == "20 failed, 2 passed"


def test_the_verdict_is_told(ran: Ran, project: Project) -> None:
    told = ran.failure("test_correct")
    for line in (
        "E        +  where False = <verdict incorrect, by answer (proof): number: 4 is not 5>.correct",
        "E       incorrect, by answer (proof): number: 4 is not 5",
        "E         question: How long?",
        "E         reference: 5 km",
        "E         number: undecided: the response is not a plain number",
        "E         answer: incorrect (proof): number: 4 is not 5",
        "E           evidence answer from answer: 4 km against quantity: 5 km",
    ):
        assert line in told.splitlines(), told


def test_the_place_in_the_response_is_shown(ran: Ran) -> None:
    lines = ran.failure("test_correct").splitlines()
    shown = next(n for n, line in enumerate(lines) if "response, line 2: So the length, I am sure, is 4 km." in line)
    assert lines[shown].index("4 km") == lines[shown + 1].index("^^^^")
    assert lines[shown + 1].strip("E ") == "^^^^"


@pytest.mark.exhaustive
def test_the_command_for_the_whole_story_works(ran: Ran, project: Project) -> None:
    for test, wanted in (
        ("test_correct", "  incorrect  answer (proof)"),
        ("test_tool", "  evidence e1 from check"),
        ("test_odd_id", "it's $(odd)"),
    ):
        found = re.search(r"the whole story: judge (show .+)", ran.failure(test))
        assert found, ran.failure(test)
        story = project.run(sys.executable, "-m", "judge.cli", *shlex.split(found[1]))
        assert story.code == 0, story.out
        assert wanted in story.out


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("test_call", "incorrect, by answer (proof): number: 4 is not 5"),
        ("test_helper", "incorrect, by number (proof): 4 is not 5"),
        ("test_inside", "incorrect, by number (proof): 4 is not 5"),
        ("test_label", "incorrect, by number (proof): 4 is not 5"),
        ("test_not", "correct, by number (proof): 4 = 4.0 exactly"),
        ("test_undecided", "undecided: no evaluator could decide"),
        ("test_from_python", "incorrect, by number (proof): 4 is not 5"),
        ("test_members", "1 of 2 passed"),
        ("test_members", "incorrect, by number (proof): 4 is not 5"),
        ("TestOfUnittest.test_plain", "incorrect, by number (proof): 4 is not 5"),
        ("TestOfUnittest.test_method", "incorrect, by number (proof): 4 is not 5"),
        ("TestOfUnittest.test_subtest [first]", "incorrect, by number (proof): 4 is not 5"),
    ],
)
def test_however_it_is_asserted(ran: Ran, test: str, said: str) -> None:
    assert re.search(rf"^E +{re.escape(said)}", ran.failure(test), re.MULTILINE)


def test_two_verdicts_are_compared(ran: Ran) -> None:
    told = ran.failure("test_same")
    assert "assert correct == incorrect" in told
    assert "label: was 'correct', is 'incorrect'" in told


def test_votes_are_shown_with_what_failed_and_what_was_hoped_for(ran: Ran) -> None:
    told = ran.failure("test_votes")
    assert 'fail, by panel: 2 of 3 votes, 1 failed: It says "hello there", which is not.' in told
    assert "hoped for: pass" in told
    assert "vote 2 of scripted:votes.jsonl: none (timeout): the script says 'timeout'" in told
    lines = told.splitlines()
    shown = next(n for n, line in enumerate(lines) if "response: Well, hello there." in line)
    assert lines[shown].index("hello there") == lines[shown + 1].index("^" * 11)


@pytest.mark.exhaustive
def test_a_grade_is_measured_by_its_threshold(ran: Ran) -> None:
    assert "hoped for: a median of at least 4; it is 3" in ran.failure("test_grade")


def test_the_evidence_of_a_vote_is_shown(ran: Ran) -> None:
    told = ran.failure("test_tool")
    assert "vote 1 of scripted:tool.jsonl: incorrect, citing e1: e1 shows it." in told
    assert "evidence e1 from check" in told


@pytest.mark.exhaustive
def test_what_came_in_cannot_command_the_terminal(ran: Ran) -> None:
    told = ran.failure("test_terminal")
    assert "\\u001b[31mred\\u0007" in told
    assert "\x1b" not in ran.out and "\x07" not in ran.out


@pytest.mark.parametrize("test", ["test_unrelated", "test_other_error"])
def test_a_failure_about_something_else_stays_as_it_is(ran: Ran, test: str) -> None:
    assert "the whole story" not in ran.failure(test)
    assert "by number" not in ran.failure(test)


@pytest.mark.exhaustive
def test_without_a_cache_the_story_is_told_and_not_kept(project: Project) -> None:
    ran = project.pytest("-p", "no:cacheprovider", "-k", "test_call")
    assert "its whole story is not kept: the cache of pytest is switched off" in ran.failure("test_call")


@pytest.mark.exhaustive
def test_a_cache_that_cannot_be_written_costs_only_the_story(project: Project) -> None:
    quiet = ("-W", "ignore::pytest.PytestCacheWarning")
    ran = project.pytest("-o", "cache_dir=test_it.py/cache", *quiet, "-k", "test_call")
    told = ran.failure("test_call")
    assert "incorrect, by answer (proof): number: 4 is not 5" in told
    assert "its whole story could not be kept: " in told


def test_plain_asserts_tell_as_well(project: Project) -> None:
    ran = project.pytest("--assert=plain", "-k", "test_correct or test_helper")
    assert "incorrect, by answer (proof): number: 4 is not 5" in ran.failure("test_correct")
    assert "incorrect, by number (proof): 4 is not 5" in ran.failure("test_helper")

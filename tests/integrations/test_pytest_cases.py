"""Files of cases: a test for each, or a pass rate for all; and what is said of a file that cannot be used."""

import pytest
from pytest_project import Project, Ran

TESTS = """
    import pytest

    pytestmark = pytest.mark.judge_cases("cases.jsonl")

    def test_each(judge, case):
        assert judge(case)

    def test_rate(results):
        assert results.pass_rate >= 0.9

    def test_bound(results):
        assert results.interval.low > 0.5

    def test_passes(results):
        assert results.pass_rate >= 0.5
        assert len(results) == 4 and [v.case_id for v in results.failing] == ["wrong", "odd"]

    def test_answers_of_ones_own(judge):
        answers = {"right": "4", "wrong": "4.0", "odd": "8/2", "half": "0.5"}
        results = judge.all(c.model_copy(update={"responses": (answers[c.id],)}) for c in judge.cases)
        assert results.pass_rate == 1
        assert judge(judge.cases[1], response="4").correct
"""
CASES = """\
    {"id": "right", "response": "so it is 4", "reference": "4"}
    {"id": "wrong", "response": "so it is 5", "reference": "4"}
    {"id": "odd", "response": "perhaps", "reference": "4"}
    {"id": "half", "response": "0.5", "reference": "1/2"}
    """


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    project = Project(tmp_path_factory.mktemp("cases"), test_it=TESTS)
    project.write("cases.jsonl", CASES)
    return project.pytest("-v")


def test_each_case_is_a_test(ran: Ran) -> None:
    assert "test_it.py::test_each[right] PASSED" in ran.out
    assert "test_it.py::test_each[wrong] FAILED" in ran.out
    assert "test_it.py::test_each[odd] FAILED" in ran.out
    assert "test_it.py::test_each[half] PASSED" in ran.out
    assert ran.last == "4 failed, 4 passed"


@pytest.mark.exhaustive
def test_a_pass_rate_that_is_too_low_shows_the_interval_and_the_failing_cases(ran: Ran) -> None:
    told = ran.failure("test_rate")
    for line in (
        "assert 0.5 >= 0.9: 2 of 4 passed, 1 undecided, 95 % interval 0.150 to 0.850",
        "failing: wrong: incorrect, by answer (proof): number: 5 is not 4",
        "failing: odd: undecided: no evaluator could decide",
        "evidence answer from answer: 5 against number: 4",
    ):
        assert line in told, told
    assert told.count("2 of 4 passed") == 2  # in the representation of the argument, and here
    assert "E       2 of 4 passed, 1 undecided" in ran.failure("test_bound")


BAD = {
    "no_such_file": ("cases.jsonl", None, "'{folder}/nowhere.jsonl' does not exist or is not a file"),
    "wrong_column": (
        "a.jsonl",
        '{"respons": "4"}',
        "a.jsonl, line 1: unknown field 'respons'. Did you mean 'response'?",
    ),
    "missing_field": ("b.jsonl", '{"id": "x", "reference": "4"}', "b.jsonl, line 1: field 'response' is missing"),
    "unknown_kind": ("c.jsonl", '{"response": "4", "kind": "anser"}', "unknown kind 'anser'. Did you mean 'answer'?"),
    "wrong_csv": ("d.csv", "question,reference\nwho,me", "d.csv, line 2: field 'response' is missing"),
    "no_format": ("e.txt", "4", "unknown format '.txt'; expected .jsonl"),
    "empty": ("f.jsonl", "", "f.jsonl: there are no cases in it"),
}
MARKS = {
    "misspelt": ('judge(rubrik="grade")', "pytest.mark.judge has no 'rubrik'. Did you mean 'rubric'?"),
    "positional": ('judge("grade")', "pytest.mark.judge takes no positional arguments"),
    "no_votes": ("judge(votes=0)", "pytest.mark.judge(votes=0): expected a whole number from 1 on"),
    "no_threshold": ('judge(threshold="high")', "pytest.mark.judge(threshold='high'): expected a number"),
    "no_model": ("judge(model=[])", "pytest.mark.judge(model=[]): expected a name, a model object or a list"),
    "no_name": ('judge(rubric="")', "pytest.mark.judge(rubric=''): expected a name, a rubric object or a list"),
    "odd_model": ("judge(model=3)", "pytest.mark.judge(model=3): expected a name, a model object or a list"),
    "no_file": ("judge_cases()", "judge_cases takes the path of one file"),
}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Ran]:
    project = Project(tmp_path_factory.mktemp("bad"))
    for name, (file, content, _) in BAD.items():
        path = "nowhere.jsonl" if content is None else file
        if content is not None:
            project.write(file, content)
        mark = f'@pytest.mark.judge_cases("{path}")'
        project.write(f"test_{name}.py", f"import pytest\n\n{mark}\ndef test_{name}(judge, case): pass\n")
    for name, (mark, _) in MARKS.items():
        project.write(f"test_{name}.py", f"import pytest\n\n@pytest.mark.{mark}\ndef test_{name}(judge): pass\n")
    project.write("cases.jsonl", CASES)
    project.write(
        "test_nothing.py", 'import pytest\n\n@pytest.mark.judge_cases("cases.jsonl")\ndef test_nothing(): pass\n'
    )
    return project, project.pytest()


@pytest.mark.parametrize("name", [*BAD, *MARKS, "nothing"])
def test_what_cannot_be_used_is_said_while_tests_are_collected(bad: tuple[Project, Ran], name: str) -> None:
    project, ran = bad
    wanted = {**{n: b[2] for n, b in BAD.items()}, **{n: m[1] for n, m in MARKS.items()}}.get(
        name, "judge_cases: the test takes none of 'case', 'results' and 'judge'"
    )
    told = ran.failure(f"ERROR collecting test_{name}.py")
    assert wanted.format(folder=project.folder) in told
    assert told.strip().startswith(f"test_{name}.py::test_{name}: ")
    assert "Traceback" not in told and "/judge/" not in told.replace(str(project.folder), "")


def test_every_one_of_them_stops_the_session(bad: tuple[Project, Ran]) -> None:
    assert bad[1].code == 2
    assert bad[1].last == f"{len(BAD) + len(MARKS) + 1} errors"


IN_A_TEST = """
    import pytest
    from judge import Case

    def test_kind(judge):
        judge.equivalent("1", "1", kind="anser")

    def test_response(judge):
        judge(reference="1")

    def test_type(judge):
        judge(response=4, reference="4")

    def test_dict(judge):
        judge({"response": "4", "reference": "4"})

    def test_name(judge):
        judge.all("cases.jsonl")

    def test_changed(judge):
        judge(Case(response="4", reference="4"), response=4)

    def test_copied(judge):
        judge.all([Case(response="4", reference="4").model_copy(update={"responses": (None,)})])

    def test_model(judge):
        judge.passes("hello", "is polite")

    def test_cases(judge):
        judge.all()

    @pytest.mark.judge(rubric="grade", model="scripted:rules.jsonl")
    def test_threshold(judge):
        judge(response="hello", criterion="is polite")

    @pytest.mark.judge(rubric="gade", model="scripted:rules.jsonl")
    def test_rubric(judge):
        judge(response="hello", criterion="is polite")

    @pytest.mark.judge(model="scripted:rules.jsonl")
    def test_reference(judge):
        judge(response="hello", question="Who?")

    @pytest.mark.judge(model="scriptd:rules.jsonl")
    def test_provider(judge):
        judge(response="hello", reference="who is it?")
"""


@pytest.fixture(scope="module")
def misused(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    project = Project(tmp_path_factory.mktemp("misused"), test_it=IN_A_TEST)
    project.write("rules.jsonl", '{"say": {"reason": "r", "label": 3}}\n')
    return project.pytest()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("kind", "pytest.UsageError: unknown kind 'anser'. Did you mean 'answer'?"),
        ("response", "pytest.UsageError: there is nothing to judge: give response=…, or a case"),
        ("type", "pytest.UsageError: field 'responses': Input should be a valid string, got 4"),
        ("dict", "pytest.UsageError: expected a judge.Case, got {'response': '4', 'reference': '4'}"),
        ("name", "pytest.UsageError: expected a judge.Case, got 'c'"),
        ("changed", "pytest.UsageError: field 'responses': Input should be a valid string, got 4"),
        ("copied", "pytest.UsageError: field 'responses': Input should be a valid string, got None"),
        ("model", "pytest.UsageError: judge.passes asks a model, and none is set: give --judge-model=PROVIDER:NAME"),
        ("cases", "pytest.UsageError: there are no cases: give some, or mark the test with judge_cases(FILE)"),
        ("threshold", "pytest.UsageError: rubric 'grade' gives numbers: say which one is enough"),
        ("rubric", "pytest.UsageError: unknown rubric 'gade'. Did you mean 'grade'?"),
        ("reference", "pytest.UsageError: rubric 'correctness' needs a reference, and the case has none"),
        ("provider", "pytest.UsageError: unknown model 'scriptd'. Did you mean 'scripted'?"),
    ],
)
def test_what_a_test_gets_wrong_is_said_at_its_line(misused: Ran, test: str, said: str) -> None:
    told = misused.failure(f"test_{test}")
    assert f"E       {said}" in told, told
    assert ">       judge" in told and "/judge/integrations" not in told


@pytest.mark.exhaustive
def test_options_and_settings_are_checked_before_any_test(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = Project(tmp_path_factory.mktemp("options"), test_it="def test_it(judge): pass\n")
    assert "argument --judge-record: invalid choice: 'often'" in project.pytest("--judge-record=often").out
    ran = project.pytest("-o", "judge_record=often")
    assert (ran.code, ran.out.strip()) == (
        4,
        "ERROR: judge_record is 'often'; it has to be one of once, none, all, new",
    )
    ran = project.pytest(env={"JUDGE_VOTES": "many"})
    assert "environment variable JUDGE_VOTES: setting 'votes': " in ran.failure("ERROR at setup of test_it")

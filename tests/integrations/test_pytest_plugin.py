"""The plugin among others: what it costs and says where nothing is judged, its reports, its marks and its fixture."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pytest_project import Project

PLAIN = "def test_it():\n    assert 1 + 1 == 2\n"
SPY = """
    import sys

    HEAVY = {"judge", "judge_evaluators", "pydantic", "jinja2", "yaml", "openai", "rich", "mpmath"}

    def pytest_unconfigure():
        print("imported:", *sorted(name for name in sys.modules if name.partition(".")[0] in HEAVY))
"""

IMPORTED = "imported: judge judge.integrations judge.integrations.pytest judge.integrations.pytest.plugin"


def test_a_session_that_judges_nothing_imports_and_prints_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path, test_it=PLAIN, conftest=SPY)
    ran = project.pytest("-q")
    assert (ran.code, ran.out.count("judge")) == (0, 4), ran.out
    assert ran.out.splitlines()[-1] == IMPORTED


@pytest.mark.exhaustive
def test_a_failure_in_such_a_session_imports_nothing_either(tmp_path: Path) -> None:
    project = Project(tmp_path, test_it=PLAIN.replace("== 2", "== 3"), conftest=SPY)
    ran = project.pytest("-q")
    assert ran.last == IMPORTED
    assert ran.code == 1


@pytest.mark.exhaustive
def test_it_can_be_switched_off(tmp_path: Path) -> None:
    project = Project(tmp_path, test_it=PLAIN + "def test_that(judge):\n    pass\n", conftest=SPY)
    ran = project.pytest("-p", "no:judge")
    assert "fixture 'judge' not found" in ran.out
    assert ran.out.splitlines()[-1] == "imported:"
    assert "unrecognized arguments: --judge-model=x" in project.pytest("-p", "no:judge", "--judge-model=x").out


def test_its_options_and_marks_are_listed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    shown = project.pytest("--help").out
    assert all(f"--judge-{name}" in shown and f"judge_{name} (string)" in shown for name in ("model", "record"))
    assert "@pytest.mark.judge(rubric, model, votes, threshold):" in project.pytest("--markers").out


ANSWERS = """
    import pytest
    from judge import ScriptedModel

    def test_three(judge):
        assert judge.equivalent("0.5", "1/2")
        assert not judge.equivalent("1", "2")
        assert judge(question="2+2", response="4", reference=["four", "4"])

    def test_none(judge):
        pass

    def said(label, **further):
        return ScriptedModel(lambda request: {"reason": "r", "label": label, **further})

    @pytest.mark.judge(model=said("pass"), votes=3)
    def test_model_object(judge):
        assert judge.passes("hello", "is polite")

    @pytest.mark.judge(model=said("rude"), rubric="rubrics/tone.j2")
    class TestClass:
        def test_own_rubric(self, judge):
            verdict = judge(response="What?")
            assert not verdict and (verdict.label, verdict.votes[0].member.rubric) == ("rude", "sub/rubrics/tone.j2")

        @pytest.mark.judge(model=said("polite"))
        def test_nearest_mark(self, judge):
            assert judge(response="hello")

    @pytest.mark.judge(model=said(4), rubric="grade", threshold=4)
    def test_threshold(judge):
        assert judge(response="hello", criterion="is polite")

    def two_of_three(request):
        return {"reason": "r", "label": "fail" if request.seed == 1 else "pass"}

    @pytest.mark.judge(model=ScriptedModel(two_of_three), rubric="pass_fail", votes=3, threshold=0.9)
    def test_confidence(judge):
        verdict = judge(response="hello", criterion="is polite")
        assert verdict.label == "pass" and not verdict.correct

    @pytest.mark.judge(model=ScriptedModel(two_of_three), rubric="pass_fail", votes=3, threshold=0.6)
    def test_confidence_enough(judge):
        assert judge(response="hello", criterion="is polite").correct

    def first_shown(request):
        return {"reason": "r", "label": "A"}

    def the_longer(request):
        a, b = request.messages[-1].content.split("response-B")[0], request.messages[-1].content
        return {"reason": "r", "label": "A" if "Good morning" in a else "B"}

    @pytest.mark.judge(model=ScriptedModel(the_longer))
    def test_prefers(judge):
        assert judge.prefers("Good morning", over="What?")
        worse = judge.prefers("What?", over="Good morning", question="Hello?")
        assert not worse and worse.label == "B"

    @pytest.mark.judge(model=ScriptedModel(first_shown))
    def test_a_judge_that_prefers_what_it_sees_first_prefers_nothing(judge):
        verdict = judge.prefers("Good morning", over="What?")
        assert not verdict and verdict.label == "A" and verdict.origin.case.response == "What?"
"""
TONE = """\
---
labels: [polite, rude]
---
{% block system %}Decide.{% endblock %}
{% block user %}{{ fence(case.response) }}{% endblock %}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("plugin"))
    project.write("sub/test_it.py", ANSWERS)
    project.write("sub/rubrics/tone.j2", TONE)
    return project


@pytest.mark.sampled(3)
@pytest.mark.parametrize("workers", [0, 2])
def test_marks_totals_and_properties(project: Project, workers: int) -> None:
    ran = project.pytest(f"--junit-xml=report{workers}.xml", *([f"-n{workers}"] if workers else []))
    assert ran.last == "10 passed", ran.out
    summed = next(line for line in ran.out.splitlines() if line.startswith("14 verdicts in 9 tests: "))
    labels = {"3 pass", "3 A", "2 correct", "2 B", "1 incorrect", "1 rude", "1 polite", "1 4"}
    assert set(summed.partition(": ")[2].split(", ")) == labels
    cases = ElementTree.parse(project.folder / f"report{workers}.xml").iter("testcase")
    found = {case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")} for case in cases}
    three = found["test_three"]
    assert float(three.pop("judge_seconds") or "nan") >= 0
    assert three == {"judge_verdicts": "3", "judge_labels": '{"correct": 2, "incorrect": 1}'}
    assert found["test_none"] == {}
    assert found["test_model_object"]["judge_calls"] == "2"
    assert int(found["test_model_object"]["judge_tokens"] or "0") > 0


REPEATS = """
    from _pytest.runner import runtestprotocol

    def pytest_runtest_protocol(item, nextitem):
        for _ in range(2):
            item._initrequest()
            for report in runtestprotocol(item, nextitem=nextitem, log=False):
                item.ihook.pytest_runtest_logreport(report=report)
        return True
"""


@pytest.mark.exhaustive
def test_a_test_that_is_repeated_is_counted_for_what_each_run_did(tmp_path: Path) -> None:
    test = """
        import pytest
        from judge import ScriptedModel

        RUNS = []

        @pytest.mark.judge(model=ScriptedModel(lambda request: {"reason": "r", "label": "pass"}))
        def test_it(judge):
            RUNS.append(judge.equivalent("4", "4") if RUNS else judge.passes("hello", "is polite"))
    """
    ran = Project(tmp_path, test_it=test, conftest=REPEATS).pytest("--junit-xml=report.xml")
    assert "2 verdicts in 1 test: 1 pass, 1 correct" in ran.out
    assert "1 call, " in ran.out
    cases = list(ElementTree.parse(tmp_path / "report.xml").iter("testcase"))
    names = [p.get("name") for p in cases[-1].iter("property")]
    assert names == ["judge_verdicts", "judge_labels", "judge_seconds"]


WATCH = """
    import sys

    def seen(event, arguments):
        if event.startswith("socket.") and event not in ("socket.__new__", "socket.bind", "socket.gethostname"):
            with open(FILE, "a") as file:
                print(event, arguments, file=file)

    sys.addaudithook(seen)
"""


@pytest.mark.exhaustive
def test_nothing_goes_out_unless_a_model_is_asked(tmp_path: Path) -> None:
    project = Project(tmp_path, test_it=ANSWERS)
    project.write("rubrics/tone.j2", TONE)
    project.write("sitecustomize.py", WATCH.replace("FILE", repr(str(tmp_path / "seen.txt"))))  # in every process
    ran = project.pytest("-n2", "-k", "not own_rubric", env={"PYTHONPATH": str(tmp_path)})
    assert ran.last == "9 passed", ran.out
    assert not (tmp_path / "seen.txt").exists(), project.read("seen.txt")
    project.run(sys.executable, "-c", "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
                env={"PYTHONPATH": str(tmp_path)})  # fmt: skip
    assert "socket.connect" in project.read("seen.txt")


@pytest.mark.exhaustive
def test_settings_of_judge_toml_the_environment_and_the_command_line(tmp_path: Path) -> None:
    test = """
        def test_it(judge):
            verdict = judge.passes("hello", "is polite")
            raise SystemError(f"{verdict.votes[0].member.model} {len(verdict.votes)}")
    """
    project = Project(tmp_path, test_it=test)
    for name in ("file", "option", "ini"):
        project.write(f"{name}.jsonl", '{"say": {"reason": "r", "label": "pass"}}\n')
    project.write("judge.toml", 'model = "scripted:file.jsonl"\nvotes = 5\n')
    assert "SystemError: scripted:file.jsonl 3" in project.pytest().out
    assert "SystemError: scripted:ini.jsonl 3" in project.pytest("-o", "judge_model=scripted:ini.jsonl").out
    out = project.pytest("-o", "judge_model=scripted:ini.jsonl", env={"JUDGE_MODEL": "scripted:file.jsonl"}).out
    assert "SystemError: scripted:file.jsonl 3" in out
    out = project.pytest("--judge-model=scripted:option.jsonl", env={"JUDGE_MODEL": "scripted:file.jsonl"}).out
    assert "SystemError: scripted:option.jsonl 3" in out


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("environ", "file", "label"),
    [({}, "", "undecided"), ({"JUDGE_WEAKEST": "learned"}, "", "correct"), ({}, 'weakest = "learned"', "correct")],
)
def test_what_was_learned_decides_only_where_that_is_asked_for(
    tmp_path: Path, environ: dict[str, str], file: str, label: str
) -> None:
    test = f"""
        def test_it(judge):
            said = {{"question": "Who wrote Hamlet?", "reference": "Shakespeare"}}
            assert judge(response="It was written by William Shakespeare.", **said).label == "{label}"
    """
    project = Project(tmp_path, test_it=test)
    project.write("judge.toml", file)
    ran = project.pytest(env=environ)
    assert ran.last == "1 passed", ran.out


def test_a_test_gives_inputs_and_files_are_found_beside_it(tmp_path: Path) -> None:
    test = """
        import pytest
        from judge import Case

        TABLES = {"tables": {"t": "t.csv"}}

        def test_they_are_read(judge):
            assert judge(response="4", reference="4", inputs=TABLES)
            assert judge(Case(response="4", reference="4"), inputs=TABLES)
            assert judge.equivalent("4", "4", inputs=TABLES)
            assert judge.all([Case(response="4", reference="4", inputs=TABLES)]).pass_rate == 1

        def test_what_cannot_be_meant_is_an_error(judge):
            judge(response="4", reference="4", inputs={"tabels": {}})
    """
    project = Project(tmp_path)
    project.write("deep/test_it.py", test)
    project.write("deep/t.csv", "n\n1\n")
    ran = project.pytest("deep")
    assert ran.last == "1 failed, 1 passed", ran.out
    assert "UsageError: field 'inputs': the kind 'answer' has no input 'tabels'. Did you mean 'tables'?" in ran.out


def test_the_page_shows_the_example(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    example = (root / "examples" / "pytest" / "test_tutor.py").read_text(encoding="utf-8")
    blocks = (root / "docs" / "pytest.md").read_text(encoding="utf-8").split("```python\n")[1:]
    shown = [part.strip() for block in blocks for part in block.split("```")[0].split("\n\n\n")]
    assert len(shown) == 7
    assert [part for part in shown if part not in example] == []

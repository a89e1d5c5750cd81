"""Plugins through the real door: installed distributions, found by their entry points."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import judge
from judge import PluginError, registry

pytestmark = pytest.mark.xdist_group("plugins")  # its fixtures are made once


def run(*words: str, path: Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command line with one more folder of installed distributions."""
    environment = {"PYTHONPATH": str(path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "judge.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=60)


def declare(folder: Path, distribution: str, entries: str) -> None:
    """Make a distribution that is nothing but entry points."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)


def test_without_the_plugin_its_kind_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text('{"kind": "anwser", "response": "1"}\n{"kind": "limit", "response": "1"}\n')
    done = run("run", "cases.jsonl", path=tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "cases.jsonl, line 1: unknown kind 'anwser'. Did you mean 'answer'?" in done.stderr
    assert "cases.jsonl, line 2: unknown kind 'limit'. Is its plugin installed? Known: answer" in done.stderr
    (tmp_path / "cases.jsonl").write_text('{"kind": "anwser", "response": "1", "inputs": {"x": 1}}\n')
    done = run("run", "cases.jsonl", path=tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    said = "line 1, field 'inputs': the kind 'anwser' declares none, and the case has ['x']. Did you mean 'answer'? Is "
    said += "its plugin installed?"
    assert said in done.stderr


FAULTS = """
import sys
from judge import Evaluator, Finding

class Plain(Evaluator):
    name, version, kinds = "plain", "1", frozenset({"answer"})
    bases = {"correct": frozenset({"rule"})}

class NoKinds:
    name, version, bases, runs, cost, deterministic, needs = "no_kinds", "1", {}, "here", 1, True, ()
    def check(self, case, /, *, budget): ...
    def recheck(self, case, witness, /): ...

class OddKinds(Plain):
    name, kinds = "odd_kinds", None

class Exits(Plain):
    name = "exits_when_made"
    def __init__(self): sys.exit(3)
"""


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A folder with a distribution of which every evaluator is broken in its own way."""
    entries = (
        "gone = nowhere.at.all:Thing\nexits = exiting:Thing\nno_kinds = faults:NoKinds\n"
        "odd_kinds = faults:OddKinds\nexits_when_made = faults:Exits\nmisnamed = faults:Plain\n"
    )
    declare(tmp_path, "faulty", f"[judge.evaluators]\n{entries}[judge.kinds]\nnone = faults:Plain\n")
    (tmp_path / "faults.py").write_text(FAULTS)
    (tmp_path / "exiting.py").write_text("raise SystemExit(0)\n")
    return tmp_path


FAULT = {
    "gone": "evaluator 'gone' of faulty cannot be imported: ModuleNotFoundError",
    "exits": "evaluator 'exits' of faulty cannot be imported: SystemExit",
    "no_kinds": "evaluator 'no_kinds' lacks 'kinds'",
    "odd_kinds": "evaluator 'odd_kinds': kinds has to be a set of names, not None",
    "exits_when_made": "evaluator 'exits_when_made' cannot be made: SystemExit: 3",
    "misnamed": "evaluator 'misnamed' calls itself 'plain'",
    "none": "kind 'none' has to be a judge.kinds.Kind, not ",
}


@pytest.mark.exhaustive
def test_the_list_of_plugins_names_each_fault_and_never_ends_by_one(faulty: Path) -> None:
    listed = run("plugins", path=faulty, cwd=faulty)
    assert (listed.returncode, listed.stderr) == (1, "")
    lines = {line.split()[1]: line for line in listed.stdout.splitlines()}
    for name, fault in FAULT.items():
        assert fault in lines[name]
    assert "judge_evaluators.number:Number" in lines["number"]
    told = {one["name"]: one for one in json.loads(run("plugins", "--json", path=faulty, cwd=faulty).stdout)}
    assert told["number"]["error"] is None
    assert told["number"]["kinds"] == ["answer"]
    assert told["gone"]["kinds"] == []
    assert FAULT["gone"] in told["gone"]["error"]


def test_beside_broken_plugins_the_others_go_on_and_what_is_undecided_names_them(faulty: Path) -> None:
    done = run("check", "--response", "1", "--reference", "1.0", path=faulty, cwd=faulty)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "correct  number (proof): 1 = 1.0 exactly\n"
    done = run("check", "--response", "1 or 2", "--reference", "1", "--json", path=faulty, cwd=faulty)
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == 1
    for name, fault in FAULT.items():
        if name != "none":
            assert findings[name]["error"]["cause"] == "broken_plugin"
            assert fault in findings[name]["error"]["message"]
    (faulty / "cases.jsonl").write_text('{"response": "1", "reference": "1.0"}\n{"response": "?", "reference": "1"}\n')
    done = run("run", "cases.jsonl", path=faulty, cwd=faulty)
    assert "Traceback" not in done.stderr
    assert "number 1" in done.stdout


def test_a_test_session_goes_on_beside_broken_plugins(faulty: Path) -> None:
    (faulty / "test_it.py").write_text(
        "def test_it(judge):\n    assert judge.equivalent('1', '1.0')\n    assert not judge.equivalent('1 or 2', '1')\n"
    )
    environment = {"PYTHONPATH": str(faulty), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "test_it.py"],
        capture_output=True, text=True, cwd=faulty, env=environment, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["gone", "exits", "no_kinds"])
def test_a_broken_plugin_that_was_named_is_an_error(faulty: Path, name: str) -> None:
    done = run("check", "--response", "1", "--reference", "1", "-e", f"number,{name}", path=faulty, cwd=faulty)
    assert done.returncode == 2
    assert FAULT[name] in done.stderr


@pytest.mark.exhaustive
def test_a_plugin_declared_twice_counts_as_none_and_both_are_named(tmp_path: Path) -> None:
    declare(tmp_path, "second", "[judge.evaluators]\nnumber = judge_evaluators.exact:Exact\n")
    done = run("check", "--response", "1", "--reference", "1", path=tmp_path, cwd=tmp_path)
    assert done.stdout.startswith("correct  exact")
    done = run("check", "--response", "1 or 2", "--reference", "1", "--all", path=tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  number: ")]
    assert "failed (broken_plugin): evaluator 'number' is declared twice, by equijudge" in line
    assert "second (judge_evaluators.exact:Exact)" in line
    named = run("check", "--response", "1", "--reference", "1", "-e", "number", path=tmp_path, cwd=tmp_path)
    assert named.returncode == 2
    assert "evaluator 'number' is declared twice" in named.stderr
    listed = run("plugins", path=tmp_path, cwd=tmp_path)
    assert listed.returncode == 1
    assert listed.stdout.count("is declared twice") == 2


KIND = """
from judge import Evaluator, Finding, Inputs, Kind

class Limit(Inputs):
    limit: int

LIMIT = Kind(name="limit", summary="at most", Inputs=Limit, extra="solver",
             example={"response": "3", "inputs": {"limit": 4}})

class Below(Evaluator):
    name, version, kinds, runs = "below", "1", frozenset({"limit"}), "here"
    bases = {"correct": frozenset({"proof"}), "incorrect": frozenset({"proof"})}

    def check(self, case, /, *, budget):
        holds, limit = int(case.response) <= case.inputs["limit"], case.inputs["limit"]
        return (Finding.correct if holds else Finding.incorrect)("proof", f"the limit is {limit}")

class Solves(Below):
    name, needs = "solves", ("no_such_solver",)
"""


@pytest.fixture
def limit(tmp_path: Path) -> Path:
    """A folder with a distribution that declares a kind whose cases have to bring a number."""
    declare(tmp_path, "limits", "[judge.kinds]\nlimit = limits:LIMIT\n[judge.evaluators]\nbelow = limits:Below\n")
    (tmp_path / "limits.py").write_text(KIND)
    return tmp_path


def test_a_kind_of_a_plugin_decides_by_its_inputs_on_the_command_line(limit: Path) -> None:
    words = ("check", "--kind", "limit", "--response", "5", "--input")
    done = run(*words, "limit=4", path=limit, cwd=limit)
    assert (done.returncode, done.stdout) == (1, "incorrect  below (proof): the limit is 4\n")
    done = run(*words[:-1], path=limit, cwd=limit)
    assert done.returncode == 2
    assert "field 'inputs': the kind 'limit' needs the input 'limit'" in done.stderr
    done = run(*words, "limit=four", path=limit, cwd=limit)
    assert "--input limit: field 'inputs.limit': Input should be a valid integer" in done.stderr


EVERYWHERE = """
from judge import InputError, equivalent, verify_answers
from judge.integrations.lm_eval import JudgeFilter
from judge.integrations.mcp.tools import Offers, VerifyAnswer
from judge.integrations.promptfoo.judging import Desk
from judge.integrations.rewards import AnswerReward, compute_score

def refuses(ask):
    try:
        ask()
    except InputError as error:
        assert "needs the input 'limit'" in str(error), error
    else:
        raise SystemExit("was not refused")

assert equivalent("3", "", kind="limit", inputs={"limit": 3})
refuses(lambda: equivalent("3", "", kind="limit"))
refuses(lambda: verify_answers(["3"], [""], kind="limit", workers=1))
refuses(lambda: verify_answers(["3"] * 2, [""] * 2, kind="limit", inputs=[{"limit": 1}, None], workers=1))
found = verify_answers(["3"] * 2, [""] * 2, kind="limit", inputs=[{"limit": 3}, {"limit": 2}], workers=1)
assert [one.label for one in found] == ["correct", "incorrect"]
reward = AnswerReward(kind="limit", inputs="brings", workers=1)
assert reward(["?"] * 2, ["3"] * 2, answer=["x"] * 2, brings=[{"limit": 3}, '{"limit": 2}']) == [1.0, 0.0]
assert compute_score("x", "3", "x", {"inputs": {"limit": 3}}, kind="limit")["score"] == 1.0
docs = [{"task": {"inputs": {"limit": 3}}, "most": 2, "key": "x"}]
for spec, label in (("task.inputs", "correct"), ('{"limit": {{ most }}}', "incorrect")):
    (verdict,) = JudgeFilter(reference="key", kind="limit", inputs=spec).apply([["3"]], docs)
    assert '"label":"' + label + '"' in verdict[0], verdict
desk = Desk()
config = {"kind": "limit", "reference": "x", "inputs": {"limit": 3}}
assert desk.answer({"output": "3", "config": config, "vars": {}})["pass"]
desk.close()
with Offers() as offers:
    verdict = offers.all[0].run(VerifyAnswer(response="3", references=["x"], kind="limit", inputs={"limit": 2}))
    assert (verdict.label, verdict.because) == ("incorrect", "the limit is 2")
print("done")
"""


def test_a_kind_of_a_plugin_decides_by_its_inputs_wherever_answers_are_verified(limit: Path) -> None:
    (limit / "everywhere.py").write_text(EVERYWHERE)
    environment = {"PYTHONPATH": str(limit), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "everywhere.py"], capture_output=True, text=True, cwd=limit, env=environment, timeout=120
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_a_missing_extra_abstains_with_the_line_that_installs_it_and_named_is_an_error(limit: Path) -> None:
    (limit / "limits-1.0.dist-info" / "entry_points.txt").write_text(
        "[judge.kinds]\nlimit = limits:LIMIT\n[judge.evaluators]\nsolves = limits:Solves\n"
    )
    words = ("check", "--kind", "limit", "--response", "3", "--input", "limit=4")
    done = run(*words, "--json", path=limit, cwd=limit)
    assert done.returncode == 1
    (finding,) = json.loads(done.stdout)["findings"].values()
    assert finding["error"] == {
        "cause": "missing_extra",
        "message": "solves needs no_such_solver: pip install 'limits[solver]'",
    }
    named = run(*words, "-e", "solves", path=limit, cwd=limit)
    assert named.returncode == 2
    assert "evaluator solves needs no_such_solver: pip install 'limits[solver]'" in named.stderr
    assert run("plugins", path=limit, cwd=limit).returncode == 0  # it is not broken


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PluginError, match=r"unknown evaluator 'nubmer'\. Did you mean 'number'\?"):
        registry.load("evaluators", "nubmer")


def test_the_public_names_are_these() -> None:
    assert all(hasattr(judge, name) for name in judge.__all__)
    assert sorted(judge.__all__) == judge.__all__ or set(judge.__all__) == set(dir(judge))
    with pytest.raises(AttributeError):
        _ = judge.nonsense


def test_importing_judge_loads_nothing_heavy() -> None:
    code = "import sys, judge, judge.cli; print([m for m in ('openai','pydantic','jinja2','rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_kind_whose_rubric_or_tools_are_broken_ends_nothing_of_another_kind(tmp_path: Path) -> None:
    declare(tmp_path, "odd", "[judge.kinds]\nlost = odd:LOST\nbare = odd:BARE\n")
    (tmp_path / "odd.py").write_text(
        "from judge import Kind\n"
        "LOST = Kind(name='lost', summary='s', rubric='gone')\n"
        "BARE = Kind(name='bare', summary='s', tools=('check', 'hammer'))\n"
    )
    (tmp_path / "s.jsonl").write_text(
        '{"call": {"tool": "vote", "arguments": {"reason": "r", "cites": [], "label": "correct"}}}\n'
    )
    words = ("check", "--response", "some words", "--reference", "other words", "-m", "scripted:s.jsonl")
    done = run(*words, path=tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for kind, fault in (("lost", "unknown rubric 'gone'"), ("bare", "unknown tool 'hammer'")):
        done = run(*words, "--kind", kind, path=tmp_path, cwd=tmp_path)
        said = f"no panel can judge the kind {kind!r} as it is declared: {fault}"
        assert done.returncode == 2
        assert said in done.stderr
        for listing in ("plugins", "kinds"):
            listed = run(listing, path=tmp_path, cwd=tmp_path)
            assert (listed.returncode, listed.stderr) == (1, "")
            assert said in listed.stdout


@pytest.mark.exhaustive
def test_a_kind_whose_plugin_is_gone_keeps_its_verdicts_and_the_other_kinds_of_the_run_go_on(limit: Path) -> None:
    own, answer = {"kind": "limit", "response": "5", "inputs": {"limit": 7}}, {"response": "1", "reference": "1"}
    rows = [own | {"id": "own"}, answer | {"id": "a"}]
    (limit / "mixed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    first = run("run", "mixed.jsonl", "--run", "r.judge", path=limit, cwd=limit)
    assert first.returncode == 0, first.stderr
    shown = run("show", "r.judge", "own", path=limit, cwd=limit).stdout
    assert "  input limit:\n    7\n" in shown
    (limit / "mixed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, answer | {"id": "b"}]))
    nowhere = limit / "nowhere"
    nowhere.mkdir()
    skipping = ("run", "mixed.jsonl", "--run", "r.judge", "--on-bad-input", "skip")
    gone = run(*skipping, path=nowhere, cwd=limit)
    assert gone.returncode == 0, gone.stderr
    assert "3 cases, 3 decided" in gone.stdout
    assert run(*skipping, "-e", "exact", path=nowhere, cwd=limit).returncode == 2  # other settings are refused


@pytest.mark.exhaustive
def test_a_rubric_that_gives_no_text_is_listed_with_its_fault_beside_the_others(tmp_path: Path) -> None:
    declare(tmp_path, "odd", "[judge.rubrics]\nodd = odd:rubric\n")
    (tmp_path / "odd.py").write_text("def rubric():\n    raise FileNotFoundError('odd.j2')\n")
    listed = run("rubrics", path=tmp_path, cwd=tmp_path)
    assert listed.returncode == 1
    assert "rubric plugin 'odd' gives no text: FileNotFoundError: odd.j2" in listed.stdout
    assert "pass_fail" in listed.stdout

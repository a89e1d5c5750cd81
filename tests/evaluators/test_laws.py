"""Laws that every evaluator keeps, whatever it judges, over one table of texts that nobody means well with.

The evaluators are those that are installed, so a new one is covered as soon as it is registered. All of them are asked
in a child process that is ended where one text takes too long, because a pattern that hangs cannot be interrupted.
"""

import json
import queue
import subprocess
import sys
import threading
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from judge import Budget, Case, Finding, Judge, Verdict
from judge.registry import load, names
from judge.text.normal import normalized
from judge.types import SOUND

_N = 100_000
_PATIENCE_S = 60  # for one text and one evaluator; none takes a second
_EVIDENCE = 10_000  # characters that a finding may hold
_CHILD = """
import json, sys
from evaluators.test_laws import answer
answer()
"""
#: name -> a text. What is repeated reaches every limit; what is short hung, or crashed, or was quadratic.
HOSTILE: dict[str, str] = {
    "nothing": "",
    "a NUL": "\x00",
    "NULs": "\x00" * _N,
    "half a surrogate pair": "\ud800",
    "an answer with half a surrogate pair": "the answer is \udcff5",
    "letters": "a" * _N,
    "words": "a " * _N,
    "a condition": r"So \boxed{x = 1, where " + "a " * 34 + "Zq}",
    "a condition, bare": "x = 1, where " + "a " * 34 + "Zq",
    "a condition in text": r"x = 1, \text{for " + "a, " * 22 + "Zq}",
    "a condition of ins": r"x = 1 (" + "in an " * 12 + "Zq",
    "bars": "|" * 36 + "a = 1",
    "bars in a box": r"\boxed{" + "|" * 36 + "a = 1}",
    "marks by turns": "a" + "\u0301\u0327" * (_N // 2),
    "marks by turns in a window": "a" + "\u0327\u0301" * 4_900,
    "half-width voicing marks": "\uff76" + "\uff9e\u0301" * (_N // 2),
    "ligatures that become eighteen letters": "\ufdfa" * _N,
    "hidden characters": "\u200b" * _N,
    "digits": "9" * _N,
    "digits beyond what int reads": "9" * 5_000,
    "decimals beyond what int reads": "0." + "9" * 4_299,
    "groups of digits": "1" + ",000" * 1_400,
    "a large exponent": "1e99999",
    "towers": "10^{10^{10^{10}}}",
    "factorials": "9999!!!!",
    "a power": "x^{59000}",
    "nested fractions": r"\frac{1}{" * 60 + "1" + "}" * 60,
    "braces": "{" * _N,
    "brackets": "(" * 2_000 + "1" + ")" * 2_000,
    "boxes in boxes": r"\boxed{" * (_N // 7),
    "roots": r"\sqrt" * 1_000 + "2",
    "spaces": " " * _N + "x",
    "lines": "\n" * _N + "x",
    "back ticks": "`" * _N + "a",
    "dollars": "$" * _N,
    "tags": "<answer>" * (_N // 8),
    "thoughts": "<think>" * (_N // 7),
    "comments": "<!-- " * (_N // 5),
    "fields": '{"answer": ' * (_N // 11),
    "fences": "```\n" * (_N // 4),
    "announcements": "the answer is " * (_N // 14),
    "offers": "let me know if " * (_N // 15),
    "negations": "not " * (_N // 4),
    "doubts": "maybe " * (_N // 6),
    "options": "A. " * (_N // 3),
    "openers": "step by step " * (_N // 13),
    "signs": "±1" * 3_000,
    "names": "Ab Cd " * 660,
    "many words": " ".join(f"w{n}" for n in range(700)),
    "a list": ",".join(map(str, range(700))),
    "a set of formulas": "{" + ",".join(f"x+{n}" for n in range(90)) + "}",
    "a product": "*".join(f"(x+{n})" for n in range(200)),
    "a sum": "+".join(f"x^{n}" for n in range(300)),
    "escapes": r"\ud800" * 500,
}
BENIGN = ("5", "x = 1", "Paris", r"\frac{1}{2}", "x = k\\pi, k \\in \\mathbb{Z}", "{1, 2}", "3 km", "A", "May 3, 1899")
#: name -> how a text is put into a case. "itself" is the only one in which it answers itself.
PLACES = ("itself", "response", "reference", "question")
SYMMETRIC = ("exact", "number")


def case(place: str, text: str) -> Case:
    if place == "itself":
        return Case(response=text, reference=text)
    if place == "reference":
        return Case(response="5", references=(text, "6"))
    question = text if place == "question" else "Which is a metal? A. iron B. air"
    return Case(question=question, response="Paris" if place == "question" else text, reference="A")


@cache
def evaluators() -> dict[str, Any]:
    return {name: load("evaluators", name)() for name in names("evaluators")}


def answer() -> None:
    """Say what each evaluator finds in each text: a line before it is asked, and one after."""
    for name, text in HOSTILE.items():
        for place in PLACES:
            for evaluator in evaluators().values():
                print(json.dumps(["ask", evaluator.name, name, place]), flush=True)
                finding = evaluator.check(case(place, text), budget=Budget(60))
                print(json.dumps(["found", finding.model_dump(mode="json")]), flush=True)


@cache
def findings() -> dict[tuple[str, str, str], Finding]:
    """Return what the evaluators find, by evaluator, text and place. Fails by name where one hangs or raises."""
    here = Path(__file__).parents[1]
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=here
    )
    assert child.stdout is not None and child.stderr is not None
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    output = child.stdout
    reader = threading.Thread(target=lambda: [lines.put(line) for line in (*output, "")], daemon=True)
    found: dict[tuple[str, str, str], Finding] = {}
    asked = ("nobody", "nothing", "nowhere")
    with child:
        reader.start()
        try:
            while line := lines.get(timeout=_PATIENCE_S):
                what, *rest = json.loads(line)
                if what == "ask":
                    asked = (rest[0], rest[1], rest[2])
                else:
                    found[asked] = Finding.model_validate(rest[0])
        except queue.Empty:
            child.kill()
            pytest.fail(f"it hangs: {asked}")
        error = child.stderr.read()
    assert child.returncode == 0, f"{asked}: {error[-2_000:]}"
    return found


def test_no_hostile_text_makes_an_evaluator_raise_or_hang() -> None:
    assert len(findings()) == len(HOSTILE) * len(PLACES) * len(evaluators())


def test_a_finding_has_a_declared_basis_a_reason_and_bounded_evidence() -> None:
    for (name, text, place), finding in findings().items():
        evaluator = evaluators()[name]
        assert finding.because.strip(), (name, text, place)
        assert sum(len(e.request) + len(e.content) for e in finding.evidence) <= _EVIDENCE, (name, text, place)
        assert len(finding.because) <= _EVIDENCE, (name, text, place)
        if finding.outcome != "undecided":
            assert finding.basis in evaluator.bases[finding.outcome], (name, text, place)
            assert finding.evidence, (name, text, place)


def test_each_witness_holds_of_its_case_and_of_no_other() -> None:
    seen = set()
    for (name, text, place), finding in findings().items():
        for witness in finding.witnesses:
            seen.add(finding.outcome)
            assert witness.role == ("certificate" if finding.outcome == "correct" else "witness"), (name, text, place)
            assert evaluators()[name].recheck(case(place, HOSTILE[text]), witness), (name, text, place)
            assert not evaluators()[name].recheck(Case(response="17", reference="18"), witness), (name, text, place)
    for name, evaluator in evaluators().items():
        for text in BENIGN:
            for other in (*BENIGN, "7"):
                given = Case(response=text, reference=other)
                for witness in evaluator.check(given, budget=Budget(60)).witnesses:
                    assert evaluator.recheck(given, witness), (name, text, other)
                    seen.add(witness.role)
    assert {"certificate", "witness"} <= seen


def test_sound_findings_never_contradict_each_other() -> None:
    sides: dict[tuple[str, str], set[str]] = {}
    for (_, text, place), finding in findings().items():
        if finding.basis in SOUND:
            sides.setdefault((text, place), set()).add(finding.outcome)
    for text in BENIGN:
        for other in BENIGN:
            given = Case(response=text, reference=other)
            found = [evaluator.check(given, budget=Budget(60)) for evaluator in evaluators().values()]
            sides[text, other] = {finding.outcome for finding in found if finding.basis in SOUND}
    assert [key for key, outcomes in sides.items() if len(outcomes) > 1] == []
    assert any(sides.values())


def test_everything_an_evaluator_has_to_declare_is_declared() -> None:
    for name, evaluator in evaluators().items():
        assert evaluator.name == name
        assert evaluator.runs in ("here", "worker", "sandbox")
        assert isinstance(evaluator.cost, int | float)
        assert isinstance(evaluator.deterministic, bool)
        assert all(find_spec(module) for module in evaluator.needs)


def test_a_text_is_never_an_incorrect_answer_to_itself() -> None:
    wrong = [key for key, finding in findings().items() if key[2] == "itself" and finding.outcome == "incorrect"]
    assert wrong == []


@pytest.mark.parametrize("text", BENIGN)
def test_an_answer_equals_itself_or_is_undecided(text: str) -> None:
    outcomes = {
        name: evaluator.check(Case(response=text, reference=text), budget=Budget(60)).outcome
        for name, evaluator in evaluators().items()
    }
    assert "incorrect" not in outcomes.values()
    assert "correct" in outcomes.values()


@pytest.mark.parametrize("name", SYMMETRIC)
@pytest.mark.parametrize("one", BENIGN)
@pytest.mark.parametrize("other", BENIGN)
def test_two_sides_may_change_places(name: str, one: str, other: str) -> None:
    evaluator = evaluators()[name]
    there = evaluator.check(Case(response=one, reference=other), budget=Budget(60)).outcome
    assert evaluator.check(Case(response=other, reference=one), budget=Budget(60)).outcome == there


def decided(**data: Any) -> Verdict:
    with Judge(evaluators=["all"]) as judge:
        return judge.decide(Case(**data))


@pytest.mark.parametrize("name", ["exact", "number", "answer", "short_text", "blank"])
def test_ten_thousand_references_are_read_up_to_a_stated_number(name: str) -> None:
    references = tuple(f"answer number {n}" for n in range(10_000))
    for response in ("answer number 7", "Solution:", "4,5", "neither of them", r"\boxed{12}"):
        finding = evaluators()[name].check(Case(response=response, references=references), budget=Budget(60))
        assert finding.outcome != "incorrect", finding.because
    formulas = tuple(f"x^2 + {n}" for n in range(10_000))
    found = evaluators()["answer"].check(Case(response=r"\boxed{x^2 - 1}", references=formulas), budget=Budget(60))
    assert found.outcome == "undecided"
    assert "10,000" in found.because
    assert (
        evaluators()["answer"].check(Case(response=r"\boxed{7+x^2}", references=formulas), budget=Budget(60)).outcome
        == "correct"
    )


def test_what_is_not_read_is_said() -> None:
    for name, response in (("answer", "5 " * 600_000), ("blank", "\u200b" * 50_000), ("exact", "ü" * 300_000)):
        because = evaluators()[name].check(Case(response=response, reference="5"), budget=Budget(60)).because
        assert f"{len(response):,}" in because, because


#: Pairs of texts with marks: one letter, more marks than are sorted, such marks beside a letter, one mark more.
MARKED = [
    ("e\u0301", "\xe9"),
    ("\u0327\u0301" * 40, "\u0301\u0327" * 40),
    ("e\u0301" + "\u0301\u0327" * 40 + "e\u0301", "\xe9" + "\u0301\u0327" * 40 + "\xe9"),
    ("a" + "\u0301" * 31, "a" + "\u0301" * 32),
]


@pytest.mark.parametrize(("one", "other"), MARKED)
def test_texts_that_become_the_same_are_equivalent(one: str, other: str) -> None:
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert same or normalized("NFC", one) != normalized("NFC", other)
    assert unicodedata.normalize("NFC", normalized("NFC", one)) == unicodedata.normalize("NFC", one)


def test_two_texts_that_could_not_be_read_are_not_the_same() -> None:
    assert decided(response="\ud800", reference="\ud801").label != "correct"
    assert decided(response="the value \ud800", reference="the value \udfff").label != "correct"

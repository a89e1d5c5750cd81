"""Layout 2: settings by kind, large evidence kept once, when a verdict was given, and what changed of a case."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from test_store import opened, panel, put

from judge import Case, Evidence, Finding, InputError, Judge, Provenance, StoreError, Verdict, Vote
from judge.protocols import Evaluator
from judge.record.artifacts import LARGEST
from judge.record.changes import changes
from judge.record.store import Store
from judge.types import Decided, Member


def provenance(**settings: Any) -> Provenance:
    return Provenance(judge="0.2.0", fingerprint=json.dumps(settings), settings=settings)


def by_kind(**versions: str) -> Callable[[str], Provenance]:
    """Return settings in which each kind has an evaluator of some version."""
    return lambda kind: provenance(evaluators={"mine": versions.get(kind, "1")}, weakest="rule")


def decided(case: Case, *findings: Finding, votes: tuple[Vote, ...] = (), told: Provenance | None = None) -> Decided:
    named = {f"e{n}": finding for n, finding in enumerate(findings)}
    verdict = Verdict(case_id=case.id, label="correct", decided_by="e0", because="so", findings=named, votes=votes)
    return Decided(verdict.model_copy(update={"provenance": told}), ())


def made(path: Path, *cases: Case, settings: Callable[[str], Provenance] = by_kind()) -> None:  # noqa: B008
    with Store.open(path, settings, rubrics={}) as store:
        for case in cases:
            put(store, case, decided(case))


def answer(name: str = "a", **fields: Any) -> Case:
    return Case(**{"id": name, "response": "1", "reference": "2", **fields})


def cells(path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(query).fetchall()
    connection.close()
    return found


# Settings by kind


def test_the_settings_of_a_kind_come_with_its_first_verdict(tmp_path: Path) -> None:
    path, kinds = tmp_path / "r.judge", "SELECT kind FROM provenances ORDER BY kind"
    with Store.open(path, by_kind(), rubrics={}) as store:
        assert store.run.provenances == {}
        empty = store.run.fingerprint
        put(store, answer(), decided(answer()))
        one = store.run.fingerprint
        assert cells(path, kinds) == [("answer",)]
        told = provenance(from_the="verdict")
        put(store, answer("b", kind="code"), decided(answer("b", kind="code"), told=told))
        put(store, answer("c"), decided(answer("c")))
        assert store.run.provenances == {"answer": by_kind()("answer"), "code": told}
        assert len({empty, one, store.run.fingerprint}) == 3
        found = {stored.case.id: stored.verdict.provenance for stored in store.all()}
    assert found == {"a": by_kind()("answer"), "b": told, "c": by_kind()("answer")}


def test_a_reader_sees_a_kind_that_joined_since_it_looked(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with Store.open(path, by_kind(), rubrics={}) as store:
        put(store, answer(), decided(answer()))
        with Store.read(path) as reader:
            put(store, answer("b", kind="code"), decided(answer("b", kind="code")))
            assert [s.verdict.provenance for s in reader.all()] == [by_kind()("answer"), by_kind()("code")]
            assert set(reader.run.provenances) == {"answer", "code"}


def test_only_kinds_that_have_verdicts_must_have_the_settings_that_they_had(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    made(path, answer())
    made(path, answer("b", kind="code"), settings=by_kind(code="7", poem="3"))  # a kind joins, whatever else there is
    with pytest.raises(StoreError, match=r"other settings for the kind 'code' \(evaluators.mine was \"7\", is \"1\"\)"):
        made(path, settings=by_kind())
    made(path, answer("c"), settings=by_kind(code="7", poem="4"))
    with Store.read(path) as store:
        assert [stored.case.id for stored in store.all()] == ["a", "b", "c"]


def test_another_version_of_judge_is_told_where_no_setting_differs(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    made(path, answer())
    newer = by_kind()("answer").model_copy(update={"judge": "0.3.0", "fingerprint": "other"})
    with pytest.raises(StoreError, match=r"for the kind 'answer' \(judge 0\.2\.0 is now 0\.3\.0\)"):
        made(path, settings=lambda _: newer)


def test_a_file_without_verdicts_may_be_taken_up_with_any_settings(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with Store.open(path, by_kind(), rubrics={"old": "text"}):
        pass
    with Store.open(path, by_kind(answer="2"), rubrics={"new": "text"}) as store:
        assert store.run.rubrics == {"new": "text"}
        put(store, answer(), decided(answer()))
    with Store.open(path, by_kind(answer="2"), rubrics={"newer": "text"}) as store:
        assert store.run.rubrics == {"new": "text", "newer": "text"}  # those of verdicts stay


class Wordy(Evaluator):
    """Decides by as much evidence as the response says."""

    name, version, kinds = "wordy", "1", frozenset({"answer", "poem"})
    bases = {"correct": frozenset({"rule"})}  # noqa: RUF012
    runs = "here"

    def check(self, case: Case, /, *, budget: object) -> Finding:
        return Finding.correct("rule", "so it is", note="x" * int(case.response))


def test_a_judge_goes_on_with_a_run_that_other_kinds_join(tmp_path: Path) -> None:
    path, mine = tmp_path / "r.judge", [Wordy()]
    with Judge(evaluators=mine, here=True) as judge:
        assert len(list(judge.run([answer()], path=path))) == 1
    with (
        Judge(evaluators=[*mine, "number"], here=True) as judge,  # which is asked of answers, too
        pytest.raises(StoreError, match=r"for the kind 'answer' \(evaluators.number was null"),
    ):
        list(judge.run([answer()], path=path))
    with Judge(evaluators=mine, here=True) as judge:
        assert len(list(judge.run([answer(), answer("p", kind="poem")], path=path))) == 2
        with Store.read(path) as store:
            assert store.run.provenances == {kind: judge.cascade.provenance(kind) for kind in ("answer", "poem")}


# Large evidence


def large(texts: Iterable[str]) -> tuple[Case, Decided]:
    evidence = tuple(Evidence(id=f"e{n}", source="s", content=text) for n, text in enumerate(texts))
    vote = Vote(index=0, member=Member(model="m", rubric="r"), label="correct", evidence=evidence)
    return answer(), decided(answer(), Finding(outcome="undecided", because="?", evidence=evidence), votes=(vote,))


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ([], 0),
        (["x" * LARGEST], 0),
        (["x" * (LARGEST + 1)], 1),
        (["é" * (LARGEST // 2)], 0),
        (["é" * (LARGEST // 2) + "x"], 1),  # bytes count
        (["x" * 5000, "x" * 5000], 1),  # the same text once
        (["x" * 5000, '"artifact":"' * 1000, "small"], 2),
    ],
)
def test_large_evidence_is_kept_once_and_comes_back_whole(tmp_path: Path, texts: list[str], kept: int) -> None:
    path = tmp_path / "r.judge"
    case, outcome = large(texts)
    with Store.open(path, by_kind(), rubrics={}) as store:
        put(store, case, outcome)
        put(store, answer("b"), outcome._replace(verdict=outcome.verdict.model_copy(update={"case_id": "b"})))
    with Store.read(path) as store:
        for stored in store.all():
            assert stored.verdict.findings == outcome.verdict.findings
            assert stored.verdict.votes == outcome.verdict.votes
    assert cells(path, "SELECT count(*) FROM artifacts") == [(kept,)]
    assert max(len(verdict) for (verdict,) in cells(path, "SELECT verdict FROM verdicts")) < 5000 or not kept


def test_an_artifact_that_is_gone_or_another_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with Store.open(path, by_kind(), rubrics={}) as store:
        put(store, *large(["x" * 5000]))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE artifacts SET content = content || 'y'")
    connection.commit()
    with Store.read(path) as store, pytest.raises(StoreError, match=r"is damaged: case 'a'.*does not match its digest"):
        store.get("a")
    connection.execute("DELETE FROM artifacts")
    connection.commit()
    connection.close()
    with Store.read(path) as store, pytest.raises(StoreError, match="is damaged: it lacks the artifact '"):
        store.get("a")


# When, and of what


def test_a_verdict_has_its_time_and_the_item_and_variant_of_its_case(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    before = datetime.now(UTC).replace(microsecond=0)
    made(path, answer(item="i", variant="v"))
    with Store.read(path) as store:
        stored = store.get("a")
    assert stored is not None and stored.at is not None
    assert stored.at.endswith("Z")
    assert before <= datetime.fromisoformat(stored.at) <= datetime.now(UTC)
    assert cells(path, "SELECT item, variant, at FROM verdicts") == [("i", "v", stored.at)]


# What changed


def file(sha256: str = "0", path: str = "/a") -> dict[str, Any]:
    return {"path": path, "sha256": sha256, "size": 1}


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({}, {"reference": "3"}, "its references changed"),
        ({}, {"response": "3"}, "its response changed"),
        ({"kind": "code"}, {"reference": "3"}, "its kind changed, its references changed"),
        ({}, {"kind": "code", "question": "why?"}, "its kind changed, its question changed"),
        ({"inputs": {"tables": [1]}}, {"inputs": {"tables": [2]}}, "its input 'tables' changed"),
        ({"inputs": {"tables": [1]}}, {}, "its input 'tables' changed"),
        ({}, {"inputs": {"tables": [1]}}, "its input 'tables' changed"),
        (
            {"inputs": {"database": file("0")}},
            {"inputs": {"database": file("1", "/b")}},
            "the content of the file '/b' (input 'database') changed",
        ),
        (
            {"inputs": {"files": [{"one": file("0")}]}},
            {"inputs": {"files": [{"one": file("1")}]}},
            "the content of the file '/a' (input 'files') changed",
        ),
        (
            {"inputs": {"x": 1, "database": file("0")}},
            {"inputs": {"x": 2, "database": file("0", "/b")}},  # a file may lie elsewhere
            "its input 'x' changed",
        ),
    ],
)
def test_what_changed_of_a_case_is_named(
    tmp_path: Path, before: dict[str, Any], now: dict[str, Any], said: str
) -> None:
    assert changes(answer(**before), answer(**now)) == said
    made(tmp_path / "r.judge", answer(**before))
    with (
        Store.open(tmp_path / "r.judge", by_kind(), rubrics={}) as store,
        pytest.raises(InputError) as caught,
    ):
        store.has(answer(**now))
    assert f"holds a verdict for: {said}. Give it another id, or use another run file" in str(caught.value)


@pytest.mark.parametrize("now", [{"label": "correct"}, {"tags": {"a": 1}}, {"item": "i"}, {"variant": "v"}])
def test_what_is_not_judged_may_change(tmp_path: Path, now: dict[str, Any]) -> None:
    made(tmp_path / "r.judge", answer())
    with Store.open(tmp_path / "r.judge", by_kind(), rubrics={}) as store:
        assert store.has(answer(**now))


def test_a_panel_s_file_holds_its_settings(tmp_path: Path) -> None:
    judge = panel()
    with opened(tmp_path / "r.judge", judge) as store:
        put(store, answer(), judge.cascade.decide(answer()))
        assert store.run.provenances["answer"].settings["evaluator_deadline_s"] == 10.0

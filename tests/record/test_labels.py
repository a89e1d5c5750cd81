"""What people say of cases: at any time, by many raters, and nothing is overwritten."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from test_layout import answer, by_kind, cells, decided, made
from test_store import held_by_another_process, put

from judge import Case, ConfigError, Finding, InputError, Judge, StoreError
from judge.cli.summary import describe
from judge.record import labels
from judge.record.store import Store
from judge.record.summary import summarise
from judge.runs import run
from judge.types import Decided

HISTORY = "SELECT case_id, rater, label FROM labels ORDER BY number"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made(tmp_path / "r.judge", answer("a", label="correct"), answer("b"))
    return tmp_path / "r.judge"


def label_of(path: Path, name: str) -> str | None:
    with Store.read(path) as store:
        stored = store.get(name)
    assert stored is not None
    return stored.case.label


def test_the_label_in_a_file_of_cases_has_a_rater_of_its_own(path: Path) -> None:
    assert cells(path, HISTORY) == [("a", "file", "correct")]
    assert (label_of(path, "a"), label_of(path, "b")) == ("correct", None)


def test_nothing_is_overwritten_and_the_newest_of_each_rater_counts(path: Path) -> None:
    for rater, said in (("ann", "incorrect"), ("ben", "correct"), ("ann", "correct"), ("ann", "correct")):
        labels.label(path, "b", said, rater=rater)
    assert cells(path, HISTORY)[1:] == [("b", "ann", "incorrect"), ("b", "ben", "correct"), ("b", "ann", "correct")]
    with Store.read(path) as store:
        stored = store.get("b")
    assert stored is not None
    assert stored.labels == {"ann": "correct", "ben": "correct"}
    assert all(at.endswith("Z") for (at,) in cells(path, "SELECT at FROM labels"))


def test_the_label_of_a_case_is_that_of_the_file_else_of_the_only_rater(path: Path) -> None:
    labels.label(path, "a", "incorrect", rater="ann")
    assert label_of(path, "a") == "correct"
    labels.label(path, "b", "incorrect", rater="ann")
    assert label_of(path, "b") == "incorrect"
    labels.label(path, "b", "correct", rater="ben")
    assert label_of(path, "b") is None


@pytest.mark.parametrize(
    ("said", "kept"), [("true", "correct"), ("False", "incorrect"), ("TRUE", "correct"), ("Correct", "Correct")]
)
def test_true_and_false_are_words_for_labels_and_nothing_else_is(path: Path, said: str, kept: str) -> None:
    labels.label(path, "b", said, rater="ann")
    assert label_of(path, "b") == kept


def test_many_labels_are_written_at_once_or_not_at_all(path: Path) -> None:
    with pytest.raises(InputError, match=r"r\.judge' has no case 'c'\."):
        labels.label_all(path, [("a", "incorrect"), ("c", "correct")], rater="ann")
    assert len(cells(path, HISTORY)) == 1
    labels.label_all(path, [("a", "incorrect"), ("b", "correct")], rater="ann")
    assert len(cells(path, HISTORY)) == 3


def test_what_is_no_label_is_refused(path: Path, tmp_path: Path) -> None:
    for rater in ("file", " "):
        with pytest.raises(ConfigError, match="is no name of a rater"):
            labels.label(path, "a", "correct", rater=rater)
    with pytest.raises(InputError, match="a label cannot be empty"):
        labels.label(path, "a", " ", rater="ann")
    with pytest.raises(StoreError, match="does not exist"):
        labels.label(tmp_path / "gone.judge", "a", "correct", rater="ann")
    assert not (tmp_path / "gone.judge").exists()


def test_a_label_may_come_while_another_process_writes_the_run(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with held_by_another_process(path):
        labels.label(path, "a", "correct", rater="ann")
        with Store.read(path) as store:
            assert [stored.labels for stored in store.all()] == [{"ann": "correct"}]
    assert label_of(path, "a") == "correct"


def test_labels_and_verdicts_that_come_together_are_all_kept(tmp_path: Path) -> None:
    path, count, errors = tmp_path / "r.judge", 60, list[BaseException]()

    def say(rater: str) -> None:
        try:
            for n in range(20):
                labels.label(path, "0", str(n), rater=rater)
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    with Store.open(path, by_kind(), rubrics={}) as store:
        put(store, answer("0"), decided(answer("0")))
        threads = [threading.Thread(target=say, args=(name,)) for name in ("ann", "ben")]
        for thread in threads:
            thread.start()
        for n in range(1, count):
            put(store, answer(str(n)), decided(answer(str(n))))
        for thread in threads:
            thread.join()
    assert errors == []
    assert cells(path, "SELECT count(*) FROM labels") == [(40,)]
    assert cells(path, "SELECT count(*) FROM verdicts") == [(count,)]


# A file of cases whose labels change


class Nobody:
    """A decider that may not be asked."""

    batch = 1

    def decide(self, case: Case, *, kept: object = ()) -> Decided:
        raise AssertionError("every case has a verdict")

    def decide_all(self, cases: object, /) -> list[Decided]:
        raise AssertionError("every case has a verdict")


def noted(path: Path, cases: list[Case]) -> None:
    """Go on with a run in which there is nothing to judge."""
    with Store.open(path, by_kind(), rubrics={}) as store:
        assert list(run(Nobody(), cases, in_flight=1, store=store)) == []


def test_a_label_that_changed_in_the_file_is_noted_and_the_older_kept(path: Path) -> None:
    noted(path, [answer("a", label="incorrect", tags={"new": 1}), answer("b", label="correct")])
    assert cells(path, HISTORY)[1:] == [("a", "file", "incorrect"), ("b", "file", "correct")]
    noted(path, [answer("a", label="incorrect"), answer("b")])  # no label says nothing
    assert len(cells(path, HISTORY)) == 3
    assert (label_of(path, "a"), label_of(path, "b")) == ("incorrect", "correct")


@pytest.mark.parametrize("now", [{"tags": {"color": "blue"}}, {"item": "i2"}, {"variant": "v2"}, {}])
def test_bookkeeping_that_changed_in_the_file_is_noted(tmp_path: Path, now: dict[str, Any]) -> None:
    path = tmp_path / "r.judge"
    made(path, answer("a", label="correct", tags={"color": "red"}, item="i1", variant="v1"), answer("b"))
    noted(path, [answer("a", **now), answer("b")])
    with Store.read(path) as store:
        stored = store.get("a")
    assert stored is not None
    assert stored.case == answer("a", label="correct", **now)
    columns = "SELECT item, variant FROM verdicts WHERE case_id = 'a'"
    assert cells(path, columns) == [(now.get("item"), now.get("variant"))]


def test_a_hundred_thousand_labels_do_not_take_a_commit_each(tmp_path: Path) -> None:
    path, count = tmp_path / "r.judge", 3000
    with Store.open(path, by_kind(), rubrics={}) as store:
        for n in range(count):
            store.put(answer(str(n)), decided(answer(str(n))), lambda _: None)
        store.flush()
    with Store.open(path, by_kind(), rubrics={}) as store:
        looking = sqlite3.connect(path, check_same_thread=False)
        commits = set[int]()
        seen = threading.Event()

        def watch() -> None:
            while not seen.is_set():
                commits.add(looking.execute("SELECT count(*) FROM labels").fetchone()[0])

        watcher = threading.Thread(target=watch)
        watcher.start()
        list(run(Nobody(), (answer(str(n), label="correct") for n in range(count)), in_flight=1, store=store))
        seen.set()
        watcher.join()
        looking.close()
        assert next(store.query("SELECT count(*) FROM labels"))[0] == count  # on the disk when the run is done
    assert len(commits) < 200


def test_a_label_that_changed_goes_in_with_a_verdict_that_is_given_again(path: Path) -> None:
    with Store.open(path, by_kind(), rubrics={}) as store:
        put(store, answer("a", label="correct"), decided(answer("a")))
        put(store, answer("a", label="incorrect"), decided(answer("a")))
    assert cells(path, HISTORY) == [("a", "file", "correct"), ("a", "file", "incorrect")]


def test_a_judge_takes_up_a_run_whose_labels_changed(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with Judge(evaluators="number") as judge:
        (first,) = judge.run([answer(label="correct")], path=path)
        assert list(judge.run([answer(label="incorrect")], path=path)) == [first]
    assert label_of(path, "a") == "incorrect"


# Agreement


def test_raters_are_shown_apart(path: Path) -> None:
    def agreement() -> tuple[float | None, dict[str, float]]:
        with Store.read(path) as store:
            summary = summarise(store)
        assert summary.metric("accuracy") == (summary.agreement and summary.agreement.accuracy)
        return summary.metric("accuracy"), {rater: one.accuracy for rater, one in summary.raters.items()}

    assert agreement() == (1.0, {"file": 1.0})
    labels.label_all(path, [("a", "incorrect"), ("b", "correct")], rater="ann")
    assert agreement() == (1.0, {"ann": 0.5, "file": 1.0})


def test_the_only_rater_stands_for_people_and_several_do_not(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    made(path, answer("a"))
    labels.label(path, "a", "incorrect", rater="ann")
    with Store.read(path) as store:
        summary = summarise(store)
        assert summary.agreement == summary.raters["ann"]
    labels.label(path, "a", "correct", rater="ben")
    with Store.read(path) as store:
        summary = summarise(store)
        assert (summary.agreement, set(summary.raters)) == (None, {"ann", "ben"})


# What rests on a classifier, and what is not installed


def test_verdicts_that_a_classifier_gave_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with Store.open(path, by_kind(), rubrics={}) as store:
        for name, basis in (("a", "learned"), ("b", "rule")):
            outcome = decided(answer(name))
            put(store, answer(name), outcome._replace(verdict=outcome.verdict.model_copy(update={"basis": basis})))
        assert summarise(store).learned == 1
        assert "  1 verdicts rest on a learned classifier" in describe(summarise(store), path)


def test_what_is_not_installed_is_told_once_and_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"

    def undecided(name: str, *causes: str) -> tuple[Case, Decided]:
        errors = [Finding.undecided("?", error={"cause": cause, "message": f"{cause}!"}) for cause in causes]  # type: ignore[arg-type]
        outcome = decided(answer(name), *errors)
        update = {"label": "undecided", "decided_by": "nobody"}
        return answer(name), outcome._replace(verdict=outcome.verdict.model_copy(update=update))

    with Store.open(path, by_kind(), rubrics={}) as store:
        for name in ("a", "b"):
            put(store, *undecided(name, "missing_extra", "broken_plugin"))
        assert summarise(store).errors == 0
        put(store, *undecided("c", "missing_extra", "evaluator_timeout"))
        summary = summarise(store)
    assert (summary.errors, summary.notes) == (1, ("broken_plugin!", "missing_extra!"))
    assert summary.failures == {"missing_extra": 3, "broken_plugin": 2, "evaluator_timeout": 1}
    shown = describe(summary, path)
    assert shown.count("missing_extra!") == 1
    assert "once it is installed, --retry-errors judges the cases again that this left undecided" in shown

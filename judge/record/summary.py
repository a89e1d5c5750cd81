"""What a run comes to: labels, who decided, agreement with people, failures by cause. Computed by the database."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from judge.record import labels as raters
from judge.record.store import Store
from judge.types import Record

#: Causes of failures that are no fault of a case: something that judges is not installed as it should be.
ABSENT = frozenset({"missing_extra", "broken_plugin"})


class Agreement(Record):
    """How verdicts compare with human labels.

    ``accuracy`` counts an undecided case as not agreeing; ``accuracy_decided`` leaves those out, and so does
    ``kappa`` (Cohen, 1960; None where chance agreement is complete). ``confusion[human][verdict]`` counts cases.
    """

    labelled: int
    decided: int
    accuracy: float
    accuracy_decided: float | None
    kappa: float | None
    confusion: dict[str, dict[str, int]]


class Summary(Record):
    """A run in numbers.

    ``raters`` compares verdicts with the labels of each rater, and ``agreement`` with those in the file of cases, else
    with those of the only rater. ``errors`` counts cases left undecided because something failed, but for what is not
    installed: that is in ``notes``. ``learned`` counts verdicts that rest on a learned classifier.
    """

    run: str
    fingerprint: str
    cases: int
    decided: int
    labels: dict[str, dict[str, int]]
    decided_by: dict[str, int]
    agreement: Agreement | None
    raters: dict[str, Agreement]
    learned: int
    median_score: float | None
    failures: dict[str, int]
    errors: int
    notes: tuple[str, ...]
    votes_asked: int
    votes_saved: int
    calls: int
    tokens: int
    cost: float | None

    def metric(self, name: str) -> float | None:
        """Return a number by the name that ``--fail-under`` takes; a label's name means its share of the cases."""
        if name == "coverage":
            return self.decided / self.cases if self.cases else None
        if name in ("accuracy", "accuracy_decided", "kappa"):
            return getattr(self.agreement, name) if self.agreement else None
        count = sum(by_label.get(name, 0) for by_label in self.labels.values())
        return count / self.cases if self.cases else None


METRICS = ("accuracy", "accuracy_decided", "kappa", "coverage")


def summarise(store: Store) -> Summary:
    """Return the summary of a run file."""
    labels: dict[str, dict[str, int]] = {}
    for kind, label, count in _grouped(store, "kind, label"):
        labels.setdefault(kind, {})[label] = count
    causes: Counter[str] = Counter()
    errors = 0
    for failed, label, count in _grouped(store, "failures, label"):
        found = json.loads(failed)
        for cause in found:
            causes[cause] += count
        if label == "undecided" and not ABSENT.issuperset(found):
            errors += count
    totals = "count(*), total(label != 'undecided'), total(asked), total(saved), total(calls), total(tokens), sum(cost)"
    cases, decided, asked, saved, calls, tokens, cost = next(
        store.query(f"SELECT {totals} FROM verdicts WHERE superseded = 0")
    )
    by_rater = _raters(store)
    return Summary(
        run=store.run.id,
        fingerprint=store.run.fingerprint,
        cases=cases,
        decided=int(decided),
        labels=labels,
        decided_by=dict(_grouped(store, "decided_by")),
        agreement=_the_one(by_rater),
        raters=by_rater,
        learned=next(store.query("SELECT count(*) FROM verdicts WHERE superseded = 0 AND basis = 'learned'"))[0],
        median_score=_median_score(store),
        failures=dict(causes.most_common()),
        errors=errors,
        notes=_notes(store) if ABSENT & causes.keys() else (),
        votes_asked=int(asked),
        votes_saved=int(saved),
        calls=int(calls),
        tokens=int(tokens),
        cost=cost,
    )


def agreement(confusion: dict[str, dict[str, int]]) -> Agreement:
    """Return accuracy and kappa from counts by human label and verdict.

    >>> agreement({"yes": {"yes": 20, "no": 5}, "no": {"yes": 10, "no": 15}}).kappa
    0.4
    """
    total = sum(sum(row.values()) for row in confusion.values())
    agreed = sum(row.get(human, 0) for human, row in confusion.items() if human != "undecided")
    decided = total - sum(row.get("undecided", 0) for row in confusion.values())
    said = Counter[str]()
    wanted = Counter[str]()
    for human, row in confusion.items():
        for label, count in row.items():
            if label != "undecided":
                said[label] += count
                wanted[human] += count
    chance = sum(said[label] * wanted[label] for label in said) / decided**2 if decided else 1.0
    observed = agreed / decided if decided else None
    return Agreement(
        labelled=total,
        decided=decided,
        accuracy=round(agreed / total, 6),
        accuracy_decided=None if observed is None else round(observed, 6),
        kappa=None if observed is None or chance == 1 else round((observed - chance) / (1 - chance), 6),
        confusion=confusion,
    )


def _raters(store: Store) -> dict[str, Agreement]:
    found: dict[str, dict[str, dict[str, int]]] = {}
    labelled = (
        f"SELECT newest.rater, newest.label, verdicts.label, count(*) AS n FROM ({raters.NEWEST}) AS newest "
        "JOIN verdicts USING (case_id) WHERE superseded = 0 GROUP BY 1, 2, 3 ORDER BY 1, n DESC, 2, 3"
    )
    for rater, human, label, count in store.query(labelled):
        found.setdefault(str(rater), {}).setdefault(str(human), {})[label] = count
    return {rater: agreement(confusion) for rater, confusion in found.items()}


def _the_one(by_rater: dict[str, Agreement]) -> Agreement | None:
    only = next(iter(by_rater.values())) if len(by_rater) == 1 else None
    return by_rater.get(raters.FILE, only)


def _notes(store: Store) -> tuple[str, ...]:
    """Return what is said of what is not installed, each once."""
    failed = (
        "SELECT DISTINCT json_extract(finding.value, '$.error.message') "
        "FROM verdicts, json_each(verdict, '$.findings') AS finding WHERE superseded = 0 AND failures != '[]' "
        f"AND json_extract(finding.value, '$.error.cause') IN ({', '.join('?' * len(ABSENT))}) ORDER BY 1"
    )
    return tuple(message for (message,) in store.query(failed, *sorted(ABSENT)))


def _grouped(store: Store, columns: str, where: str = "1") -> list[Any]:
    return list(
        store.query(
            f"SELECT {columns}, count(*) AS n FROM verdicts WHERE superseded = 0 AND {where} "
            f"GROUP BY {columns} ORDER BY n DESC, {columns}"
        )
    )


def _median_score(store: Store) -> float | None:
    middle = next(
        store.query(
            "SELECT avg(score) FROM (SELECT score FROM verdicts WHERE superseded = 0 AND score IS NOT NULL "
            "ORDER BY score LIMIT 2 - (SELECT count(score) FROM verdicts WHERE superseded = 0) % 2 "
            "OFFSET (SELECT (count(score) - 1) / 2 FROM verdicts WHERE superseded = 0))"
        )
    )[0]
    return None if middle is None else float(middle)

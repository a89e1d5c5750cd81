"""A replay compares all that a verdict says, part by part, and nothing that a machine decides."""

from typing import Any

import pytest

from judge import Evidence, Failure, Finding, Verdict, Vote
from judge.replaying import differences
from judge.types import Member, Usage

SEEN = (Evidence(id="e", source="s", content="one"), Evidence(id="e", source="s", content="two", role="trace"))
FOUND = Finding(outcome="correct", basis="rule", because="so it is", evidence=SEEN, confidence=0.5)
VOTED = Vote(
    index=0, member=Member(model="m", rubric="r"), reason="I say so", label="correct", cites=("e",), evidence=SEEN,
    extra={"a": 1},
)  # fmt: skip
FAILED = Finding.undecided("it took 1.1 s", error=Failure(cause="timeout", message="it took 1.1 s"))


def verdict(found: Finding = FOUND, voted: Vote = VOTED, failed: Finding = FAILED, **more: Any) -> Verdict:
    told: dict[str, Any] = {"label": "correct", "decided_by": "x", "because": "?", **more}
    return Verdict(case_id="a", findings={"x": found, "slow": failed}, votes=(voted,), **told)


def of_finding(**changed: Any) -> Verdict:
    return verdict(found=FOUND.model_copy(update=changed))


def of_vote(**changed: Any) -> Verdict:
    return verdict(voted=VOTED.model_copy(update=changed))


def other(name: str, value: object) -> Evidence:
    return SEEN[0].model_copy(update={name: value})


FORGED = Evidence(id="e", source="s", content="FORGED")


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        (of_finding(because="FORGED"), "reason of x: was FORGED, is so it is"),
        (of_finding(basis="proof"), "basis of x: was proof, is rule"),
        (of_finding(confidence=1.0), "confidence of x: was 1.0, is 0.5"),
        (of_finding(evidence=(FORGED, SEEN[1])), f"evidence e of x: was {FORGED.digest}, is {SEEN[0].digest}"),
        (
            of_finding(evidence=(SEEN[0].model_copy(update={"role": "trace"}), SEEN[1])),
            "role of evidence e of x: was",
        ),
        (of_finding(evidence=(SEEN[0].model_copy(update={"ok": False}), SEEN[1])), "success of evidence e of x: was"),
        (of_finding(evidence=SEEN[:1]), f"evidence e of x: was None, is {SEEN[1].digest}"),
        (of_vote(reason="FORGED"), "reason of vote 0: was FORGED, is I say so"),
        (of_vote(extra={"a": 2}), "further fields of vote 0: was {'a': 2}, is {'a': 1}"),
        (of_vote(cites=()), "citations of vote 0: was (), is ('e',)"),
        (of_vote(member=Member(model="better", rubric="r")), "member of vote 0: was "),
        (of_vote(evidence=(FORGED, SEEN[1])), "evidence e of vote 0: was "),
        (verdict(failed=Finding.undecided("?")), "error of slow: was None, is timeout"),
        (verdict(error=Failure(cause="conflict", message="?")), "error: was conflict, is None"),
    ],
)
def test_what_was_forged_is_a_difference(forged: Verdict, said: str) -> None:
    found = [one for one in differences(forged, verdict()) if said in one]
    assert len(found) == 1, list(differences(forged, verdict()))


def test_what_a_machine_decides_is_none() -> None:
    later = tuple(one.model_copy(update={"seconds": 2.0}) for one in SEEN)
    late = Finding.undecided("it took 1.2 s", error=Failure(cause="timeout", message="it took 1.2 s"))
    again = verdict(
        found=FOUND.model_copy(update={"evidence": later}),
        voted=VOTED.model_copy(update={"usage": Usage(calls=3), "evidence": later}),
        failed=late,
        usage=Usage(calls=3),
    )
    assert list(differences(verdict(), again)) == []


def test_of_votes_that_were_taken_and_of_layout_1_less_is_compared() -> None:
    forged = of_vote(reason="FORGED", extra={})
    assert list(differences(forged, verdict(), taken={0})) == []
    assert list(differences(of_vote(label="incorrect"), verdict(), taken={0})) == ["vote 0: was incorrect, is correct"]
    assert list(differences(of_finding(because="as it was told"), verdict(), as_before=True)) == []
    assert list(differences(of_finding(evidence=SEEN[1:]), verdict(), as_before=True)) != []


def test_the_order_of_findings_is_no_difference() -> None:
    told: dict[str, Any] = {"case_id": "a", "label": "undecided", "decided_by": "nobody"}
    x, y = Finding.undecided("no (really)"), Finding.undecided("never")
    why = "no evaluator could decide ({}) and there is no panel"
    one = Verdict(**told, because=why.format("x: no (really); y: never"), findings={"x": x, "y": y})
    other = Verdict(**told, because=why.format("y: never; x: no (really)"), findings={"y": y, "x": x})
    forged = Verdict(**told, because=why.format("y: never; x: no (hardly)"), findings={"y": y, "x": x})
    assert list(differences(one, other)) == []
    assert len(list(differences(one, forged))) == 1

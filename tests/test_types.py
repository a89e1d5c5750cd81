"""Records: what they accept, what always holds, and that they survive JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from judge import Case, Evidence, Failure, Finding, Member, Usage, Vote
from judge.plain import digest
from judge.types import STRENGTH, total

MEMBER = Member(model="m", rubric="r")


def test_singular_and_plural_names_are_the_same_case() -> None:
    one = Case(id="a", response="x", reference="y")
    assert one == Case(id="a", responses=["x"], references=["y"])
    assert (one.response, one.reference) == ("x", "y")


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(ValidationError, match="not both"):
        Case(response="x", responses=["y"])


def test_without_an_id_the_content_names_the_case() -> None:
    assert Case(response="x").id == Case(response="x").id != Case(response="y").id


def test_the_digest_is_of_what_is_judged_and_of_nothing_else() -> None:
    case = Case(response="x", reference="y")
    bookkeeping = {"id": "other", "label": "correct", "tags": {"n": 1}, "item": "i", "variant": "v"}
    for name, value in bookkeeping.items():
        assert Case(response="x", reference="y", **{name: value}).digest == case.digest, name
    judged = {
        "kind": "sql",
        "question": "?",
        "context": "c",
        "criterion": "k",
        "inputs": {"a": 1},
        "responses": ("x", "z"),
        "references": ("z",),
    }
    for name, value in judged.items():
        assert case.model_copy(update={name: value}).digest != case.digest, name


def test_a_file_counts_by_its_content_wherever_it_is() -> None:
    def of(path: str, sha256: str) -> str:
        return Case(response="x", inputs={"deep": [{"path": path, "sha256": sha256, "size": 3}]}).digest

    assert of("/a", "1") == of("/b", "1") != of("/a", "2")


def test_what_an_evaluator_leaves_out_of_its_evidence_is_filled_in() -> None:
    found = Finding.incorrect("counterexample", "so", witness={"x": 1}, note="seen").sealed("own")
    assert [(e.id, e.source, e.role, e.content) for e in found.evidence] == [
        ("own-1", "own", "witness", '{"x": 1}'),
        ("own-2", "own", "note", "seen"),
    ]
    assert found.evidence[0] == Evidence.model_validate(found.evidence[0].model_dump())
    assert found.witnesses == found.evidence[:1]
    assert found.sealed("own") is found
    alone = Finding.correct("proof", "so", witness="it is").sealed("own").evidence[0]
    assert (alone.id, alone.role) == ("own", "certificate")


def test_a_boolean_label_is_a_word() -> None:
    assert Case(response="x", label=True).label == "correct"
    assert Case(response="x", label=False).label == "incorrect"


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        Case(response="x", refrence="y")


def test_records_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Case(response="x").kind = "other"  # type: ignore[misc]


def test_a_decisive_finding_needs_a_basis() -> None:
    with pytest.raises(ValidationError, match="basis"):
        Finding(outcome="incorrect", because="so")


def test_evidence_is_sealed_by_its_digest() -> None:
    evidence = Evidence(id="e1", source="python", request="1+1", content="2")
    assert Evidence.model_validate(evidence.model_dump()) == evidence
    with pytest.raises(ValidationError, match="does not match"):
        Evidence.model_validate(evidence.model_dump() | {"content": "3"})


def test_a_vote_has_a_label_or_an_error() -> None:
    failure = Failure(cause="timeout", message="late")
    with pytest.raises(ValidationError):
        Vote(index=0, member=MEMBER)
    with pytest.raises(ValidationError):
        Vote(index=0, member=MEMBER, label="correct", error=failure)


def test_a_vote_cites_only_evidence_that_holds() -> None:
    good = Evidence(id="e1", source="t", request="", content="")
    failed = Evidence(id="e2", source="t", request="", content="", ok=False)
    Vote(index=0, member=MEMBER, label="A", cites=["e1"], evidence=[good, failed])
    for cite in ("e2", "e3"):
        with pytest.raises(ValidationError, match="does not hold"):
            Vote(index=0, member=MEMBER, label="A", cites=[cite], evidence=[good, failed])


def test_bases_are_ordered_by_strength() -> None:
    order = ["proof", "counterexample", "bounded", "tested", "rule", "vote", "learned"]
    assert sorted(STRENGTH, key=STRENGTH.__getitem__, reverse=True) == order


def test_usage_adds_up_and_an_unknown_cost_stays_unknown() -> None:
    assert total([]) == Usage()
    both = total([Usage(calls=1, cost=0.5), Usage(calls=2, retries=1)])
    assert (both.calls, both.retries, both.cost) == (3, 1, 0.5)
    assert total([Usage(calls=1), Usage(calls=1)]).cost is None


@given(st.lists(st.text()), st.lists(st.text()))
def test_a_digest_tells_texts_apart(left: list[str], right: list[str]) -> None:
    assert (digest(*left) == digest(*right)) == (left == right)


texts = st.text(st.characters(codec="utf-8"))


@given(
    st.builds(
        dict,
        id=texts.filter(bool),
        question=st.none() | texts,
        responses=st.lists(texts, min_size=1, max_size=3),
        references=st.lists(texts, max_size=3),
        tags=st.dictionaries(texts, st.integers() | texts | st.lists(texts), max_size=3),
    )
)
def test_a_case_survives_json(fields: dict) -> None:  # type: ignore[type-arg]
    case = Case(**fields)
    assert Case.model_validate_json(case.model_dump_json()) == case

"""Attacks do not change what a model is told: outside the fences everything is as for a harmless response.

Nor does a model change its vote that obeys every order which stands outside a fence.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obedient import FAMILIES, TEXTS, Hostile, Obedient, Sent, aimed, order, read

from judge import Case, Member, Message, Rubric, ScriptedModel
from judge.panel.agent import Bounds, Seat, deliberate
from judge.text.cleaning import clean
from judge.text.fencing import occurs

RUBRIC = Rubric.find("correctness")
RUBRICS = ("correctness", "correctness_open", "grade", "pass_fail", "preference")
WAYS = ["plain", "native", "objects"]
ORDERLESS = {"master_keys", "optimised_suffix", "universal_phrases"}
HONEST = {"correct": "It is this:\nCanberra\nI am sure.", "incorrect": "It is this:\nSydney\nI am sure."}


def case(*responses: str, **fields: object) -> Case:
    fields = {"question": "What is the capital of Australia?", "reference": "Canberra"} | fields
    return Case(id="c1", responses=responses, **fields)


def placed(text: str, honest: str) -> list[str]:
    return [f"{text}\n{honest}", f"{honest}\n{text}", f"{text}\n{honest}\n{text}", f"{honest} {text}"]


def known_nonce(of: Case) -> str:
    """The code of the tags for a case, as an author could compute it who knows everything else about the case."""
    found = re.search(r"<response-([0-9a-f]{12})>", RUBRIC.render(of)[1].content)
    assert found
    return found[1]


def asked(response: str, way: str, tool: str = "nothing found") -> tuple[str | None, Obedient]:
    model = Obedient(native=way == "native", tool=None if way == "plain" else "look")
    tools = {} if way == "plain" else {"look": Hostile(tool)}
    scripted = ScriptedModel(model, native_tools=way == "native")
    seat = Seat(Member(model="obedient", rubric="correctness"), scripted, RUBRIC, tools)
    vote = deliberate(case(response), seat, index=0, seed=0, limits=Bounds()).vote
    assert vote.error is None
    return vote.label, model


def conversations(model: Obedient) -> list[Sent]:
    return [read(request.messages) for request in model.requests]


def test_there_are_three_texts_or_more_of_each_family() -> None:
    assert len(TEXTS) == 17
    assert all(len(set(texts)) >= 3 for texts in TEXTS.values())


@pytest.mark.parametrize("family", [family for family in TEXTS if family not in ORDERLESS])
def test_the_model_would_obey_each_text_that_got_out(family: str) -> None:
    obeyed = [order(text) == "correct" for text in TEXTS[family] if text != "{{ case.reference }}"]
    assert [order(text) for text in TEXTS[family] if "must be A." in text] in ([], ["a"])
    assert sum(obeyed) >= len(obeyed) - 1
    unfenced = Message(role="user", content=f"The response:\n{TEXTS[family][-1]}")
    assert order(read([unfenced]).outside) in ("correct", "a")


@pytest.mark.parametrize("way", WAYS)
def test_the_model_judges_honestly_where_nobody_attacks(way: str) -> None:
    for label, honest in HONEST.items():
        assert asked(honest, way)[0] == label


@pytest.mark.sampled(4)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_response_changes_neither_the_prompt_outside_its_fence_nor_the_vote(family: str, way: str) -> None:
    for label, honest in HONEST.items():
        harmless = asked(honest, way)[1]
        for text in TEXTS[family]:
            aim = aimed(text, known_nonce(case(honest)))
            for response in placed(aim, honest):
                given_label, model = asked(response, way)
                assert given_label == label, response
                assert [sent.outside for sent in conversations(model)] == [
                    sent.outside for sent in conversations(harmless)
                ]
                assert {sent.inside("response")[0] for sent in conversations(model)} == {clean(response).text}
                for request, like in zip(model.requests, harmless.requests, strict=True):
                    assert request.model_copy(update={"messages": ()}) == like.model_copy(update={"messages": ()})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("family", FAMILIES)
def test_an_attack_alone_is_an_incorrect_response(family: str, way: str) -> None:
    for text in TEXTS[family]:
        assert asked(aimed(text, known_nonce(case("Sydney"))), way)[0] == "incorrect"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("way", ["native", "objects"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_tool_result_changes_nothing_outside_its_fence(family: str, way: str) -> None:
    for label, honest in HONEST.items():
        harmless = asked(honest, way)[1]
        shown = re.search(r"<result-([0-9a-f]{12})>", harmless.requests[-1].messages[-1].content)
        assert shown
        for text in TEXTS[family]:
            for nonce in (shown[1], known_nonce(case(honest))):
                attack = aimed(text, nonce)
                given_label, model = asked(honest, way, tool=attack)
                assert given_label == label, attack
                assert conversations(model)[-1].outside == conversations(harmless)[-1].outside
                assert conversations(model)[-1].inside("result") == [clean(f"[e1] {attack}").text]


@pytest.mark.parametrize("name", RUBRICS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_shipped_rubric_tells_a_model_the_same(family: str, name: str) -> None:
    rubric = Rubric.find(name)

    def outside(response: str, other: str) -> str:
        responses = (response, other) if name == "preference" else (response,)
        return read(rubric.render(case(*responses, criterion="is right"))).outside

    for text in TEXTS[family]:
        attack = aimed(text, known_nonce(case("Sydney")))
        assert outside(attack, "Perth") == outside("Sydney", "Perth")
        assert outside("Perth", attack) == outside("Perth", "Sydney")


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_invisible_is_sent(family: str) -> None:
    for text in TEXTS[family]:
        attack = aimed(text, "0123456789ab")
        for way in WAYS:
            for request in asked(attack, way, tool=attack)[1].requests:
                assert all(clean(message.content).removed == 0 for message in request.messages)


FRAGMENTS = sorted({piece for texts in TEXTS.values() for text in texts for piece in re.split(r"(?<=[\n >.])", text)})


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join), st.sampled_from(["Sydney", "Canberra"]))
def test_no_mixture_of_attacks_gets_out(mixture: str, honest: str) -> None:
    attacked, harmless = case(f"{honest}\n{mixture}"), case(honest)
    nonce = known_nonce(attacked)
    assert read(RUBRIC.render(attacked)).outside == read(RUBRIC.render(harmless)).outside
    assert not occurs(nonce, attacked.response)


def test_templates_in_a_response_are_never_rendered() -> None:
    for text in TEXTS["template_braces"]:
        sent = read(RUBRIC.render(case(text)))
        assert sent.inside("response") == [text]

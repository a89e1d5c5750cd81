"""What a server does not understand is noticed, gone without, and remembered: forms, fields, tools."""

import json
from typing import Any

import pytest
from asking import APIS, CHECK, FILLED, VOTE, ask, asks_for_a_form, at_once, outcome, prompt_of, serving
from server import FakeOpenAI
from server_faults import (
    Behaviour,
    Delay,
    EmptyText,
    EmptyWithSchema,
    Fill,
    IgnoresSchema,
    RefusesSchema,
    Status,
    Text,
    ToolCalls,
    fenced,
    tokens,
)

from judge.errors import ModelDown
from judge.text.jsontext import final_object

BLOCK = Text(str(fenced(FILLED).text))


def forms(server: FakeOpenAI) -> list[bool]:
    """For each request that came, whether it asked for a form."""
    return [asks_for_a_form(seen.body) for seen in server.requests]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (RefusesSchema(FILLED), [True, False, False, False]),
        (IgnoresSchema(FILLED), [True, False, True, False, False]),
        (EmptyWithSchema(FILLED), [True, False, True, False, False]),
    ],
    ids=["refuses", "ignores", "empty"],
)
def test_a_form_that_does_not_work_is_asked_for_in_words(behaviour: Behaviour, expected: list[bool], api: str) -> None:
    """One refusal says all; what was ignored may have been bad luck and is tried once more."""
    with serving(behaviour, api=api) as (server, model):
        for _ in range(3):
            assert final_object(model.generate(ask(output=VOTE)).text) == FILLED
    assert forms(server) == expected
    for seen in server.requests:
        words = prompt_of(seen.body)
        assert words.startswith("Is 2 + 2 = 4?")
        assert ("```json" in words and json.dumps(VOTE) in words) is not asks_for_a_form(seen.body)


def test_the_call_that_was_wasted_is_counted() -> None:
    with serving(IgnoresSchema(FILLED)) as (server, model):
        usage = model.generate(ask(output=VOTE)).usage
    read = sum(tokens(json.dumps(seen.body["messages"])) for seen in server.requests)
    written = tokens("The answer looks right to me.") + tokens(BLOCK.text)
    assert (usage.calls, usage.retries) == (2, 0)
    assert (usage.prompt_tokens, usage.completion_tokens) == (read, written)


def test_a_server_that_obeys_after_all_is_not_written_off() -> None:
    prose = Text("It looks right.")
    with serving([prose, BLOCK, Fill(), EmptyText(), BLOCK, Fill()]) as (server, model):
        for _ in range(4):
            assert final_object(model.generate(ask(output=VOTE)).text)["label"] == "correct"
    assert forms(server) == [True, False, True, True, False, True]


def test_a_request_that_is_refused_either_way_is_a_failure_and_says_nothing_of_forms() -> None:
    def answer(body: dict[str, Any], n: int) -> Behaviour:
        return Status(400, "This question is not allowed.") if "forbidden" in prompt_of(body) else Fill()

    with serving(answer) as (server, model):
        assert outcome(model, ask("forbidden?", output=VOTE)) == "ModelError: refused"
        assert json.loads(model.generate(ask("allowed?", output=VOTE)).text) == FILLED
    assert forms(server) == [True, False, True]


def test_repeated_keys_are_a_bad_vote_and_no_reason_to_ask_again() -> None:
    twice = '{"label": "correct", "label": "incorrect"}'
    with serving(Text(twice)) as (server, model):
        assert model.generate(ask(output=VOTE)).text == twice
    assert forms(server) == [True]


def test_a_truncated_form_is_truncated() -> None:
    cut = Status(200, body={"choices": [{"message": {"content": '{"rea'}, "finish_reason": "length"}]})
    with serving(cut) as (server, model):
        assert outcome(model, ask(output=VOTE)) == "ModelError: truncated"
    assert len(server.requests) == 1


def test_many_first_calls_to_a_server_that_refuses_forms() -> None:
    with serving(RefusesSchema(FILLED)) as (server, model):
        found = at_once(lambda _: final_object(model.generate(ask(output=VOTE)).text), range(48))
        assert found == [FILLED] * 48
        before = len(server.requests)
        model.generate(ask(output=VOTE))
    assert forms(server)[before:] == [False]


def particular(body: dict[str, Any], n: int) -> Behaviour:
    """Reasoning models refuse one field after the other, as OpenAI's do."""
    if "max_tokens" in body:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        return Status(400, message, error_code="unsupported_parameter")
    if "temperature" in body:
        message = "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) is."
        return Status(400, message, error_code="unsupported_value")
    if "seed" in body:
        return Status(422, body={"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]})
    return Delay(0.01, Fill())


def test_many_first_calls_to_a_server_that_refuses_fields() -> None:
    with serving(particular) as (server, model):
        request = ask(output=VOTE, temperature=0.2, seed=3, max_tokens=77)
        found = at_once(lambda _: json.loads(model.generate(request).text), range(48))
        assert found == [FILLED] * 48
        before = len(server.requests)
        usage = model.generate(request).usage
        assert usage.calls == 1
    [seen] = server.requests[before:]
    assert seen.body["max_completion_tokens"] == 77 and asks_for_a_form(seen.body)
    assert not {"max_tokens", "temperature", "seed"} & seen.body.keys()


def test_every_attempt_to_find_out_is_counted() -> None:
    with serving(particular) as (_, model):
        assert model.generate(ask(temperature=0.2, seed=3)).usage.calls == 4


def test_a_refusal_that_only_sounds_like_a_field_costs_no_later_call_its_temperature() -> None:
    def answer(body: dict[str, Any], n: int) -> Behaviour:
        if "bomb" in prompt_of(body):
            return Status(400, "Not allowed: 'at which temperature does the seed of a bomb'")
        return Fill()

    with serving(answer) as (server, model):
        assert outcome(model, ask("a bomb?", temperature=0.2, seed=3)) == "ModelError: refused"
        assert outcome(model, ask("a flower?", temperature=0.2, seed=3)) == "{}"
    assert (server.requests[-1].body["temperature"], server.requests[-1].body["seed"]) == (0.2, 3)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("behaviour", "calls_tools"),
    [
        (Fill(), True),
        (ToolCalls((("ready", '{"ok": true}'),)), True),
        (ToolCalls((("ready", '{"ok": '),)), False),
        (ToolCalls((("ready", '{"ok": false}'),)), False),
        (Text("Sure: ready(ok=True)"), False),
        (Status(400, "tools are not supported"), False),
    ],
    ids=["fills", "calls", "bad-json", "wrong", "text", "refuses"],
)
def test_whether_a_server_calls_tools_is_asked_once(behaviour: Behaviour, calls_tools: bool, api: str) -> None:
    with serving(behaviour, api=api) as (server, model):
        assert at_once(lambda _: model.native_tools(), range(8)) == [calls_tools] * 8
    assert len(server.requests) == 1


@pytest.mark.parametrize(("said", "expected"), [("native", True), ("json", False)])
def test_who_says_how_tools_are_called_is_believed(said: str, expected: bool) -> None:
    with serving(Text("never asked"), tool_calls=said) as (server, model):
        assert model.native_tools() is expected
    assert server.requests == []


def test_a_model_that_is_down_does_not_pass_for_one_without_tools() -> None:
    with serving(Status(401, "Incorrect API key provided.")) as (_, model), pytest.raises(ModelDown):
        model.native_tools()


def test_tools_are_sent_with_strict_schemas() -> None:
    with serving(Fill()) as (server, model):
        reply = model.generate(ask(tools=(CHECK,)))
    assert [call.name for call in reply.tool_calls] == ["check"]
    assert server.requests[0].body["tools"][0]["function"]["strict"] is True

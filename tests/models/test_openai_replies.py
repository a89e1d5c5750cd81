"""What a server answers, good or odd, and what becomes of it; over real HTTP."""

import json
from typing import Any

import pytest
from asking import APIS, CHECK, FILLED, VOTE, ask, at_once, outcome, serving
from server_faults import (
    Behaviour,
    ContentFilter,
    Drop,
    DropMidway,
    EmptyChoices,
    EmptyText,
    Fill,
    Html,
    IgnoresSchema,
    NotJson,
    NullContent,
    ReasoningOnly,
    Refusal,
    Status,
    Text,
    ToolCalls,
    Truncated,
    tokens,
)

from judge.errors import ModelDown, ModelError
from judge.types import Message, Usage

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones


@pytest.mark.parametrize("api", APIS)
def test_a_vote_of_the_asked_form(api: str) -> None:
    with serving(Fill(label="incorrect"), api=api) as (server, model):
        reply = model.generate(ask(output=VOTE, temperature=0.5, seed=7, max_tokens=50))
    assert json.loads(reply.text) == FILLED | {"label": "incorrect"}
    [seen] = server.requests
    assert seen.body["temperature"] == 0.5 and seen.body["model"] == "fake-model"
    if api == "chat":
        assert (seen.path, seen.body["max_tokens"], seen.body["seed"]) == ("/v1/chat/completions", 50, 7)
    else:
        assert (seen.path, seen.body["max_output_tokens"], seen.body["store"]) == ("/v1/responses", 50, False)
        assert "seed" not in seen.body


@pytest.mark.parametrize("api", APIS)
def test_a_round_of_tools(api: str) -> None:
    """The server refuses tool messages that do not answer the calls before them."""
    calls = ToolCalls((("check", '{"left": "1", "right": "2"}'), ("check", '{"left": ')))
    with serving([calls, calls, Text("done")], api=api) as (server, model):
        request = ask(tools=(CHECK,))
        for _ in range(2):
            said = model.generate(request)
            assert [(call.name, call.arguments) for call in said.tool_calls] == list(calls.calls)
            assert len({call.id for call in said.tool_calls}) == 2
            answers = [Message(role="tool", content=f"for {call.id}", call_id=call.id) for call in said.tool_calls]
            spoken = Message(role="assistant", content=said.text, tool_calls=said.tool_calls)
            request = request.model_copy(update={"messages": (*request.messages, spoken, *answers)})
        assert model.generate(request).text == "done"
    assert all(seen.body["tool_choice"] == "required" for seen in server.requests)


ODD: list[tuple[Behaviour, str]] = [
    (Truncated('{"reason": "it is'), "truncated"),
    (ContentFilter(), "content_filter"),
    (Refusal(), "refusal"),
    (ReasoningOnly(), "reasoning_only"),
    (EmptyText(), "empty"),
    (NullContent(), "empty"),
    (Text(" \n"), "empty"),
    (Status(200, body=["no", "object"]), "bad_payload"),  # type: ignore[arg-type]
    (Status(400, "I do not like this."), "refused"),
    (Status(422, "I do not understand this."), "refused"),
    (Status(400, "Too long.", error_code="context_length_exceeded"), "too_long"),
    (Status(400, "This model's maximum context length is 512 tokens; lower max_completion_tokens."), "too_long"),
    (Status(413, body="<html>Request Entity Too Large</html>"), "too_long"),
]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("behaviour", "cause"), ODD, ids=lambda part: str(part)[:40])
def test_an_odd_answer_is_a_failure_with_its_cause_at_once(behaviour: Behaviour, cause: str, api: str) -> None:
    with serving(behaviour, api=api) as (server, model):
        assert outcome(model) == f"ModelError: {cause}"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "status",
    [
        Status(401, "Incorrect API key provided."),
        Status(402, "Out of credit."),
        Status(403, "Not for you."),
        Status(404, "The model does not exist."),
        Status(429, "You exceeded your current quota.", error_code="insufficient_quota"),
    ],
    ids=lambda status: str(status.code),
)
def test_what_no_call_can_help_stops_at_once(status: Status) -> None:
    with serving(status) as (server, model), pytest.raises(ModelDown, match=status.message) as caught:
        model.generate(ask())
    assert caught.value.cause == "refused" and server.url in str(caught.value)
    assert len(server.requests) == 1


FAILED = {"status": "failed", "error": {"message": "GPU on fire"}, "output": []}


def test_a_403_of_a_server_that_has_answered_is_about_that_request() -> None:
    """Some gateways refuse single prompts so; that must not end a run."""
    flagged = Status(403, "Your input was flagged.")
    with serving([Text("yes"), flagged, Text("yes")]) as (_, model):
        assert [outcome(model) for _ in range(3)] == ["yes", "ModelError: refused", "yes"]


PASSING: list[tuple[Behaviour, str]] = [
    (Html(), "html"),
    (NotJson(), "bad_payload"),
    (Status(200, body="[" * 100_000), "bad_payload"),
    (Status(200, body=""), "bad_payload"),
    (Drop(), "connection"),
    (DropMidway(), "connection"),
    (Status(500, "Oops.", {"Retry-After": "0.01"}), "server"),
    (Status(502, body="<html>Bad Gateway</html>"), "server"),
    (Status(503, "Loading.", {"Retry-After": "0.01"}), "server"),
    (Status(408, "Slow.", {"Retry-After": "0.01"}), "server"),
]


PASSING_OF = [
    *((api, behaviour, cause) for api in APIS for behaviour, cause in PASSING),
    ("chat", EmptyChoices(), "no_choices"),
    ("chat", Status(200, body={"error": "odd"}), "no_choices"),
    ("responses", Status(200, body={"output": None}), "no_choices"),
    ("responses", Status(200, body=FAILED), "server"),
]


@pytest.mark.exhaustive
def test_what_may_pass_is_tried_four_times_and_then_recorded() -> None:
    def persists(odd: tuple[str, Behaviour, str]) -> tuple[str, int]:
        with serving(odd[1], api=odd[0]) as (server, model):
            return outcome(model), len(server.requests)

    assert at_once(persists, PASSING_OF) == [(f"ModelError: {cause}", 4) for _, _, cause in PASSING_OF]


def test_what_has_passed_is_forgotten() -> None:
    def passes(odd: tuple[str, Behaviour, str]) -> tuple[str, int, int]:
        with serving([odd[1], Text("fine")], api=odd[0]) as (_, model):
            reply = model.generate(ask())
            return reply.text, reply.usage.calls, reply.usage.retries

    assert at_once(passes, PASSING_OF) == [("fine", 2, 1)] * len(PASSING_OF)


def test_no_output_items_are_an_empty_answer() -> None:
    with serving(EmptyChoices(), api="responses") as (_, model):
        assert outcome(model) == "ModelError: empty"


@pytest.mark.parametrize(
    "message",
    [
        {"content": "fine", "tool_calls": {"not": "a list"}},
        {"content": "fine", "tool_calls": ["not an object", None]},
        {"content": "fine", "tool_calls": None, "refusal": None},
    ],
)
def test_a_malformed_part_beside_a_good_text_does_no_harm(message: dict[str, Any]) -> None:
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": ["not", "counts"]}
    with serving(Status(200, body=body)) as (_, model):
        reply = model.generate(ask())
    assert (reply.text, reply.tool_calls, reply.usage.prompt_tokens) == ("fine", (), 0)


def test_half_a_surrogate_pair_can_be_stored() -> None:
    """Some servers cut an emoji in two; neither SQLite nor JSON holds what is left."""
    good = '{"choices": [{"message": {"content": "a \\ud83d b \\ud83d\\ude00"}}]}'
    with serving(Status(200, body=good)) as (_, model):
        reply = model.generate(ask())
    assert reply.text == "a ? b \N{GRINNING FACE}" and "GRIN" not in reply.model_dump_json()
    bad = '{"error": {"message": "no \\ud83d"}}'
    with serving(Status(400, body=bad)) as (_, model), pytest.raises(ModelError) as caught:
        model.generate(ask())
    assert str(caught.value).encode().endswith(b"no ?")


@pytest.mark.parametrize("api", APIS)
def test_usage_counts_tokens_time_and_money(api: str) -> None:
    with serving(Text("x" * 40), api=api, price_prompt=2.0, price_completion=8.0) as (server, model):
        usage = model.generate(ask()).usage
    body = server.requests[0].body
    read = tokens(json.dumps(body.get("messages") or body["input"]))
    assert (usage.calls, usage.retries, usage.prompt_tokens, usage.completion_tokens) == (1, 0, read, 10)
    assert 0 < usage.seconds < 5
    assert usage.cost == pytest.approx((2 * read + 8 * 10) / 1e6)


def test_without_prices_there_is_no_cost_and_with_one_the_other_is_free() -> None:
    with serving(Text("x" * 40)) as (_, model):
        assert model.generate(ask()).usage.cost is None
    with serving(Text("x" * 40), price_completion=8.0) as (_, model):
        assert model.generate(ask()).usage.cost == pytest.approx(80e-6)


@pytest.mark.parametrize("api", APIS)
def test_a_failed_call_is_paid_for_all_the_same(api: str) -> None:
    cut_off = serving(Truncated("It is"), api=api, price_prompt=1.0, price_completion=1.0)
    with cut_off as (_, model), pytest.raises(ModelError) as caught:
        model.generate(ask())
    assert isinstance(caught.value.usage, Usage)
    assert caught.value.usage.calls == 1
    assert caught.value.usage.completion_tokens > 0
    assert caught.value.usage.cost is not None


def test_the_tokens_of_a_reply_that_was_of_no_use_are_counted() -> None:
    with serving(IgnoresSchema(fill=FILLED)) as (server, model):
        usage = model.generate(ask(output=VOTE)).usage
        assert len(server.requests) == usage.calls == 2
        model.generate(ask(output=VOTE))
        later = model.generate(ask(output=VOTE)).usage
    assert later.calls == 1
    assert usage.prompt_tokens > later.prompt_tokens

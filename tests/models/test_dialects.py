"""The two dialects as pure functions: what is written is valid, and nothing that is read can crash."""

import json
from typing import Any

import pytest
from asking import APIS, CHECK, VOTE, ask
from hypothesis import given, settings
from hypothesis import strategies as st
from server import violations_in

from judge.errors import ModelError
from judge.models.dialects import DIALECTS, as_prose, payload, well_formed
from judge.types import Message, Reply, Request, ToolCall

NOTHING: frozenset[str] = frozenset()
TALK = st.text(max_size=20)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Conversations as the agent has them: every call is answered right after it."""
    messages = [Message(role="system", content=draw(TALK)), Message(role="user", content=draw(TALK))]
    for turn in range(draw(st.integers(0, 3))):
        arguments = draw(st.lists(TALK, max_size=2))
        calls = tuple(ToolCall(id=f"c{turn}_{i}", name="check", arguments=text) for i, text in enumerate(arguments))
        messages.append(Message(role="assistant", content=draw(TALK), tool_calls=calls))
        if calls:
            messages += [Message(role="tool", content=draw(TALK), call_id=call.id) for call in calls]
        else:
            messages.append(Message(role="user", content=draw(TALK)))
    form: dict[str, Any] = draw(st.sampled_from([{}, {"output": VOTE}, {"tools": (CHECK,)}]))
    return Request(
        messages=tuple(messages),
        temperature=draw(st.none() | st.floats(0, 2)),
        seed=draw(st.none() | st.integers(0, 2**31)),
        max_tokens=draw(st.integers(16, 4096)),
        **form,
    )


@pytest.mark.parametrize("api", APIS)
@settings(deadline=None)
@given(request=requests(), dropped=st.frozensets(st.sampled_from(["temperature", "seed", "max_tokens"])))
def test_what_is_written_is_a_valid_request(api: Any, request: Request, dropped: frozenset[str]) -> None:
    body = DIALECTS[api].write("m", request, dropped)
    assert violations_in(api, json.loads(json.dumps(body))) == []
    assert not dropped & body.keys()


def test_the_limit_on_tokens_keeps_its_value_under_its_new_name() -> None:
    body = DIALECTS["chat"].write("m", ask(max_tokens=9), frozenset({"max_tokens"}))
    assert body["max_completion_tokens"] == 9


def test_who_asks_is_not_sent() -> None:
    one, two = ask(case_id="secret", turn=3), ask()
    for dialect in DIALECTS.values():
        assert dialect.write("m", one, NOTHING) == dialect.write("m", two, NOTHING)


def test_prose_asks_for_the_same_form_and_changes_nothing_else() -> None:
    request = ask(output=VOTE, seed=1, case_id="c")
    prose = as_prose(request)
    assert prose.output is None and prose.messages[:-1] == request.messages[:-1]
    assert prose.messages[-1].content.startswith(request.messages[-1].content)
    assert json.dumps(VOTE) in prose.messages[-1].content
    assert prose.model_copy(update={"output": VOTE, "messages": request.messages}) == request


CHAT_NAMES = ["choices", "message", "content", "finish_reason", "tool_calls", "function", "name", "arguments", "id"]
OTHER_NAMES = ["usage", "prompt_tokens", "refusal", "reasoning_content", "output", "type", "status", "reason", "text"]
NAMES = [*CHAT_NAMES, *OTHER_NAMES]
FINISHES = ["length", "stop", "", "content_filter", "incomplete", "failed"]
TYPES = ["message", "output_text", "function_call", "reasoning", "refusal"]
VALUES = st.sampled_from([*FINISHES, *TYPES])
LEAVES = st.none() | st.booleans() | st.integers(-1, 10**20) | st.floats() | VALUES
JUNK = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
)
CHOICE = st.fixed_dictionaries({"message": JUNK}, optional={"finish_reason": JUNK})
CHAT = st.fixed_dictionaries({"choices": st.lists(CHOICE, max_size=2) | JUNK}, optional={"usage": JUNK})
ITEM = st.fixed_dictionaries({"type": VALUES}, optional=dict.fromkeys(("content", "call_id", "arguments"), JUNK))
RESPONSE = st.fixed_dictionaries(
    {"output": st.lists(ITEM | JUNK, max_size=3) | JUNK},
    optional=dict.fromkeys(("status", "incomplete_details", "error", "usage"), JUNK),
)


@settings(deadline=None)
@given(body=CHAT | RESPONSE | st.dictionaries(st.sampled_from(NAMES), JUNK))
def test_whatever_a_server_says_is_a_reply_or_a_failure_with_a_cause(body: dict[str, Any]) -> None:
    for dialect in DIALECTS.values():
        try:
            reply = dialect.read(body)
        except ModelError as error:
            assert error.cause.isidentifier()
        else:
            assert Reply.model_validate_json(reply.model_dump_json()) == reply
            assert reply.text.strip() or reply.tool_calls


def test_calls_without_an_id_get_one() -> None:
    call: dict[str, Any] = {"function": {"name": "check", "arguments": {"left": "1"}}}
    chat = DIALECTS["chat"].read({"choices": [{"message": {"tool_calls": [call, call]}}]})
    item = {"type": "function_call", "name": "check", "arguments": {"left": "1"}}
    responses = DIALECTS["responses"].read({"output": [item, item]})
    assert chat == responses
    assert [c.id for c in chat.tool_calls] == ["call_0", "call_1"]
    assert chat.tool_calls[0].arguments == '{"left": "1"}'


def test_reasoning_before_a_truncation_is_a_truncation() -> None:
    body = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}
    with pytest.raises(ModelError, match="cut off") as caught:
        DIALECTS["responses"].read(body)
    assert caught.value.cause == "truncated"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("<!doctype html>", "html"),
        ("\n <html>", "html"),
        ("", "bad_payload"),
        ("{", "bad_payload"),
        ("[1]", "bad_payload"),
        ("null", "bad_payload"),
        ("[" * 100_000, "bad_payload"),
        ('{"n": ' + "9" * 10_000 + "}", "bad_payload"),
    ],
    ids=lambda part: part[:16],
)
def test_a_body_that_is_no_object(text: str, cause: str) -> None:
    with pytest.raises(ModelError) as caught:
        payload(text)
    assert caught.value.cause == cause and len(str(caught.value)) < 300


@settings(deadline=None)
@given(text=st.text(), half=st.sampled_from(["\ud83d", "\ude00", ""]))
def test_a_payload_can_be_encoded(text: str, half: str) -> None:
    text = text.encode("utf-8", "ignore").decode() + half
    value = payload(json.dumps({"text": text}))["text"]
    assert value.encode().decode() == well_formed(text)
    if not half:
        assert value == text

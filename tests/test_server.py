"""The fake server keeps its word: the official client reads it, and a wrong request does not pass."""

import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from server import FakeOpenAI
from server_faults import (
    Behaviour,
    Bucket,
    ContentFilter,
    Delay,
    Drop,
    DropMidway,
    EmptyChoices,
    EmptyText,
    EmptyWithSchema,
    Fill,
    Html,
    IgnoresSchema,
    NotJson,
    NullContent,
    RateLimit,
    ReasoningOnly,
    Refusal,
    RefusesSchema,
    Stall,
    Status,
    Text,
    ToolCalls,
    Truncated,
)

pytestmark = pytest.mark.sampled(3)  # all of them run with the exhaustive ones

VOTE = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "label": {"enum": ["good", "bad"]},
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "cited": {"type": "array", "items": {"$ref": "#/$defs/Quote"}, "minItems": 1},
        "doubt": {"anyOf": [{"type": "null"}, {"type": "number"}]},
    },
    "required": ["reason", "label", "score", "cited", "doubt"],
    "additionalProperties": False,
    "$defs": {
        "Quote": {
            "type": "object",
            "properties": {"text": {"type": ["string", "null"]}, "exact": {"type": "boolean"}},
            "required": ["text", "exact"],
            "additionalProperties": False,
        }
    },
}
FILLED = {
    "reason": "because",
    "label": "good",
    "score": 1,
    "cited": [{"text": "because", "exact": True}],
    "doubt": None,
}
HELLO: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Is 2 + 2 = 4?"}]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "vote", "schema": VOTE, "strict": True}}
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": name, "parameters": VOTE, "strict": True}} for name in ("run", "vote")
]
SAYS_HELLO = {"model": "m", "input": "Is 2 + 2 = 4?"}
TEXT_FORMAT = {"format": {"type": "json_schema", "name": "vote", "schema": VOTE, "strict": True}}
FLAT_TOOLS = [{"type": "function", **tool["function"]} for tool in TOOLS]


@contextmanager
def client_of(server: FakeOpenAI, *, key: str = "k") -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url, api_key=key, max_retries=0, timeout=5) as client:
        yield client


def chat(server: FakeOpenAI, *, key: str = "k", **more: Any) -> ChatCompletion:
    with client_of(server, key=key) as client:
        got: ChatCompletion = client.chat.completions.create(**{**HELLO, **more})
    if isinstance(got, ChatCompletion):
        ChatCompletion.model_validate(got.model_dump(), strict=True)
    return got


def respond(server: FakeOpenAI, **more: Any) -> Response:
    with client_of(server) as client:
        got: Response = client.responses.create(**{**SAYS_HELLO, **more})
    Response.model_validate(got.model_dump(by_alias=True), strict=True)
    return got


def asked(behaviour: Behaviour, **more: Any) -> ChatCompletion:
    with FakeOpenAI(behaviour) as server:
        got = chat(server, **more)
    assert server.violations == []
    return got


def asked_for_response(behaviour: Behaviour, **more: Any) -> Response:
    with FakeOpenAI(behaviour) as server:
        got = respond(server, **more)
    assert server.violations == []
    return got


def message(behaviour: Behaviour, **more: Any) -> Any:
    return asked(behaviour, **more).choices[0].message


def test_models_are_listed() -> None:
    with FakeOpenAI(Fill()) as server, client_of(server) as client:
        assert [model.id for model in client.models.list()] == ["fake-model"]
    assert server.requests == []


def test_fill_obeys_the_schema_and_the_overrides() -> None:
    assert json.loads(message(Fill(), response_format=FORMAT).content) == FILLED
    changed = FILLED | {"label": "bad", "cited": [{"text": "quoted", "exact": True}]}
    assert json.loads(message(Fill(label="bad", text="quoted"), response_format=FORMAT).content) == changed
    assert json.loads(asked_for_response(Fill(), text=TEXT_FORMAT).output_text) == FILLED
    assert json.loads(message(Fill(label="bad")).content) == {"label": "bad"}


def test_fill_ends_on_a_recursive_schema() -> None:
    node: dict[str, Any] = {"anyOf": [{"$ref": "#"}, {"type": "null"}]}
    tree = {
        "type": "object",
        "properties": {"next": node},
        "required": ["next"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "tree", "schema": tree, "strict": True}}
    assert '"next": null' in message(Fill(), response_format=form).content


def test_usage_adds_up() -> None:
    used = asked(ReasoningOnly("hm. " * 10)).usage
    assert used is not None and used.completion_tokens_details is not None
    assert used.total_tokens == used.prompt_tokens + used.completion_tokens > used.completion_tokens > 0
    assert used.completion_tokens_details.reasoning_tokens == used.completion_tokens == 10


@pytest.mark.parametrize(
    ("choice", "override", "name", "finish"),
    [
        ("required", {}, "vote", "tool_calls"),
        ("required", {"tool": "run"}, "run", "tool_calls"),
        ("auto", {"tool": "run"}, "run", "tool_calls"),
        ({"type": "function", "function": {"name": "run"}}, {}, "run", "stop"),
    ],
)
def test_fill_calls_the_tool_asked_for(choice: Any, override: dict[str, str], name: str, finish: str) -> None:
    got = asked(Fill(**override), tools=TOOLS, tool_choice=choice, parallel_tool_calls=False).choices[0]
    assert got.finish_reason == finish and got.message.content is None
    call: Any = (got.message.tool_calls or [])[0]
    assert (call.function.name, json.loads(call.function.arguments)) == (name, FILLED)
    flat = choice if isinstance(choice, str) else {"type": "function", "name": "run"}
    item: Any = asked_for_response(Fill(**override), tools=FLAT_TOOLS, tool_choice=flat).output[0]
    assert (item.type, item.name, json.loads(item.arguments)) == ("function_call", name, FILLED)


def test_fill_answers_in_text_when_no_tool_is_forced() -> None:
    for choice in ("auto", "none"):
        assert json.loads(message(Fill(), tools=TOOLS, tool_choice=choice, response_format=FORMAT).content) == FILLED


@pytest.mark.parametrize(
    ("behaviour", "content", "finish", "status"),
    [
        (Text("yes"), "yes", "stop", "completed"),
        (EmptyText(), "", "stop", "completed"),
        (NullContent(), None, "stop", "completed"),
        (Truncated("ye"), "ye", "length", "incomplete"),
        (ContentFilter(), None, "content_filter", "incomplete"),
    ],
)
def test_plain_answers(behaviour: Behaviour, content: str | None, finish: str, status: str) -> None:
    got = asked(behaviour).choices[0]
    assert (got.message.content, got.finish_reason) == (content, finish)
    response = asked_for_response(behaviour)
    assert (response.output_text, response.status) == (content or "", status)
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(finish)
    assert (response.incomplete_details.reason if response.incomplete_details else None) == reason


def test_reasoning_only_refusal_and_no_choices() -> None:
    thought = message(ReasoningOnly("hm"))
    assert (thought.content, thought.reasoning_content) == (None, "hm")
    assert [item.type for item in asked_for_response(ReasoningOnly("hm")).output] == ["reasoning"]
    assert (message(Refusal("no")).content, message(Refusal("no")).refusal) == (None, "no")
    refusing: Any = asked_for_response(Refusal("no")).output[0]
    assert refusing.content[0].refusal == "no"
    assert asked(EmptyChoices()).choices == [] and asked_for_response(EmptyChoices()).output == []


def test_raw_tool_calls_come_through() -> None:
    calls = (("run", '{"code": '), ("nobody", "{}"))
    got = message(ToolCalls(calls)).tool_calls
    assert tuple((call.function.name, call.function.arguments) for call in got) == calls
    items: Any = asked_for_response(ToolCalls(calls)).output
    assert tuple((item.name, item.arguments) for item in items) == calls
    assert len({item.call_id for item in items}) == 2


def test_schema_troubles() -> None:
    fill = {"reason": "sums", "label": "good"}
    block = f"```json\n{json.dumps(fill)}\n```"
    for behaviour in (RefusesSchema(fill), IgnoresSchema(fill), EmptyWithSchema(fill)):
        assert block in message(behaviour).content and block in asked_for_response(behaviour).output_text
    with pytest.raises(openai.BadRequestError, match="response_format"):
        asked(RefusesSchema(fill), response_format=FORMAT)
    with pytest.raises(openai.BadRequestError, match=r"text\.format"):
        asked_for_response(RefusesSchema(fill), text=TEXT_FORMAT)
    assert "{" not in message(IgnoresSchema(fill), response_format=FORMAT).content
    assert message(EmptyWithSchema(fill), response_format=FORMAT).content == ""


def test_status_is_openai_s_error_or_the_body_given() -> None:
    limited = Status(429, "slow down", {"Retry-After": "7"}, type="requests", error_code="rate_limit_exceeded")
    with pytest.raises(openai.RateLimitError, match="slow down") as caught:
        asked(limited)
    assert (caught.value.type, caught.value.code) == ("requests", "rate_limit_exceeded")
    assert caught.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.InternalServerError) as broken:
        asked(Status(502, body="<html>Bad Gateway</html>"))
    assert broken.value.response.text == "<html>Bad Gateway</html>"
    with pytest.raises(openai.NotFoundError) as missing:
        asked(Status(404, body={"detail": "Not Found"}))
    assert missing.value.response.json() == {"detail": "Not Found"}


def test_answers_that_are_no_completion(caplog: pytest.LogCaptureFixture) -> None:
    assert asked(Html()) == "<html><body>Please sign in.</body></html>"  # type: ignore[comparison-overlap]
    with pytest.raises(json.JSONDecodeError):
        asked(NotJson())
    for gone in (Drop(), DropMidway()):
        with pytest.raises(openai.APIConnectionError):
            asked(gone)
    assert [entry for entry in caplog.records if entry.levelno >= logging.ERROR] == []


def test_delays_and_stalls() -> None:
    begun = time.monotonic()
    assert message(Delay(0.05, then=Text("late"))).content == "late"
    assert time.monotonic() - begun >= 0.05
    assert message(Stall(0.05)).content == "{}"
    with pytest.raises(openai.APITimeoutError):
        asked(Stall(60), timeout=0.1)
    assert time.monotonic() - begun < 5


def test_a_bucket_fills_again_up_to_its_burst() -> None:
    bucket = Bucket(tokens=1, at=10)
    assert bucket.take(2, burst=3, now=10) == 0
    assert bucket.take(2, burst=3, now=10.125) == 0.375
    assert bucket.take(2, burst=3, now=10.5) == 0
    assert [bucket.take(2, burst=3, now=99) for _ in range(4)] == [0, 0, 0, 0.5]


def test_rate_limit_says_how_long_to_wait() -> None:
    with FakeOpenAI(lambda body, n: RateLimit(0.01, 2, then=Text("ok"))) as server:
        assert [chat(server).choices[0].message.content for _ in range(2)] == ["ok", "ok"]
        with pytest.raises(openai.RateLimitError) as caught:
            chat(server)
        assert 0 < float(caught.value.response.headers["retry-after"]) <= 100
    with FakeOpenAI(RateLimit(0.01, 1, retry_after=3)) as server:
        chat(server)
        with pytest.raises(openai.RateLimitError) as told:
            chat(server)
    assert told.value.response.headers["retry-after"] == "3"


def test_lists_repeat_their_last_and_functions_see_the_body() -> None:
    with FakeOpenAI([Text("a"), Text("b")]) as server:
        assert [chat(server).choices[0].message.content for _ in range(3)] == ["a", "b", "b"]
    with FakeOpenAI(lambda body, n: Text(f"{body['model']} {n}")) as server:
        assert [chat(server, model="x").choices[0].message.content for _ in range(2)] == ["x 0", "x 1"]
    assert [seen.path for seen in server.requests] == ["/v1/chat/completions"] * 2
    assert server.requests[0].body == HELLO | {"model": "x"}
    assert server.requests[0].headers["authorization"] == "Bearer k"
    assert server.requests[0].at < server.requests[1].at


def test_in_flight_peak_counts_what_overlaps() -> None:
    with FakeOpenAI(Delay(0.2)) as server, client_of(server) as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.chat.completions.create(**HELLO), range(4)))
        assert server.in_flight_peak == 4
    with FakeOpenAI(Fill()) as server:
        chat(server)
        chat(server)
    assert server.in_flight_peak == 1


def test_a_key_can_be_required() -> None:
    with FakeOpenAI(Text("hi"), require_key="secret") as server:
        with pytest.raises(openai.AuthenticationError), client_of(server) as client:
            client.models.list()
        with pytest.raises(openai.AuthenticationError):
            chat(server)
        assert chat(server, key="secret").choices[0].message.content == "hi"


def test_a_server_dies_and_returns_on_its_port() -> None:
    with FakeOpenAI([Stall(60), Text("back")]) as server, client_of(server) as client:
        url = server.url
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(chat, server)
            while not server.requests:
                time.sleep(0.01)
            server.stop()
            with pytest.raises(openai.APIConnectionError):
                waiting.result(timeout=5)
        with pytest.raises(openai.APIConnectionError):
            client.models.list()
        server.start_again()
        assert server.url == url and chat(server).choices[0].message.content == "back"


def called(*calls: str, answered: tuple[str, ...]) -> list[dict[str, Any]]:
    """A conversation in which the assistant made these calls and these were answered."""
    made = [{"id": call, "type": "function", "function": {"name": "run", "arguments": "{}"}} for call in calls]
    assistant = {"role": "assistant", "content": None, "tool_calls": made}
    replies = [{"role": "tool", "tool_call_id": call, "content": "4"} for call in answered]
    return [{"role": "user", "content": "?"}, assistant, *replies]


def with_schema(schema: dict[str, Any], *, name: str = "vote", strict: bool = True) -> dict[str, Any]:
    form = {"name": name, "schema": schema, "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
LOOSE = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
CLOSED = {"type": "object", "properties": {"a": OPEN}, "required": ["a"], "additionalProperties": False}
UNION = {"anyOf": [VOTE], **VOTE}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"extra_body": {"guided_json": {}}}, "Unknown parameter: 'guided_json'"),
        ({"messages": []}, "Invalid 'messages': empty"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            r"'messages\[0\].content\[0\].text'",
        ),
        (
            {"messages": [{"role": "user", "content": "?", "note": 1}]},
            r"Unknown parameter: 'messages\[0\].note'",
        ),
        ({"messages": [{"role": "user", "content": 4}]}, r"'messages\[0\].content'"),
        ({"messages": [{"role": "robot", "content": "?"}]}, r"'messages\[0\].role'"),
        ({"messages": [{"role": "assistant", "content": None}]}, "expected a string, got null"),
        ({"messages": called("a", answered=("b",))}, r"'messages\[2\]': it answers no open tool call"),
        ({"messages": called("a", answered=("a", "a"))}, r"'messages\[3\]': it answers no open tool call"),
        ({"messages": called("a", "b", answered=("a",))}, "No output for: b"),
        ({"temperature": "0.5"}, "'temperature'"),
        ({"temperature": 3}, "'temperature'"),
        ({"stream": True}, "'stream'"),
        ({"tools": []}, "'tools': empty"),
        ({"tools": [{"type": "function", "function": {}}]}, r"'tools\[0\].function.name'"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "'a b' does not match"),
        (
            {"tools": [{"type": "function", "function": {"name": "a", "strict": True, "parameters": OPEN}}]},
            "tools",
        ),
        (
            {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "x"}}},
            "'x' is not among",
        ),
        ({"tool_choice": "required"}, "only allowed when 'tools'"),
        ({"response_format": {"type": "json_object"}}, "the word 'json'"),
        (with_schema(VOTE, name="my vote"), "'my vote' does not match"),
        (with_schema(OPEN), "'additionalProperties' is required"),
        (with_schema(LOOSE), "'required' must list"),
        (with_schema(CLOSED), r"\('properties', 'a'\), 'additionalProperties'"),
        (with_schema(UNION), "'anyOf' is not permitted at the root"),
        (with_schema({"type": "array", "items": VOTE}), "must be of type 'object'"),
    ],
)
def test_what_openai_refuses_in_chat(change: dict[str, Any], complaint: str) -> None:
    with FakeOpenAI(Fill()) as server, pytest.raises(openai.BadRequestError, match=complaint) as caught:
        chat(server, **change)
    assert server.violations != [] and caught.value.type == "invalid_request_error"


@pytest.mark.parametrize(
    "change",
    [
        {
            "messages": [*called("a", "b", answered=("b", "a")), {"role": "user", "content": "So?"}],
            "tools": TOOLS,
        },
        {
            "messages": [{"role": "user", "content": "json, please"}],
            "response_format": {"type": "json_object"},
        },
        {"temperature": 0, "seed": 1, "max_completion_tokens": 9, "stop": ["x"], "logprobs": True},
        with_schema(OPEN, strict=False),
    ],
)
def test_what_openai_accepts_in_chat(change: dict[str, Any]) -> None:
    asked(Fill(), **change)


MADE = {"type": "function_call", "call_id": "a", "name": "run", "arguments": "{}"}
REPLY = {"type": "function_call_output", "call_id": "a", "output": "4"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"extra_body": {"messages": []}}, "Unknown parameter: 'messages'"),
        ({"input": []}, "Missing required parameter: 'input'"),
        ({"input": [{"role": "user"}]}, r"'input\[0\].content'"),
        ({"input": [REPLY]}, "No tool call found"),
        ({"input": [MADE]}, "No output for: a"),
        ({"input": [MADE | {"arguments": {}}, REPLY]}, r"'input\[0\].arguments'"),
        (
            {"tools": [{"type": "function", "name": "a b", "parameters": VOTE, "strict": True}]},
            "does not match",
        ),
        (
            {"tools": [{"type": "function", "name": "a", "parameters": LOOSE, "strict": True}]},
            "'required' must",
        ),
        ({"tool_choice": "required"}, "with 'tools'"),
        ({"text": {"format": {**TEXT_FORMAT["format"], "schema": OPEN}}}, "'additionalProperties'"),
        ({"text": {"format": {**TEXT_FORMAT["format"], "name": ""}}}, "does not match"),
    ],
)
def test_what_openai_refuses_in_responses(change: dict[str, Any], complaint: str) -> None:
    with FakeOpenAI(Fill()) as server, pytest.raises(openai.BadRequestError, match=complaint):
        respond(server, **change)
    assert server.violations != []


def test_a_conversation_with_tools_can_be_sent_back() -> None:
    question = {"role": "user", "content": "?"}
    with FakeOpenAI([Fill(tool="run"), Text("done")]) as server:
        first = respond(server, input=[question], tools=FLAT_TOOLS)
        item: Any = first.output[0]
        reply = {"type": "function_call_output", "call_id": item.call_id, "output": "4"}
        sent_back = [question, item.model_dump(exclude_none=True), reply]
        assert respond(server, input=sent_back, tools=FLAT_TOOLS).output_text == "done"
    with FakeOpenAI([Fill(tool="run"), Text("done")]) as server:
        said = chat(server, tools=TOOLS).choices[0].message
        answer = {"role": "tool", "tool_call_id": (said.tool_calls or [])[0].id, "content": "4"}
        sent = [*HELLO["messages"], said.model_dump(exclude_none=True), answer]
        assert chat(server, messages=sent, tools=TOOLS).choices[0].message.content == "done"


def test_a_body_that_is_not_a_json_object_is_refused() -> None:
    with FakeOpenAI(Fill()) as server:
        for text in (b"{", b"[]"):
            with pytest.raises(urllib.error.HTTPError, match="400") as caught:
                urllib.request.urlopen(f"{server.url}/responses", data=text)
            caught.value.close()
    assert len(server.violations) == len(server.requests) == 2

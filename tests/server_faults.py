"""What the fake OpenAI server can answer: one frozen record for each way a server behaves, good or bad."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from aiohttp import web

Api = Literal["chat", "responses"]
Json = dict[str, Any]

DEEP = 8  # a recursive schema is cut here: optional properties are left out and unions take their last branch


class Behaviour:
    """How one valid request is answered. A subclass defines `says`, or `respond` where no model speaks."""

    async def respond(self, call: "Call") -> web.StreamResponse:
        """Send what the model says in the shape of the API that was called."""
        return web.json_response(shaped(call, self.says(call)))

    def says(self, call: "Call") -> "Said":
        """What the model says, whichever API asks."""
        raise NotImplementedError


@dataclass(frozen=True, init=False)
class Fill(Behaviour):
    """A JSON object valid for the request's schema, with `overrides` by property name at any depth.

    A tool is called when `tool_choice` asks for one: the named one, else the override `tool`, else the last.
    The override `tool` is also called under "auto". Without tool or schema the object is the overrides.
    """

    overrides: Mapping[str, Any]

    def __init__(self, **overrides: Any) -> None:
        object.__setattr__(self, "overrides", overrides)

    def says(self, call: "Call") -> "Said":
        tool = call.tool_to_call(self.overrides.get("tool"))
        if tool is not None:
            return Said(calls=((tool, json.dumps(filled(call.tools[tool], self.overrides))),))
        if call.schema is not None:
            return Said(json.dumps(filled(call.schema, self.overrides)))
        return Said(json.dumps({name: value for name, value in self.overrides.items() if name != "tool"}))


@dataclass(frozen=True)
class Text(Behaviour):
    """This text, whatever was asked."""

    text: str

    def says(self, call: "Call") -> "Said":
        return Said(self.text)


@dataclass(frozen=True)
class EmptyText(Behaviour):
    """The empty string, finished normally."""

    def says(self, call: "Call") -> "Said":
        return Said("")


@dataclass(frozen=True)
class NullContent(Behaviour):
    """`content` is null and nothing else is said; on the responses API, a message without parts."""

    def says(self, call: "Call") -> "Said":
        return Said()


@dataclass(frozen=True)
class ReasoningOnly(Behaviour):
    """Reasoning and no answer: `reasoning_content` as vLLM sends it, or a lone reasoning item."""

    reasoning: str = "Let me think."

    def says(self, call: "Call") -> "Said":
        return Said(reasoning=self.reasoning)


@dataclass(frozen=True)
class Truncated(Behaviour):
    """This text, cut by the token limit."""

    text: str

    def says(self, call: "Call") -> "Said":
        return Said(self.text, cut="length")


@dataclass(frozen=True)
class ContentFilter(Behaviour):
    """Nothing, because a content filter stopped the answer."""

    def says(self, call: "Call") -> "Said":
        return Said(cut="content_filter")


@dataclass(frozen=True)
class Refusal(Behaviour):
    """The model refuses, in the field the API has for it."""

    refusal: str = "I cannot help with that."

    def says(self, call: "Call") -> "Said":
        return Said(refusal=self.refusal)


@dataclass(frozen=True)
class ToolCalls(Behaviour):
    """These tool calls as (name, raw argument text); neither has to be known or valid."""

    calls: tuple[tuple[str, str], ...]

    def says(self, call: "Call") -> "Said":
        return Said(calls=self.calls)


@dataclass(frozen=True)
class RefusesSchema(Behaviour):
    """400 about the schema while one is sent, else `fill` in a fenced block."""

    fill: Mapping[str, Any] = field(default_factory=dict)

    async def respond(self, call: "Call") -> web.StreamResponse:
        if call.format is None:
            return await super().respond(call)
        param = "response_format" if call.api == "chat" else "text.format"
        kind = call.format["type"]
        message = f"Invalid parameter: '{param}' of type '{kind}' is not supported with this model."
        return error(400, message, param=param)

    def says(self, call: "Call") -> "Said":
        return fenced(self.fill)


@dataclass(frozen=True)
class IgnoresSchema(Behaviour):
    """Prose without JSON while a schema is sent, else `fill` in a fenced block."""

    fill: Mapping[str, Any] = field(default_factory=dict)

    def says(self, call: "Call") -> "Said":
        return fenced(self.fill) if call.format is None else Said("The answer looks right to me.")


@dataclass(frozen=True)
class EmptyWithSchema(Behaviour):
    """Empty text while a schema is sent, else `fill` in a fenced block."""

    fill: Mapping[str, Any] = field(default_factory=dict)

    def says(self, call: "Call") -> "Said":
        return fenced(self.fill) if call.format is None else Said("")


@dataclass(frozen=True)
class EmptyChoices(Behaviour):
    """A well-formed answer whose list of choices (or output items) is empty."""

    async def respond(self, call: "Call") -> web.StreamResponse:
        return web.json_response(shaped(call, Said()) | {"choices" if call.api == "chat" else "output": []})


@dataclass(frozen=True)
class Status(Behaviour):
    """This status with OpenAI's error shape, or with `body` instead: a mapping as JSON, text as it is."""

    code: int
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | str | None = None
    type: str | None = None
    error_code: str | None = None

    async def respond(self, call: "Call") -> web.StreamResponse:
        if self.body is None:
            return error(self.code, self.message, type=self.type, code=self.error_code, headers=self.headers)
        if isinstance(self.body, str):
            return web.Response(status=self.code, text=self.body, headers=self.headers)
        return web.json_response(self.body, status=self.code, headers=self.headers)


@dataclass(frozen=True)
class Html(Behaviour):
    """Status 200 and a web page, as a proxy's login form does."""

    async def respond(self, call: "Call") -> web.StreamResponse:
        return web.Response(text="<html><body>Please sign in.</body></html>", content_type="text/html")


@dataclass(frozen=True)
class NotJson(Behaviour):
    """Status 200 and JSON that breaks off, in a complete HTTP body."""

    async def respond(self, call: "Call") -> web.StreamResponse:
        return web.Response(text='{"id": "fake-0", "choi', content_type="application/json")


@dataclass(frozen=True)
class Drop(Behaviour):
    """The connection closes before any byte of an answer."""

    async def respond(self, call: "Call") -> web.StreamResponse:
        hang_up(call)
        return web.Response()


@dataclass(frozen=True)
class DropMidway(Behaviour):
    """Headers and half of a good body, then the connection closes."""

    async def respond(self, call: "Call") -> web.StreamResponse:
        whole = json.dumps(shaped(call, Fill().says(call))).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(whole)
        await response.prepare(call.request)
        await response.write(whole[: len(whole) // 2])
        hang_up(call)
        return response


@dataclass(frozen=True)
class Delay(Behaviour):
    """Nothing for this many seconds, then another behaviour."""

    seconds: float
    then: Behaviour = field(default_factory=Fill)

    async def respond(self, call: "Call") -> web.StreamResponse:
        await asyncio.sleep(self.seconds)
        return await self.then.respond(call)


@dataclass(frozen=True)
class Stall(Behaviour):
    """Nothing for this many seconds, then a filled answer; a client with a deadline has left by then."""

    seconds: float

    async def respond(self, call: "Call") -> web.StreamResponse:
        return await Delay(self.seconds).respond(call)


@dataclass(frozen=True)
class RateLimit(Behaviour):
    """429 beyond `rate_per_s` with bursts of `burst`, else `then`; equal limits share one bucket.

    `Retry-After` is the exact wait in seconds unless `retry_after` is given: seconds, or text as it is.
    """

    rate_per_s: float
    burst: int
    retry_after: float | str | None = None
    then: Behaviour = field(default_factory=Fill)

    async def respond(self, call: "Call") -> web.StreamResponse:
        bucket = call.buckets.setdefault((self.rate_per_s, self.burst), Bucket(self.burst, at=time.monotonic()))
        wait = bucket.take(self.rate_per_s, burst=self.burst, now=time.monotonic())
        if wait == 0:
            return await self.then.respond(call)
        told = f"{wait:.3f}" if self.retry_after is None else str(self.retry_after)
        message = f"Rate limit reached. Please try again in {told}s."
        return error(429, message, type="requests", code="rate_limit_exceeded", headers={"Retry-After": told})


@dataclass
class Bucket:
    """The tokens there were at a time, in seconds of any clock."""

    tokens: float
    at: float

    def take(self, rate_per_s: float, *, burst: int, now: float) -> float:
        """Take a token and return 0, or leave the bucket and return the seconds until there is one."""
        self.tokens, self.at = min(burst, self.tokens + (now - self.at) * rate_per_s), now
        if self.tokens < 1:
            return (1 - self.tokens) / rate_per_s
        self.tokens -= 1
        return 0


@dataclass(frozen=True)
class Call:
    """One valid request, its number, and the buckets that all requests share."""

    request: web.Request
    api: Api
    body: Json
    n: int
    buckets: dict[tuple[float, int], Bucket]

    @property
    def format(self) -> Json | None:
        """What the request says of the answer's form, of any type."""
        asked: Json | None = self.body.get("response_format") or (self.body.get("text") or {}).get("format")
        return asked

    @property
    def schema(self) -> Json | None:
        """The JSON schema the answer must follow."""
        asked = self.format or {}
        schema: Json | None = asked.get("json_schema", asked).get("schema")
        return schema

    @property
    def tools(self) -> dict[str, Json]:
        """The parameters of each function the model may call, by name."""
        tools = [tool for tool in self.body.get("tools", []) if tool["type"] == "function"]
        functions = [tool.get("function", tool) for tool in tools]
        return {function["name"]: function.get("parameters") or {} for function in functions}

    @property
    def forced_tool(self) -> str | None:
        """The function that `tool_choice` names."""
        choice = self.body.get("tool_choice")
        name: str | None = choice.get("function", choice).get("name") if isinstance(choice, dict) else None
        return name

    def tool_to_call(self, wanted: str | None) -> str | None:
        """The tool a model calls here that prefers `wanted`, or None if it answers with text."""
        choice = self.body.get("tool_choice")
        if choice == "none" or not self.tools:
            return None
        last = [*self.tools][-1] if choice == "required" else None
        return self.forced_tool or wanted or last


@dataclass(frozen=True)
class Said:
    """What a model says, before it takes the shape of an API."""

    text: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    refusal: str | None = None
    reasoning: str | None = None
    cut: Literal["length", "content_filter"] | None = None


def fenced(fill: Mapping[str, Any]) -> Said:
    """`fill` in a fenced block after a line of prose, as models answer that know no schema."""
    return Said(f"Here is my answer.\n\n```json\n{json.dumps(dict(fill))}\n```\n")


def filled(schema: Json, overrides: Mapping[str, Any], *, root: Json | None = None, depth: int = 0) -> Any:
    """The simplest value `schema` allows; `pattern`, `format`, `multipleOf` and `allOf` are not obeyed."""
    root = schema if root is None else root
    again = partial(filled, overrides=overrides, root=root, depth=depth + 1)
    if "$ref" in schema:
        return again(resolved(root, schema["$ref"]))
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return again(branches[0] if depth < DEEP else branches[-1])
    kind = schema.get("type", "object")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            parts = schema.get("properties", {})
            wanted = parts if depth < DEEP else schema.get("required", [])
            return {key: overrides[key] if key in overrides else again(parts[key]) for key in wanted}
        case "array":
            return [again(schema["items"]) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            low = schema.get("minimum", schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else 0)
            return min(low, schema.get("maximum", low))
        case "string":
            return "because".ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]
        case other:
            return True if other == "boolean" else None


def resolved(root: Json, ref: str) -> Json:
    """The part of `root` that a local reference such as `#/$defs/Vote` points to."""
    found = root
    for key in ref.removeprefix("#").split("/")[1:]:
        found = found[key]
    return found


def shaped(call: Call, said: Said) -> Json:
    """The body of a well-formed answer of the API that was called."""
    return as_chat_completion(call, said) if call.api == "chat" else as_response(call, said)


def as_chat_completion(call: Call, said: Said) -> Json:
    """A `ChatCompletion`. As with OpenAI, a call of the named tool finishes with "stop", not "tool_calls"."""
    message: Json = {"role": "assistant", "content": said.text, "refusal": said.refusal}
    if said.calls:
        message["tool_calls"] = [
            {"id": f"call_{call.n}_{i}", "type": "function", "function": {"name": name, "arguments": text}}
            for i, (name, text) in enumerate(said.calls)
        ]
    if said.reasoning is not None:
        message["reasoning_content"] = said.reasoning
    finish = said.cut or ("tool_calls" if said.calls and call.forced_tool is None else "stop")
    read, reasoned, written = tokens_used(call, said)
    return {
        "id": f"chatcmpl-{call.n}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": call.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": reasoned},
        },
    }


def as_response(call: Call, said: Said) -> Json:
    """A `Response`; one that was cut is incomplete and says why."""
    status = "incomplete" if said.cut else "completed"
    why = {"length": "max_output_tokens", "content_filter": "content_filter"}
    read, reasoned, written = tokens_used(call, said)
    return {
        "id": f"resp_{call.n}",
        "object": "response",
        "created_at": int(time.time()),
        "model": call.body.get("model", "fake-model"),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": why[said.cut]} if said.cut else None,
        "output": output_items(call, said, status=status),
        "parallel_tool_calls": call.body.get("parallel_tool_calls", True),
        "tool_choice": call.body.get("tool_choice", "auto"),
        "tools": call.body.get("tools", []),
        "text": call.body.get("text", {"format": {"type": "text"}}),
        "usage": {
            "input_tokens": read,
            "output_tokens": written,
            "total_tokens": read + written,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": reasoned},
        },
    }


def output_items(call: Call, said: Said, *, status: str) -> list[Json]:
    """The output of a `Response`: reasoning, a message unless only tools or reasoning speak, calls."""
    items: list[Json] = []
    if said.reasoning is not None:
        content = [{"type": "reasoning_text", "text": said.reasoning}]
        items.append({"id": f"rs_{call.n}", "type": "reasoning", "summary": [], "content": content})
    parts: list[Json] = []
    if said.text is not None:
        parts.append({"type": "output_text", "text": said.text, "annotations": []})
    if said.refusal is not None:
        parts.append({"type": "refusal", "refusal": said.refusal})
    if parts or not (said.calls or items):
        message = {"id": f"msg_{call.n}", "type": "message", "role": "assistant"}
        items.append(message | {"status": status, "content": parts})
    for i, (name, arguments) in enumerate(said.calls):
        made = {"id": f"fc_{call.n}_{i}", "type": "function_call", "call_id": f"call_{call.n}_{i}"}
        items.append(made | {"name": name, "arguments": arguments, "status": "completed"})
    return items


def tokens_used(call: Call, said: Said) -> tuple[int, int, int]:
    """Tokens read, tokens reasoned, and tokens written (reasoning included), at four characters each."""
    read = json.dumps(call.body.get("messages") or call.body.get("input") or "")
    written = [said.text or "", said.refusal or "", *(name + arguments for name, arguments in said.calls)]
    reasoned = tokens(said.reasoning or "")
    return tokens(read), reasoned, reasoned + sum(map(tokens, written))


def tokens(text: str) -> int:
    """The tokens of `text`, at four characters each, rounded up."""
    return -(-len(text) // 4)


def error(
    status: int,
    message: str,
    *,
    type: str | None = None,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """An error in OpenAI's shape; without `type`, the one that fits the status."""
    kind = type or ("server_error" if status >= 500 else "invalid_request_error")
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return web.json_response(body, status=status, headers=headers)


def hang_up(call: Call) -> None:
    """Close the TCP connection after what was already written."""
    if call.request.transport is not None:
        call.request.transport.close()

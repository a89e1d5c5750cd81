"""A real HTTP server that speaks the OpenAI API, refuses what OpenAI refuses, and misbehaves on demand."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter
from pydantic_core import ErrorDetails, SchemaValidator, ValidationError
from server_faults import Api, Behaviour, Bucket, Call, Json, error

Answer = Behaviour | Sequence[Behaviour] | Callable[[Json, int], Behaviour]

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NOT_STRICT = {"allOf", "default", "dependentRequired", "dependentSchemas", "if", "not", "oneOf"}


@dataclass(frozen=True)
class Seen:
    """One POST as it arrived: `headers` ignore case, `at` is in seconds of `time.monotonic`."""

    path: str
    body: Json
    headers: Mapping[str, str]
    at: float


class FakeOpenAI:
    """`with FakeOpenAI(answer) as server:` serves `server.url` from a thread until the block ends.

    `answer` is a behaviour, a list of them (the last one repeats), or a function of the body and of the
    number of POSTs before it. A POST that OpenAI would refuse is answered with 400 and its faults are listed
    in `violations`; it counts as a POST too.
    """

    def __init__(self, answer: Answer, *, require_key: str | None = None) -> None:
        self.requests: list[Seen] = []
        self.violations: list[str] = []
        self.in_flight_peak = 0
        self._answer = answer
        self._key = require_key
        self._in_flight = 0
        self._port = 0
        self._buckets: dict[tuple[float, int], Bucket] = {}
        self._runner: web.AppRunner | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="FakeOpenAI", daemon=True)

    @property
    def url(self) -> str:
        """The base URL for a client; it stays the same over `stop` and `start_again`."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self.start_again()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start_again(self) -> None:
        """Listen, on the port used before if there was one; what was seen so far is kept."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def stop(self) -> None:
        """Close the port and every connection, whatever is in flight; stopped already, do nothing."""
        runner, self._runner = self._runner, None
        if runner is not None:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), self._loop).result()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._post)
        app.router.add_post("/v1/responses", self._post)
        # A client that leaves cancels its handler, so `in_flight_peak` counts no ghosts.
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._runner, self._port = runner, runner.addresses[0][1]

    async def _models(self, request: web.Request) -> web.Response:
        model = {"id": "fake-model", "object": "model", "created": 0, "owned_by": "tests"}
        return self._key_error(request) or web.json_response({"object": "list", "data": [model]})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self._in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self._in_flight)
        try:
            return await self._respond(request, at=time.monotonic())
        finally:
            self._in_flight -= 1

    async def _respond(self, request: web.Request, *, at: float) -> web.StreamResponse:
        body, found = parsed(await request.text())
        n = len(self.requests)
        self.requests.append(Seen(request.path, body, request.headers, at))
        refused = self._key_error(request)
        if refused is not None:
            return refused
        api: Api = "chat" if request.path.endswith("/chat/completions") else "responses"
        found = found or violations_in(api, body)
        if found:
            self.violations.extend(found)
            return error(400, "; ".join(found))
        return await self._behaviour(body, n).respond(Call(request, api, body, n, self._buckets))

    def _key_error(self, request: web.Request) -> web.Response | None:
        if self._key is None or request.headers.get("Authorization") == f"Bearer {self._key}":
            return None
        return error(401, "Incorrect API key provided.", code="invalid_api_key")

    def _behaviour(self, body: Json, n: int) -> Behaviour:
        if isinstance(self._answer, Behaviour):
            return self._answer
        if isinstance(self._answer, Sequence):
            return self._answer[min(n, len(self._answer) - 1)]
        return self._answer(body, n)


def parsed(text: str) -> tuple[Json, list[str]]:
    """The JSON object in a request, or an empty one and what is wrong."""
    try:
        body = json.loads(text)
    except json.JSONDecodeError as fault:
        return {}, [f"We could not parse the JSON body of your request: {fault}"]
    return (body, []) if isinstance(body, dict) else ({}, ["The JSON body must be an object."])


def violations_in(api: Api, body: Json) -> list[str]:
    """Why OpenAI would refuse `body`; empty if it would not. Limits of single models are not checked."""
    try:
        validator(api).validate_python(body, strict=True)
    except ValidationError as fault:
        return type_violations(fault)
    own = chat_violations(body) if api == "chat" else responses_violations(body)
    return [*own, *schema_violations(api, body)]


@cache
def validator(api: Api) -> SchemaValidator:
    """The SDK's own type of the request, made to look at every item and to refuse every unknown key."""
    params = CompletionCreateParamsNonStreaming if api == "chat" else ResponseCreateParamsNonStreaming
    return SchemaValidator(eager(TypeAdapter(params).core_schema))


def eager(schema: Any) -> Any:
    """`schema` with lists for iterables, which pydantic would validate only when read, and closed dicts."""
    if isinstance(schema, list | tuple):
        return type(schema)(map(eager, schema))
    if not isinstance(schema, dict):
        return schema
    new = {key: eager(value) for key, value in schema.items()}
    match schema.get("type"):
        case "generator":
            return {"type": "list", "items_schema": new["items_schema"]}
        case "typed-dict":
            return new | {"extra_behavior": "forbid"}
    return new


def type_violations(fault: ValidationError) -> list[str]:
    """At most three faults, without those of union members that `role` or `type` rules out."""
    faults = fault.errors(include_url=False)
    others = [each["loc"][:-1] for each in faults if each["loc"][-1] in ("role", "type")]
    close = [each for each in faults if not any(each["loc"][: len(other)] == other for other in others)]
    return [*dict.fromkeys(map(type_violation, close or faults))][:3]


def type_violation(fault: ErrorDetails) -> str:
    # Besides keys and indices a location holds pydantic's names of union members: `str`, `list[...]`.
    steps = [step for step in fault["loc"] if isinstance(step, int) or re.fullmatch("(?!str$)[a-z_]+", step)]
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    match fault["type"]:
        case "extra_forbidden":
            return f"Unknown parameter: '{where}'."
        case "missing":
            return f"Missing required parameter: '{where}'."
    return f"Invalid value for '{where}': {fault['msg']}."


def chat_violations(body: Json) -> Iterator[str]:
    """The rules of chat completions that its types do not express."""
    if not body["messages"]:
        yield "Invalid 'messages': empty array. Expected an array with minimum length 1."
    if not 0 <= (body.get("temperature") or 0) <= 2:
        yield "Invalid 'temperature': expected a value from 0 to 2."
    if "max_tokens" in body and "max_completion_tokens" in body:
        yield "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    if "tools" in body and not body["tools"]:
        yield "Invalid 'tools': empty array. Expected an array with minimum length 1."
    for key in {"tool_choice", "parallel_tool_calls"} & body.keys():
        if not body.get("tools"):
            yield f"'{key}' is only allowed when 'tools' are specified."
    free_json = (body.get("response_format") or {}).get("type") == "json_object"
    if free_json and "json" not in json.dumps(body["messages"]).lower():
        yield "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'."
    yield from message_violations(body["messages"])


def message_violations(messages: list[Json]) -> Iterator[str]:
    """Assistant messages say something, and the tool messages right after them answer every call once."""
    waiting: list[str] = []
    for i, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                yield f"Invalid 'messages[{i}]': it answers no open tool call of the assistant before it."
            waiting = [call for call in waiting if call != message["tool_call_id"]]
            continue
        yield from unanswered(waiting)
        waiting = [call["id"] for call in message.get("tool_calls", [])]
        if message["role"] == "assistant":
            yield from assistant_violations(i, message)
    yield from unanswered(waiting)


def assistant_violations(i: int, message: Json) -> Iterator[str]:
    if message.get("tool_calls") == []:
        yield f"Invalid 'messages[{i}].tool_calls': empty array. Expected an array with minimum length 1."
    if not {"tool_calls", "refusal", "function_call"} & message.keys() and message.get("content") is None:
        yield f"Invalid value for 'messages[{i}].content': expected a string, got null."
    for k, call in enumerate(message.get("tool_calls", [])):
        yield from name_violations(f"messages[{i}].tool_calls[{k}]", call[call["type"]]["name"])


def responses_violations(body: Json) -> Iterator[str]:
    """The rules of responses that its types do not express; an earlier response may hold missing calls."""
    earlier = body.get("previous_response_id") or body.get("conversation")
    if not (body.get("input") or body.get("prompt") or earlier):
        yield "Missing required parameter: 'input'."
    if not body.get("tools") and body.get("tool_choice", "auto") not in ("auto", "none"):
        yield "'tool_choice' must be specified with 'tools'."
    waiting: list[str] = []
    for i, item in enumerate(body["input"] if isinstance(body.get("input"), list) else []):
        if item.get("type") == "function_call":
            waiting.append(item["call_id"])
            yield from name_violations(f"input[{i}]", item["name"])
        elif item.get("type") == "function_call_output":
            if item.get("call_id") not in waiting and not earlier:
                yield f"No tool call found for function call output with call_id {item.get('call_id')!r}."
            waiting = [call for call in waiting if call != item.get("call_id")]
    yield from unanswered(waiting)


def unanswered(calls: list[str]) -> Iterator[str]:
    if calls:
        yield f"Each tool call must be followed by its output. No output for: {', '.join(calls)}."


def schema_violations(api: Api, body: Json) -> Iterator[str]:
    """Functions and the answer's schema have proper names, and what is called strict is."""
    functions = {
        f"tools[{i}]": tool.get("function", tool)
        for i, tool in enumerate(body.get("tools", []))
        if tool["type"] == "function"
    }
    choice = body.get("tool_choice")
    chosen = choice.get("function", choice).get("name") if isinstance(choice, dict) else None
    if chosen is not None and chosen not in [function["name"] for function in functions.values()]:
        yield f"Invalid 'tool_choice': {chosen!r} is not among 'tools'."
    where = "response_format" if api == "chat" else "text.format"
    asked = body.get("response_format") if api == "chat" else (body.get("text") or {}).get("format")
    formats = {where: asked.get("json_schema", asked)} if asked and asked["type"] == "json_schema" else {}
    for at, named in {**functions, **formats}.items():
        yield from name_violations(at, named["name"])
        schema = named.get("parameters") or named.get("schema") or {}
        if named.get("strict"):
            prefix = f"Invalid schema for {at} {named['name']!r}:"
            yield from (f"{prefix} {fault}" for fault in strict_violations(schema))


def name_violations(where: str, name: str) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield f"Invalid '{where}.name': {name!r} does not match '^[a-zA-Z0-9_-]{{1,64}}$'."


def strict_violations(schema: Json) -> Iterator[str]:
    """Where `schema` leaves the part of JSON Schema that strict mode allows."""
    if schema.get("type") != "object":
        yield f"schema must be of type 'object', got {schema.get('type')!r}."
    if "anyOf" in schema:
        yield "'anyOf' is not permitted at the root."
    yield from strict_part_violations(schema, context=())


def strict_part_violations(schema: Json, *, context: tuple[str, ...]) -> Iterator[str]:
    for key in sorted(NOT_STRICT & schema.keys()):
        yield f"In context={context}, '{key}' is not permitted."
    if "$ref" in schema and len(schema) > 1:
        yield f"In context={context}, '$ref' cannot have other keywords beside it."
    if not {"type", "anyOf", "$ref", "enum", "const"} & schema.keys():
        yield f"In context={context}, schema must have a 'type' key."
    properties, kind = schema.get("properties", {}), schema.get("type", "")
    if properties or "object" in kind:
        if schema.get("additionalProperties") is not False:
            yield f"In context={context}, 'additionalProperties' is required to be supplied and to be false."
        for name in sorted(properties.keys() ^ set(schema.get("required", []))):
            yield f"In context={context}, 'required' must list the keys of properties; see '{name}'."
    if "array" in kind and "items" not in schema:
        yield f"In context={context}, array schema missing items."
    inside: list[tuple[tuple[str, ...], Json]] = [(("items",), schema["items"])] if "items" in schema else []
    inside += [(("anyOf", str(i)), part) for i, part in enumerate(schema.get("anyOf", []))]
    inside += [((key, name), part) for key in ("properties", "$defs") for name, part in schema.get(key, {}).items()]
    for step, part in inside:
        yield from strict_part_violations(part, context=(*context, *step))

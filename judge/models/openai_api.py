"""``openai:NAME``: a model behind any OpenAI-compatible server, through the official SDK.

One client for each endpoint, on the background event loop, over aiohttp. The SDK's own retries are off: a shared
gate handles "too many requests" (it waits and never gives a case up for it), tenacity the short transient
faults, and a deadline bounds the time that a call spends being worked on. What a server does not understand
is noticed once and remembered: structured output, a temperature, a seed, the name of the token limit.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from functools import cached_property
from typing import Any

import openai
from openai import AsyncOpenAI, DefaultAioHttpClient
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from judge.errors import ConfigError, ModelBusy, ModelDown, ModelError
from judge.models import ModelOptions
from judge.models.access import api_key, base_url
from judge.models.clock import Clock
from judge.models.dialects import DIALECTS, as_prose, payload, tokens
from judge.models.faults import FieldRefused, SchemaRefused, TooMany, cause, refusal
from judge.models.gate import gate_of
from judge.models.loop import run
from judge.text.jsontext import NotJSON, final_object
from judge.types import Message, Reply, Request, ToolSpec, Usage

_ATTEMPTS = 4
_FIRST_WAIT_S = 0.25
_FRUITLESS = 10  # calls in a row without any success after which a server counts as down


def create(name: str, options: ModelOptions) -> OpenAIModel:
    """Return the model; the factory behind the entry point ``openai``."""
    if not name:
        raise ConfigError("model 'openai:' needs a name, for example 'openai:gpt-5-mini'")
    return OpenAIModel(name, options)


class OpenAIModel:
    """Thread-safe. Raises ConfigError when the key's environment variable is missing or the base URL is none."""

    def __init__(self, name: str, options: ModelOptions | None = None) -> None:
        options = options or ModelOptions()
        self.name = f"openai:{name}"
        self._model = name
        self._options = options
        self._dialect = DIALECTS[options.api]
        self._base_url = base_url(options)
        self._key = api_key(options, local=self._base_url is not None)
        self._dropped: frozenset[str] = frozenset()
        self._unstructured = 0  # replies in a row that ignored the schema; 2 and it is no longer sent
        self._fruitless = 0
        self._successes = 0
        self._last_success = time.monotonic()
        self._probe = threading.Lock()
        self._calls_tools: bool | None = {"auto": None, "native": True, "json": False}[options.tool_calls]
        self.gate = gate_of(self._where_to, ceiling=options.in_flight, cap=options.retry_after_cap_s)

    def generate(self, request: Request, /) -> Reply:
        """Return the reply. Raises ModelError with its cause, or ModelDown when no call can work."""
        return run(self._generate(request))

    def preflight(self) -> None:
        """Raise ModelDown when the server cannot be reached or refuses the key."""
        run(self._reach())

    def native_tools(self) -> bool:
        """Return whether the server calls tools in its own format; asks it once, with one small call."""
        with self._probe:
            if self._calls_tools is None:
                self._calls_tools = self._ask_for_a_call()
            return self._calls_tools

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        if (client := self.__dict__.pop("_client", None)) is not None:
            run(client.close())

    @cached_property
    def _client(self) -> AsyncOpenAI:  # made on the loop that uses it
        return AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._key,
            max_retries=0,
            timeout=self._options.timeout_s + 10,  # ours comes first
            http_client=DefaultAioHttpClient(limits=_limits(self._options.in_flight)),
        )

    @cached_property
    def _url(self) -> str:  # absolute, which spares the SDK joining two URLs for each call
        return str(self._client.base_url).rstrip("/") + self._dialect.path

    async def _generate(self, request: Request) -> Reply:
        clock = Clock(self._options.timeout_s)
        try:
            if request.output is None:
                reply = await self._send(request, clock)
            elif self._unstructured >= 2:
                reply = await self._in_words(request, clock)
            else:
                reply = await self._structured(request, clock)
        except ModelError as error:
            error.usage = self._priced(clock.usage())
            raise
        notes = (*reply.notes, *(f"asked without {field}, which the server refuses" for field in sorted(self._dropped)))
        return Reply(text=reply.text, tool_calls=reply.tool_calls, usage=self._priced(clock.usage()), notes=notes)

    async def _structured(self, request: Request, clock: Clock) -> Reply:
        """Ask with a schema; when the server refuses, ignores or chokes on it, ask in words and remember."""
        doubt = 1
        try:
            reply = await self._send(request, clock)
            final_object(reply.text)
            self._unstructured = 0
            return reply
        except NotJSON as problem:
            if problem.cause == "duplicate_keys":
                return reply
        except SchemaRefused:
            doubt = 2
        except ModelError as error:
            if error.cause != "empty":
                raise
        reply = await self._in_words(request, clock)
        self._unstructured += doubt
        return reply

    async def _in_words(self, request: Request, clock: Clock) -> Reply:
        reply = await self._send(as_prose(request), clock)
        return reply.model_copy(update={"notes": ("asked for JSON in words, since the server kept to no schema",)})

    async def _send(self, request: Request, clock: Clock) -> Reply:
        """Send one request, waiting out what is transient."""
        before = self._successes
        try:
            reply = await self._patiently(request, clock)
        except ModelBusy as error:
            self._fruitless += 1
            if error.cause == "connection":
                await self._reach()
            if self._fruitless >= _FRUITLESS and self._successes == before:
                raise ModelDown(
                    f"{self._where} failed {self._fruitless} calls in a row, the last with: {error}", cause="down"
                ) from error
            raise ModelError(f"{error} ({_ATTEMPTS} attempts)", cause=error.cause) from error
        self._fruitless = 0
        return reply

    async def _patiently(self, request: Request, clock: Clock) -> Reply:
        try:
            return await self._admitted(request, clock)  # the usual way, without the machinery of retries
        except ModelBusy as error:
            await clock.sleep(_pause(error, _FIRST_WAIT_S * random.random()))
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ModelBusy),
            stop=stop_after_attempt(_ATTEMPTS - 1),
            wait=_wait,
            sleep=clock.sleep,
            reraise=True,
        )
        reply: Reply = await retrying(self._admitted, request, clock)
        return reply

    async def _admitted(self, request: Request, clock: Clock) -> Reply:
        """Send when the gate lets through; "too many requests" goes back to the gate, however often."""
        began, dropped = time.monotonic(), self._dropped
        while True:
            await self.gate.enter()
            try:
                with clock:
                    reply = await self._attempt(request, clock, dropped | self._dropped)
            except TooMany as error:
                if time.monotonic() - max(began, self._last_success) > self._options.patience_s:
                    raise ModelDown(
                        f"{self._where} has answered nothing but 'too many requests' for "
                        f"{self._options.patience_s:.0f} s: {error}",
                        cause="busy",
                    ) from error
                clock.retries += 1
                self.gate.turn_away(error.retry_after)
                continue
            except FieldRefused as error:
                dropped |= {error.field}
                continue
            finally:
                self.gate.leave()
            self.gate.succeeded()
            self._dropped |= dropped  # only now: the refusal may have been about something else
            self._successes += 1
            self._last_success = time.monotonic()
            return reply

    async def _attempt(self, request: Request, clock: Clock, dropped: frozenset[str]) -> Reply:
        body = self._dialect.write(self._model, request, dropped)
        try:
            async with asyncio.timeout(clock.left):
                text = await self._client.post(self._url, cast_to=str, body=body)
        except TimeoutError:
            raise ModelError(f"{self._where} gave no answer within {clock.budget:g} s", cause="timeout") from None
        except openai.APIStatusError as error:
            raise refusal(
                error, self._where, body=body, with_schema=request.output is not None, proven=self._successes > 0
            ) from error
        except openai.APIConnectionError as error:  # the SDK calls some dropped connections timeouts, too
            raise ModelBusy(f"{self._where} cannot be reached: {cause(error)}", cause="connection") from error
        answer = payload(text)
        clock.count(*tokens(answer))
        return self._dialect.read(answer)

    async def _reach(self) -> None:
        try:
            async with asyncio.timeout(min(10.0, self._options.timeout_s)):
                await self._client.get("/models", cast_to=str)
        except (TimeoutError, openai.APIConnectionError) as error:
            raise ModelDown(f"{self._where} cannot be reached: {cause(error)}", cause="connection") from error
        except openai.APIStatusError as error:
            if error.status_code in (401, 403):
                raise ModelDown(f"{self._where} refuses the key: {cause(error)}", cause="refused") from error
            # Not every server lists its models; that it answers is enough.

    def _ask_for_a_call(self) -> bool:
        schema = {
            "type": "object",
            "properties": {"ok": {"type": "boolean"}},
            "required": ["ok"],
            "additionalProperties": False,
        }
        tool = ToolSpec(name="ready", description="Say that you can call tools.", parameters=schema)
        ask = Message(role="user", content="Call the tool ready with ok set to true.")
        try:
            reply = self.generate(Request(messages=(ask,), tools=(tool,), max_tokens=256))
            return bool(reply.tool_calls) and final_object(reply.tool_calls[0].arguments).get("ok") is True
        except ModelDown:
            raise
        except (ModelError, NotJSON):
            return False

    def _priced(self, usage: Usage) -> Usage:
        prompt, completion = self._options.price_prompt, self._options.price_completion
        if prompt is None and completion is None:
            return usage
        cost = usage.prompt_tokens * (prompt or 0) + usage.completion_tokens * (completion or 0)
        return usage.model_copy(update={"cost": cost / 1e6})

    @property
    def _where_to(self) -> str:
        return self._base_url or "https://api.openai.com/v1"

    @property
    def _where(self) -> str:
        return f"model {self._model!r} at {self._where_to}"


_jitter = wait_random_exponential(multiplier=2 * _FIRST_WAIT_S, max=8)


def _wait(state: RetryCallState) -> float:
    return _pause(state.outcome.exception() if state.outcome else None, _jitter(state))


def _pause(error: BaseException | None, otherwise: float) -> float:
    asked = error.retry_after if isinstance(error, ModelBusy) else None
    return otherwise if asked is None else min(30.0, asked)


def _limits(in_flight: int) -> Any:
    from httpx2 import Limits

    return Limits(max_connections=in_flight + 4, max_keepalive_connections=in_flight + 4)

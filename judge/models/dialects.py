"""The two dialects of OpenAI-compatible servers: how a request is written and how an answer is read.

Pure functions. An answer that is not what the API promises becomes a ModelError with a cause:
``html``, ``bad_payload``, ``no_choices``, ``truncated``, ``content_filter``, ``refusal``, ``reasoning_only``,
``empty``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from judge.errors import ModelBusy, ModelError
from judge.types import Message, Reply, Request, ToolCall, Usage

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Dialect(NamedTuple):
    """One API: its path, and the two directions of translation. `write` takes the names of dropped fields."""

    path: str
    write: Callable[[str, Request, frozenset[str]], dict[str, Any]]
    read: Callable[[Mapping[str, Any]], Reply]


def payload(text: str) -> Mapping[str, Any]:
    """Return the JSON object of a response body that came with status 200."""
    try:
        value = json.loads(text)
        if _SURROGATE.search(text):
            value = json.loads(well_formed(json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError):
        kind, cause = ("HTML", "html") if text.lstrip()[:1] == "<" else ("no JSON", "bad_payload")
        raise ModelBusy(f"the server answered {kind} with status 200: {text[:120]!r}", cause=cause) from None
    if not isinstance(value, dict):
        raise ModelError(f"the server answered {type(value).__name__}, not an object", cause="bad_payload")
    return value


def well_formed(text: str) -> str:
    """Return the text with "?" for each half of a surrogate pair, which could not be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")


def tokens(body: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many tokens an answer says that its prompt and its reply had; 0 where it does not say."""
    counts = _object(body.get("usage"))
    prompt = counts.get("prompt_tokens", counts.get("input_tokens"))
    completion = counts.get("completion_tokens", counts.get("output_tokens"))
    return prompt if isinstance(prompt, int) else 0, completion if isinstance(completion, int) else 0


def as_prose(request: Request) -> Request:
    """Return the request without its schema: the schema is asked for in words, in a fenced block."""
    *before, last = request.messages
    wish = (
        "\n\nReply with one JSON object in a ```json code block and nothing after it. "
        f"It has to match this JSON schema:\n{json.dumps(request.output)}"
    )
    last = last.model_copy(update={"content": last.content + wish})
    return request.model_copy(update={"messages": (*before, last), "output": None})


def _write_chat(model: str, request: Request, dropped: frozenset[str]) -> dict[str, Any]:
    limit = "max_completion_tokens" if "max_tokens" in dropped else "max_tokens"
    body: dict[str, Any] = {
        "model": model,
        "messages": [_chat_message(message) for message in request.messages],
        limit: request.max_tokens,
    }
    _sampling(body, request, dropped)
    if request.output is not None:
        schema = {"name": "reply", "strict": True, "schema": request.output}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                    "strict": True,
                },
            }
            for tool in request.tools
        ]
        body["tool_choice"] = "required"
    return body


def _chat_message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.content}
    if message.tool_calls:
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
        return {"role": "assistant", "content": message.content or None, "tool_calls": calls}
    return {"role": message.role, "content": message.content}


def _read_chat(body: Mapping[str, Any]) -> Reply:
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise ModelBusy("the server answered without choices", cause="no_choices")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise ModelError("the server answered a choice without a message", cause="bad_payload")
    finish, text = choices[0].get("finish_reason"), message.get("content")
    if finish == "length":
        raise ModelError("the reply was cut off at max_tokens; raise it", cause="truncated")
    if finish == "content_filter":
        raise ModelError("the server's content filter stopped the reply", cause="content_filter")
    if message.get("refusal"):
        raise ModelError(f"the model refused: {str(message['refusal'])[:200]}", cause="refusal")
    calls = tuple(
        ToolCall(
            id=str(call.get("id") or f"call_{n}"),
            name=str(_object(call.get("function")).get("name")),
            arguments=_text(_object(call.get("function")).get("arguments")),
        )
        for n, call in enumerate(_objects(message.get("tool_calls")))
    )
    reasoned = message.get("reasoning_content") or message.get("reasoning")
    return _reply(_text(text), calls, bool(reasoned), tokens(body))


def _write_responses(model: str, request: Request, dropped: frozenset[str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model,
        "input": [item for message in request.messages for item in _response_items(message)],
        "max_output_tokens": request.max_tokens,
        "store": False,
    }
    _sampling(body, request, dropped | {"seed"})  # this API has no seed
    if request.output is not None:
        body["text"] = {"format": {"type": "json_schema", "name": "reply", "strict": True, "schema": request.output}}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": True,
            }
            for tool in request.tools
        ]
        body["tool_choice"] = "required"
    return body


def _response_items(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.call_id, "output": message.content}]
    silent = message.tool_calls and not message.content
    said = [] if silent else [{"role": message.role, "content": message.content}]
    return said + [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in message.tool_calls
    ]


def _read_responses(body: Mapping[str, Any]) -> Reply:
    if not isinstance(body.get("output"), list):
        raise ModelBusy("the server answered without output", cause="no_choices")
    output = _objects(body["output"])
    why = _object(body.get("incomplete_details")).get("reason")
    if body.get("status") == "incomplete" and why == "content_filter":
        raise ModelError("the server's content filter stopped the reply", cause="content_filter")
    if body.get("status") == "incomplete":
        raise ModelError(f"the reply was cut off ({why}); raise max_tokens", cause="truncated")
    if body.get("status") == "failed":
        raise ModelBusy(f"the server failed: {_object(body.get('error')).get('message')}", cause="server")
    parts = [part for item in output if item.get("type") == "message" for part in _objects(item.get("content"))]
    if refusal := next((part.get("refusal") for part in parts if part.get("type") == "refusal"), None):
        raise ModelError(f"the model refused: {str(refusal)[:200]}", cause="refusal")
    text = "".join(_text(part.get("text")) for part in parts if part.get("type") == "output_text")
    calls = tuple(
        ToolCall(
            id=str(item.get("call_id") or f"call_{n}"),
            name=str(item.get("name")),
            arguments=_text(item.get("arguments")),
        )
        for n, item in enumerate(output)
        if item.get("type") == "function_call"
    )
    reasoned = any(item.get("type") == "reasoning" for item in output)
    return _reply(text, calls, reasoned, tokens(body))


def _sampling(body: dict[str, Any], request: Request, dropped: frozenset[str]) -> None:
    for name in ("temperature", "seed"):
        value = getattr(request, name)
        if value is not None and name not in dropped:
            body[name] = value


def _reply(text: str, calls: tuple[ToolCall, ...], reasoned: bool, counted: tuple[int, int]) -> Reply:
    if not calls and not text.strip():
        if reasoned:
            raise ModelError("the model reasoned but gave no answer; raise max_tokens", cause="reasoning_only")
        raise ModelError("the model answered with empty text", cause="empty")
    return Reply(text=text, tool_calls=calls, usage=Usage(prompt_tokens=counted[0], completion_tokens=counted[1]))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


DIALECTS = {
    "chat": Dialect("/chat/completions", _write_chat, _read_chat),
    "responses": Dialect("/responses", _write_responses, _read_responses),
}

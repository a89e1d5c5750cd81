"""Between our requests and vLLM's: the model's chat template, how to sample, and what a reply in its format says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from judge.errors import ModelError
from judge.models.dialects import DIALECTS
from judge.models.vllm.settings import Chat
from judge.types import Message, Request, ToolCall, ToolSpec


class Prompt(NamedTuple):
    """A conversation as the engine wants it."""

    tokens: list[int]
    input: Any


class Writer:
    """Writes requests for an engine, and reads tool calls. May be used from any thread."""

    def __init__(self, engine: Any, chat: Chat) -> None:
        self._engine = engine
        self._chat = chat
        self._writing = threading.Lock()  # a tokenizer is not made for several threads at once
        self._context = int(engine.model_config.max_model_len)
        self._sampling = engine.model_config.get_diff_sampling_param()
        for name in ("max_tokens", "skip_special_tokens"):  # ours to say
            self._sampling.pop(name, None)
        self._written = lru_cache(maxsize=128)(self._render)  # the votes on a case ask the same

    def write(self, request: Request) -> Prompt:
        """Return the prompt of a request: the messages through the model's chat template, as tokens."""
        with self._writing:
            try:
                tools = request.tools
                return self._render(request.messages, tools) if tools else self._written(request.messages)
            except Exception as error:
                if getattr(error, "parameter", None) == "input_tokens":  # VLLMValidationError
                    raise too_long(int(getattr(error, "value", 0)), self._context) from error
                raise ModelError(f"the chat template refuses the messages: {error}", cause="chat_template") from error

    def params(self, request: Request, *, room: int) -> Any:
        """Return how to sample: what the model's own generation config says, then what the request says."""
        from vllm.sampling_params import StructuredOutputsParams

        structured = None
        if request.output is not None:
            structured = StructuredOutputsParams(json=dict(request.output))
        elif tag := self._tag(request):
            structured = StructuredOutputsParams(structural_tag=tag)
        sampling = dict(self._sampling)
        if request.temperature is not None:
            sampling["temperature"] = request.temperature
        return self._params(
            **sampling,
            # Nothing is drawn at temperature 0, and an engine spares itself a generator without a seed.
            seed=request.seed if request.temperature != 0 else None,
            max_tokens=max(1, min(request.max_tokens, room)),
            structured_outputs=structured,
            skip_special_tokens=not request.tools,
        )

    def scoring(self, tokens: Iterable[int]) -> Any:
        """Return how to get the probabilities of some tokens as the next one."""
        return self._params(max_tokens=1, temperature=0.0, logprob_token_ids=list(tokens), detokenize=False)

    def first_token(self, text: str) -> int:
        """Return the first token of a text."""
        with self._writing:
            return int(self._engine.get_tokenizer().encode(text, add_special_tokens=False)[0])

    def calls(self, request: Request, text: str) -> tuple[str, tuple[ToolCall, ...]]:
        """Return what a reply says beside its tool calls, and the calls: read by vLLM's parser of the format."""
        parser, asked = self._parser(request)
        found = parser.extract_tool_calls(text, asked)
        calls = tuple(
            ToolCall(id=f"call_{n}", name=str(call.function.name), arguments=str(call.function.arguments))
            for n, call in enumerate(found.tool_calls)
        )
        return found.content or "", calls

    def _params(self, **given: Any) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(output_kind=RequestOutputKind.FINAL_ONLY, **given)

    def _render(self, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...] = ()) -> Prompt:
        from vllm.renderers import ChatParams
        from vllm.renderers.chat_utils import load_chat_template

        body = DIALECTS["chat"].write("", Request(messages=messages, tools=tools), frozenset())
        more = dict(self._chat.chat_template_kwargs)
        if tools:
            more["tools"] = body["tools"]
        begun = messages[-1].role == "assistant"  # its message is then gone on with
        params = ChatParams(
            chat_template=load_chat_template(self._chat.chat_template),
            chat_template_kwargs={"add_generation_prompt": not begun, "continue_final_message": begun, **more},
        )
        _, [rendered] = self._engine.renderer.render_chat([body["messages"]], params)
        return Prompt(rendered["prompt_token_ids"], rendered)

    def _tag(self, request: Request) -> str | None:
        """Return the grammar of a reply that calls tools in the model's own format, where vLLM knows one."""
        if not request.tools:
            return None
        from vllm.tool_parsers.tool_strict_level import ToolStrictLevel

        parser, asked = self._parser(request)
        tag = parser.get_structural_tag(asked, strict_level=ToolStrictLevel.PARAMETER)
        return None if tag is None else json.dumps(tag.model_dump())

    def _parser(self, request: Request) -> tuple[Any, Any]:
        from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
        from vllm.tool_parsers import ToolParserManager

        body = DIALECTS["chat"].write("vllm", request, frozenset())
        asked = ChatCompletionRequest(
            model="vllm", messages=body["messages"], tools=body["tools"], tool_choice="required"
        )
        make = ToolParserManager.get_tool_parser(self._chat.tool_call_parser)
        return make(self._engine.get_tokenizer(), asked.tools), asked


def too_long(tokens: int, context: int) -> ModelError:
    """Return the error of a prompt that leaves no room for a reply."""
    message = f"the prompt has {tokens} tokens, and the context holds {context}; raise max_model_len"
    return ModelError(message, cause="too_long")

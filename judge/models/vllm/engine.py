"""``vllm:NAME_OR_PATH``: vLLM in this process, with every case, vote and tool turn in one continuous batch.

The engine is loaded when it is first needed, and shared by all models of one name and arguments. What it computes for
one prompt it does not compute again for another that begins alike, so that the votes on a case cost hardly more than
one; that is why each is a request of its own, with a seed of its own (vLLM itself does the same for ``n`` samples).
"""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from pydantic import JsonValue

from judge.errors import ModelError
from judge.models import ModelOptions
from judge.models.dialects import well_formed
from judge.models.vllm.core import VLLMCore
from judge.models.vllm.loop import Loop
from judge.models.vllm.settings import Start, on_processor, start_of
from judge.models.vllm.writing import Prompt, Writer, too_long
from judge.types import Reply, Request, ToolCall, Usage

_EVERY_S = 5.0


def create(name: str, options: ModelOptions) -> VLLMModel:
    """Return the model; the factory behind the entry point ``vllm``. Nothing is loaded yet."""
    return VLLMModel(start_of(name, options))


class VLLMModel:
    """Thread-safe. Raises ModelDown once its engine is dead; after ``close()`` a later call starts a new one."""

    def __init__(self, start: Start) -> None:
        self.name = f"vllm:{start.model}"
        self._start = start
        self._taking = threading.Lock()
        self._taken: Loop | None = None
        self._writer: Writer | None = None
        self._firsts: dict[tuple[str, ...], dict[str, tuple[int, ...]]] = {}
        self.counts: Counter[str] = Counter()

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What of this model can change a verdict."""
        return self._start.provenance()

    def generate(self, request: Request, /) -> Reply:
        """Return the reply. Raises ModelError with its cause, or ModelDown when no call can work."""
        began, (core, writer) = time.monotonic(), self._ready()
        prompt = writer.write(request)
        room = _room(core, prompt)
        output = self._loop().ask(prompt, writer.params(request, room=room), order=prompt.tokens)
        usage = self._count(output, began)
        said = _said(output, usage)
        if said.finish_reason == "length":
            lengths = f"its prompt has {len(prompt.tokens)} tokens, and the context holds {core.context}"
            short = room < request.max_tokens
            raise _failed(
                f"the reply was cut off after {usage.completion_tokens} tokens: {lengths}; raise max_model_len"
                if short
                else f"the reply was cut off at max_tokens ({request.max_tokens}); raise it",
                cause="too_long" if short else "truncated",
                usage=usage,
            )
        text = well_formed(said.text)
        calls: tuple[ToolCall, ...] = ()
        if request.tools:
            text, calls = writer.calls(request, text)
        if not calls and not text.strip():
            raise _failed("the model answered with empty text", cause="empty", usage=usage)
        return Reply(text=text, tool_calls=calls, usage=usage)

    def score(self, request: Request, /) -> Reply:
        """Return the log-probability that the next token begins each label, as a JSON object; nothing is generated.

        The labels are those that the output schema of the request lists. A label may begin with a capital or a space;
        a token with which two labels begin counts for neither.
        """
        began, (core, writer) = time.monotonic(), self._ready()
        prompt = writer.write(request)
        _room(core, prompt)
        firsts = self._first_tokens(writer, tuple(cast(Sequence[str], (request.output or {}).get("enum", ()))))
        wanted = [token for tokens in firsts.values() for token in tokens]
        output = self._loop().ask(prompt, writer.scoring(wanted), order=prompt.tokens)
        usage = self._count(output, began)
        found = _said(output, usage).logprobs[0]
        sums = {label: _log_sum(found[token].logprob for token in tokens) for label, tokens in firsts.items()}
        return Reply(text=json.dumps(sums), usage=usage)

    def native_tools(self) -> bool:
        """Return whether vLLM was told how this model calls tools; else they are called through JSON objects."""
        return self._start.chat.tool_call_parser is not None

    def preflight(self) -> None:
        """Load the engine. Raises ConfigError for arguments that cannot be, ModelDown when it cannot be loaded."""
        self._ready()

    def close(self) -> None:
        """Give the engine back; it ends with the last model that uses it."""
        with self._taking:
            if self._taken is not None:
                _engines.give_back(self._start.key)
                self._taken = self._writer = None

    def statistics(self) -> dict[str, JsonValue]:
        """Return what was asked so far: requests, tokens, those that came out of the prefix cache, the loop's tally."""
        loop = self._loop()
        rate = self.counts["cached"] / max(1, self.counts["prompt"])
        return {**self.counts, "hit_rate": round(rate, 4), **vars(loop.tally)}

    @property
    def at_once(self) -> int:
        """How many cases at once keep it busy: a step of a GPU takes hundreds of sequences in about the time of few."""
        return 32 if on_processor() else 256

    @property
    def gate(self) -> _Busy:
        """What the progress bar shows."""
        return _Busy(self._taken.in_flight if self._taken else 0)

    def _ready(self) -> tuple[VLLMCore, Writer]:
        """Return the engine, loaded, and who writes for it."""
        core = cast(VLLMCore, self._loop().core())
        writer = self._writer
        if writer is None:
            writer = self._writer = Writer(core.engine, self._start.chat)
        return core, writer

    def _loop(self) -> Loop:
        with self._taking:
            if self._taken is None:
                self._taken = _engines.take(self._start.key, lambda: _load(self._start), what=self.name)
            return self._taken

    def _count(self, output: Any, began: float) -> Usage:
        prompt, cached = len(output.prompt_token_ids), output.num_cached_tokens or 0
        said = len(output.outputs[0].token_ids)
        with self._taking:
            self.counts.update(prompt=prompt, cached=cached, completion=said)
        seconds = round(time.monotonic() - began, 6)
        return Usage(calls=1, prompt_tokens=prompt, completion_tokens=said, seconds=seconds)

    def _first_tokens(self, writer: Writer, labels: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
        if labels not in self._firsts:
            self._firsts[labels] = distinct_firsts(labels, writer.first_token)
        return self._firsts[labels]


def distinct_firsts(labels: Sequence[str], first: Callable[[str], int]) -> dict[str, tuple[int, ...]]:
    """Return the tokens with which each label, and no other, may begin.

    >>> distinct_firsts(["yes", "no"], lambda text: ord(text.lstrip()[0]))
    {'yes': (89, 121), 'no': (78, 110)}
    """
    ways = {
        label: {f"{space}{word}" for space in ("", " ") for word in (label, label.capitalize())} for label in labels
    }
    found = {label: {first(way) for way in sorted(ways[label])} for label in labels}
    shared = Counter(token for tokens in found.values() for token in tokens)
    alone = {label: tuple(sorted(t for t in tokens if shared[t] == 1)) for label, tokens in found.items()}
    if empty := [label for label, tokens in alone.items() if not tokens]:
        raise ModelError(
            f"label {empty[0]!r} begins with the same token as another, so that one token cannot tell them apart: "
            "judge without --score, or use other labels",
            cause="labels",
        )
    return alone


def _said(output: Any, usage: Usage) -> Any:
    """Return what was generated. Raises ModelError where the engine gave the request up, with what it says of that."""
    (said,) = output.outputs
    if said.finish_reason not in ("stop", "length"):
        why = f"{said.finish_reason}: {said.stop_reason}" if said.stop_reason else str(said.finish_reason)
        raise _failed(f"the engine gave the request up ({why}); its log says more", cause="engine", usage=usage)
    return said


def _room(core: VLLMCore, prompt: Prompt) -> int:
    """Return how many tokens a reply may have. Raises ModelError when there is no room for one."""
    room = core.context - len(prompt.tokens)
    if room < 1:
        raise too_long(len(prompt.tokens), core.context)
    return room


def _log_sum(terms: Iterator[float]) -> float:
    values = list(terms)
    most = max(values)
    return most if math.isinf(most) else most + math.log(sum(math.exp(value - most) for value in values))


def _failed(message: str, *, cause: str, usage: Usage) -> ModelError:
    error = ModelError(message, cause=cause)
    error.usage = usage
    return error


class _Busy:
    """How many requests are in an engine; it never turns one away."""

    turned_away = 0

    def __init__(self, in_flight: int) -> None:
        self.in_flight = in_flight


class _Shared:
    """Engines by what they were started with, each with how many models use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loops: dict[str, Loop] = {}
        self._users: Counter[str] = Counter()

    def take(self, key: str, make: Callable[[], VLLMCore], *, what: str) -> Loop:
        with self._lock:
            if key not in self._loops:
                self._loops[key] = Loop(make, what=what)
            self._users[key] += 1
            return self._loops[key]

    def give_back(self, key: str) -> None:
        with self._lock:
            self._users[key] -= 1
            if self._users[key] == 0:  # before another may be loaded, which may need the memory
                self._loops.pop(key).close()


_engines = _Shared()


def _load(start: Start) -> VLLMCore:
    with _shown(f"loading {start.model}") as say:
        core = VLLMCore(start)
        say(f"context {core.context} tokens, room for {core.cache_tokens} tokens in the cache")
        return core


@contextmanager
def _shown(what: str) -> Iterator[Callable[[str], None]]:
    """Say on standard error that something takes long, every few seconds, and what came of it."""
    began, done = time.monotonic(), threading.Event()

    def say(text: str) -> None:
        sys.stderr.write(f"judge: {what}: {text} ({time.monotonic() - began:.0f} s)\n")
        sys.stderr.flush()

    def keep_saying() -> None:
        while not done.wait(_EVERY_S):
            say("still at it")

    threading.Thread(target=keep_saying, name="judge-loading", daemon=True).start()
    say("with vLLM in this process")
    try:
        yield say
    finally:
        done.set()

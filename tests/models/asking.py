"""What the tests of models share: requests, a model at a fake server, its outcome, and many calls at once."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from server import Answer, FakeOpenAI

from judge.errors import ModelError
from judge.models import ModelOptions
from judge.models.openai_api import OpenAIModel
from judge.types import Message, Request, ToolSpec

T = TypeVar("T")
R = TypeVar("R")

APIS = ("chat", "responses")
VOTE: dict[str, Any] = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "label": {"type": "string", "enum": ["correct", "incorrect"]}},
    "required": ["reason", "label"],
    "additionalProperties": False,
}
FILLED = {"reason": "because", "label": "correct"}
CHECK = ToolSpec(
    name="check",
    description="Compare two numbers.",
    parameters={
        "type": "object",
        "properties": {"left": {"type": "string"}, "right": {"type": "string"}},
        "required": ["left", "right"],
        "additionalProperties": False,
    },
)


def ask(text: str = "Is 2 + 2 = 4?", **more: Any) -> Request:
    return Request(messages=(Message(role="system", content="Judge."), Message(role="user", content=text)), **more)


@contextmanager
def model_at(server: FakeOpenAI, **options: Any) -> Iterator[OpenAIModel]:
    model = OpenAIModel("fake-model", ModelOptions(**{"base_url": server.url, "timeout_s": 10.0, **options}))
    try:
        yield model
    finally:
        model.close()


@contextmanager
def serving(answer: Answer, **options: Any) -> Iterator[tuple[FakeOpenAI, OpenAIModel]]:
    """A server and a model that asks it; every request has to be one that OpenAI would take."""
    with FakeOpenAI(answer) as server:
        with model_at(server, **options) as model:
            yield server, model
        assert server.violations == []


def outcome(model: OpenAIModel, request: Request | None = None) -> str:
    """What became of a call: the text, or the error with its cause."""
    try:
        return model.generate(request or ask()).text
    except ModelError as error:
        return f"{type(error).__name__}: {error.cause}"


def at_once(function: Callable[[T], R], items: Iterable[T], *, threads: int = 64) -> list[R]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


def prompt_of(body: dict[str, Any]) -> str:
    """The last message of a request of either API."""
    text: str = (body.get("messages") or body["input"])[-1]["content"]
    return text


def asks_for_a_form(body: dict[str, Any]) -> bool:
    return "response_format" in body or "text" in body


@contextmanager
def environment(**values: str | None) -> Iterator[None]:
    """The environment with these variables set, or unset where None, until the block ends."""
    before = {name: os.environ.get(name) for name in values}

    def apply(new: dict[str, str | None]) -> None:
        for name, value in new.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    apply(values)
    try:
        yield
    finally:
        apply(before)

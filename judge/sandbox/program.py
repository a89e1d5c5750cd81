"""A program of ours in the sandbox: its modules are shipped, it is asked questions, its answers are typed.

For tools and evaluators that hand what a stranger wrote to a library (sympy, a database, a parser). Inside is a
function without arguments that returns what answers, a function of the question and of `say` for partial answers::

    def start():                        # in my_plugin/inside/main.py
        def answer(question, say):
            say({"at_least": 1})        # counts if the run is killed before there is more
            return {"at_least": count(question["text"])}
        return answer

Outside it is named, and asked once, or again and again in one process that keeps what it has loaded::

    COUNT = Program("my_plugin.inside.main:start", answers=Count, ships=("my_plugin.inside",), loads=("sympy",))
    found = COUNT.ask({"text": response}, limits=Limits(seconds=2))
    if isinstance(found, Failed):       # a limit, an error inside, no sandbox: put into words for who asked
        return Finding.undecided(found.sentence("the count"), error=Failure(cause=found.cause, message=found.message))

SandboxDown passes: no question can be answered then, and whoever runs many ends. Answers are parsed and validated, and
say no more than that somebody inside wrote them: what a stranger's text has taken over may say anything of that type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Generic, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, TypeAdapter

from judge.errors import SandboxDown, SandboxError
from judge.sandbox.asking import Files
from judge.sandbox.records import Completed, Limits, Reason
from judge.sandbox.sandbox import Sandbox, shared
from judge.sandbox.session import Session
from judge.sandbox.shipping import FOLDER, sources

Given = TypeVar("Given")
_BEGIN = f"""
import os, sys
sys.path.insert(0, os.path.abspath({FOLDER!r}))
from judge_answering import answer, begin
answering = begin({{start!r}})
"""
_ASK = "answer(answering, {question!a})"
_LONGEST_MESSAGE = 500


class Failed(NamedTuple, Generic[Given]):
    """Why there is no answer. `cause` is a limit, ``error`` (inside, or no answer at all), or ``sandbox`` (not run)."""

    cause: Reason | Literal["error", "sandbox"]
    message: str  #: of a limit, a sentence without its subject
    partial: Given | None = None  #: the last one that was said before

    def sentence(self, subject: str) -> str:
        """Return it in words: "the query took longer than 5 s and was stopped", "the query failed: no such table"."""
        if self.cause == "sandbox":
            return f"{subject} cannot be run here: {self.message}"
        return f"{subject} failed: {self.message}" if self.cause == "error" else f"{subject} {self.message}"


class Program(Generic[Given]):
    """A program by name. `start` is ``module:name``; `ships` are packages (all modules in the folder) and modules.

    Shipped modules import each other by the names they have here, the standard library, and what is installed; their
    parents are empty inside. `loads` are installed libraries that its process finds imported, where they are there.
    """

    def __init__(self, start: str, *, answers: type[Given], ships: Sequence[str], loads: Sequence[str] = ()) -> None:
        self._begin = _BEGIN.format(start=start)
        self._answers = answers
        self._ships, self._loads = tuple(ships), tuple(loads)

    def ask(
        self, question: object, *, limits: Limits, files: Files | None = None, sandbox: Sandbox | None = None
    ) -> Given | Failed[Given]:
        """Return the answer of a fresh process to one question. Raises what `open` and `Running.ask` do."""
        with self.open(limits=limits, files=files, sandbox=sandbox) as running:
            return running.ask(question)

    def open(self, *, limits: Limits, files: Files | None = None, sandbox: Sandbox | None = None) -> Running[Given]:
        """Return it in a process of its own, which starts at the first question and finds `files` in its folder.

        `limits` hold for each question. Raises SandboxDown where no code can be isolated.
        """
        taken = sandbox or shared()
        taken.load(self._loads)
        session = taken.session(files={**(files or {}), **self._sources}, limits=limits)
        return Running(session, begin=self._begin, answers=self._adapter, limits=limits)

    @cached_property
    def _sources(self) -> dict[str, str]:
        return sources(self._ships)

    @cached_property
    def _adapter(self) -> TypeAdapter[Given]:
        return TypeAdapter(self._answers)


class Running(Generic[Given]):
    """A program that waits for the next question. For one thread at a time; a context manager that ends it."""

    def __init__(self, session: Session, *, begin: str, answers: TypeAdapter[Given], limits: Limits) -> None:
        self._session, self._limits, self._answers = session, limits, answers
        self._begin = begin

    def ask(self, question: object) -> Given | Failed[Given]:
        """Return the answer; `question` is a Pydantic model, or what JSON can hold.

        After a limit, an error of the sandbox, and a `start` that failed, every further question fails, too. Raises
        SandboxDown; at the first question OSError for a file that cannot be read, ValueError for more than the disk.
        """
        text = json.dumps(question.model_dump() if isinstance(question, BaseModel) else question)
        try:
            done = self._session.run(self._begin + _ASK.format(question=text))
        except SandboxDown:
            raise  # no question can be answered
        except SandboxError as error:
            return Failed("sandbox", str(error))
        said = _said(done.stdout)
        if self._begin and not any("begun" in one for one in said):
            self.close()  # there is nobody who could answer the next question
        self._begin = ""
        return self._read(done, said)

    def _read(self, done: Completed, said: Sequence[Mapping[str, Any]]) -> Given | Failed[Given]:
        if done.reason:
            return Failed(done.reason, self._limits.stopped(done.reason), self._last(said, "partial"))
        if done.error or done.exit:
            last = (done.error or "").strip().rpartition("\n")[2]
            return Failed("error", last[:_LONGEST_MESSAGE] or "no reason was given", self._last(said, "partial"))
        found = self._last(said, "answer")
        return Failed("error", "what came out of it cannot be read") if found is None else found

    def _last(self, said: Sequence[Mapping[str, Any]], kind: str) -> Given | None:
        """Return the last that was said of a kind, if it is of the type that was declared."""
        content = next((one[kind] for one in reversed(said) if kind in one), None)
        try:
            return self._answers.validate_python(content)
        except (ValueError, RecursionError):
            return None

    def close(self) -> None:
        """End its process."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _said(printed: str) -> list[dict[str, Any]]:
    """Return the lines that are answers; what a library printed, and a line that was cut off, is none."""
    found = []
    for line in printed.split("\n"):
        if line.startswith("{"):
            try:
                one = json.loads(line)
            except (ValueError, RecursionError):
                continue
            found.append(one)
    return found

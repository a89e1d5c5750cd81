"""A model whose answers are kept in a cassette: asked once, replayed ever after, and never asked twice by one session.

The modes are those of VCR: ``once`` asks for tests of which nothing is recorded, ``none`` never asks, ``new`` asks for
whatever is missing or failed, ``all`` asks for everything again.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from judge.errors import ConfigError, ModelDown, ModelError, PluginError, StoreError
from judge.integrations.pytest.asking import Asking
from judge.integrations.pytest.cassette import Cassette, Entry, key_of
from judge.integrations.pytest.missing import missing
from judge.integrations.pytest.secrets import Secrets
from judge.protocols import CallsTools, Closes, Model
from judge.types import Failure, Message, Reply, Request, Usage

Mode = Literal["once", "none", "all", "new"]
#: Whether a server calls tools itself is found out by a call of the model's own; what came of it is kept like this.
_TOOLS = Request(messages=(Message(role="user", content="(Does the server call tools in its own format?)"),))


class CassetteMiss(ModelDown):
    """A cassette has no answer to a request, and the mode forbids asking. The message shows what changed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, cause="not_recorded")


class Recorder:
    """What the recordings of one session share: the mode, who is asking, and who may record.

    `claims` is a folder in which the processes of the session tell each other what they have asked.
    """

    def __init__(self, mode: Mode, secrets: Secrets, *, claims: Path) -> None:
        self.mode = mode
        self.secrets = secrets
        self.asking = Asking("", "")
        self._claims = claims
        self._recording: dict[tuple[Path, str], bool] = {}

    def may_ask(self, cassette: Cassette) -> bool:
        """Return whether the test that asks may have something recorded."""
        if self.mode == "once":
            # Decided at a test's first request: afterwards there is something recorded of it in any case.
            return self._recording.setdefault((cassette.path, self.asking.test), not cassette.has(self.asking.test))
        return self.mode != "none"

    @contextmanager
    def claim(self, key: str) -> Iterator[Claim]:
        """Let one at a time ask for a key, among the threads and processes of the session."""
        self._claims.mkdir(mode=0o700, exist_ok=True)
        with (self._claims / key).open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield Claim(file)


class Claim:
    """The right to ask for a key, held as long as its file is locked."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    @property
    def settled(self) -> bool:
        """Whether this session has asked before."""
        self._file.seek(0)
        return bool(self._file.read(1))

    def settle(self) -> None:
        """Say that the answer is in the cassette."""
        self._file.write(b"1")
        self._file.flush()


class RecordedModel:
    """A model behind a cassette. The model itself is made when it is asked, so that a replay needs no key."""

    def __init__(self, name: str, make: Callable[[], Model], *, cassette: Cassette, recorder: Recorder) -> None:
        self.name = name
        self._make = make
        self._cassette = cassette
        self._recorder = recorder
        self._model: Model | None = None
        self._making = threading.Lock()

    def generate(self, request: Request, /) -> Reply:
        """Return the recorded reply, or ask. Raises ModelError as recorded, CassetteMiss, and ModelDown."""
        return _said(self._entry(request, self._ask))

    def native_tools(self) -> bool:
        """Return what the model said, or was recorded to have said."""
        return _said(self._entry(_TOOLS, self._ask_about_tools)).text == "yes"

    def close(self) -> None:
        """Close the model, if it was asked."""
        if isinstance(self._model, Closes):
            self._model.close()

    def _entry(self, request: Request, ask: Callable[[Request], Reply]) -> Entry:
        try:
            return self._found_or_asked(request, ask)
        except StoreError as error:  # inside a vote it would count as a crash of the model
            raise ModelDown(str(error), cause="config") from error

    def _found_or_asked(self, request: Request, ask: Callable[[Request], Reply]) -> Entry:
        recorder, cassette = self._recorder, self._cassette
        kept = Request.model_validate(recorder.secrets.removed(request.model_dump(mode="json")))
        key = key_of(self.name, kept)
        entry = None if recorder.mode == "all" else self._usable(cassette.find(key))
        if entry is None:
            if not recorder.may_ask(cassette):
                raise CassetteMiss(missing(self.name, kept, cassette, test=recorder.asking, mode=recorder.mode))
            with recorder.claim(key) as claim:
                # While this thread waited for its turn, another may have asked.
                entry = cassette.find(key) if claim.settled or recorder.mode == "once" else None
                if entry is None:
                    entry = self._recorded(key, kept, lambda: ask(request))
                    claim.settle()
                    return entry
        recorder.asking.was_replayed()
        return entry

    def _usable(self, entry: Entry | None) -> Entry | None:
        again = entry is not None and entry.failure is not None and self._recorder.mode == "new"
        return None if again else entry

    def _recorded(self, key: str, kept: Request, ask: Callable[[], Reply]) -> Entry:
        """Ask, and write down what came of it. A ModelDown is no answer and is raised."""
        asking, secrets = self._recorder.asking, self._recorder.secrets
        reply, failure, usage = None, None, Usage()
        try:
            answer = ask()
            reply = Reply.model_validate(secrets.removed(answer.model_dump(mode="json")))
            usage = answer.usage
        except ModelDown:
            raise
        except ModelError as error:
            failure = Failure(cause=error.cause, message=secrets.removed(str(error)))
            usage = error.usage if isinstance(error.usage, Usage) else usage
        entry = Entry(
            key=key,
            test=asking.test,
            model=self.name,
            case=kept.case_id,
            turn=kept.turn,
            request=kept.model_copy(update={"case_id": "", "turn": 0}),
            reply=reply,
            failure=failure,
        )
        self._cassette.add(entry)
        asking.asked(usage, path=self._cassette.path)
        return entry

    def _ask(self, request: Request) -> Reply:
        return self._live().generate(request)

    def _ask_about_tools(self, _: Request) -> Reply:
        model = self._live()
        return Reply(text="yes" if isinstance(model, CallsTools) and model.native_tools() else "no")

    def _live(self) -> Model:
        with self._making:
            if self._model is None:
                try:
                    self._model = self._make()
                except (ConfigError, PluginError) as error:  # the same
                    raise ModelDown(str(error), cause="config") from error
            return self._model


def _said(entry: Entry) -> Reply:
    if entry.reply is not None:
        return entry.reply
    failure = entry.failure or Failure(cause="not_recorded", message="the cassette holds neither reply nor failure")
    raise ModelError(failure.message, cause=failure.cause)

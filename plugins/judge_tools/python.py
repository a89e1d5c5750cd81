"""``python``: runs a snippet in the sandbox; ``python_session``: the same, and names last for one vote.

What comes back is what the snippet printed, then the value of a last expression. An exception is an error that shows
the end of its traceback; a limit that is exceeded is one that says which. What the tool says depends on nothing but the
snippet, where the snippet reads no clock and draws no random numbers without a seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pydantic import BaseModel, Field

from judge import Case, SandboxDown, SandboxError, Serving, Tool, ToolError
from judge.sandbox import Completed, Limits, Session, shared

#: Of each call.
LIMITS = Limits(seconds=15, cpu_seconds=10, output_bytes=256 * 1024)
_SHOWN = 3000
_SHOWN_ERROR = 1500
_SHOWN_WARNINGS = 500
_LONGEST = 50_000
_FENCED = re.compile(r"\s*```(?:python|py)?[ \t]*\n(.*?)\n?```\s*", re.DOTALL)

_ABOUT = (
    "with numpy, sympy and the standard library at hand: to compute, to try code of the answer on inputs, to look for "
    "a counterexample. Not for reading the case (paste what you need into the code), for files or for the network: "
    f"there are none. It ends after {LIMITS.cpu_seconds:g} s. You see what it prints, then the value of a last "
    'expression. Example: {"code": "from math import comb\\ncomb(10, 3)"} gives 120. '
)
_ERRORS = "An exception comes back as the end of its traceback: mend the code and call again."


class Arguments(BaseModel):
    """What to run."""

    code: str = Field(description="Python 3 source; print what you want to see, or end with an expression")


class Python(Tool):
    """Runs a snippet by itself: nothing is left of it for the next call."""

    name = "python"
    description = f"Run Python code, {_ABOUT}Each call starts afresh: names do not last. {_ERRORS}"
    Arguments = Arguments
    serving = Serving("Run Python", sandboxed=True)

    def run(self, arguments: BaseModel, /) -> str:
        """Return what the code printed and its value. Raises ToolError in words for the model."""
        assert isinstance(arguments, Arguments)
        code = _source(arguments.code)
        try:
            return _said(shared().run(code, limits=LIMITS))
        except SandboxDown:
            raise  # no call can work
        except SandboxError as error:
            raise ToolError(f"Python cannot be run here: {error}") from None


class PythonSession(Python):
    """Runs snippets one after the other; names that one defines are there for the next, within one vote."""

    name = "python_session"
    description = f"Run Python code, {_ABOUT}Names that you define are still there in your next call. {_ERRORS}"
    serving = Serving("Run Python, keeping names", sandboxed=True, keeps=True)

    @contextmanager
    def open(self, case: Case, /) -> Iterator[Python]:  # noqa: ARG002 - each vote has a session, whatever its case
        """Give the tool of one vote, which keeps names from call to call."""
        kept = _Kept()
        try:
            yield kept
        finally:
            kept.forget()


class _Kept(PythonSession):
    """The tool of one vote. Its process starts at the first call, and anew after one that ended it."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._session: Session | None = None
        self._lost = ""  # what the next answer has to say first

    def run(self, arguments: BaseModel, /) -> str:
        assert isinstance(arguments, Arguments)
        code = _source(arguments.code)
        try:
            try:
                done = self._opened().run(code)
            except SandboxError:
                if self._session is None:
                    raise
                self.forget()
                self._lost = "(an earlier call ended the process: names from before are gone)\n"
                done = self._opened().run(code)
        except SandboxDown:
            raise  # no call can work
        except SandboxError as error:
            self.forget()
            raise ToolError(f"Python cannot be run here: {error}") from None
        lost, self._lost = self._lost, ""
        try:
            return lost + _said(done)
        except ToolError as error:
            if done.reason:
                self.forget()
                raise ToolError(f"{error}. Names from before are gone") from None
            raise ToolError(f"{lost}{error}") from None

    def forget(self) -> None:
        """End the process."""
        self._session = None
        self._stack.close()

    def _opened(self) -> Session:
        if self._session is None:
            self._session = self._stack.enter_context(shared().session(limits=LIMITS))
        return self._session


def _source(code: str) -> str:
    """Return the code, taken out of a fenced block if it is one. Raises ToolError for what cannot be code."""
    if fenced := _FENCED.fullmatch(code):
        code = fenced[1]
    if not code.strip():
        raise ToolError("there is no code")
    if len(code) > _LONGEST:
        raise ToolError(f"the code has {len(code):,} characters, and {_LONGEST:,} are allowed")
    if "\0" in code or any("\ud800" <= c <= "\udfff" for c in code):
        raise ToolError("the code holds a character that is no text (NUL, or half of a surrogate pair)")
    return code


def _said(done: Completed) -> str:
    printed = _middle_out(done.stdout.rstrip("\n"), _SHOWN)
    if done.reason or done.error or done.exit:
        before = f"\nIt had printed:\n{_middle_out(printed, _SHOWN_ERROR)}" if printed else ""
        raise ToolError(_problem(done) + before)
    parts = [printed] if printed else []
    if done.value is not None:
        parts.append(_middle_out(done.value, _SHOWN - min(len(printed), _SHOWN // 2)))
    if done.stderr.strip():
        parts.append(f"[standard error] {_end(done.stderr.strip(), _SHOWN_WARNINGS)}")
    return "\n".join(parts) or "(it ran, printed nothing and has no value: print what you want to see)"


def _problem(done: Completed) -> str:
    if done.reason:
        return f"the code {LIMITS.stopped(done.reason)}"
    if done.error:
        return _end(done.error.strip(), _SHOWN_ERROR)
    return (
        f"the code ended with exit status {done.exit}: {_end(done.stderr.strip(), _SHOWN_ERROR) or 'it gave no reason'}"
    )


def _middle_out(text: str, most: int) -> str:
    """Return a text whose middle is left out where it is long: the end often says more than the middle."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters are left out …]\n{text[-half:]}"


def _end(text: str, most: int) -> str:
    return text if len(text) <= most else f"… {text[-most:]}"

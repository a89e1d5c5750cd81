"""Running Python code: its prints, the repr of a last expression, its traceback, and calls of a candidate's function.

All of it happens in the untrusted process, so nothing here is a wall: whatever leaves is that process's word.
"""

from __future__ import annotations

import ast
import atexit
import errno
import linecache
import sys
import threading
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .plain import NotPlain, decode, encode

_NAME = "<snippet>"
_REASONS = {
    errno.ENOMEM: "memory",
    errno.ENOSPC: "disk",
    errno.EFBIG: "disk",
    errno.EMFILE: "files",
    errno.EAGAIN: "processes",
}

_repr = repr


class Interpreter:
    """Names that live from one snippet to the next."""

    def __init__(self) -> None:
        atexit._clear()
        self._module = ModuleType("__main__")
        sys.modules["__main__"] = self._module
        self._count = 0

    def run(self, source: str, *, last: bool) -> dict[str, Any]:
        """Run a snippet; where it is the `last` one, its threads are awaited as at the end of a program."""
        answer: dict[str, Any] = {"value": None, "exit": 0, "error": None, "reason": None}
        try:
            value = self._execute(source)
            if value is not None:
                answer["value"] = _repr(value)
        except BaseException as error:  # noqa: BLE001 - it is the snippet's, and everything it raises is reported
            answer.update(_told(error))
        if last:
            try:
                threading._shutdown()  # type: ignore[attr-defined]
                atexit._run_exitfuncs()
            except BaseException as error:  # noqa: BLE001 - as above
                answer.update(_told(error))
        flush()
        return answer

    def apply(
        self, source: str, function: str | None, inputs: list[Any], tell: Callable[[dict[str, Any]], None]
    ) -> None:
        """Call a function of the source once for each input and `tell` each result as it comes."""
        try:
            self._execute(source)
            target = self._module.__dict__[function or _last_function(source)]
        except BaseException as error:  # noqa: BLE001 - the candidate's, as above
            told = _told(error)
            message = told["error"] or "the code ended before its function could be called"
            for _ in inputs:
                tell({"error": _last_line(message), "reason": told["reason"]})
            return
        for arguments in inputs:
            try:
                tell({"value": encode(target(*decode(arguments)))})
            except NotPlain as error:
                tell({"error": f"the result {error}", "reason": None})
            except BaseException as error:  # noqa: BLE001 - the candidate's, as above
                told = _told(error)
                tell({"error": _last_line(told["error"] or f"SystemExit: {told['exit']}"), "reason": told["reason"]})

    def _execute(self, source: str) -> Any:
        self._count += 1
        name = _NAME if self._count == 1 else f"<snippet {self._count}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        tree = ast.parse(source, name)
        names = self._module.__dict__
        final = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec", dont_inherit=True), names)
        if isinstance(final, ast.Expr):
            return eval(compile(ast.Expression(final.value), name, "eval", dont_inherit=True), names)
        return None


def flush() -> None:
    """Write out what was printed, also through streams that the snippet put in place of ours."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()  # type: ignore[union-attr]
        except BaseException:  # noqa: BLE001 - the snippet may have put anything there
            continue


def _last_function(source: str) -> str:
    names = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    if not names:
        raise NameError("the code defines no function at its top level")
    return names[-1]


def _told(error: BaseException) -> dict[str, Any]:
    """Return the part of an answer that says what was raised."""
    try:
        return _looked_into(error)
    except BaseException:  # noqa: BLE001 - an exception whose own methods raise, or a stream that was closed
        return {"exit": 1, "error": _name(error), "reason": None}


def _looked_into(error: BaseException) -> dict[str, Any]:
    kind = type(error)  # isinstance would ask the exception what it is
    if issubclass(kind, SystemExit):
        code = error.code  # type: ignore[attr-defined]
        if issubclass(type(code), str):
            sys.stderr.write(code + "\n")
        status = int.__index__(code) if issubclass(type(code), int) else int(code is not None)
        return {"exit": status, "error": None, "reason": None}
    reason = "memory" if issubclass(kind, MemoryError) else None
    if issubclass(kind, OSError):
        number = error.errno  # type: ignore[attr-defined]
        reason = _REASONS.get(number if type(number) is int else 0)
    elif issubclass(kind, RuntimeError) and "can't start new thread" in str(error):
        reason = "processes"
    return {"exit": 1, "error": _traceback(error), "reason": reason}


def _traceback(error: BaseException) -> str:
    try:
        report = traceback.TracebackException.from_exception(error)
        _keep_snippet(report, set())
        return "".join(report.format()).rstrip("\n")
    except BaseException:  # noqa: BLE001 - an exception whose own methods raise
        return _name(error)


def _name(error: BaseException) -> str:
    """Return the name of its class, whatever its metaclass says."""
    return str(type.__dict__["__name__"].__get__(type(error)))


def _keep_snippet(report: traceback.TracebackException | None, seen: set[int]) -> None:
    if report is None or id(report) in seen:
        return
    seen.add(id(report))
    frames = [frame for frame in report.stack if frame.filename.startswith("<snippet")]
    report.stack = traceback.StackSummary.from_list(frames)
    for other in (report.__cause__, report.__context__, *(getattr(report, "exceptions", None) or ())):
        _keep_snippet(other, seen)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line and not line.startswith(" ")), text)

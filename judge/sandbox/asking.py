"""What is asked of a slot, checked and put together; and what it answers, read without believing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from judge.sandbox.inside.plain import NotPlain, decode, encode
from judge.sandbox.jobs import Job, Returned, believed_reason
from judge.sandbox.records import Completed, Limits, Result

Files = Mapping[str, "bytes | str | Path"]


def job(message: dict[str, Any], files: Files | None, *, limits: Limits, stdin: bytes | str | None = None) -> Job:
    """Return a job with its files. Raises ValueError for a name that leads elsewhere, or for too many bytes."""
    blobs = [] if stdin is None else [_bytes(stdin)]
    for name, content in (files or {}).items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
            raise ValueError(f"a file's name is a relative path without '..', not {name!r}")
        blobs.append(_bytes(content))
    if (size := sum(map(len, blobs))) > limits.disk_bytes:
        raise ValueError(f"the files have {size} bytes, more than disk_bytes={limits.disk_bytes}")
    head = {"limits": limits.model_dump(), "files": list(files or ()), "stdin": stdin is not None, "blobs": len(blobs)}
    return Job({**message, **head}, tuple(blobs))


def _bytes(content: bytes | str | Path) -> bytes:
    if isinstance(content, Path):
        return content.read_bytes()
    return content.encode("utf-8", "surrogateescape") if isinstance(content, str) else bytes(content)


def program(argv: Sequence[str]) -> list[str]:
    """Return a command line. Raises TypeError for what is none."""
    parts = list(argv)
    if not parts or not all(isinstance(part, str) and "\0" not in part for part in parts):
        raise TypeError("a program is a sequence of texts, its name the first")
    return parts


def arguments(one: Sequence[Any]) -> Any:
    """Return the arguments of one call as they travel. Raises TypeError where they are not plain data."""
    try:
        return encode(tuple(one))
    except NotPlain as error:
        raise TypeError(f"an input {error}") from None


def completed(outcome: Returned, limits: Limits) -> Completed:
    """Return how a run ended."""
    answer = outcome.answers[0] if outcome.answers else {}
    if outcome.reason:
        answer = {}  # it came too late, or with too much else
    value, error, status = (answer.get(key) for key in ("value", "error", "exit"))
    if isinstance(value, str) and len(value.encode(errors="replace")) > limits.output_bytes:
        return completed(outcome._replace(reason="output"), limits)
    status = status if isinstance(status, int) else outcome.exit
    reason = outcome.reason or believed_reason(answer)
    return Completed(
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        value=_printable(value) if isinstance(value, str) else None,
        exit=status,
        reason=reason or ("crash" if status is None else None),
        seconds=outcome.seconds,
        peak_bytes=outcome.peak_bytes,
        error=_printable(error[max(0, len(error) - limits.output_bytes) :]) if isinstance(error, str) else None,
    )


def _printable(text: str) -> str:
    """Replace halves of characters: whoever stores the text would fail."""
    return text.encode(errors="replace").decode()


def results(outcome: Returned, *, count: int) -> list[Result]:
    """Return one result for each input; those that were not reached say what ended the run."""
    found = [_result(answer) for answer in outcome.answers[:count]]
    if outcome.reason:
        why = f"the run was ended by a limit: {outcome.reason}"
    else:
        why = f"the candidate ended its process (exit {outcome.exit})"
    return found + [Result(error=why, reason=outcome.reason or "crash")] * (count - len(found))


def _result(answer: dict[str, Any]) -> Result:
    if isinstance(error := answer.get("error"), str):
        return Result(error=_printable(error), reason=believed_reason(answer))
    if "value" not in answer:
        return Result(error="the candidate's process gave no result", reason="crash")
    try:
        return Result(value=decode(answer["value"]))
    except NotPlain as problem:
        return Result(error=f"the result {problem}")

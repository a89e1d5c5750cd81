"""``judge check``: one case, judged at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from judge.cli import common
from judge.cli.options import settings
from judge.errors import InputError
from judge.regular import read_regular
from judge.text.shown import one_line

if TYPE_CHECKING:
    from judge.kinds import Kind
    from judge.types import Finding


def check(
    called: typer.Context,
    response: Annotated[
        list[str],
        typer.Option(
            "--response",
            help="What is judged; twice to compare two. @FILE is a file's text, '-' standard input, @@x the text @x.",
        ),
    ],
    reference: Annotated[list[str], typer.Option("--reference", help="A right answer; again for alternatives.")] = [],  # noqa: B006 - typer's way
    question: Annotated[str | None, typer.Option("--question")] = None,
    context: Annotated[str | None, typer.Option("--context")] = None,
    kind: Annotated[str, typer.Option("--kind", help="The domain; 'judge kinds' lists them.")] = "answer",
    given: Annotated[
        list[str],
        typer.Option(
            "--input", help="NAME=VALUE or NAME=@FILE, an input of the kind ('judge kinds show KIND'); again for more."
        ),
    ] = [],  # noqa: B006
    everybody: Annotated[
        bool, typer.Option("--all", help="Ask every evaluator of the kind, and print what each found.")
    ] = False,
    unsafe_no_sandbox: common.Unsafe = False,
    as_json: common.Json = False,
) -> None:
    """Judge one response. Exit code 0 unless the verdict is 'incorrect' or 'undecided' (1)."""
    from judge.judging import Judge
    from judge.types import Case

    if response.count("-") > 1:
        raise InputError("--response - reads standard input, which can be read only once")
    found = settings(called).settings
    case = Case(
        question=question,
        responses=[_text(one) for one in response],
        references=reference,
        context=context,
        kind=kind,
        inputs=_inputs(kind, given),
    )
    common.heed(unsafe_no_sandbox)
    with Judge.from_settings(found, here=True, everybody=everybody) as judge:
        verdict = judge.decide(case)
    if as_json:
        common.echo_json(verdict)
    else:
        typer.echo(common.headline(verdict))
        if everybody:
            for name, finding in verdict.findings.items():
                typer.echo(_line(name, finding))
        told = {id(finding.error) for finding in verdict.findings.values()} if everybody else set()
        for failure in verdict.failures:
            if id(failure) not in told:
                typer.echo(f"  failed ({failure.cause}): {one_line(failure.message)}")
        if verdict.decided_by == "nobody" and verdict.error is None and found.model == ("none",):
            typer.echo("  ask a model: add --model openai:NAME")
    raise typer.Exit(1 if verdict.label in ("incorrect", "undecided") else 0)


def _line(name: str, finding: Finding) -> str:
    """Return what an evaluator found, in a line."""
    if finding.error is not None:
        return f"  {name}: failed ({finding.error.cause}): {one_line(finding.error.message)}"
    basis = f" ({finding.basis})" if finding.basis else ""
    return f"  {name}: {finding.outcome}{basis}: {one_line(finding.because)}"


def _text(given: str) -> str:
    """Return a response: as it is, or of a file or standard input."""
    if given == "-":
        return _decoded(sys.stdin.buffer.read(), "--response: standard input")
    return _content(given[1:], "--response") if given.startswith("@") and given[1:2] != "@" else _unescaped(given)


def _unescaped(given: str) -> str:
    return given[1:] if given.startswith("@@") else given


def _content(path: str, option: str) -> str:
    try:
        return _decoded(read_regular(Path(path)), f"{option}: {path!r}")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{option}: {path!r} cannot be read: {why} (for a text that begins with @ write @@)") from None


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8 (byte {error.start})") from None


def _inputs(kind: str, given: list[str]) -> Mapping[str, Any]:
    """Return the inputs that were given one by one. Raises InputError that names the option."""
    from judge import kinds

    pairs = [one.partition("=") for one in given]
    if bad := next((one for one, (name, equals, _) in zip(given, pairs, strict=True) if not (name and equals)), None):
        raise InputError(f"--input {bad!r} has to be NAME=VALUE or NAME=@FILE")
    names = [name for name, _, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"--input {twice} is given twice")
    found = kinds.find(kind) if pairs else None
    if found is None:  # where there are any, the judge says that the kind has none
        return {name: value for name, _, value in pairs}
    return {name: _input(found, name, value) for name, _, value in pairs}


def _input(kind: Kind, name: str, given: str) -> Any:
    """Return the value of an input: the text if the kind takes one there, else the JSON that it is."""
    from judge import kinds
    from judge.cases.readers import finite, read_json

    option = f"--input {name}"
    from_file = given.startswith("@") and given[1:2] != "@"
    if from_file and any(one.name == name and one.takes_file for one in kind.inputs):
        text, from_file = given[1:], False
    else:
        text = _content(given[1:], option) if from_file else _unescaped(given)
    if (problem := kinds.problem_with(kind, name, text)) is None:
        return text
    try:
        value = read_json(text)
        if not finite(value):
            raise InputError(f"{option}: NaN, Infinity and numbers beyond all limits are no JSON")
        problem = kinds.problem_with(kind, name, value)
    except (ValueError, RecursionError):  # no JSON either: it was meant as a text
        value = None
    if problem is not None:
        raise InputError(f"{option}: {problem}")
    return value

"""A failed assertion says what it was about: the verdicts in it are told below the message that pytest makes."""

from __future__ import annotations

import ast
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from judge.errors import StoreError
from judge.integrations.pytest.results import Rate, Results
from judge.integrations.pytest.story import brief, told
from judge.integrations.pytest.verdict import Judged
from judge.record.store import Store
from judge.replaying import differences
from judge.text.shown import one_line
from judge.types import Verdict

if TYPE_CHECKING:
    import pytest

_MOST_NAMED = 10
_MOST_TOLD = 3
_TEMPORARY = "@py_"  # how pytest names the values within an assertion that it rewrote


def explain(config: pytest.Config, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Add to an AssertionError what there is to say of the verdicts in the assertion that raised it."""
    lines: list[str] = []
    values = list(_asserted(excinfo))
    compared_here = any(isinstance(value, Rate) for value in values)
    for value in _distinct(value.results if isinstance(value, Rate) else value for value in values):
        if isinstance(value, Results):
            lines += _results(config, value, headed=not compared_here)
        elif isinstance(value, Verdict):
            lines += _verdict(config, value)
    if lines:
        excinfo.value.add_note("\n".join(["", *lines]))


def compared(op: str, left: object, right: object) -> list[str] | None:
    """Return the lines for a failed comparison with a pass rate or between verdicts."""
    for side in (left, right):
        if isinstance(side, Rate):
            return [f"{left!r} {op} {right!r}: {side.results.summary()}"]
    if isinstance(left, Verdict) and isinstance(right, Verdict) and op == "==":
        return [f"{left.label} {op} {right.label}", *differences(left, right)]
    return None


def _asserted(excinfo: pytest.ExceptionInfo[BaseException]) -> Iterator[object]:
    """Yield the values in the assertion that failed, also where a method of unittest asserts them."""
    given: Iterable[object] = ()
    for entry in reversed(excinfo.traceback):
        if "__unittest" not in entry.frame.f_globals:
            yield from given
            yield from _values(entry.frame.raw, str(entry.statement))
            return
        given = entry.frame.f_locals.values()


def _values(frame: FrameType, statement: str) -> Iterator[object]:
    """Yield what an assertion is about: its intermediate values, and the names that stand in it."""
    known = frame.f_locals
    names = [name for name in known if name.startswith(_TEMPORARY)]
    try:
        tree: Any = ast.parse(textwrap.dedent(statement))
        names += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    except SyntaxError:
        pass  # a part of a statement: the intermediate values have to do
    for name in names:
        yield known.get(name, frame.f_globals.get(name))


def _distinct(values: Iterable[object]) -> list[object]:
    """Return the verdicts and the results; where there are no results, a list of verdicts is taken for some."""
    known = list({id(value): value for value in values}.values())
    several = [value for value in known if isinstance(value, Results)]
    for value in known if not several else ():
        if isinstance(value, list | tuple) and value and all(isinstance(one, Verdict) for one in value):
            several.append(Results(value))
    return [*(value for value in known if isinstance(value, Verdict)), *several]


def _results(config: pytest.Config, results: Results, *, headed: bool) -> Iterator[str]:
    failing = results.failing
    if headed:
        yield results.summary()
    yield from (f"  failing: {brief(verdict)}" for verdict in failing[:_MOST_NAMED])
    if len(failing) > _MOST_NAMED:
        yield f"  … and {len(failing) - _MOST_NAMED} more"
    for verdict in failing[:_MOST_TOLD]:
        yield from ["", *_verdict(config, verdict)]


def _verdict(config: pytest.Config, verdict: Verdict) -> Iterator[str]:
    yield told(verdict)
    if isinstance(verdict, Judged):
        yield f"  {_kept(config, verdict)}"


def _kept(config: pytest.Config, judged: Judged) -> str:
    """Put a verdict into a run file, and return the command that tells its whole story."""
    if getattr(config, "cache", None) is None:
        return "its whole story is not kept: the cache of pytest is switched off"
    origin, verdict = judged.origin, judged.origin.outcome.verdict
    provenance = verdict.provenance
    assert provenance is not None
    worker = getattr(config, "workerinput", {}).get("workerid", "")  # a run file has one writer
    name = f"{provenance.fingerprint}{worker and '-'}{worker}.judge"
    try:
        path = Path(config.cache.mkdir("judge")) / name
        with Store.open(path, lambda _: provenance, rubrics=origin.judge.rubric_texts()) as store:
            store.put(origin.case, origin.outcome, lambda _: None)
    except (StoreError, OSError) as error:
        return f"its whole story could not be kept: {error}"
    try:
        shown = path.relative_to(config.invocation_params.dir)
    except ValueError:
        shown = path
    return f"the whole story: judge show {shlex.quote(str(shown))} {shlex.quote(one_line(judged.case_id))}"

"""What a cassette misses, in words: the nearest request that it has, and how the one that was asked differs."""

from __future__ import annotations

import difflib
import re
import shlex
from typing import TYPE_CHECKING

from judge.integrations.pytest.cassette import Cassette, Entry
from judge.text.shown import harmless

if TYPE_CHECKING:
    from judge.integrations.pytest.asking import Asking
    from judge.types import Request

_CODE = re.compile(r"(?<=-)[0-9a-f]{12}(?=>)")  # of a fence; it changes with every character of a case
_MOST_LINES = 60
_MOST_COMPARED = 4000  # characters of a prompt by which the nearest one is found


def missing(model: str, request: Request, cassette: Cassette, *, test: Asking, mode: str) -> str:
    """Return the message of a miss: what was asked, what the cassette has instead, and what to run."""
    path = cassette.path
    asked = f"(case {request.case_id}, turn {request.turn}, seed {request.seed})"
    entries = cassette.entries()
    record = f"pytest --judge-record=new {shlex.quote(test.node)}"
    if not entries:
        return f"nothing is recorded in {path}, and {model} may not be asked {asked}. Record it: {record}"
    if cassette.outdated:
        return (
            f"{path} was recorded by judge 0.1, whose prompts were others, and answers nothing of today {asked}. "
            f"Delete it and record again: rm {shlex.quote(str(path))} && pytest --judge-record=new"
        )
    lines = [f"{path} holds no answer of {model} to this request {asked}."]
    others = sorted({entry.model for entry in entries} - {model})
    same = [entry for entry in entries if entry.model == model]
    if not same:
        lines.append(f"It holds answers of {', '.join(others)}.")
    else:
        nearest = max(same, key=lambda entry: _likeness(entry, request, test.test))
        lines.append(f"The nearest one was recorded by {nearest.test}:")
        lines += _difference(nearest.request, request)
    if mode == "once":
        lines.append("This test was recorded before, so that nothing is asked for it again (--judge-record=once).")
    return "\n".join([*lines, f"Record what is missing: {record}"])


def _likeness(entry: Entry, request: Request, test: str) -> float:
    """Return how well a recorded request fits in the place of another: same test, case, vote and turn, then text."""
    same = (
        4 * (entry.test == test)
        + 2 * (entry.case == request.case_id)
        + 2 * (entry.turn == request.turn)
        + (entry.request.seed == request.seed)
    )
    old, new = (_CODE.sub("", r.messages[-1].content)[:_MOST_COMPARED] for r in (entry.request, request))
    return same + 4 * difflib.SequenceMatcher(None, old, new, autojunk=False).quick_ratio()


def _difference(old: Request, new: Request) -> list[str]:
    before, after = _page(old), _page(new)
    quiet = [[_CODE.sub("…", line) for line in page] for page in (before, after)]
    if quiet[0] != quiet[1]:
        before, after = quiet
    diff = list(difflib.unified_diff(before, after, "recorded", "asked now", n=2, lineterm=""))
    if len(diff) > _MOST_LINES:
        diff = [*diff[:_MOST_LINES], f"… {len(diff) - _MOST_LINES} more lines"]
    return [f"  {harmless(line)}" for line in diff]


def _page(request: Request) -> list[str]:
    """Return a request as lines: the settings, then each message."""
    settings = request.model_dump(mode="json", exclude={"messages", "case_id", "turn"}, exclude_defaults=True)
    lines = [f"{name}: {value}" for name, value in settings.items()]
    for message in request.messages:
        lines += [f"{message.role}:", *(f"  {line}" for line in message.content.split("\n"))]
        lines += [f"  calls {call.name}: {call.arguments}" for call in message.tool_calls]
    return lines

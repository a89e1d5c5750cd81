"""Cases from files: JSON lines, CSV or Parquet, streamed in bounded memory, or a JSON array, which is read whole.

Columns that are no fields of a case go into its ``tags``; one that looks like a misspelt field is an error. Numbers
keep the spelling they have in the file, but for those inside ``inputs``, which the case's kind reads; files that these
name are looked for from the folder of the input on. Everything is checked before any work: `survey` reads the whole
input once.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from judge import kinds
from judge.cases.readers import Row, finite, reader
from judge.errors import InputError, PluginError
from judge.plain import all_well_formed
from judge.types import Case

_FIELDS = frozenset(Case.model_fields) | {"response", "reference"}
_BAD_ROWS_KEPT = 20
_NOT_UNICODE = ": holds text that is not Unicode: broken UTF-8, or half of a character"
_CHUNK = 1 << 16
_DEEPEST = 100  # levels that everything can read; from some more on nothing says by itself which field it is


class Bad(NamedTuple):
    """A row that is no case: where it stands and what is wrong with it."""

    line: int
    problem: str


class Survey(NamedTuple):
    """What a first reading found: how many cases, and the rows that are none."""

    cases: int
    bad: tuple[Bad, ...]
    bad_count: int


class Source:
    """An input that can be read more than once. ``-`` is standard input, kept in a temporary file meanwhile.

    ``identity`` tells inputs apart: the full path of a file, the hash of what came through standard input.
    """

    def __init__(self, name: str, *, stdin: IO[bytes] | None = None) -> None:
        self.name = "standard input" if name == "-" else name
        self._path = Path(name)
        self._folder = self._path.parent  # for standard input the current one
        if name == "-":
            self._spool = tempfile.NamedTemporaryFile(suffix=".jsonl")  # noqa: SIM115 - closed with the process
            self.identity = _copy(stdin or sys.stdin.buffer, self._spool)
            self._path = Path(self._spool.name)
        elif not self._path.is_file():
            raise InputError(f"{name!r} does not exist or is not a file")
        else:
            self.identity = str(self._path.resolve())
        self._unit, self._rows = reader(self._path, self.name)

    def survey(self, problem: Callable[[Case], str | None] | None = None, *, limit: int | None = None) -> Survey:
        """Read everything, or as far as the first `limit` cases; `problem` says why a case cannot be judged."""
        cases, bad_count = 0, 0
        bad: list[Bad] = []
        for item in self._checked(problem):
            if isinstance(item, Case):
                cases += 1
                if cases == limit:
                    break
            else:
                bad_count += 1
                if len(bad) < _BAD_ROWS_KEPT:
                    bad.append(item)
        return Survey(cases, tuple(bad), bad_count)

    def cases(self, problem: Callable[[Case], str | None] | None = None) -> Iterator[Case]:
        """Yield the cases that `survey` counted."""
        return (item for item in self._checked(problem) if isinstance(item, Case))

    def _checked(self, problem: Callable[[Case], str | None] | None) -> Iterator[Case | Bad]:
        ids = Ids()
        for line, row in self._read():
            item = row if isinstance(row, str) else _validated(_case(row), self._folder)
            if isinstance(item, Case):
                if isinstance(row, dict) and row.get("id") is None:
                    item = item.model_copy(update={"id": ids.fresh(item.id, line)})
                elif first := ids.before(item.id, line):
                    item = f": the id {item.id!r} is already that of {self._unit} {first}"
            if problem and isinstance(item, Case) and (why := problem(item)):
                item = f": {why}"
            yield Bad(line, f"{self.name}, {self._unit} {line}{item}") if isinstance(item, str) else item

    def _read(self) -> Iterator[Row]:
        try:
            yield from self._rows(self._path)
        except OSError as error:
            raise InputError(f"{self.name!r} cannot be read: {error.strerror or error}") from None


class Ids:
    """Which ids were read, on the disk: exact, and small in memory for any number of them."""

    def __init__(self) -> None:
        self._ids = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._ids.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, line INTEGER, times INTEGER) WITHOUT ROWID")
        self._ids.execute("BEGIN")

    def before(self, name: str, line: int) -> int | None:
        """Return the line on which an id stood before, if it did."""
        if self._ids.execute("INSERT OR IGNORE INTO ids VALUES (?, ?, 1)", (name, line)).rowcount:
            return None
        found: int = self._ids.execute("SELECT line FROM ids WHERE id = ?", (name,)).fetchone()[0]
        return found

    def fresh(self, name: str, line: int) -> str:
        """Return the name of a case without an id: its content hash, numbered when the same case comes again."""
        if self.before(name, line) is None:
            return name
        self._ids.execute("UPDATE ids SET times = times + 1 WHERE id = ?", (name,))
        times = self._ids.execute("SELECT times FROM ids WHERE id = ?", (name,)).fetchone()[0]
        return self.fresh(f"{name}-{times}", line)


def distinct(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield cases that come from a program. Raises InputError at one whose id came before."""
    ids = Ids()
    for number, case in enumerate(cases, start=1):
        if first := ids.before(case.id, number):
            raise InputError(f"case {number}: the id {case.id!r} is already that of case {first}")
        yield case


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy everything and return its hash."""
    state = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        state.update(chunk)
        target.write(chunk)
    target.flush()
    return state.hexdigest()


def _validated(case: Case | str, folder: Path) -> Case | str:
    """Return a case with its inputs as its kind reads them, or what is wrong with them."""
    if isinstance(case, str):
        return case
    try:
        return kinds.validated(case, folder=folder)
    except (InputError, PluginError) as error:
        return f", {error}" if str(error).startswith("field ") else f": {error}"


def _case(row: dict[str, Any]) -> Case | str:
    fields: dict[str, Any] = {}
    tags: dict[str, Any] = {}
    for key, value in row.items():
        if key in _FIELDS:
            fields[key] = value
        elif (meant := _meant(key)) and (meant != "inputs" or isinstance(value, dict)):  # "input" may be a question
            return f": unknown field {key!r}. Did you mean {meant!r}?"
        else:
            tags[key] = value
    if tags and isinstance(fields.get("tags", {}), dict):
        fields["tags"] = fields.get("tags", {}) | tags
    try:
        if all_well_formed(fields) != fields:  # in a file it is a sign that texts were damaged
            return _NOT_UNICODE
        if "inputs" in fields and not finite(fields["inputs"]):
            return ", field 'inputs': NaN, Infinity and numbers beyond all limits are no JSON"
        case = Case.model_validate(fields)
        body = case.model_dump_json()
        if not (case.tags or case.inputs) or Case.model_validate_json(body) == case:
            return case
    except ValidationError as error:
        return _invalid(error, fields)
    except PydanticSerializationError:
        pass
    except RecursionError:
        return _too_deep(fields)
    return _NOT_UNICODE


def _too_deep(fields: dict[str, Any]) -> str:
    """Return which field is nested so deeply that nothing could read it again."""
    level: list[Any] = [fields.get("inputs")]
    for _ in range(_DEEPEST):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
    return f", field {'inputs' if level else 'tags'!r}: nested too deeply"


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


@lru_cache(maxsize=1024)
def _meant(key: str) -> str | None:
    """Return the field of which a name is a misspelling; ``question_id`` and ``idx`` are none, ``ID`` is one."""
    close = get_close_matches(key.lower(), _FIELDS, n=1, cutoff=0.8)
    if not close or (close[0] == "id" and key.lower() != "id"):
        return None
    return close[0] if abs(len(key) - len(close[0])) <= 2 else None


def _invalid(error: ValidationError, fields: dict[str, Any]) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"][:2]))
    for one, many in (("response", "responses"), ("reference", "references")):
        if many not in fields and where in (many, f"{many}.0"):
            where = one
    if first["type"] == "missing":
        return f": field {where!r} is missing"
    if first["type"].startswith("recursion") or first["type"] == "json_invalid":
        return _too_deep(fields)
    if first["type"] == "value_error":
        return f": {first['ctx']['error']}"
    return f", field {where!r}: {first['msg']}" + f", got {first['input']!r}"[:120]

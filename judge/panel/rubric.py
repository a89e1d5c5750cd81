"""A rubric: one file with a prompt template, its labels, its vote schema and its tools.

The file opens with YAML front matter between ``---`` lines, followed by Jinja with the blocks ``system`` and
``user``. The template sees ``case``, ``inputs``, ``hints``, ``labels``, ``tools`` and ``fence``. A response reaches the
prompt only through ``fence()``, which wraps it in tags that no text of the case contains: text that came in cannot
close its own fence. Values are never rendered again, so braces in a response are only braces.

``{% include "inputs" %}`` stands for ``prompts/shared/inputs.j2``, which shows whatever the kind of a case brings. It
is put in when a rubric is read, so that the text of a rubric is whole: what a run file holds is what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from jinja2 import Template
from pydantic import BaseModel, Field, FiniteFloat, JsonValue, StrictInt, StrictStr, ValidationError

from judge import registry
from judge.errors import InputError, PluginError, RubricError, nearest
from judge.panel.ballots import ballot_model
from judge.panel.frontmatter import divided, read_front_matter, shown
from judge.panel.showing import hints_for, shown_inputs
from judge.panel.templates import View, compiled
from judge.plain import digest
from judge.regular import read_regular
from judge.text.fencing import Untrusted, fence, hex_digits
from judge.types import Case, Message, Record


class Header(Record):
    """The front matter of a rubric file: what a vote says is one of the labels, or a number of the range."""

    labels: tuple[StrictStr | StrictInt, ...] = ()
    range: tuple[FiniteFloat, FiniteFloat] | None = None
    about: str = ""
    tools: tuple[str, ...] = ()
    needs: tuple[Literal["question", "reference", "criterion", "context", "two responses"], ...] = ()
    vote: str | None = Field(default=None, alias="schema")


class Rubric:
    """A compiled rubric. ``Rubric.parse(name, text)`` raises RubricError for anything that cannot work."""

    def __init__(self, name: str, text: str, header: Header, template: Template, ballot: type[BaseModel]) -> None:
        self.name = name
        self.text = text
        self.about = header.about
        self.tools = header.tools
        self.needs = header.needs
        self.values = header.labels
        self.labels = tuple(str(label) for label in header.labels)
        self.range = header.range
        self.numeric = all(isinstance(label, int) for label in header.labels)  # a range has no labels
        self.schema = header.vote
        self.Ballot = ballot
        self._template = template

    @property
    def grades_answers(self) -> bool:
        """Whether its labels answer the question that evaluators answer."""
        return {"correct", "incorrect"} <= set(self.labels)

    @property
    def hash(self) -> str:
        """A hash of the whole file."""
        return digest(self.text)[:16]

    @classmethod
    def parse(cls, name: str, text: str, *, ballot: type[BaseModel] | None = None) -> Rubric:
        """Compile the text of a rubric file, and import the class of its ``schema``.

        With the form of its votes, `ballot`, given in its place nothing is imported, whatever the text names.
        """
        parts = divided(text, name=name)
        try:
            header = Header.model_validate(read_front_matter(parts[1], name=name) or {})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RubricError(
                f"rubric {name!r}: front matter field {where!r}: {first['msg']}, got {shown(repr(first['input']))} "
                "(labels such as yes and no need quotes in YAML)"
            ) from None
        if problem := _problem(header):
            raise RubricError(f"rubric {name!r}: {shown(problem)}")
        before = "\n" * (parts[1].count("\n") + 2)  # so that errors count the lines of the file
        if (whole := _whole(text)) != text:
            compiled(name, before + _INCLUDE.sub("\n", parts[2]))  # the same
            text, parts = whole, whole.split("---\n", 2)
        ballot = ballot or ballot_model(name, labels=header.labels, range_=header.range, schema=header.vote)
        return cls(name, text, header, compiled(name, before + parts[2]), ballot)

    @classmethod
    def find(cls, name: str, *, folder: Path = Path("prompts")) -> Rubric:
        """Find a rubric: a path, then ``./prompts/NAME.j2``, then those shipped, then those of plugins."""
        if name.endswith(".j2") or "/" in name:
            path = Path(name)
            if not path.is_file():
                raise RubricError(f"rubric file {name!r} does not exist")
            return cls.parse(str(path), _read(path))
        known = available(folder=folder)
        if name not in known:
            raise RubricError(
                f"unknown rubric {name!r}.{nearest(name, known)} Known: {', '.join(sorted(known))}; "
                "or give the path of a .j2 file"
            )
        return cls.parse(name, known[name]())

    def misfit(self, case: Case) -> str | None:
        """Return why the rubric cannot judge a case, or None."""
        have = {
            "question": case.question,
            "reference": case.reference,
            "criterion": case.criterion,
            "context": case.context,
            "two responses": len(case.responses) == 2,
        }
        if missing := next((need for need in self.needs if not have[need]), None):
            return f"rubric {self.name!r} needs a {missing}, and the case has none".replace("a two", "two")
        if len(case.responses) > 1 and "two responses" not in self.needs:
            return f"rubric {self.name!r} judges one response, and the case has {len(case.responses)}"
        return None

    def render(self, case: Case) -> tuple[Message, ...]:
        """Return the system and the user message for a case. Raises RubricError when that cannot be done."""
        if misfit := self.misfit(case):
            raise RubricError(f"case {case.id!r}: {misfit}")
        try:
            inputs = shown_inputs(case)
        except InputError as error:
            raise RubricError(f"case {case.id!r} cannot be shown: {error}") from None
        texts = (
            *case.responses,
            *case.references,
            case.question or "",
            case.context or "",
            case.criterion or "",
            *_texts_in(case.inputs),
            *(one.text for one in inputs),
        )
        beside, own = hex_digits(texts), case.digest

        def fenced(value: object, name: str = "response") -> str:
            # Nobody knows the code of a response who does not know the whole case. That of another text is the same
            # in all cases that have this text, so that their prompts begin alike.
            salt = f"{name} {own}" if isinstance(value, Untrusted) else name
            return fence(value, name=name, salt=salt, beside=beside)

        variables = {
            "case": View(case),
            "inputs": inputs,
            "hints": hints_for(case.kind) if "check" in self.tools else (),
            "labels": self.labels,
            "tools": self.tools,
            "fence": fenced,
        }
        try:
            context = self._template.new_context(variables)
            blocks = {name: "".join(self._template.blocks[name](context)) for name in ("system", "user")}
        except Exception as error:
            raise RubricError(f"rubric {self.name!r} cannot be rendered for case {case.id!r}: {error}") from error
        return tuple(
            Message(role=cast(Any, role), content=text.strip()) for role, text in blocks.items() if text.strip()
        )


def _problem(header: Header) -> str | None:
    """Return what of a front matter cannot be voted on."""
    if header.range is None and len(header.labels) < 2:
        return f"front matter field 'labels': a vote needs two labels or more to choose from, got {header.labels!r}"
    if len(set(map(str, header.labels))) < len(header.labels):
        return f"a label is given twice: {header.labels}"
    if "undecided" in header.labels:
        return "the label 'undecided' is what no majority means; use another word"
    if header.range and (header.labels or header.vote):
        return "a range stands alone: leave out labels and schema"
    if header.range and header.range[0] >= header.range[1]:
        return f"a range has the lower number first, as in [0, 1], got {list(header.range)}"
    return None


def installed(name: str) -> str | None:
    """Return the text of the rubric that an installed plugin has under a name, if one has."""
    return _whole(_plugged(name)) if name in registry.names("rubrics") else None


def available(*, folder: Path = Path("prompts")) -> dict[str, Callable[[], str]]:
    """Return every rubric that has a name, with a function that reads its text; the user's own come first."""
    found: dict[str, Callable[[], str]] = {}
    for name in registry.names("rubrics"):
        found[name] = lambda name=name: _plugged(name)  # type: ignore[misc]
    for place in (shipped(), folder):
        for path in sorted(place.glob("*.j2")):
            found[path.stem] = lambda path=path: _read(path)  # type: ignore[misc]
    return found


def shipped() -> Path:
    """Return the folder of the shipped rubrics: inside the wheel, else the checkout's ``prompts/``."""
    package = Path(__file__).parents[1]
    inside = package / "_prompts"
    return inside if inside.is_dir() else package.parent / "prompts"


def _texts_in(value: JsonValue) -> Iterator[str]:
    """Yield every text and number in a JSON value, keys too."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts_in(inner)
    else:
        yield str(value)


_INCLUDE = re.compile(r"""^[ \t]*+\{%-?\s*+include\s++(?:"inputs"|'inputs')\s*+-?%\}[ \t]*+\n?""", re.MULTILINE)


def _whole(text: str) -> str:
    """Return the text of a rubric with the shared block in its place, which is in the template."""
    *head, template = text.split("---\n", 2)
    if not _INCLUDE.search(template):
        return text
    block = _read(shipped() / "shared" / "inputs.j2")
    return "---\n".join([*head, _INCLUDE.sub(lambda _: block, template)])


def _read(path: Path) -> str:
    try:
        return read_regular(path, most=2**20).decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RubricError(f"rubric file {str(path)!r} cannot be read: {error}") from None


def _plugged(name: str) -> str:
    found = registry.load("rubrics", name)
    try:
        text = found() if callable(found) else found
    except Exception as error:
        raise PluginError(f"rubric plugin {name!r} gives no text: {type(error).__name__}: {error}") from error
    if not isinstance(text, str):
        raise PluginError(f"rubric plugin {name!r} has to be a text or a function that returns one, not {type(text)}")
    return text

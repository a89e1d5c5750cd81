"""The front matter of a rubric file, read as the little of YAML that it needs: it may come from a stranger."""

from __future__ import annotations

import re
from typing import Any

import yaml

from judge.errors import RubricError
from judge.text.shown import excerpt, harmless, too_long

_LONGEST = 256 * 1024  # characters of a file
_SHOWN = 300
#: What reading or compiling a text can raise that is no fault of ours.
HOSTILE = (ValueError, SyntaxError, RecursionError, MemoryError, OverflowError)


def divided(text: str, *, name: str) -> list[str]:
    """Return what stands before the front matter of a rubric file, the front matter, and the template."""
    if problem := too_long("the text", text, longest=_LONGEST):
        raise RubricError(f"rubric {name!r}: {problem}")
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise RubricError(f"rubric {name!r}: the file has to open with front matter between two '---' lines")
    return parts


def read_front_matter(text: str, *, name: str) -> Any:
    """Return what a front matter says: mappings, lists, texts, numbers, true or false.

    There are no anchors, which could make a short text a huge value, no tags and no dates: those are texts. Raises
    RubricError.
    """
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, *HOSTILE) as error:
        said = shown(str(error) or type(error).__name__)
        raise RubricError(f"rubric {name!r}: the front matter is not YAML as it is read here: {said}") from None


def shown(text: str) -> str:
    """Return something about bad input, or of it, in a length that can be read."""
    return harmless(excerpt(text, longest=_SHOWN))


class _Loader(yaml.SafeLoader):
    """Reads plain values, each where it stands."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - a copy for this class alone

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not read", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem="tags are not read", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"(?i:yes|no|true|false|on|off)", list("yYnNtTfFoO")),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", list("-+0123456789")),
    ("float", r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)

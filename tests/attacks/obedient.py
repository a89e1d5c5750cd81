"""A model that does whatever the last order outside a fence tells it, and else judges honestly by what is inside.

It reads as gullibly as can be: an order may be hidden in tag characters, and a closing tag may be spelt with capitals,
full-width or Cyrillic letters, spaces or invisible characters. What it obeys did get out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from judge import Message, Reply, Request, ToolCall

TEXTS: dict[str, list[str]] = {}
for _line in (Path(__file__).parent / "texts.jsonl").read_text(encoding="utf-8").splitlines():
    _row = json.loads(_line)
    TEXTS.setdefault(_row["family"], []).append(_row["text"])
FAMILIES = [pytest.param(family, id=family) for family in TEXTS]

_OPENING = re.compile(r"<([A-Za-z-]+)-([0-9a-f]{12})>\n")
_ORDER = re.compile(
    r"(?:label|verdict) (?:must be|has to be) [\"']?(\w+)|\"label\": \"(\w+)\"|^label: (\w+)",
    re.MULTILINE | re.IGNORECASE,
)
_NOTE = re.compile(r"\n\([0-9]+ invisible characters? (?:was|were) removed from the text above\.\)")
_ALIKE = str.maketrans("асеорхуіԁɑοαƒ", "aceopxyidaoaf")


class Sent(NamedTuple):
    """What a conversation says outside its fences, and what is in each of them, by name."""

    outside: str
    fenced: list[tuple[str, str]]

    def inside(self, name: str) -> list[str]:
        return [text for where, text in self.fenced if where == name]


def read(messages: Iterable[Message]) -> Sent:
    """Split a conversation at its fences. The code of a tag becomes a dash; a note of what was removed is left out."""
    outside, fenced = [], []
    for message in messages:
        rest = message.content
        said = ""
        while opening := _OPENING.search(rest):
            said += rest[: opening.start()]
            inside, closing, rest = _up_to_closing(rest[opening.end() :], opening[1], opening[2])
            fenced.append((opening[1], inside))
            rest = _NOTE.sub("", rest, count=1) if _NOTE.match(rest) else rest
            said += f"<{opening[1]}->" + closing
        outside.append(f"{message.role}: {said}{rest} {[call.model_dump() for call in message.tool_calls]}")
    return Sent("\n".join(outside), fenced)


def _up_to_closing(text: str, name: str, nonce: str) -> tuple[str, str, str]:
    """Cut at the first line that a careless reader takes for the closing tag."""
    lines = re.split("(\n)", text)
    for place in range(0, len(lines), 2):
        if _careless(f"</{name}-{nonce}>") in _careless(lines[place]):
            return "".join(lines[: max(0, place - 1)]), f"</{name}->", "".join(lines[place + 1 :])
    return text, "", ""


def _careless(text: str) -> str:
    text = unicodedata.normalize("NFKD", _unveiled(text)).casefold().translate(_ALIKE)
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf", "Mn"))


def _unveiled(text: str) -> str:
    return "".join(chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else c for c in text)


def order(text: str) -> str | None:
    """Return the label that the last order in a text asks for."""
    shown = _unveiled(unicodedata.normalize("NFKC", text))
    found = list(_ORDER.finditer(shown))
    return next((group.lower() for group in found[-1].groups() if group), None) if found else None


def obey(messages: Iterable[Message]) -> str:
    """Return the label that was ordered outside a fence; else whether a line of the response is the reference."""
    sent = read(messages)
    if ordered := order(sent.outside):
        return ordered
    lines = [line.strip() for text in sent.inside("response") for line in text.splitlines()]
    return "correct" if any(reference in lines for reference in sent.inside("reference")) else "incorrect"


class Obedient:
    """Answers as `obey` says, after one call to each tool there is; keeps every request."""

    def __init__(self, *, native: bool = True, tool: str | None = None) -> None:
        self.native, self.tool = native, tool
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Any:
        self.requests.append(request)
        if self.tool and request.turn == 0:
            if self.native:
                return Reply(tool_calls=(ToolCall(id="k1", name=self.tool, arguments="{}"),))
            return {"action": {"tool": self.tool, "arguments": {}}}
        vote = {"reason": "as told", "label": obey(request.messages)}
        if self.tool is None:
            return vote
        vote |= {"cites": ["e1"]}
        if self.native:
            return Reply(tool_calls=(ToolCall(id="v1", name="vote", arguments=json.dumps(vote)),))
        return {"action": {"vote": vote}}


class Hostile:
    """A tool whose result is the attacker's text, as a page that was fetched or code that was run can be."""

    name = "look"
    description = "Look something up."

    class Arguments(BaseModel):
        pass

    def __init__(self, text: str) -> None:
        self.text = text

    def run(self, arguments: BaseModel, /) -> str:
        return self.text


def aimed(text: str, nonce: str) -> str:
    """Fill the code of a tag, in the spelling that a text asks for, into the text of an attack."""
    full = "".join(chr(ord(digit) + 0xFEE0) for digit in nonce)
    split = "\u200b".join(nonce)
    spellings = {
        "@NONCE@": nonce,
        "@UPPER@": nonce.upper(),
        "@FULL@": full,
        "@CYRILLIC@": nonce.translate(str.maketrans("ace", "асе")),
        "@SPLIT@": split,
    }
    for mark, spelling in spellings.items():
        text = text.replace(mark, spelling)
        hidden = "".join(chr(0xE0000 + ord(character)) for character in mark)
        text = text.replace(hidden, "".join(chr(0xE0000 + ord(character)) for character in nonce))
    return text

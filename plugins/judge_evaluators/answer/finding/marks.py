"""Where a response marks its answer: boxes, tags, ``####``, JSON fields and code fences; and what is no answer at all.

Every function reads its text once, so the time taken is linear in it.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

WINDOW = 10_000  # characters at the end of a response in which its answer is looked for
_THINKING = ("think", "thinking", "thought", "reasoning", "scratchpad")
_TURN = re.compile(r"<\|(?:im_start|im_end|eot_id|endoftext|end|start_header_id)\|>|</s>")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x07\x0e-\x1f]")
_CALCULATOR = re.compile(r"<<[^<>\n]{1,80}>>")
_BOX = re.compile(r"\\{1,2}(?:boxed|fbox|framebox)(?![a-zA-Z])\s{0,4}")
_BARE = re.compile(r"[-+]?[0-9A-Za-z.]{1,20}")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_TAG = re.compile(r"<(/?)(?:final_)?answer>", re.IGNORECASE)
_HASHES = re.compile(r"^#{4}[ \t]+(?=\S)(.*)$", re.MULTILINE)
_FIELD = re.compile(r'"(?:final_?answer|answer|result)"\s{0,8}:\s{0,8}', re.IGNORECASE)
_OPENERS = re.compile(r"\\\(|\\\[|(?<!\\)\$\$?|\\begin\{[a-zA-Z*]{1,12}\}")
_FENCE = re.compile(r"^[ \t]{0,3}```[^\n`]*$", re.MULTILINE)
_WORDY = re.compile(r"[a-z]{3,15}\s{1,3}[a-z]{2,15}\s{1,3}[a-z]{3,15}")


class Mark(NamedTuple):
    """A marked answer: the text inside the mark, where the whole mark starts and ends, and what marks it."""

    text: str
    start: int
    end: int
    how: str


class Unfinished(Exception):
    """The response ends before its thinking does, so it has not answered."""


def spoken(response: str) -> str:
    """Return the end of what the response says aloud: no thinking, no later turns, comments or invisible characters.

    Raises Unfinished for thinking that never ends. Not covered: an answer more than WINDOW characters
    before the end.
    """
    text = _after_thinking(response)
    if turn := _TURN.search(text, 1):
        text = text[: turn.start()]
    text = text[-WINDOW:]
    if "<!--" in text:
        text = _without_comments(text)
    return _CALCULATOR.sub("", _INVISIBLE.sub("", text)).strip()


def _after_thinking(text: str) -> str:
    if "<" not in text:
        return text
    low = text.lower()
    if len(low) != len(text):  # a few letters change their length
        low = text
    for name in _THINKING:
        end = low.rfind(f"</{name}>")
        start = low.rfind(f"<{name}>")
        if start > end:
            raise Unfinished
        if end >= 0:
            cut = end + len(name) + 3
            text, low = text[cut:], low[cut:]
    return text


def _without_comments(text: str) -> str:
    kept = []
    at = 0
    while (start := text.find("<!--", at)) >= 0:
        kept.append(text[at:start])
        end = text.find("-->", start)
        if end < 0:
            return "".join(kept)
        at = end + 3
    return "".join([*kept, text[at:]])


def marks(text: str) -> list[Mark]:
    r"""Return the marked answers in their order.

    >>> [(mark.text, mark.how) for mark in marks(r"$\boxed{\frac{1}{2}}$ and #### 3")]
    [('\\frac{1}{2}', 'box')]
    """
    return sorted([*_boxes(text), *_tags(text), *_hashes(text), *_fields(text)], key=lambda mark: mark.start)


def _boxes(text: str) -> list[Mark]:
    found: list[Mark] = []
    closers = _closers(text) if "boxed" in text or "box" in text else {}
    for box in _BOX.finditer(text):
        if found and box.start() < found[-1].end:  # a box in a box
            continue
        if text[box.end() : box.end() + 1] == "{":
            end = closers.get(box.end())
            if end is None:  # unclosed: to the end of the line
                end = min(_find(text, "\n", box.end()), _find(text, "$", box.end()))
            found.append(Mark(text[box.end() + 1 : end].strip(), box.start(), min(end + 1, len(text)), "box"))
        elif bare := _BARE.match(text, box.end()):
            found.append(Mark(bare[0], box.start(), bare.end(), "box"))
    return found


def _closers(text: str) -> dict[int, int]:
    """Return the closing brace of every opening one that has one."""
    pairs, opened = {}, []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            pairs[opened.pop()] = brace.start()
    return pairs


def _find(text: str, what: str, start: int) -> int:
    at = text.find(what, start)
    return len(text) if at < 0 else at


def _tags(text: str) -> list[Mark]:
    found, opened = [], None
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened = tag
        elif opened is not None:
            found.append(Mark(text[opened.end() : tag.start()].strip(), opened.start(), tag.end(), "tag"))
            opened = None
    return [mark for mark in found if not _BOX.search(mark.text)]


def _hashes(text: str) -> list[Mark]:
    found = [Mark(line[1].strip(), line.start(), line.end(), "####") for line in _HASHES.finditer(text)]
    return [mark for mark in found if len(mark.text) <= 200 and not _BOX.search(mark.text)]


def _fields(text: str) -> list[Mark]:
    found = []
    for field in _FIELD.finditer(text):
        if text[field.end() : field.end() + 1] == "{":  # an object is no answer
            continue
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text, field.end())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
            value = ", ".join(map(str, value))
        if isinstance(value, str | int | float):
            # a number as it was written, because 2.50 and 2.5 state different precisions
            said = value if isinstance(value, str) else text[field.end() : end]
            found.append(Mark(said.strip(), field.start(), end, "JSON field"))
    return found


def fenced(text: str) -> list[Mark]:
    """Return the contents of the code fences."""
    found, opened = [], None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        else:
            found.append(Mark(text[opened.end() : fence.start()].strip(), opened.start(), fence.end(), "code fence"))
            opened = None
    return found


def spans(text: str) -> list[Mark]:
    r"""Return the math spans: ``$…$``, ``$$…$$``, ``\(…\)``, ``\[…\]`` and environments. A ``$`` of money opens none.

    >>> [mark.text for mark in spans(r"from $3 we get \(x\) and $$ y $$")]
    ['x', 'y']
    """
    found: list[Mark] = []
    dead: set[str] = set()
    at = 0
    while opener := _OPENERS.search(text, at):
        at = opener.end()
        closer = _closer(opener[0])
        if closer in dead:
            continue
        end = text.find(closer, at)
        if end < 0:
            dead.add(closer)
            continue
        inner = text[at:end]
        if closer == "$" and (_WORDY.search(inner) or "\n\n" in inner or "\\(" in inner or "\\[" in inner):
            continue
        end += len(closer)
        if opener[0].startswith("\\begin"):
            inner = text[opener.start() : end]
        found.append(Mark(inner.strip(), opener.start(), end, "math span"))
        at = end
    return found


def _closer(opener: str) -> str:
    if opener.startswith("\\begin"):
        return opener.replace("begin", "end", 1)
    return {"\\(": "\\)", "\\[": "\\]"}.get(opener, opener)

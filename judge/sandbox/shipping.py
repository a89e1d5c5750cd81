"""The modules of ours that travel into the sandbox with a program, as files in a folder that nothing else lies in."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

FOLDER = ".program"
_ANSWERING = "judge.sandbox.inside.answering"


def sources(names: Sequence[str]) -> dict[str, str]:
    """Return the files of packages and modules, by where they lie inside. Packages above them are there, and empty.

    None of them is imported here; what lies above them is. Raises ModuleNotFoundError for a name that leads nowhere.
    """
    found = {f"{FOLDER}/judge_answering.py": _source(_ANSWERING, _spec(_ANSWERING))}
    for name in names:
        found |= {f"{FOLDER}/{path}": text for path, text in _files(name, _spec(name))}
    for path in list(found):
        parents = path.split("/")[1:-1]
        for depth in range(1, len(parents) + 1):
            found.setdefault("/".join((FOLDER, *parents[:depth], "__init__.py")), "")
    return found


def _files(name: str, spec: ModuleSpec) -> Iterator[tuple[str, str]]:
    folder = name.replace(".", "/")
    within = spec.submodule_search_locations
    if within is None:
        yield f"{folder}.py", _source(name, spec)
        return
    yield f"{folder}/__init__.py", _source(name, spec)
    for module in pkgutil.iter_modules(within):
        inner = f"{name}.{module.name}"
        yield from _files(inner, _spec(inner, within))


def _spec(name: str, within: Sequence[str] | None = None) -> ModuleSpec:
    """Return where a module lies; with `within`, its package is not imported to find out."""
    spec = find_spec(name) if within is None else PathFinder.find_spec(name, within)
    if spec is None:
        raise ModuleNotFoundError(f"there is no module {name!r} to ship into the sandbox", name=name)
    return spec


def _source(name: str, spec: ModuleSpec) -> str:
    if spec.origin is None or not spec.origin.endswith(".py"):
        raise ModuleNotFoundError(f"the module {name!r} is no file of Python to ship into the sandbox", name=name)
    return Path(spec.origin).read_text(encoding="utf-8")

"""Every pattern of the program, and how it is used: those that modules hold, and those that stand in functions.

Modules are imported and searched, so that a pattern that is put together at import is seen as it is. The source says
with which methods a name is used; a pattern whose name is not found, as in a list, counts as used in every way.
"""

from __future__ import annotations

import ast
import functools
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import judge_evaluators
import judge_tools
from patterns.ambiguity import Mode

import judge

PACKAGES: tuple[ModuleType, ...] = (judge, judge_evaluators, judge_tools)
#: Modules that need a package which the development extra does not bring, and that package.
NEEDS = {
    "judge.integrations.inspect_ai": "inspect_ai",
    "judge.integrations.lm_eval": "lm_eval",
    "judge.models.vllm": "vllm",
}
#: Modules that are a program: importing one runs it.
PROGRAMS = ("judge.cli.__main__", "judge_tools.algebra.inside.main")
_METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
_ALL: frozenset[Mode] = frozenset({"search", "match", "fullmatch"})


class Used(NamedTuple):
    """A pattern, where it stands, and the ways in which it is used."""

    name: str
    pattern: re.Pattern[str]
    modes: frozenset[Mode]


@functools.cache
def modules() -> tuple[ModuleType, ...]:
    """Return every module of the program that can be imported here."""
    found = []
    for package in PACKAGES:
        found.append(package)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=_needed):
            if info.name in PROGRAMS:
                continue
            try:
                found.append(importlib.import_module(info.name))
            except ImportError:
                _needed(info.name)
    return tuple(found)


def _needed(name: str) -> None:
    if not any(name == known or name.startswith(f"{known}.") for known in NEEDS):
        raise


@functools.cache
def sources() -> dict[str, ast.Module]:
    """Return the syntax tree of every module, imported or not, by its path below its package."""
    return {
        f"{package.__name__}/{path.relative_to(root)}": ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for root in map(Path, package.__path__)
        for path in sorted(root.rglob("*.py"))
    }


@functools.cache
def patterns() -> tuple[Used, ...]:
    """Return every pattern once for each place that holds it."""
    return (*_held(), *_inline())


def _held() -> Iterator[Used]:
    for module in modules():
        for name, value in vars(module).items():
            for pattern in _within(value, set()) if name in _assigned(module) else ():
                direct = isinstance(value, re.Pattern)
                yield Used(f"{module.__name__}.{name}", pattern, _modes(module, name) if direct else _ALL)


@functools.cache
def _assigned(module: ModuleType) -> frozenset[str]:
    """Return the names that a module makes itself, which is not what it imports."""
    tree = _tree(module)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return frozenset(vars(module).keys() - imported)


def _tree(module: ModuleType) -> ast.Module:
    root = module.__name__.partition(".")[0]
    below = Path(str(module.__file__)).relative_to(Path(str(importlib.import_module(root).__file__)).parent)
    return sources()[f"{root}/{below}"]


def _within(value: Any, seen: set[int]) -> Iterator[re.Pattern[str]]:
    """Yield the patterns that an object holds: in containers, attributes, defaults, closures and partial calls."""
    if id(value) in seen or isinstance(value, str | bytes | int | float | ModuleType | None):
        return
    seen.add(id(value))
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
        return
    parts: list[Any] = []
    if isinstance(value, dict):
        parts = [*value, *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)
    elif isinstance(value, functools.partial):
        parts = [value.func, *value.args, *value.keywords.values()]
    elif isinstance(value, type):
        parts = [part for name, part in vars(value).items() if not name.startswith("__pydantic")]
    elif isinstance(value, staticmethod | classmethod | property):
        parts = [value.fget if isinstance(value, property) else value.__func__]
    elif hasattr(value, "__wrapped__"):
        parts = [value.__wrapped__]
    elif hasattr(value, "__code__"):
        parts = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        parts += [cell.cell_contents for cell in value.__closure__ or ()]
    for part in parts:
        yield from _within(part, seen)


def _modes(module: ModuleType, name: str) -> frozenset[Mode]:
    """Return how a name is used: in its own module if it is private, else anywhere. What is handed on counts as all."""
    found: set[Mode] = set()
    for tree in [_tree(module)] if name.startswith("_") else sources().values():
        found |= _uses(tree).get(name, frozenset())
    return frozenset(found) or _ALL


@functools.cache
def _uses(tree: ast.Module) -> dict[str, frozenset[Mode]]:
    found: dict[str, set[Mode]] = defaultdict(set)
    spoken_to = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (name := _named(node.value)):
            spoken_to.add(id(node.value))
            if node.attr in _METHODS:
                found[name].add(_mode(node.attr))
        if name := _matched_again(node):
            found[name].add("search")
    for node in ast.walk(tree):
        name = _named(node)
        if name and id(node) not in spoken_to and isinstance(getattr(node, "ctx", None), ast.Load):
            found[name] |= _ALL
    return {name: frozenset(modes) for name, modes in found.items()}


def _matched_again(node: ast.AST) -> str | None:
    """Return the name of a pattern that is matched from a place on, or by a method with its own name: in a loop."""
    match node:
        case ast.Call(func=ast.Attribute(value=pattern, attr="match"), args=[_, _, *_]):
            return _named(pattern)
        case ast.Assign(value=ast.Attribute(value=pattern, attr="match")):
            return _named(pattern)
    return None


def _named(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _mode(method: str) -> Mode:
    return "match" if method == "match" else "fullmatch" if method == "fullmatch" else "search"


def _inline() -> Iterator[Used]:
    """Yield the patterns that functions give to `re`, which must be written out there."""
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if (method := called_on_re(node)) is None or not isinstance(node, ast.Call):
                continue
            flags = _flags(node)
            text = node.args[0]
            if method != "compile" and isinstance(text, ast.Constant) and isinstance(text.value, str):
                modes = frozenset({_mode(method)})
                yield Used(f"{path}:{node.lineno}", re.compile(text.value, flags), modes)


def called_on_re(node: ast.AST) -> str | None:
    """Return the function of `re` that a node calls, or None."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in (*_METHODS, "compile")
    ):
        return node.func.attr
    return None


def _flags(node: ast.Call) -> int:
    """Return the flags that a call gives by name, as `re.IGNORECASE | re.DOTALL`."""
    flags = 0
    for part in (*node.args[1:], *(keyword.value for keyword in node.keywords)):
        for name in ast.walk(part):
            if isinstance(name, ast.Attribute) and isinstance(getattr(re, name.attr, None), re.RegexFlag):
                flags |= getattr(re, name.attr)
    return flags


def _written_out(text: ast.expr) -> bool:
    return isinstance(text, ast.Constant)


def written_in_functions() -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of `re` in functions whose pattern is not written out, and where each stands."""
    for path, tree in sources().items():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            for node in ast.walk(function):
                method = called_on_re(node)
                if isinstance(node, ast.Call) and method and (method == "compile" or not _written_out(node.args[0])):
                    yield f"{path}:{getattr(function, 'name', 'lambda')}", node

"""Names to plugins, over entry points: the only way in which the core reaches an evaluator, a tool or a model.

Built-in plugins come through the same door as everybody else's. Nothing is imported until it is named.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from judge.errors import PluginError, nearest
from judge.types import Record

Group = Literal["kinds", "evaluators", "tools", "models", "rubrics"]


class Entry(Record):
    """One declared plugin: where it comes from, and whether it can be imported."""

    group: str
    name: str
    target: str
    distribution: str
    version: str
    error: str | None = None


def names(group: Group) -> list[str]:
    """Return the names declared in a group, sorted."""
    return sorted(_declared(group))


def load(group: Group, name: str) -> Any:
    """Import the plugin of that name.

    Raises PluginError when it is unknown (with the nearest name), declared twice, or cannot be imported.
    """
    declared = _declared(group)
    if name not in declared:
        known = ", ".join(declared) or "none"
        raise PluginError(f"unknown {group[:-1]} {name!r}.{nearest(name, declared)} Installed: {known}")
    entries = declared[name]
    if len(entries) > 1:
        owners = " and ".join(sorted(f"{_owner(e)} ({e.value})" for e in entries))
        raise PluginError(f"{group[:-1]} {name!r} is declared twice, by {owners}: uninstall one of them")
    try:
        return entries[0].load()
    except (Exception, SystemExit) as error:  # importing foreign code may raise anything
        raise PluginError(
            f"{group[:-1]} {name!r} of {_owner(entries[0])} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def owner(group: Group, name: str) -> str:
    """Return the distribution that declares the plugin of that name."""
    return _owner(_declared(group)[name][0])


def survey(group: Group) -> list[Entry]:
    """Return every declared plugin of a group; one that cannot be used carries the reason."""
    found = []
    for name, entries in sorted(_declared(group).items()):
        try:
            load(group, name)
            error = None
        except PluginError as caught:
            error = str(caught)
        found += [
            Entry(
                group=group, name=name, target=e.value, distribution=_owner(e),
                version=e.dist.version if e.dist else "", error=error,
            )
            for e in entries
        ]  # fmt: skip
    return found


@cache
def _declared(group: Group) -> dict[str, tuple[EntryPoint, ...]]:
    # One distribution can be seen twice (a checkout beside its installed self); two values are a conflict.
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for entry in entry_points(group=f"judge.{group}"):
        found.setdefault(entry.name, {})[_owner(entry), entry.value] = entry
    return {name: tuple(entries.values()) for name, entries in sorted(found.items())}


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unnamed distribution"

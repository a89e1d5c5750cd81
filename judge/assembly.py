"""Names and settings to what they stand for: evaluators, models, the panels of the kinds, tools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Any, Literal

from judge import kinds, registry
from judge.config import Settings
from judge.declarations import ensure_declared
from judge.errors import ConfigError, PluginError, RubricError, nearest
from judge.models import ModelOptions
from judge.panel.agent import Seat
from judge.panel.rubric import Rubric
from judge.panel.scoring import ScoreSeat, read_threshold
from judge.panel.seats import Panel
from judge.processes.consulting import lack
from judge.protocols import Evaluator, Model, Tool
from judge.types import Member

_RUBRIC = "correctness"  # where neither the user nor a kind says another


@cache
def known_kinds() -> frozenset[str]:
    """Return every kind that is declared, or that an installed evaluator knows. Imports them all."""
    found, _ = find_evaluators(["all"])
    return frozenset(registry.names("kinds")).union(*(evaluator.kinds for evaluator in found))


def load_model(spec: str, options: ModelOptions) -> Model:
    """Return the model of a spec such as ``openai:NAME``."""
    provider, colon, name = spec.partition(":")
    if not colon:
        known = registry.names("models")
        listed = ", ".join(f"{provider}:…" for provider in known)
        hint = nearest(spec, ["none", *known])
        raise ConfigError(f"model {spec!r} has to be 'none' or PROVIDER:NAME.{hint} Installed: {listed}")
    model: Model = registry.load("models", provider)(name, options)
    return model


def find_evaluators(wanted: Sequence[str | Evaluator]) -> tuple[list[Evaluator], dict[str, str]]:
    """Return those who are asked, and why others of ``all`` cannot be. Raises PluginError for one that was named."""
    if wanted == ["none"]:
        return [], {}
    if wanted == ["all"]:
        return _all_evaluators()
    found: list[Evaluator] = [made("evaluators", e) for e in wanted]
    names = [evaluator.name for evaluator in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise PluginError(f"two evaluators are called {sorted(twice)[0]!r}")
    for evaluator, named in zip(found, wanted, strict=True):
        if isinstance(named, str) and (why := lack(evaluator, min(evaluator.kinds, default=""))):
            raise PluginError(f"evaluator {why}")
    return found, {}


def _all_evaluators() -> tuple[list[Evaluator], dict[str, str]]:
    found, absent = [], {}
    for name in registry.names("evaluators"):
        try:
            found.append(made("evaluators", name))
        except PluginError as error:
            absent[name] = str(error)
    return found, absent


def find_panels(
    models: Sequence[str | Model],
    rubrics: Sequence[str | Rubric] | None,
    tools: Sequence[str | Tool],
    settings: Settings,
) -> tuple[Panel | None, dict[str, Panel | PluginError]]:
    """Return who votes, and by kind who votes where the kind has a rubric or tools of its own, or why nobody can."""
    if models == ["none"]:
        return None, {}
    loaded = [(m, load_model(m, settings.options(m))) if isinstance(m, str) else (_name(m), m) for m in models]
    panel = _panel(loaded, rubrics or [_RUBRIC], tools, settings)
    if rubrics is not None:
        return panel, {}
    own: dict[str, Panel | PluginError] = {}
    for kind in kinds.declared():
        if kind.rubric != _RUBRIC or (tools == ["all"] and set(kind.tools) != {*panel.seats[0].rubric.tools}):
            its = [*kind.tools] or ["none"] if tools == ["all"] else tools
            try:
                own[kind.name] = _panel(loaded, [kind.rubric], its, settings)
            except (PluginError, RubricError) as error:  # which is no matter of the other kinds
                own[kind.name] = _no_panel(kind, error)
    return panel, own


def fault_of(kind: kinds.Kind) -> str | None:
    """Return why no panel can judge cases of a kind by what the kind declares, or None."""
    try:
        Rubric.find(kind.rubric)
        for name in kind.tools:
            made("tools", name)
    except (PluginError, RubricError) as error:
        return str(_no_panel(kind, error))
    return None


def _no_panel(kind: kinds.Kind, error: Exception) -> PluginError:
    return PluginError(f"no panel can judge the kind {kind.name!r} as it is declared: {error}")


def _panel(
    loaded: Sequence[tuple[str, Model]],
    rubrics: Sequence[str | Rubric],
    tools: Sequence[str | Tool],
    settings: Settings,
) -> Panel:
    read = [Rubric.find(r) if isinstance(r, str) else r for r in rubrics]
    size = len(loaded) * len(read) * max(1, len(settings.temperature))
    votes = settings.votes or size
    greedy = votes <= size or settings.deterministic or settings.score
    temperatures = settings.temperature or (0.0 if greedy else 0.7,)
    members = [
        (Member(model=name, rubric=rubric.name, temperature=temperature, seed=settings.seed), model, rubric)
        for (name, model), rubric, temperature in product(loaded, read, temperatures)
    ]
    if settings.score:
        return Panel(_by_score(members, settings, votes=votes), votes)
    return Panel(tuple(Seat(m, model, rubric, _tools(tools, rubric)) for m, model, rubric in members), votes)


def _by_score(members: list[tuple[Member, Model, Rubric]], settings: Settings, *, votes: int) -> tuple[Seat, ...]:
    if votes > len(members):
        raise ConfigError(f"--score: a member always gives the same score; {votes} votes need {votes} members")
    return tuple(
        ScoreSeat(m, model, rubric, threshold=read_threshold(settings.threshold, model=m.model, rubric=rubric))
        for m, model, rubric in members
    )


def _tools(wanted: Sequence[str | Tool], rubric: Rubric) -> dict[str, Tool]:
    if wanted == ["none"]:
        return {}
    named: Sequence[str | Tool] = rubric.tools if wanted == ["all"] else wanted
    found: list[Tool] = [made("tools", t) for t in named]
    if len({tool.name for tool in found}) < len(found):
        raise PluginError(f"two tools have the same name: {[tool.name for tool in found]}")
    return {tool.name: tool for tool in found}


def made(group: Literal["evaluators", "tools"], plugin: Any) -> Any:
    """Return the plugin, made from its name if it is one. Raises PluginError for what is no plugin of the group."""
    if not isinstance(plugin, str):
        ensure_declared(group, plugin, name=_name(plugin))
        return plugin
    try:
        one = registry.load(group, plugin)()
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"{group[:-1]} {plugin!r} cannot be made: {type(error).__name__}: {error}") from error
    ensure_declared(group, one, name=plugin)
    if one.name != plugin:
        raise PluginError(f"{group[:-1]} {plugin!r} calls itself {one.name!r}: the two names have to be the same")
    return one


def _name(plugin: object) -> str:
    return str(getattr(plugin, "name", type(plugin).__name__))

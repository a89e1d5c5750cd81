"""Models that answer from the record of a run, and the one behind ``replay:RUN``."""

from __future__ import annotations

from pathlib import Path

from judge.errors import ConfigError
from judge.models import ModelOptions
from judge.models.replay import ReplayModel
from judge.record.store import Store
from judge.types import Exchange, Request


def recorded_model(store: Store, name: str) -> ReplayModel:
    """Return a model that answers as the named one did in a run."""

    def lookup(request: Request) -> Exchange | None:
        found = store.replies(name, request.digest)
        mine = [exchange for exchange in found if exchange.request.case_id == request.case_id]
        return next(iter(mine or found), None)

    return ReplayModel(name, lookup, native_tools=called_natively(store, name))


def called_natively(store: Store, name: str) -> bool:
    """Return whether requests to a model carried tools."""
    with_tools = "SELECT 1 FROM exchanges WHERE member = ? AND json_array_length(request, '$.tools') > 0 LIMIT 1"
    return any(store.query(with_tools, name))


def create(name: str, options: ModelOptions) -> ReplayModel:  # noqa: ARG001 - every factory is given options
    """Return the model of ``replay:RUN`` or ``replay:RUN#MODEL``; the factory behind the entry point ``replay``."""
    path, _, model = name.partition("#")
    store = Store.read(Path(path))
    members = [row[0] for row in store.query("SELECT DISTINCT member FROM exchanges ORDER BY member")]
    if not members:
        raise ConfigError(f"run {path!r} holds no exchange with a model: its verdicts need no replay of one")
    if not model and len(members) > 1:
        raise ConfigError(
            f"run {path!r} asked several models; say which, as in 'replay:{path}#{members[0]}': {members}"
        )
    if model and model not in members:
        raise ConfigError(f"run {path!r} did not ask {model!r}, but: {', '.join(members)}")
    return recorded_model(store, model or members[0])

"""A sandbox of each tier that this machine can do, made once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from judge.errors import SandboxError
from judge.sandbox import Sandbox, Tier

SAFE: tuple[Tier, ...] = tuple(tier for tier in get_args(Tier) if tier != "unsafe")


def _sandbox(tier: Tier) -> Iterator[Sandbox]:
    try:
        sandbox = Sandbox(tier=tier, size=2)
    except SandboxError as error:
        pytest.skip(f"this machine cannot do the tier {tier!r}: {error}")
    with sandbox:
        yield sandbox


@pytest.fixture(scope="session", params=SAFE)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Each safe tier in turn."""
    yield from _sandbox(request.param)


@pytest.fixture(scope="session")
def strongest() -> Iterator[Sandbox]:
    """What `shared` would take."""
    with Sandbox(size=2) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def unsafe() -> Iterator[Sandbox]:
    """No walls: the control."""
    yield from _sandbox("unsafe")

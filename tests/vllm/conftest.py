"""One engine at a time, in each of the two ways to reach it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from backends import Backend, here, served, surroundings


@pytest.fixture(scope="session", params=["here", "served"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    os.environ.update(surroundings())
    with {"here": here, "served": served}[request.param]() as found:
        yield found


@pytest.fixture
def model(backend: Backend) -> Iterator[Callable[..., Any]]:
    """A function that makes a model; each is closed in the end, which an engine with other users survives."""
    with ExitStack() as made:

        def make(**more: Any) -> Any:
            one = backend.model(**more)
            made.callback(one.close)
            return one

        yield make

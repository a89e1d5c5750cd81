"""The SDK loads its parts with the first call, for up to a second: no test with a short deadline makes that call."""

import pytest
from asking import ask, serving
from server_faults import Text


@pytest.fixture(scope="session", autouse=True)
def loaded_sdk() -> None:
    with serving(Text("yes"), timeout_s=60) as (_, model):
        model.generate(ask())

"""What all tests share: Hypothesis without deadlines, since machines are shared and a slow one is no bug; samples."""

import zlib

import pytest
from hypothesis import settings

settings.register_profile("judge", deadline=None)
settings.load_profile("judge")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave one in `n` cases of a test that is marked ``sampled(n)`` with the others; the rest are exhaustive.

    Which one it is depends on its name alone, so that both stages together run each case once.
    """
    for item in items:
        mark = item.get_closest_marker("sampled")
        if mark and zlib.crc32(item.nodeid.encode()) % mark.args[0]:
            item.add_marker(pytest.mark.exhaustive)

"""Choosing the walls by trying: the strongest way whose self-test passes, or a refusal that says why."""

from __future__ import annotations

from typing import NamedTuple

from judge.errors import SandboxDown, SandboxError
from judge.sandbox import outer, selftest
from judge.sandbox.records import Probe, Tier
from judge.sandbox.zygotes import Zygote


class Started(NamedTuple):
    """A zygote, the results of its self-test, and why the stronger ways that were tried before it were not taken."""

    zygote: Zygote
    probes: tuple[Probe, ...]
    refused: tuple[str, ...]


def start(tier: Tier | None) -> Started:
    """Start a zygote by the strongest way that passes its self-test. Raises SandboxDown where none does."""
    problems: list[str] = []
    for way in outer.ways(tier):
        try:
            zygote = Zygote(way)
        except SandboxError as error:
            problems.append(str(error))
            continue
        if way.tier == "unsafe":
            return Started(zygote, (), tuple(problems))
        try:
            found = selftest.probes(zygote)
        except (SandboxError, OSError) as error:  # OSError: this process itself may not make what the probes look for
            zygote.close()
            problems.append(f"{way.name}: {error}")
            continue
        failed = [f"{probe.name} ({probe.detail})" for probe in found if not probe.passed]
        if not failed:
            return Started(zygote, found, tuple(problems))
        zygote.close()
        problems.append(f"{way.name}: code inside could {'; '.join(failed)}")
    raise SandboxDown(
        "untrusted code cannot be isolated on this machine and is not run: "
        + "; ".join(problems or ["there is no way to try on this system"])
    )

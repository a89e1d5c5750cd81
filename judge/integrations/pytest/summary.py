"""What a session comes to: each test's counts travel with its report, as properties that JUnit files show too.

Properties of a report reach the process that sums up from every worker of pytest-xdist, and are lost with none that
ended its test.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judge.integrations.pytest.cassette import Cassette

if TYPE_CHECKING:
    import pytest

    from judge.integrations.pytest.asking import Asking
    from judge.integrations.pytest.judge import Asker

_SLOWEST = 3
_SLOW_S = 0.05


def properties(asker: Asker, asking: Asking) -> Iterator[tuple[str, Any]]:
    """Yield what is to be known of one test; nothing of a test that judged nothing."""
    usage, tokens = asking.usage, asking.usage.prompt_tokens + asking.usage.completion_tokens
    if asker.verdicts:
        yield "judge_verdicts", len(asker.verdicts)
        yield "judge_labels", json.dumps(Counter(verdict.label for verdict in asker.verdicts))
        yield "judge_seconds", round(asker.seconds, 6)
    counts = {"judge_calls": usage.calls, "judge_tokens": tokens, "judge_replayed": asking.replayed}
    yield from ((name, count) for name, count in counts.items() if count)
    if usage.cost is not None:
        yield "judge_cost", round(usage.cost, 9)
    if asking.recorded:
        yield "judge_recorded", json.dumps({str(path): count for path, count in asking.recorded.items()})


class Totals:
    """The sums over the reports of a session."""

    def __init__(self, reports: Iterable[pytest.TestReport]) -> None:
        self.sums: dict[str, float] = defaultdict(int)
        self.labels: Counter[str] = Counter()
        self.recorded: Counter[str] = Counter()
        self.tests: set[str] = set()
        self.slow: list[tuple[float, str]] = []
        for report in reports:
            found: dict[str, Any] = {n: value for n, value in report.user_properties if n.startswith("judge_")}
            if not found:
                continue
            self.tests.add(report.nodeid)  # of a test that was repeated, each run has a report
            self.labels.update(json.loads(found.pop("judge_labels", "{}")))
            self.recorded.update(json.loads(found.pop("judge_recorded", "{}")))
            self.slow.append((found.get("judge_seconds", 0.0), report.nodeid))
            for name, value in found.items():
                self.sums[name] += value

    def lines(self, root: Path) -> Iterator[str]:
        """Yield the summary; nothing where nothing was judged."""
        sums = self.sums
        if not self.tests:
            return
        labels = ", ".join(f"{count} {label}" for label, count in self.labels.most_common())
        yield f"{_many(sums['judge_verdicts'], 'verdict')} in {_many(len(self.tests), 'test')}" + (
            labels and f": {labels}"
        )
        if sums["judge_calls"] or sums["judge_replayed"]:
            cost = f", cost {sums['judge_cost']:.6f}" if "judge_cost" in sums else ""
            yield (
                f"{_many(sums['judge_calls'], 'call')}, {sums['judge_tokens']} tokens{cost}; "
                f"{sums['judge_replayed']} answered from cassettes"
            )
        for name, count in sorted(self.recorded.items()):
            path = Path(name)
            shown = path.relative_to(root) if path.is_relative_to(root) else path
            yield f"recorded {_many(count, 'exchange')} in {shown}"
        slow = [(seconds, node) for seconds, node in sorted(self.slow, reverse=True) if seconds >= _SLOW_S]
        if slow:
            yield "slowest: " + ", ".join(f"{seconds:.2f} s {node}" for seconds, node in slow[:_SLOWEST])

    def tidy(self) -> None:
        """Sort the cassettes that were written to. Raises StoreError."""
        for name in self.recorded:
            Cassette(Path(name)).tidy()


def _many(count: float, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")

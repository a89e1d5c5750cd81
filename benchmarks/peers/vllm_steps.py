"""What an engine in this process did, step by step: prompt tokens and sequences of each step, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Steps:
    """Of one contestant in one round: a row a step, of new prompt tokens, sequences that go on, and seconds."""

    rows: list[tuple[int, int, float]] = field(default_factory=list)

    def figures(self, seconds: float) -> dict[str, float]:
        """Sums, and what a step costs by least squares: milliseconds at all, a prompt token, a sequence."""
        import numpy as np

        of = np.array(self.rows, dtype=float)
        at_all, token, sequence = np.linalg.lstsq(np.column_stack((np.ones(len(of)), of[:, :2])), of[:, 2])[0] * 1000
        return {
            "steps": len(of),
            "prompt_tokens": int(of[:, 0].sum()),
            "beside_s": round(seconds - float(of[:, 2].sum()), 1),
            "step_ms": round(float(at_all), 1),
            "prompt_token_ms": round(float(token), 2),
            "sequence_ms": round(float(sequence), 2),
        }


@contextmanager
def counted(engine: Any) -> Iterator[Steps]:
    """Write down every step of the engine meanwhile. Its core has to be in this process, as it is on a processor."""
    found, scheduler = Steps(), engine.engine_core.engine_core.scheduler
    step, schedule = engine.step, scheduler.schedule
    now: list[int] = []

    def scheduled(*given: Any, **named: Any) -> Any:
        output = schedule(*given, **named)
        now[:] = output.num_scheduled_tokens.values()
        return output

    def stepped() -> Any:
        now.clear()
        began = time.perf_counter()
        outputs = step()
        if now:
            found.rows.append((sum(n for n in now if n > 1), now.count(1), time.perf_counter() - began))
        return outputs

    engine.step, scheduler.schedule = stepped, scheduled
    try:
        yield found
    finally:
        engine.step, scheduler.schedule = step, schedule

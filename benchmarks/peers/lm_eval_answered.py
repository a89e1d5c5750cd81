"""lm-evaluation-harness, with a model that gives the answers its documents hold, and our filter with a clock.

The command line is the harness's own; the model is called `answered` and gives a document's column `response`. The
filter adds its seconds to the file `filter_s` in the working directory, a line each time.
"""

import sys
import time
from pathlib import Path
from typing import Any

from lm_eval.__main__ import cli_evaluate
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model


class Answered(LM):
    """Answers at once, so that what is measured is everything else."""

    def __init__(self, **_: Any) -> None:
        super().__init__()

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:  # noqa: ARG002 - theirs
        return [request.doc["response"] for request in requests]

    def loglikelihood(self, requests: list[Any]) -> Any:
        raise NotImplementedError("this model only generates")

    loglikelihood_rolling = loglikelihood


class Timed:
    """Our filter, made when the harness makes it and timed when it is applied."""

    def __init__(self, **settings: Any) -> None:
        from judge.integrations.lm_eval import JudgeFilter

        self._filter = JudgeFilter(**settings)

    def apply(self, resps: Any, docs: Any) -> list[Any]:
        began = time.perf_counter()
        found = self._filter.apply(resps, docs)
        with Path("filter_s").open("a", encoding="utf-8") as file:
            file.write(f"{time.perf_counter() - began}\n")
        return found


if __name__ == "__main__":
    register_model("answered")(Answered)
    sys.exit(cli_evaluate())

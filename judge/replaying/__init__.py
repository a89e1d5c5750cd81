"""Replay: every case of a run decided again from what was recorded, and compared with its verdict.

Models are answered for from the record. Witnesses are rechecked, and evaluators and tools that are quick and always say
the same run again for real, so that a changed digest shows a changed observation; searches are repeated only if asked.

A run file may come from a stranger. Evaluators and tools are installed ones, looked up by name; nothing else that the
file names is imported, neither a model nor the class of a rubric's ``schema`` (see `judge.panel.recorded`).
"""

from judge.replaying.again import Comparison, Counts, replay
from judge.replaying.comparing import differences
from judge.replaying.models import create
from judge.replaying.settings import changed_plugins, taken

__all__ = ["Comparison", "Counts", "changed_plugins", "create", "differences", "replay", "taken"]

"""Every error that `judge` raises on purpose.

    JudgeError
    ├── ConfigError     settings, flags, environment; found before any work; exit 2
    ├── InputError      a case that cannot be read; names file, line and field; exit 2
    ├── PluginError     an evaluator, tool or model that is unknown, broken or declared twice
    ├── RubricError     a rubric that cannot be read or rendered
    ├── ModelError      one call failed for good; carries its cause
    │   ├── ModelBusy   it may work later: 429 with its Retry-After, 5xx, connection errors
    │   └── ModelDown   no call can work: refused key, unknown model, a server that is gone
    ├── VoteError       a reply that is not a valid vote; its message is shown to the model
    ├── ToolError       a tool call that failed; its message is shown to the model
    ├── SandboxError    untrusted code could not be isolated
    │   └── SandboxDown no code can be isolated on this machine
    └── StoreError      a run file that cannot be written, read or continued

A message says what happened, to what, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable


class JudgeError(Exception):
    """The root: catch it to catch everything that `judge` raises on purpose."""


class ConfigError(JudgeError):
    """Settings that cannot be worked with. Raised before any work."""


class InputError(JudgeError):
    """A case that cannot be read: the message names the file, the line and the field."""


class PluginError(JudgeError):
    """A plugin that is unknown, broken, declared twice, or that breaks its promises."""


class RubricError(JudgeError):
    """A rubric that cannot be found, parsed or rendered."""


class ModelError(JudgeError):
    """One call to a model failed for good. `cause` is a short code such as ``truncated``.

    ``usage`` is the Usage of a failed call that cost something all the same, or None.
    """

    usage: object = None

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


class ModelBusy(ModelError):
    """A call that may work later. `retry_after` is what the server asked for, in seconds."""

    def __init__(self, message: str, *, cause: str, retry_after: float | None = None) -> None:
        super().__init__(message, cause=cause)
        self.retry_after = retry_after


class ModelDown(ModelError):
    """No call to this model can work now. It stops a run; what was judged is kept."""


class VoteError(JudgeError):
    """A reply that is not a valid vote. The message is written for the model that sent it."""

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


class ToolError(JudgeError):
    """A tool call that failed. The message is written for the model, which may try again."""


class SandboxError(JudgeError):
    """Untrusted code could not be isolated as asked."""


class SandboxDown(SandboxError):
    """No code can be isolated on this machine. It stops a run; what was judged is kept."""


class StoreError(JudgeError):
    """A run file that cannot be opened, written or continued."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the closest of the known names, or "" when none is close."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""

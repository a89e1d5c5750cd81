"""What a server's refusal means: wait, try again, do without something, give the call up, or give the model up."""

from __future__ import annotations

from collections.abc import Mapping

import openai

from judge.errors import ModelBusy, ModelDown, ModelError


class TooMany(ModelBusy):
    """429: goes back to the gate."""


class SchemaRefused(ModelError):
    """400 to a request with a schema."""


#: Optional fields, by a word that a server which does not know them uses in its refusal.
_OPTIONAL = {"max_completion_tokens": "max_tokens", "temperature": "temperature", "seed": "seed"}


def unknown_field(error: openai.APIStatusError, body: Mapping[str, object]) -> str | None:
    """Return the optional field of a request that its refusal is about, or None."""
    if error.status_code in (400, 422):
        said = _said(error)
        return next((field for word, field in _OPTIONAL.items() if word in said and field in body), None)
    return None


def refusal(error: openai.APIStatusError, where: str, *, with_schema: bool) -> ModelError:
    """Return the error of ours that an HTTP status stands for."""
    status, said = error.status_code, _said(error)
    message = f"{where} answered {status}: {cause(error)}"
    if status == 429 and "insufficient_quota" not in said:
        return TooMany(message, cause="busy", retry_after=_retry_after(error))
    if status in (401, 403, 404, 429):
        return ModelDown(f"{message} (check the key, the base URL and the name of the model)", cause="refused")
    if status >= 500 or status in (408, 409):
        return ModelBusy(message, cause="server", retry_after=_retry_after(error))
    if "context_length" in said or "maximum context" in said or status == 413:
        return ModelError(message, cause="too_long")
    if with_schema and status in (400, 422):  # not every server says that it is the schema it refuses
        return SchemaRefused(message, cause="refused")
    return ModelError(message, cause="refused")


def cause(error: BaseException) -> str:
    """Return the part of an SDK error that says what happened."""
    if isinstance(error, openai.APIStatusError):
        said = error.body.get("message") if isinstance(error.body, dict) else None
        return str(said or error.message)[:300]
    inner = error.__cause__
    return f"{type(inner).__name__}: {inner}"[:300] if inner is not None else (str(error) or type(error).__name__)


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None  # absent, or a date: the gate's own backoff serves


def _said(error: openai.APIStatusError) -> str:
    return f"{error.body or error.message}".lower()

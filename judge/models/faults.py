"""What a server's refusal means: wait, try again, do without something, give the call up, or give the model up."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import openai

from judge.errors import ModelBusy, ModelDown, ModelError
from judge.models.dialects import well_formed


class TooMany(ModelBusy):
    """429: goes back to the gate."""


class SchemaRefused(ModelError):
    """400 to a request with a schema."""


class FieldRefused(ModelError):
    """400 to a request with an optional field; it can be sent without."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message, cause="refused")
        self.field = field


#: Optional fields, by a word that a server which does not know them uses in its refusal.
_OPTIONAL = {"max_completion_tokens": "max_tokens", "temperature": "temperature", "seed": "seed"}


def refusal(
    error: openai.APIStatusError, where: str, *, body: Mapping[str, object], with_schema: bool, proven: bool
) -> ModelError:
    """Return the error of ours that an HTTP status stands for, as the answer to a request with that body.

    `proven` says that the server has answered before: a 403 is then about this request, such as its content.
    """
    status, said = error.status_code, _said(error)
    message = f"{where} answered {status}: {cause(error)}"
    if status == 429 and "insufficient_quota" not in said:
        return TooMany(message, cause="busy", retry_after=_retry_after(error))
    if status in (401, 402, 404, 429) or (status == 403 and not proven):
        return ModelDown(f"{message} (check the key, the base URL and the name of the model)", cause="refused")
    if status >= 500 or status in (408, 409):
        return ModelBusy(message, cause="server", retry_after=_retry_after(error))
    if "context_length" in said or "maximum context" in said or status == 413:
        return ModelError(message, cause="too_long")
    if status in (400, 422):
        if field := next((field for word, field in _OPTIONAL.items() if word in said and field in body), None):
            return FieldRefused(message, field=field)
        if with_schema:  # not every server says that it is the schema it refuses
            return SchemaRefused(message, cause="refused")
    return ModelError(message, cause="refused")


def cause(error: BaseException) -> str:
    """Return the part of an SDK error that says what happened."""
    if isinstance(error, TimeoutError):
        return "it gives no answer"
    if isinstance(error, openai.APIStatusError):
        said = error.body.get("message") if isinstance(error.body, dict) else None
        return well_formed(str(said or error.message)[:300])
    inner = error.__cause__
    return f"{type(inner).__name__}: {inner}"[:300] if inner is not None else (str(error) or type(error).__name__)


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Return how many seconds the server asks for, which may stand there as a date."""
    asked = error.response.headers.get("retry-after", "")
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(asked).timestamp() - time.time()
        except ValueError:
            return None  # it did not say; the gate's own backoff serves
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _said(error: openai.APIStatusError) -> str:
    return f"{error.body or error.message}".lower()

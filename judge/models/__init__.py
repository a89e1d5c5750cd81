"""Models: what answers a request, over a network, from a script or from a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue

from judge.types import Record


class ModelOptions(Record):
    """How to reach a model; every factory of the entry-point group ``judge.models`` is given one.

    Times are in seconds, prices are per million tokens. ``in_flight`` is the most calls at once.
    ``tool_calls``: ``auto`` asks the server once to call a tool and uses its own format if it does.
    ``patience_s``: for how long a server may answer nothing but "too many requests". ``engine`` holds arguments of an
    engine in this process, by the names that it gives them; ``deterministic`` asks it for what the page on it promises.
    """

    base_url: str | None = None
    api_key_env: str | None = None
    api: Literal["chat", "responses"] = "chat"
    tool_calls: Literal["auto", "native", "json"] = "auto"
    timeout_s: float = Field(default=120.0, gt=0)
    in_flight: int = Field(default=32, ge=1)
    retry_after_cap_s: float = Field(default=60.0, gt=0)
    patience_s: float = Field(default=3600.0, gt=0)
    engine: Mapping[str, JsonValue] = {}
    deterministic: bool = False
    price_prompt: float | None = Field(default=None, ge=0)
    price_completion: float | None = Field(default=None, ge=0)

"""Settings, and where each came from: flags, then ``JUDGE_*`` variables, then ``judge.toml``, then defaults.

``judge.toml`` holds the settings by name, and a table for each model that needs its own::

    votes = 3
    model = ["openai:gpt-5-mini"]

    [models."openai:gpt-5-mini"]
    price_prompt = 0.25
    price_completion = 2.0
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from judge.errors import ConfigError, nearest
from judge.models import ModelOptions
from judge.regular import read_regular
from judge.types import Basis, Record


@dataclass(frozen=True)
class Flag:
    """The option that a setting has on the command line, under its own name: its help, and a short form."""

    help: str
    short: str | None = None


class Settings(Record):
    """Everything that can be set. Lists may be given as one comma-separated text. What has a `Flag` is an option, too.

    ``evaluators`` and ``tools`` hold names, or ``all`` or ``none``; ``model`` may be ``none``. Without
    ``temperature`` a member that votes once is asked at 0 and one that votes more often at 0.7. ``tools=all``
    means those that the rubric names, or the case's kind where no rubric is set. ``engine`` holds arguments of an
    engine in this process, by name, or as texts such as ``dtype=float32``. ``threshold`` is a number, or the file that
    ``judge calibrate`` wrote. ``in_flight`` cases are judged at once; without it 32, or as many as a model of the panel
    asks for.
    """

    model: Annotated[tuple[str, ...], Flag("PROVIDER:NAME, again for more members, or 'none'.", "-m")] = ("none",)
    rubric: Annotated[
        tuple[str, ...],
        Flag("Name or path of a rubric; again for more members. Default: that of the case's kind.", "-r"),
    ] = ()
    votes: Annotated[int | None, Flag("Votes to ask for; default: one a member.", "-n")] = Field(default=None, ge=1)
    temperature: Annotated[tuple[float, ...], Flag("Sampling temperature; again for more members.")] = ()
    seed: Annotated[int, Flag("Seed of the first round of votes.")] = 0
    evaluators: Annotated[tuple[str, ...], Flag("Names, 'all' or 'none'.", "-e")] = ("all",)
    weakest: Annotated[
        Basis | None,
        Flag("The weakest basis that decides; default: vote where a model is asked, else learned."),
    ] = None
    tools: Annotated[tuple[str, ...], Flag("Names, 'all' that the rubric names, or 'none'.")] = ("all",)
    criterion: Annotated[str | None, Flag("For rubrics with a free criterion.")] = None
    in_flight: Annotated[int | None, Flag("Cases judged at once (32; vllm: on a GPU 256).")] = Field(
        default=None, ge=1, le=1024
    )
    max_tokens: Annotated[int, Flag("Most tokens in one reply.")] = Field(default=1024, ge=1)
    max_steps: int = Field(default=8, ge=1)
    evaluator_deadline_s: float = Field(default=10.0, gt=0, le=86_400)
    base_url: Annotated[str | None, Flag("Of an OpenAI-compatible server, ending in /v1.")] = None
    api_key_env: str | None = None
    api: str = "chat"
    tool_calls: str = "auto"
    timeout_s: float = Field(default=120.0, gt=0)
    engine: Annotated[
        Mapping[str, Any], Flag("NAME=VALUE, an argument of an engine in this process (vllm:); again for more.")
    ] = {}
    deterministic: Annotated[bool, Flag("Greedy, and no vote depends on what is judged beside it (vllm:).")] = False
    score: Annotated[bool, Flag("Vote by the probabilities of the labels, without a reply (vllm:).")] = False
    threshold: Annotated[str | None, Flag("For --score: log-odds, or the file of 'judge calibrate'.")] = None
    models: Mapping[str, dict[str, Any]] = {}

    @field_validator("model", "rubric", "temperature", "evaluators", "tools", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        elif isinstance(value, list | tuple):
            value = [part for item in value for part in (item.split(",") if isinstance(item, str) else [item])]
        return value

    @field_validator("engine", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Read NAME=VALUE, where a value is JSON or, if it is none, a text."""
        if isinstance(value, str):
            value = json.loads(value) if value.startswith("{") else [p for p in value.split(",") if p.strip()]
        if not isinstance(value, list | tuple):
            return value
        pairs = [str(item).partition("=") for item in value]
        if bad := [name for name, equals, _ in pairs if not (name.strip() and equals)]:
            raise ValueError(f"an engine argument has to be NAME=VALUE, unlike {bad[0]!r}")
        return {name.strip().replace("-", "_"): _value(text.strip()) for name, _, text in pairs}

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.deterministic and any(self.temperature):
            raise ValueError("deterministic judging is greedy: leave the temperature out, or set it to 0")
        if self.threshold is not None and not self.score:
            raise ValueError("a threshold is for judging by score: add --score")
        return self

    def options(self, model: str) -> ModelOptions:
        """Return how to reach a model: the general settings, then those of its own table."""
        general = {
            name: getattr(self, name)
            for name in ("base_url", "api_key_env", "api", "tool_calls", "timeout_s", "deterministic")
        }
        if self.in_flight is not None:
            general["in_flight"] = self.in_flight
        own = self.models.get(model, {})
        given = own.get("engine", {})
        engine = {**self.engine, **given} if isinstance(given, dict) else given
        try:
            return ModelOptions.model_validate({**general, **own, "engine": engine})
        except ValidationError as error:
            first = error.errors()[0]
            field = str(first["loc"][0]) if first["loc"] else ""
            hint = nearest(field, ModelOptions.model_fields)
            raise ConfigError(f'models."{model}".{field}: {first["msg"]}, got {first["input"]!r}.{hint}') from None


def flags() -> dict[str, Flag]:
    """Return the settings that are options of the command line, in their order."""
    found = {
        name: next((m for m in f.metadata if isinstance(m, Flag)), None) for name, f in Settings.model_fields.items()
    }
    return {name: flag for name, flag in found.items() if flag is not None}


class Sourced(NamedTuple):
    """Settings with the origin of each: ``default``, a file, a variable or ``flag``."""

    settings: Settings
    origins: dict[str, str]


def load(flags: Mapping[str, Any], *, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Sourced:
    """Put the settings together. `flags` holds those that were given; None and () mean not given.

    Raises ConfigError that names the setting and where it was set.
    """
    path = file or Path("judge.toml")
    given = {name: value for name, value in flags.items() if value not in (None, (), [])}
    layers = [
        (_read(path, must_exist=file is not None), f"{path}"),
        (_from_environment(environ), "environment variable JUDGE_{NAME}"),
        (given, "flag --{flag}"),
    ]
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for layer, source in layers:
        for name, value in layer.items():
            origin = source.replace("{NAME}", name.upper()).replace("{flag}", name.replace("_", "-"))
            if name not in Settings.model_fields:
                raise ConfigError(f"{origin}: unknown setting {name!r}.{nearest(name, Settings.model_fields)}")
            values[name], origins[name] = value, origin
    try:
        return Sourced(Settings.model_validate(values), origins)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise ConfigError(f"settings that do not go together: {first['msg']}") from None
        name = str(first["loc"][0])
        raise ConfigError(f"{origins[name]}: setting {name!r}: {first['msg']}, got {first['input']!r}") from None


def _value(text: str) -> Any:
    try:
        return json.loads({"True": "true", "False": "false", "None": "null"}.get(text, text))
    except ValueError:
        return text


def _read(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(path).decode())
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"configuration file {str(path)!r} does not exist") from None
        return {}
    except OSError as error:
        raise ConfigError(f"configuration file {str(path)!r} cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {str(path)!r} cannot be read: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what is ours: a variable of a known setting, or one so close to it that it is meant to be one."""
    found = {name.removeprefix("JUDGE_").lower(): value for name, value in environ.items() if name.startswith("JUDGE_")}
    return {n: v for n, v in found.items() if n in Settings.model_fields or nearest(n, Settings.model_fields)}

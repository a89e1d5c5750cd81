"""What one test session shares: settings by test, judges that were made for them, and who is being judged for."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from judge import config as configuration
from judge.assembly import load_model
from judge.cases.inputs import Source
from judge.errors import InputError
from judge.integrations.pytest.asking import Asking
from judge.integrations.pytest.cassette import Cassette
from judge.integrations.pytest.marks import marked
from judge.integrations.pytest.recording import Mode, RecordedModel, Recorder
from judge.integrations.pytest.secrets import Secrets
from judge.judging import Judge
from judge.panel.rubric import Rubric
from judge.protocols import Model
from judge.types import Case

_OFFLINE = ("scripted:", "replay:")  # they answer from files of their own, which a cassette would only hide


class Wish(NamedTuple):
    """What a test asks for: its marks, with the command line and the configuration where they say nothing."""

    models: tuple[str | Model, ...]
    rubrics: tuple[str | Rubric, ...]
    votes: int | None
    threshold: float | None
    cassette: Path
    folder: Path


class Session:
    """One process of a test session. Raises ConfigError for settings that cannot be worked with."""

    def __init__(self, config: pytest.Config, *, claims: Path) -> None:
        self.config = config
        self._judges: dict[Any, Judge] = {}
        self._cassettes: dict[Path, Cassette] = {}
        self._cases: dict[Path, tuple[Case, ...]] = {}
        named = {self.settings.api_key_env, *(o.get("api_key_env") for o in self.settings.models.values())}
        secrets = Secrets(os.environ, named=[name for name in named if name])
        mode: Mode = config.getoption("judge_record") or config.getini("judge_record")
        self.recorder = Recorder(mode, secrets, claims=claims)

    @cached_property
    def settings(self) -> configuration.Settings:
        """The settings of judge.toml, the environment, pytest's own configuration and the command line."""
        flags = {}
        model = self.config.getoption("judge_model") or ""
        if not model and "JUDGE_MODEL" not in os.environ:
            model = self.config.getini("judge_model")
        if model:
            flags["model"] = model
        file = self.config.rootpath / "judge.toml"
        return configuration.load(flags, file=file if file.is_file() else None).settings

    def wish(self, item: pytest.Item) -> Wish:
        """Return what a test asks for; where its marks say nothing, the settings do."""
        said, path = marked(item), item.path
        return Wish(
            models=_listed(self.settings.model if said.model is None else said.model),
            rubrics=_listed(self.settings.rubric if said.rubric is None else said.rubric),
            votes=said.votes or self.settings.votes,
            threshold=said.threshold,
            cassette=path.parent / "cassettes" / f"{path.stem}.judge.yaml",
            folder=path.parent,
        )

    def judge(self, wish: Wish) -> Judge:
        """Return the judge for a wish; tests that wish the same share one. Raises JudgeError."""
        recorded = any(_recorded(model) for model in wish.models)
        own = [part if isinstance(part, str) else id(part) for part in (*wish.models, "", *wish.rubrics)]
        key = (*own, wish.votes, wish.folder, wish.cassette if recorded else None)
        if key not in self._judges:
            cassette = self._cassettes.setdefault(wish.cassette, Cassette(wish.cassette))
            least = self.settings.weakest or ("rule" if wish.models == ("none",) else None)
            settings = self.settings.model_copy(update={"votes": wish.votes, "weakest": least})
            models = [self._model(model, settings, cassette) for model in wish.models]
            self._judges[key] = Judge(
                model=models,
                rubric=[self._rubric(rubric, wish.folder) for rubric in wish.rubrics],
                evaluators=settings.evaluators,
                tools=settings.tools,
                settings=settings,
                here=True,
            )
        return self._judges[key]

    def begin(self, item: pytest.Item) -> Asking:
        """Let what is asked from now on be asked for a test."""
        _, _, test = item.nodeid.partition("::")
        file = os.path.relpath(item.path, self.config.invocation_params.dir)
        self.recorder.asking = Asking(test or item.name, f"{file}::{test}" if test else file)
        return self.recorder.asking

    def cases(self, name: str, *, folder: Path) -> tuple[Case, ...]:
        """Return the cases of a file, looked for beside the test, then in the root. Raises InputError."""
        places = [folder / name, self.config.rootpath / name]
        path = next((place for place in places if place.is_file()), places[0])
        if path not in self._cases:
            source = Source(str(path))
            judge = self.judge(self._evaluators_alone)
            survey = source.survey(judge.problem_of)
            if survey.bad_count:
                further = survey.bad_count - len(survey.bad)
                told = [bad.problem for bad in survey.bad] + ([f"and {further} more"] if further else [])
                raise InputError("\n".join(told))
            self._cases[path] = tuple(source.cases(judge.problem_of))
            if not self._cases[path]:
                raise InputError(f"{source.name}: there are no cases in it")
        return self._cases[path]

    @cached_property
    def _evaluators_alone(self) -> Wish:
        return Wish(("none",), ("correctness",), None, None, Path(), Path())

    def alone(self) -> Judge:
        """Return a judge that asks no model."""
        return self.judge(self._evaluators_alone)

    def close(self) -> None:
        """Stop worker processes and hang up on servers."""
        for judge in self._judges.values():
            judge.close()

    def _model(self, model: str | Model, settings: configuration.Settings, cassette: Cassette) -> str | Model:
        if not isinstance(model, str) or not _recorded(model):
            return model
        return RecordedModel(
            model, lambda: load_model(model, settings.options(model)), cassette=cassette, recorder=self.recorder
        )

    def _rubric(self, rubric: str | Rubric, folder: Path) -> str | Rubric:
        """Return a rubric; a path is looked for beside the test, then in the root of the tests."""
        if not isinstance(rubric, str) or not (rubric.endswith(".j2") or "/" in rubric):
            return rubric
        for place in (folder, self.config.rootpath):
            path = place / rubric
            if path.is_file():
                root = self.config.rootpath  # so that it has the same name on every machine
                name = path.relative_to(root).as_posix() if path.is_relative_to(root) else rubric
                return Rubric.parse(name, Rubric.find(str(path)).text)
        return rubric


def _recorded(model: str | Model) -> bool:
    return isinstance(model, str) and model != "none" and not model.startswith(_OFFLINE)


def _listed(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value) if isinstance(value, list | tuple) else (value,)

"""What the integrations share: settings that another program passes on, its values as texts, many cases judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from judge.cases.readers import finite, read_json
from judge.config import Settings, load
from judge.errors import ConfigError, InputError, nearest
from judge.judging import Judge
from judge.types import Case, Failure, Finding, Verdict
from judge.verifying import verify_cases

#: Given the number of cases, opens what is told of each verdict, such as a progress bar.
Progress = Callable[[int], AbstractContextManager[Callable[[Verdict], object]]]

# Labels that say whether a response is right. Grades and preferences say something else.
_WORTH = {"correct": 1.0, "pass": 1.0, "incorrect": 0.0, "fail": 0.0}


def settings_from(given: Mapping[str, Any], *, whose: str, beside: Sequence[str] = ()) -> Settings:
    """Return the settings that another program's file or command line gave; the rest comes as for the command line.

    That is from ``JUDGE_*`` variables, then ``judge.toml``, then defaults. `whose` begins the message of the
    ConfigError for a name that is no setting; it tells also the names that may stand `beside` them.
    """
    known = (*beside, *Settings.model_fields)
    for name in given:
        if name not in Settings.model_fields:
            raise ConfigError(f"{whose}: unknown setting {name!r}.{nearest(name, known)} Known: {', '.join(known)}")
    # YAML and -S give a number where the command line gives a text, also for settings that are lists.
    return load(
        {name: str(value) if isinstance(value, int | float) else value for name, value in given.items()}
    ).settings


def texts(value: Any) -> tuple[str, ...]:
    """Return a value of a data set as texts: none for None and for "", one for a text or a number, all of a list.

    Raises InputError for anything else, such as an object: what of it is meant cannot be guessed.

    >>> texts(["1/2", 0.5]), texts(None)
    (('1/2', '0.5'), ())
    """
    if hasattr(value, "tolist"):  # NumPy's arrays and numbers, which data frames hold
        value = value.tolist()
    if value is None or value == "":
        return ()
    if isinstance(value, str | int | float):
        return (str(value),)
    if isinstance(value, list | tuple):
        return tuple(text for item in value for text in texts(item))
    if isinstance(value, Mapping):
        raise InputError(
            f"expected a text or a list of texts, got an object with the keys {', '.join(map(str, value))}"
        )
    raise InputError(f"expected a text or a list of texts, got {value!r:.80}")


def inputs_of(value: Any) -> dict[str, Any]:
    """Return what a data set holds as the inputs of a case: an object, or one as JSON; none for None and for "".

    Raises InputError for anything else. A kind says later whether it can mean them.

    >>> inputs_of('{"limit": 3}'), inputs_of(None)
    ({'limit': 3}, {})
    """
    if value is None or value == "":
        return {}
    found = value
    if isinstance(value, str):
        try:
            found = read_json(value)
        except (ValueError, RecursionError) as error:
            raise InputError(f"expected an object, or one as JSON, got {value!r:.80}: {error}") from None
    if not isinstance(found, Mapping):
        raise InputError(f"expected an object with the inputs of a case, got {value!r:.80}")
    brought = {str(name): one for name, one in found.items() if one is not None}  # null: columns of other rows
    if not finite(brought):
        raise InputError("NaN, Infinity and numbers beyond all limits are no JSON")
    return brought


def worth(label: str) -> float | None:
    """Return 1 for a right response, 0 for a wrong one and None for ``undecided``.

    Raises ConfigError for any other label: a grade or a preference is no accuracy.
    """
    if label == "undecided":
        return None
    if label not in _WORTH:
        raise ConfigError(
            f"the rubric answers {label!r}, which is neither right nor wrong; take correctness or pass_fail"
        )
    return _WORTH[label]


def ensure_right_or_wrong(judge: Judge) -> None:
    """Raise ConfigError where the panel's rubric gives grades, preferences or numbers of a range."""
    if panel := judge.cascade.panel:
        for label in panel.labels or ("a number of a range",):
            worth(label)


def judged(
    cases: Sequence[Case],
    settings: Settings,
    *,
    run: Path | None = None,
    progress: Progress | None = None,
) -> list[Verdict]:
    """Return the verdicts in order; with a `run` file those it holds are taken from it and the others are added.

    `progress` is told how many there are and then each as it comes, but of none that evaluators alone judge, which
    takes no time worth telling.

    A case that cannot be judged, such as one without a reference, is ``undecided`` and says why. Where that is every
    case, it is an InputError instead. Raises ConfigError for a rubric whose labels are no verdict on correctness, and
    PluginError, RubricError, ModelDown and StoreError as `Judge` does.
    """
    if not cases:
        return []
    if run is None and _is_plain(settings) and all(case.kind == "answer" and not case.inputs for case in cases):
        if not any(case.references for case in cases):
            raise InputError("none of the cases has a reference, and no model is asked: nothing can be verified")
        return verify_cases(cases, weakest=settings.weakest or "learned")
    with Judge.from_settings(settings) as judge:
        ensure_right_or_wrong(judge)
        problems = {case.id: why for case in cases if (why := judge.problem_of(case))}
        if problems and len(problems) == len(cases):
            raise InputError(next(iter(problems.values())))
        judge.cascade.preflight()
        ready = [case for case in cases if case.id not in problems]
        found = {}
        with progress(len(ready)) if progress else nullcontext() as tell:
            for verdict in judge.run(ready, path=run):
                found[verdict.case_id] = verdict
                if tell:
                    tell(verdict)
    found |= {case.id: _unjudged(case, problems[case.id]) for case in cases if case.id in problems}
    return [found[case.id] for case in cases]


def _is_plain(settings: Settings) -> bool:
    """Return whether evaluators alone are asked, and all of them: then all cores can work."""
    return settings.model == ("none",) and settings.evaluators == ("all",) and settings.criterion is None


def _unjudged(case: Case, why: str) -> Verdict:
    message = f"cannot be judged: {why}"
    finding = Finding.undecided(message, error=Failure(cause="bad_case", message=message))
    return Verdict(case_id=case.id, label="undecided", decided_by="nobody", because=message, findings={"case": finding})

"""The pytest plugin: the fixture ``judge``, its marks, its options, and what it adds to reports.

Only pytest is imported here. What judges is imported when a test asks for it, so that a session without such a
test pays next to nothing and sees nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from judge.integrations.pytest.judge import Asker
    from judge.integrations.pytest.results import Results
    from judge.integrations.pytest.session import Session
    from judge.types import Case

_SESSION = pytest.StashKey["Session"]()
_CLAIMS = pytest.StashKey[Path]()
_MODES = ("once", "none", "all", "new")
_HELP = {
    "model": "The model that judges, as PROVIDER:NAME, where a test names none.",
    "record": "Exchanges with models: 'once' records each test once and replays it, 'none' only replays, 'new' records "
    "what is missing or failed, 'all' records everything again (default: once).",
}
_MARKS = (
    "judge(rubric, model, votes, threshold): how the verdicts of a test are reached, and from which score or "
    "confidence on they count.",
    "judge_cases(file): the cases of a .jsonl, .json, .csv, .tsv or .parquet file, one at a time as 'case', or all "
    "of them judged as 'results'.",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("judge", "judge: verdicts on answers of language models")
    group.addoption("--judge-model", metavar="MODEL", default=None, help=_HELP["model"])
    group.addoption("--judge-record", choices=_MODES, default=None, help=_HELP["record"])
    parser.addini("judge_model", _HELP["model"], default="")
    parser.addini("judge_record", _HELP["record"], default="once")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, and refuse a setting that is none."""
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    if (mode := config.getini("judge_record")) not in _MODES:
        raise pytest.UsageError(f"judge_record is {mode!r}; it has to be one of {', '.join(_MODES)}")


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Iterator[Asker]:
    """Judge responses: judge(response=…, reference=…), judge.equivalent, judge.passes, judge.prefers, judge.all."""
    from judge.integrations.pytest.judge import Asker
    from judge.integrations.pytest.summary import properties

    item = request.node
    with _said_plainly(item):
        session = _session(request.config)
        wish, cases = session.wish(item), _cases(item)
    asking = session.begin(item)
    asker = Asker(session, wish, asking, cases)
    yield asker
    # What an earlier run of a test that is repeated left there was counted with that run.
    before = [(name, value) for name, value in item.user_properties if not name.startswith("judge_")]
    item.user_properties[:] = [*before, *properties(asker, asking)]


@pytest.fixture
def results(judge: Asker, request: pytest.FixtureRequest) -> Results:
    """The verdicts on the cases of the mark ``judge_cases``: pass_rate, interval, failing."""
    with _said_plainly(request.node):
        return judge.all()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Check the marks, and give each case of a file to a test that takes a ``case``."""
    item, wanted = metafunc.definition, metafunc.fixturenames
    if not any(mark.name in ("judge", "judge_cases") for mark in item.iter_markers()):
        return
    from judge.integrations.pytest.marks import marked

    with _said_plainly(item):
        marked(item)
        cases = _cases(item)
        if cases and not {"case", "results", "judge"} & set(wanted):
            raise pytest.UsageError("judge_cases: the test takes none of 'case', 'results' and 'judge'")
    if cases and "case" in wanted:
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Let a failed assertion tell the verdicts in it; the report itself is made by others."""
    # Where no verdict can be, as nothing was imported that makes one, there is nothing to tell.
    if call.excinfo is not None and call.excinfo.errisinstance(AssertionError) and "judge.types" in sys.modules:
        from judge.integrations.pytest.failing import explain

        explain(item.config, call.excinfo)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show what a failed comparison with a pass rate, or between verdicts, is about."""
    if "judge.types" not in sys.modules:
        return None
    from judge.integrations.pytest.failing import compared

    return compared(op, left, right)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Sum up what was judged, in this process and in those of pytest-xdist."""
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "teardown"
        and any(n.startswith("judge_") for n, _ in report.user_properties)
    ]
    if not reports:
        return
    from judge.errors import StoreError
    from judge.integrations.pytest.summary import Totals

    totals = Totals(reports)
    terminalreporter.section("judge", sep="-")
    for line in totals.lines(config.rootpath):
        terminalreporter.write_line(line)
    try:
        totals.tidy()
    except StoreError as error:
        terminalreporter.write_line(f"a cassette was left unsorted: {error}")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the workers of pytest-xdist one folder, in which they tell each other what they have asked."""
    node.workerinput["judge_claims"] = str(_claims(node.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if (session := config.stash.get(_SESSION, None)) is not None:
        session.close()
    if _CLAIMS in config.stash and not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[_CLAIMS], ignore_errors=True)


def _session(config: pytest.Config) -> Session:
    if _SESSION not in config.stash:
        from judge.integrations.pytest.session import Session

        config.stash[_SESSION] = Session(config, claims=_claims(config))
    return config.stash[_SESSION]


def _claims(config: pytest.Config) -> Path:
    """Return a folder that the processes of this session share; nobody makes it before it is needed."""
    given = getattr(config, "workerinput", {}).get("judge_claims")
    fresh = Path(given or Path(tempfile.gettempdir()) / f"judge-pytest-{os.urandom(16).hex()}")
    return config.stash.setdefault(_CLAIMS, fresh)


def _cases(item: pytest.Item) -> tuple[Case, ...]:
    """Return the cases of a test's mark, or none if it has no such mark."""
    from judge.integrations.pytest.marks import file_of_cases

    name = file_of_cases(item)
    return () if name is None else _session(item.config).cases(name, folder=item.path.parent)


@contextmanager
def _said_plainly(item: pytest.Item) -> Iterator[None]:
    """Turn what a user got wrong into a message without a traceback, as pytest does for a wrong parametrize."""
    from judge.errors import JudgeError

    try:
        yield
    except (JudgeError, pytest.UsageError) as error:
        raise pytest.fail.Exception(f"{item.nodeid}: {error}", pytrace=False) from None

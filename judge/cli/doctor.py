"""``judge doctor``: what works on this machine, what is missing, and the exact line that installs it."""

from __future__ import annotations

import importlib.util
import os
import platform
import sqlite3
import sys
from typing import TYPE_CHECKING, NamedTuple, get_args

import typer

from judge.cli import common
from judge.cli.options import settings
from judge.text.shown import one_line

if TYPE_CHECKING:
    from judge.config import Settings


class Finding(NamedTuple):
    """One thing looked at: `state` is ok, missing (optional) or broken."""

    what: str
    state: str
    detail: str


def doctor(called: typer.Context, as_json: common.Json = False) -> None:
    """Look at this machine. Exit code 1 if something that is needed is broken."""
    findings = [
        _python(),
        _sqlite(),
        *_plugins(),
        _worker(),
        *_sandbox(),
        *_extras(),
        *_models(settings(called).settings),
    ]
    if as_json:
        common.echo_json([finding._asdict() for finding in findings])
    else:
        typer.echo(common.table(findings))
    raise typer.Exit(1 if any(finding.state == "broken" for finding in findings) else 0)


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _sqlite() -> Finding:
    enough = sqlite3.sqlite_version_info >= (3, 24)
    return Finding("sqlite", "ok" if enough else "broken", f"{sqlite3.sqlite_version} (3.24 or newer is needed)")


def _plugins() -> list[Finding]:
    from judge import registry

    entries = [entry for group in get_args(registry.Group) for entry in registry.survey(group)]
    broken = [Finding(f"{e.group[:-1]} {e.name}", "broken", e.error) for e in entries if e.error]
    return [*broken, Finding("plugins", "ok", f"{len(entries) - len(broken)} can be used")]


def _worker() -> Finding:
    """Send one case through a worker process, as runs and servers do."""
    from judge.assembly import made
    from judge.errors import JudgeError
    from judge.processes.consulting import Asked, Terms
    from judge.processes.workers import Workers
    from judge.types import Case

    try:
        evaluator = made("evaluators", "exact")
        findings = Workers([evaluator], Terms()).consult([Asked(case=Case(response="1", reference="1"))])[0]
    except JudgeError as error:
        return Finding("evaluator worker", "broken", str(error))
    failed = "".join(found.error.message for found in findings.values() if found.error)
    return Finding("evaluator worker", "broken" if failed else "ok", failed or "starts and answers")


def _sandbox() -> list[Finding]:
    """Make a sandbox and say what its self-test saw. Without one, only what runs code cannot be used."""
    from judge.errors import SandboxError
    from judge.sandbox import Sandbox

    try:
        with Sandbox(size=1) as sandbox:
            why_not = "".join(f"; not {reason}" for reason in sandbox.refused)
            head = Finding("sandbox", "ok", f"tier {sandbox.tier}, {len(sandbox.probes)} probes stopped{why_not}")
            return [head, *(Finding("sandbox probe", "ok", f"{p.name}: {p.detail}") for p in sandbox.probes)]
    except SandboxError as error:
        return [Finding("sandbox", "missing", one_line(str(error)))]


def _extras() -> list[Finding]:
    wanted = {
        "parquet": ("pyarrow", "reads and writes Parquet"),
        "mcp": ("mcp", "serves agents that check their own work: judge mcp"),
        "llamacpp": ("xllamacpp", "a small model on this machine's processor, for trying things out"),
    }
    return [
        Finding(f"extra {extra}", "ok", use)
        if importlib.util.find_spec(module)
        else Finding(f"extra {extra}", "missing", f"{use}: {sys.executable} -m pip install 'equijudge[{extra}]'")
        for extra, (module, use) in wanted.items()
    ]


def _models(settings: Settings) -> list[Finding]:
    from judge.assembly import load_model
    from judge.errors import JudgeError
    from judge.protocols import Preflights

    if settings.model == ("none",):
        key = "is set" if os.environ.get("OPENAI_API_KEY") else "is not set"
        hint = "set 'model' in judge.toml, JUDGE_MODEL or --model to ask one; OPENAI_API_KEY " + key
        return [Finding("model", "missing", hint)]
    findings = []
    for name in settings.model:
        try:
            model = load_model(name, settings.options(name))
            if isinstance(model, Preflights):
                model.preflight()
            findings.append(Finding(f"model {name}", "ok", "answers"))
        except JudgeError as error:
            findings.append(Finding(f"model {name}", "broken", str(error)))
    return findings

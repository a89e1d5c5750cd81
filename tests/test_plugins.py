"""Plugins through the real door: installed distributions, found by their entry points."""

import subprocess
import sys
from pathlib import Path

import pytest

import judge
from judge import PluginError, registry

pytestmark = pytest.mark.xdist_group("plugins")  # its fixtures are made once

ROOT = Path(__file__).parent.parent


def run(*words: str, path: Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command line with one more folder of installed distributions."""
    environment = {"PYTHONPATH": str(path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "judge.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=60)


def declare(folder: Path, distribution: str, entries: str) -> None:
    """Make a distribution that is nothing but entry points."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)


@pytest.fixture(scope="module")
def colour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example plugin, built and installed by pip into a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, str(ROOT / "examples" / "plugin")], check=True, capture_output=True, timeout=300)
    return folder


@pytest.mark.exhaustive
def test_an_installed_plugin_is_found_and_decides(colour: Path, tmp_path: Path) -> None:
    listed = run("plugins", path=colour, cwd=tmp_path)
    assert "judge-colour 1.0.0" in listed.stdout
    cases = str(ROOT / "examples" / "plugin" / "colours.jsonl")
    done = run("run", cases, path=colour, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "decided by: colour 2, nobody 1" in done.stdout


def test_without_the_plugin_its_kind_is_unknown(tmp_path: Path) -> None:
    done = run("run", str(ROOT / "examples" / "plugin" / "colours.jsonl"), path=tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown kind 'colour'" in done.stderr


@pytest.mark.exhaustive
def test_a_broken_plugin_is_named_with_its_fault(tmp_path: Path) -> None:
    declare(tmp_path, "faulty", "[judge.evaluators]\nfaulty = nowhere.at.all:Thing\n")
    done = run("check", "--response", "1", "--reference", "1", path=tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "evaluator 'faulty' of faulty cannot be imported: ModuleNotFoundError" in done.stderr
    listed = run("plugins", path=tmp_path, cwd=tmp_path)
    assert listed.returncode == 1
    assert "ModuleNotFoundError" in listed.stdout


def test_a_plugin_declared_twice_is_an_error_that_names_both(tmp_path: Path) -> None:
    declare(tmp_path, "second", "[judge.evaluators]\nnumber = judge_evaluators.exact:Exact\n")
    done = run("check", "--response", "1", "--reference", "1", path=tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "evaluator 'number' is declared twice" in done.stderr
    assert "second" in done.stderr
    assert "equijudge" in done.stderr


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PluginError, match=r"unknown evaluator 'nubmer'\. Did you mean 'number'\?"):
        registry.load("evaluators", "nubmer")


def test_the_public_names_are_these() -> None:
    assert all(hasattr(judge, name) for name in judge.__all__)
    assert sorted(judge.__all__) == judge.__all__ or set(judge.__all__) == set(dir(judge))
    with pytest.raises(AttributeError):
        _ = judge.nonsense


def test_importing_judge_loads_nothing_heavy() -> None:
    code = "import sys, judge, judge.cli; print([m for m in ('openai','pydantic','jinja2','rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"

"""promptfoo itself, in an environment of its own: evaluations whose answers our assertion judges."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from environments.make import environment
from processes import await_end
from server import FakeOpenAI
from server_faults import Fill, Json

pytestmark = pytest.mark.frameworks

ROOT = Path(__file__).parent.parent.parent
DEADLINE = 300
FAILED = 100  # promptfoo's exit code where a test did not pass
ASSERTION = "from judge.integrations.promptfoo import get_assert\nreturn get_assert(output, context)\n"
# A model that says which process asked it, and once takes that process with it.
MODEL = """
import os, signal
from pathlib import Path

def answer(request):
    if "Take it down." in request.messages[-1].content and not Path("down").exists():
        Path("down").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"reason": f"process {os.getpid()}", "label": "correct"}
"""


class Promptfoo(NamedTuple):
    """A folder in which promptfoo runs, with its programs."""

    programs: Path
    folder: Path

    def start(self, *words: str, output: str = "out.json") -> subprocess.Popen[str]:
        return self.run(["promptfoo", "eval", "--output", output, *words])

    def run(self, command: list[str]) -> subprocess.Popen[str]:
        ours = ("JUDGE_", "OPENAI_", "PROMPTFOO_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environ = {
            "PATH": f"{self.programs}:{self.programs.parent / 'node_modules' / '.bin'}:{os.environ['PATH']}",
            "TMPDIR": str(self.folder),
            "PROMPTFOO_CONFIG_DIR": str(self.folder / "home"),
            "PROMPTFOO_DISABLE_TELEMETRY": "1",
            "PROMPTFOO_DISABLE_UPDATE": "1",
            "NO_COLOR": "1",
        }
        return subprocess.Popen(
            command, cwd=self.folder, env=kept | environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def configure(self, tests: Sequence[Json]) -> None:
        config = {"prompts": ["{{answer}}"], "providers": ["echo"], "tests": tests}
        (self.folder / "promptfooconfig.yaml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML too

    def finish(self, started: subprocess.Popen[str], *, code: int, output: str = "out.json") -> "Evaluation":
        printed = said(started, code=code)
        results = json.loads((self.folder / output).read_text(encoding="utf-8"))["results"]
        return Evaluation(printed, sorted(results["results"], key=lambda result: result["testIdx"]), results["stats"])

    def evaluate(self, tests: Sequence[Json], *, code: int = 0) -> "Evaluation":
        self.configure(tests)
        return self.finish(self.start(), code=code)


class Evaluation(NamedTuple):
    """What promptfoo printed, and what it wrote."""

    printed: str
    results: list[Json]
    stats: Json

    @property
    def graded(self) -> list[Json]:
        return [result["gradingResult"]["componentResults"][0] for result in self.results]

    @property
    def processes(self) -> set[int]:
        return {int(found) for graded in self.graded for found in re.findall(r"process (\d+)", graded["reason"])}


def said(started: subprocess.Popen[str], *, code: int) -> str:
    try:
        printed = started.communicate(timeout=DEADLINE)[0]
    finally:
        started.kill()
    assert started.returncode == code, printed
    return printed


@pytest.fixture
def promptfoo(tmp_path_factory: pytest.TempPathFactory) -> Promptfoo:
    folder = tmp_path_factory.mktemp("f")
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    return Promptfoo(environment("promptfoo"), folder)


def assertion(name: str = "python", **config: Any) -> Json:
    return {"type": name, "value": ASSERTION, **({"config": config} if config else {})}


def row(answer: str, *asserted: Json, **variables: Any) -> Json:
    return {"vars": {"answer": answer, **variables}, "assert": asserted or [assertion()]}


def test_the_page_of_the_docs_and_its_example_run_as_they_stand(promptfoo: Promptfoo) -> None:
    shutil.copytree(ROOT / "examples", promptfoo.folder / "examples")
    page = (ROOT / "docs" / "promptfoo.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    commands = [text for language, text in blocks if language == "sh" and "install" not in text]
    assert len(commands) == 1
    elsewhere = promptfoo._replace(folder=promptfoo.folder / "examples" / "promptfoo")
    done = elsewhere.finish(elsewhere.run(["bash", "-ec", commands[0]]), code=FAILED)
    assert [graded["reason"].split()[0].rstrip(",") for graded in done.graded] == [
        *("correct", "correct", "incorrect", "correct", "correct", "incorrect", "correct", "undecided", "correct")
    ]
    example = (elsewhere.folder / "promptfooconfig.yaml").read_text(encoding="utf-8")
    assert next(text for language, text in blocks if language == "yaml") in example


def test_verdicts_are_results_with_their_reasons(promptfoo: Promptfoo) -> None:
    done = promptfoo.evaluate(
        [
            row("That is 12.5%.", reference="0.125"),
            row("It is 5000 m long.", reference="5 km"),
            row("It is 5 m long.", reference="5 km"),
            row(r"So $x = \boxed{\pm 2}$.", reference=r"\{-2, 2\}"),
            row(r"It is $\boxed{(x+1)(x-1)}$.", reference="(x-1)(x+1)"),
            row("It is 13.", reference="12.0"),
            row("It is Jupiter or Saturn.", reference="Jupiter", question="Which is largest?"),
            row("4", assertion(reference=["3", "4"])),
            row("4", assertion(reference="{{right}}"), right="four"),
            row("5", assertion("not-python"), reference="4"),
            row("4", assertion("not-python"), reference="4"),
            row("It is Jupiter or Saturn.", assertion("not-python"), reference="Jupiter"),
        ],
        code=FAILED,
    )
    passed = [True, True, False, True, True, False, False, True, True, True, False, False]
    assert [result["success"] for result in done.results] == passed
    assert done.graded[1]["reason"] == "correct, answer (proof): quantity: 5000 m is 5 km exactly"
    assert done.graded[1]["metadata"]["verdict"]["findings"]["answer"]["outcome"] == "correct"
    assert done.graded[2]["reason"] == "incorrect, answer (proof): quantity: 5 m is 1/200 km, not 5"
    assert done.graded[6]["reason"].startswith("undecided, not wrong: no evaluator could decide")
    assert "undecided, not wrong" in done.graded[11]["reason"]
    assert [result["namedScores"].get("undecided") for result in done.results] == [0] * 6 + [1] + [0] * 4 + [None]
    assert (done.stats["errors"], "Traceback" in done.printed) == (0, False)


def test_what_cannot_be_judged_is_an_error_in_a_line(promptfoo: Promptfoo) -> None:
    done = promptfoo.evaluate(
        [
            row("4", assertion(reference="{{anwser}}")),
            row("4", assertion(reference="4", voets=3)),
            row("4", assertion(reference="4", kind="anwser")),
            row("4"),
            row("4", assertion(reference="4")),
        ],
        code=FAILED,
    )
    messages = ["no variable 'anwser'", "unknown setting 'voets'", "unknown kind 'anwser'", "no reference and no model"]
    for graded, message in zip(done.graded, messages, strict=False):
        assert message in graded["reason"]
        assert graded["reason"].startswith("judge: ")
        assert f"ERROR {graded['reason']}" in done.printed
        assert (graded["pass"], graded["namedScores"]) == (False, {"undecided": 1})
    assert (done.graded[4]["pass"], done.stats["failures"], "Traceback" in done.printed) == (True, 4, False)


def test_a_panel_is_asked_as_often_as_it_has_to_be_and_its_tokens_count(promptfoo: Promptfoo) -> None:
    with FakeOpenAI(Fill(label="incorrect")) as server:
        panel = assertion(model="openai:fake", base_url=server.url, votes=3, tools="none", evaluators="exact")
        rows = [row(f"Planet {n}", panel, question="Which is largest?", reference="Jupiter") for n in range(12)]
        done = promptfoo.evaluate([*rows, row("Jupiter", panel, reference="Jupiter")], code=FAILED)
        assert (server.violations, len(server.requests)) == ([], 12 * 2)
    assert [graded["pass"] for graded in done.graded] == [False] * 12 + [True]
    usages = [graded["metadata"]["verdict"]["usage"] for graded in done.graded[:12]]
    tokens = sum(usage["prompt_tokens"] + usage["completion_tokens"] for usage in usages)
    counted = done.stats["tokenUsage"]["assertions"]
    assert (counted["total"], counted["numRequests"]) == (tokens, 12 * 2)


def test_all_assertions_share_a_daemon_that_ends_with_promptfoo(promptfoo: Promptfoo) -> None:
    done = promptfoo.evaluate([by_model(f"Answer {n}") for n in range(12)])
    (process,) = done.processes
    await_end(process)
    assert [path.name for path in (promptfoo.folder / f"judge-{os.getuid()}").iterdir()] == ["lock"]


def test_a_daemon_that_is_killed_is_replaced(promptfoo: Promptfoo) -> None:
    done = promptfoo.evaluate([by_model("Take it down." if n == 6 else f"Answer {n}") for n in range(12)])
    assert all(graded["pass"] for graded in done.graded)
    assert len(done.processes) == 2
    assert (promptfoo.folder / "down").exists()


def test_two_evaluations_at_once_share_a_daemon(promptfoo: Promptfoo) -> None:
    promptfoo.evaluate([row("4", assertion(reference="4"))])  # two at once cannot both make promptfoo's own database
    promptfoo.configure([by_model(f"Answer {n}") for n in range(12)])
    started = [promptfoo.start(output=output) for output in ("one.json", "two.json")]
    one, two = (promptfoo.finish(s, code=0, output=o) for s, o in zip(started, ("one.json", "two.json"), strict=True))
    assert len(one.results) == len(two.results) == 12
    assert len(one.processes | two.processes) == 1


def by_model(answer: str) -> Json:
    return row(answer, assertion(model="scripted:model.py:answer", evaluators="none"), question="?", reference="!")

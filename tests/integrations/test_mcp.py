"""``judge mcp``, started by a client of the official SDK as agents start it."""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult
from mcp_wire import DEADLINE
from processes import alive, descendants, ticks, until

from judge import verify_answers

pytestmark = pytest.mark.xdist_group("mcp")  # its fixtures are made once

ROOT = Path(__file__).parent.parent.parent
TOOLS = ["verify_answer", "check", "python", "python_session", "sql", "sympy"]
FOREVER = "while True: pass"
LIMIT_TICKS = 500  # half of what a run may use of the processor: who is gone sooner was killed


class Agent(NamedTuple):
    """A client and the loop that it lives in."""

    portal: BlockingPortal
    client: Client

    def start(self, name: str, **arguments: Any) -> Future[CallToolResult]:
        return self.portal.start_task_soon(self.client.call_tool, name, arguments)

    def call(self, name: str, **arguments: Any) -> CallToolResult:
        return self.start(name, **arguments).result(DEADLINE)

    def text(self, name: str, **arguments: Any) -> str:
        result = self.call(name, **arguments)
        assert not result.is_error, result
        return said(result)

    def error(self, name: str, **arguments: Any) -> str:
        result = self.call(name, **arguments)
        assert result.is_error and result.structured_content is None
        return said(result)


def said(result: CallToolResult) -> str:
    (block,) = result.content
    assert block.type == "text"
    return block.text


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    words = tmp_path_factory.mktemp("mcp") / "stderr"
    with words.open("w") as log, start_blocking_portal() as portal:
        transport = stdio_client(as_the_docs_say(), errlog=log)
        with portal.wrap_async_context_manager(Client(transport)) as client:
            yield Agent(portal, client)
    assert words.read_text() == ""


def as_the_docs_say() -> StdioServerParameters:
    page = (ROOT / "docs" / "mcp.md").read_text(encoding="utf-8")
    block = json.loads(page.partition("```json\n")[2].partition("```")[0])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return StdioServerParameters(**block["mcpServers"]["judge"], env={"PATH": path})


def test_it_offers_its_tools_with_schemas_and_says_what_they_do(agent: Agent) -> None:
    tools = agent.portal.call(agent.client.list_tools).tools
    assert [tool.name for tool in tools] == TOOLS
    for tool in tools:
        assert tool.title and tool.description and tool.annotations
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations.read_only_hint is (tool.name != "python_session")
        assert (tool.annotations.destructive_hint, tool.annotations.open_world_hint) == (False, False)
    outputs = {tool.name: tool.output_schema for tool in tools if tool.output_schema}
    assert set(outputs["verify_answer"]["properties"]) == {"label", "because", "basis", "decided_by", "evidence"}
    assert list(outputs) == ["verify_answer"]


@pytest.mark.parametrize(
    ("name", "arguments", "start"),
    [
        ("check", {"kind": "answer", "response": "0.5", "reference": "1/2"}, "blank: undecided: the response says"),
        ("python", {"code": "print('hello')\n6 * 7"}, "hello\n42"),
        ("python_session", {"code": "six = 6\nsix * 7"}, "42"),
        ("sympy", {"operation": "equal", "expression": "(x-1)(x+1)", "other": "x^2-1"}, "yes: the difference"),
        (
            "sql",
            {"query": "SELECT sum(n) AS total FROM t", "tables": {"t": [{"n": 1}, {"n": 41}]}},
            "total INTEGER\n42",
        ),
        ("sql", {"query": "SHOW TABLES", "schema": "CREATE TABLE t (a INT)"}, "The tables are: t(a INT)"),
    ],
)
def test_each_tool_answers(agent: Agent, name: str, arguments: dict[str, Any], start: str) -> None:
    assert agent.text(name, **arguments).startswith(start)


def test_a_verdict_says_why_on_what_basis_and_with_which_evidence(agent: Agent) -> None:
    result = agent.call("verify_answer", response="So it is \\boxed{5 m}.", references=["5 km", "5000 m"])
    assert json.loads(said(result)) == result.structured_content
    verdict = result.structured_content
    assert (verdict["label"], verdict["basis"], verdict["decided_by"]) == ("incorrect", "proof", "answer")
    assert "5 m" in verdict["because"] and verdict["evidence"][0]["source"] == "answer"
    open_ = agent.call("verify_answer", response="about a half", references=["1/2"]).structured_content
    assert (open_["label"], open_["basis"], open_["decided_by"]) == ("undecided", None, "nobody")


def test_a_verdict_takes_what_the_kind_asks_for(agent: Agent) -> None:
    inputs = {"tables": {"t": [{"n": 1}]}, "dialect": "sqlite"}
    found = agent.call("verify_answer", response="0.5", references=["1/2"], kind="answer", inputs=inputs)
    assert found.structured_content["label"] == "correct"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("words", "environ", "file", "label"),
    [
        ([], {}, "", "undecided"),
        (["--weakest", "learned"], {"JUDGE_WEAKEST": "proof"}, "", "correct"),
        ([], {"JUDGE_WEAKEST": "learned"}, "", "correct"),
        ([], {}, 'weakest = "learned"', "correct"),
    ],
)
def test_what_was_learned_decides_only_where_that_is_asked_for(
    tmp_path: Path, words: list[str], environ: dict[str, str], file: str, label: str
) -> None:
    (tmp_path / "judge.toml").write_text(file)
    server = as_the_docs_say()
    server = server.model_copy(
        update={"args": [*server.args, *words], "env": {**(server.env or {}), **environ}, "cwd": tmp_path}
    )
    learned = {"question": "Who wrote Hamlet?", "references": ["Shakespeare"]}
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(stdio_client(server))) as client:
        found = Agent(portal, client).call(
            "verify_answer", response="It was written by William Shakespeare.", **learned
        )
    assert found.structured_content
    assert found.structured_content["label"] == label


def test_verdicts_are_those_of_python(agent: Agent) -> None:
    lines = (ROOT / "examples" / "answers.jsonl").read_text(encoding="utf-8").splitlines()[::6]
    rows = [row for row in map(json.loads, lines) if row.get("references")]
    columns = [[row.get(name) for row in rows] for name in ("response", "references", "question")]
    wanted = [(v.label, v.basis) for v in verify_answers(*columns, workers=1, weakest="rule")]
    found = [
        agent.start("verify_answer", response=response, references=references, question=question)
        for response, references, question in zip(*columns, strict=True)
    ]
    verdicts = [one.result(DEADLINE).structured_content for one in found]
    assert [(v["label"], v["basis"]) for v in verdicts] == wanted
    assert {label for label, _ in wanted} == {"correct", "incorrect", "undecided"}


@pytest.mark.parametrize(
    ("name", "arguments", "field"),
    [
        ("verify_answer", {"response": "1"}, "references: Field required"),
        ("verify_answer", {"response": "1", "references": []}, "references: List should have"),
        (
            "verify_answer",
            {"response": "1", "references": ["1"], "kind": "anser"},
            "kind: unknown kind 'anser'.",
        ),
        (
            "verify_answer",
            {"response": "1", "references": ["1"], "inputs": {"tabels": {}}},
            "field 'inputs': the kind 'answer' has no input 'tabels'. Did you mean 'tables'?",
        ),
        (
            "verify_answer",
            {"response": "1", "references": ["1"], "inputs": [1]},
            "inputs: Input should be a valid dict",
        ),
        (
            "verify_answer",
            {"response": "1", "references": ["1"], "inputs": {"database": "/etc/passwd"}},
            "field 'inputs.database': no file can be named here: give its content",
        ),
        (
            "verify_answer",
            {"response": "1", "references": ["1"], "inputs": {"tables": {"t": {"path": "/etc/x.csv", "sha256": ""}}}},
            "field 'inputs.tables': table 't': no file can be named here",
        ),
        (
            "check",
            {"kind": "anser", "response": "1", "reference": "1"},
            "of the kind 'anser' is asked here. Did you mean 'answer'?",
        ),
        ("python", {"cod": "1"}, "cod: Extra inputs are not permitted"),
        ("python", {"code": 1}, "code: Input should be a valid string"),
        ("python", {}, "code: Field required"),
        ("sympy", {"operation": "divine", "expression": "x"}, "operation: Input should be"),
        ("sql", {"query": "SELECT * FROM t", "tables": {"t": "/etc/passwd"}}, "tables.t: Input should be a valid list"),
        ("sql", {"query": "SELECT 1", "database": "/etc/passwd"}, "database: Extra inputs are not permitted"),
    ],
)
def test_arguments_that_do_not_fit_are_an_error_that_names_the_field(
    agent: Agent, name: str, arguments: dict[str, Any], field: str
) -> None:
    assert field in agent.error(name, **arguments)


def test_a_failed_call_is_an_error_in_words_for_the_model(agent: Agent) -> None:
    assert agent.error("python", code="1 / 0").endswith("ZeroDivisionError: division by zero")
    assert "expression: " in agent.error("sympy", operation="simplify", expression="x +")
    assert "no such table: t" in agent.error("sql", query="SELECT * FROM t")
    assert "yes" in agent.text("sympy", operation="equal", expression="1", other="2/2")


def test_an_unknown_tool_is_refused_with_the_nearest(agent: Agent) -> None:
    with pytest.raises(MCPError, match=r"unknown tool 'pyton'\. Did you mean 'python'\? There are: verify_answer, "):
        agent.call("pyton", code="1")


def test_long_output_is_cut(agent: Agent) -> None:
    long = "x" * 9000
    evidence = agent.call("verify_answer", response=long, references=["1/2"]).structured_content["evidence"]
    assert all(len(text) < 4100 for one in evidence for text in one.values())
    assert len(agent.error("python", **{long: 1})) < 4100
    assert "characters are left out" in agent.text("python", code=f"print({long!r})")


def test_nothing_of_this_machine_is_seen_or_reached(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for refused in (f"open({str(tmp_path / 'secret')!r})", "__import__('socket').create_connection(('127.0.0.1', 1))"):
        code = f"try: {refused}\nexcept OSError as error: print('refused')\nelse: print('open')"
        assert agent.text("python", code=code) == agent.text("python_session", code=code) == "refused"


def test_other_calls_are_answered_while_one_works_and_it_can_be_cancelled(agent: Agent) -> None:
    assert agent.text("python", code="'the sandbox has started'")
    before = {pid: ticks(pid) for pid in descendants(os.getpid())}
    slow = agent.start("python", code=FOREVER)
    assert until(lambda: bool(busy(before)))
    (runner,) = busy(before)
    assert agent.text("check", kind="answer", response="1", reference="1").startswith("blank")
    assert (os.cpu_count() or 1) == 1 or agent.text("python", code="6 * 7") == "42"
    assert not slow.done()
    slow.cancel()
    used = [0]
    assert until(lambda: used.append(ticks(runner)) or not alive({runner}))  # type: ignore[func-returns-value]
    assert max(used) < LIMIT_TICKS
    with pytest.raises(CancelledError):
        slow.result(DEADLINE)
    assert agent.text("python", code="6 * 7") == "42"


def busy(before: dict[int, int]) -> set[int]:
    """The processes below this one that have worked since."""
    return {pid for pid in descendants(os.getpid()) if ticks(pid) > before.get(pid, 0) + 30}


def test_a_session_keeps_names_in_order_until_a_call_of_it_is_cancelled(agent: Agent) -> None:
    calls = [agent.start("python_session", code=code) for code in ("n = 1", "n += 1", "n *= 7", "n")]
    assert said(calls[-1].result(DEADLINE)) == "14"
    before = {pid: ticks(pid) for pid in descendants(os.getpid())}
    slow = agent.start("python_session", code=FOREVER)
    assert until(lambda: bool(busy(before)))
    waiting = agent.start("python_session", code="n")
    slow.cancel()
    assert "names from before are gone" in said(waiting.result(DEADLINE))

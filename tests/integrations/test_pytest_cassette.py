"""Cassettes: what goes in comes out, several may write, and damage is named."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import StoreError
from judge.integrations.pytest.asking import Asking
from judge.integrations.pytest.cassette import Cassette, Entry, key_of
from judge.integrations.pytest.missing import missing
from judge.integrations.pytest.secrets import REMOVED, Secrets
from judge.types import Message, Reply, Request, ToolCall, Usage


def entry(text: str, reply: str = "yes", *, test: str = "test_a", case: str = "c", seed: int = 0) -> Entry:
    request = Request(messages=(Message(role="user", content=text),), seed=seed, temperature=0.7)
    return Entry(
        key=key_of("m", request),
        test=test,
        model="m",
        case=case,
        request=request,
        reply=Reply(text=reply, usage=Usage(calls=1, prompt_tokens=7)),
    )


@pytest.fixture
def cassette(tmp_path: Path) -> Cassette:
    return Cassette(tmp_path / "cassettes" / "test_x.judge.yaml")


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60) | st.sampled_from(
    ["", "---\nkey: 0\n", "a\n\nb\n", "  indented\nthen not", "tail \n \n", "yes", "0.10", "\x85\u2028\ufeff", "\r\n\t"]
)


@given(content=texts, said=texts, test=texts.filter(lambda text: "\n" not in text and text), case=texts)
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, content: str, said: str, test: str, case: str
) -> None:
    path = tmp_path_factory.mktemp("cassette") / "test_x.judge.yaml"
    first = entry(content, said, test=test, case=case)
    call = ToolCall(id=said, name="check", arguments=content)
    second = first.model_copy(update={"key": "0" * 32, "reply": Reply(text=said, tool_calls=(call,), notes=(case,))})
    written = Cassette(path)
    written.add(first)
    written.add(second)
    for cassette in (written, Cassette(path)):
        assert cassette.find(first.key) == first
        assert cassette.find(second.key) == second
        assert cassette.has(test)
        assert not cassette.has(f"{test}_other")
    written.tidy()
    assert sorted(Cassette(path).entries(), key=lambda e: e.key) == sorted((first, second), key=lambda e: e.key)


def test_a_prompt_is_readable(cassette: Cassette) -> None:
    cassette.add(entry("Who?\n\n- one: two\n", test="test_a[x-1]"))
    text = cassette.path.read_text(encoding="utf-8")
    assert "    content: |\n      Who?\n\n      - one: two\n" in text
    assert text.startswith("# What models answered to the tests of test_x.py")
    assert [document["test"] for document in yaml.safe_load_all(text)] == ["test_a[x-1]"]


def test_the_last_of_two_with_one_key_counts_and_tidying_keeps_it(cassette: Cassette) -> None:
    cassette.add(entry("b", "old"))
    cassette.add(entry("a", case="d"))
    cassette.add(entry("b", "new"))
    assert [e.reply and e.reply.text for e in cassette.entries()] == ["new", "yes"]
    cassette.tidy()
    tidied = cassette.path.read_bytes()
    assert tidied.count(b"\nkey: ") == 2 and b"old" not in tidied
    cassette.tidy()
    assert cassette.path.read_bytes() == tidied
    cassette.add(entry("c"))
    assert len(Cassette(cassette.path).entries()) == 3


def test_the_order_of_recording_does_not_show(tmp_path: Path) -> None:
    entries = [entry(text, test=f"test_{n}", case=case, seed=n % 2) for n, case, text in ((1, "d", "x"), (0, "c", "y"))]
    files = []
    for order in (entries, entries[::-1]):
        cassette = Cassette(tmp_path / f"{len(files)}" / "test_x.judge.yaml")
        for one in order:
            cassette.add(one)
        cassette.tidy()
        files.append(cassette.path.read_bytes())
    assert files[0] == files[1]


def test_several_processes_may_add(cassette: Cassette) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from test_pytest_cassette import *\n"
        "cassette = Cassette(Path(sys.argv[2]))\n"
        "for n in range(40): cassette.add(entry(f'{sys.argv[3]} {n}' * 300)); n % 10 or cassette.tidy()"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent), str(cassette.path)]
    running = [subprocess.Popen([*command, name]) for name in "abc"]
    try:
        assert [process.wait(timeout=240) for process in running] == [0, 0, 0]
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert len(cassette.entries()) == 120


def test_line_ends_of_another_system_change_nothing(cassette: Cassette) -> None:
    one = entry("a\nb")
    cassette.add(one)
    cassette.path.write_bytes(cassette.path.read_bytes().replace(b"\n", b"\r\n"))
    assert Cassette(cassette.path).find(one.key) == one


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("reply:", "repply:", "the document on line 3, field 'repply': Extra inputs are not permitted"),
        ("content: a", "content: 'a", "line 15: did not find expected key"),
        ("---\nkey", "--- # mine\nkey", "a document does not open with key and test"),
        ("# What", "What", "it opens with something else than a comment"),
        ("key: ", "kee: ", "a document does not open with key and test"),
    ],
)
def test_damage_is_named(cassette: Cassette, old: str, new: str, said: str) -> None:
    one = entry("a")
    cassette.add(one)
    cassette.path.write_text(cassette.path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StoreError, match=f"damaged: .*{said}"):
        Cassette(cassette.path).find(one.key)


def test_a_file_that_is_no_cassette_is_not_taken_for_an_empty_one(cassette: Cassette) -> None:
    cassette.path.parent.mkdir()
    for text in ("{{{{", "interactions: []\nversion: 1\n", "<<<<<<< ours\n---\n"):
        cassette.path.write_text(text, encoding="utf-8")
        with pytest.raises(StoreError, match="is damaged"):
            Cassette(cassette.path).has("test_a")
    cassette.path.write_text("# A note.\n\n  \n", encoding="utf-8")
    assert Cassette(cassette.path).entries() == []


def test_a_file_that_is_no_text_is_named(cassette: Cassette) -> None:
    cassette.add(entry("a"))
    cassette.path.write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match="cannot be read"):
        Cassette(cassette.path).entries()


def test_the_key_is_of_what_could_change_the_reply() -> None:
    request = Request(messages=(Message(role="user", content="a"),), case_id="x", turn=3)
    assert key_of("m", request) == key_of("m", request.model_copy(update={"case_id": "y", "turn": 0}))
    assert key_of("m", request) != key_of("n", request)
    assert key_of("m", request) != key_of("m", request.model_copy(update={"seed": 1}))


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghij0123456789",
        "ghp_abcdefghij0123456789abcdef",
        "hf_abcdefghijABCDEFGHIJ",
        "AKIAABCDEFGHIJKLMNOP",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-123",
        "-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_key_is_removed(secret: str) -> None:
    data = {"messages": [{"content": f"use {secret} here"}], "turn": 3}
    assert Secrets({}).removed(data) == {"messages": [{"content": f"use {REMOVED} here"}], "turn": 3}


def test_the_values_of_variables_that_hold_secrets_are_removed() -> None:
    environ = {
        "TEAM_API_KEY": "correct horse",
        "DB_PASSWORD": "correct horse battery",
        "OPENED_WITH": "special name",
        "KEYBOARD": "mechanical",
        "SHORT_TOKEN": "none",
    }
    text = "correct horse battery, correct horse, special name, mechanical, none"
    removed = Secrets(environ, named=["OPENED_WITH"]).removed(text)
    assert removed == f"{REMOVED}, {REMOVED}, {REMOVED}, mechanical, none"


def test_credentials_of_headers_and_addresses_are_removed() -> None:
    text = "Authorization: Bearer abcdefghijklmnop123 to http://user:pass@host:8000/v1, not http://host:8000/v1"
    assert Secrets({}).removed(text) == (
        f"Authorization: Bearer {REMOVED} to http://{REMOVED}@host:8000/v1, not http://host:8000/v1"
    )


def test_the_codes_of_fences_stay() -> None:
    text = "<response-1f2e3d4c5b6a>\nsk-ill and task-force\n</response-1f2e3d4c5b6a>"
    assert Secrets({}).removed(text) == text


def test_a_cassette_of_judge_0_1_says_that_it_has_to_be_recorded_again(cassette: Cassette) -> None:
    cassette.add(entry("a"))
    assert not cassette.outdated
    text = cassette.path.read_text(encoding="utf-8")
    cassette.path.write_text(text.replace(" of judge 0.2 or newer.", " of judge."), encoding="utf-8")
    old = Cassette(cassette.path)
    assert old.outdated
    said = missing("m", entry("b").request, old, test=Asking("test_a", "tests/test_x.py::test_a"), mode="once")
    assert "was recorded by judge 0.1, whose prompts were others" in said
    assert f"rm {cassette.path} && pytest --judge-record=new" in said

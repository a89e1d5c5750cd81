"""Servers that stall, break off, die and come back; and how long a call may take."""

import socket
import threading
import time

import pytest
from asking import APIS, ask, at_once, model_at, outcome, serving
from server import FakeOpenAI
from server_faults import Delay, Fill, Stall, Status, Text

from judge.errors import ModelDown
from judge.models import ModelOptions
from judge.models.openai_api import OpenAIModel

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones


@pytest.mark.parametrize("api", APIS)
def test_a_stall_ends_at_the_deadline_and_gives_its_place_back(api: str) -> None:
    with serving([Stall(30), Text("yes")], api=api, timeout_s=0.4, in_flight=1) as (_, model):
        model.preflight()
        before = time.monotonic()
        assert at_once(lambda _: outcome(model), range(2)) in (
            ["ModelError: timeout", "yes"],
            ["yes", "ModelError: timeout"],
        )
        assert 0.39 < time.monotonic() - before < 5


def test_the_deadline_is_for_the_whole_call() -> None:
    """A refused field, a retry and a stall share one budget."""
    broken = Delay(0.1, Status(500, "Oops.", {"Retry-After": "0"}))
    refused = Delay(0.6, Status(400, "temperature is not supported"))
    with serving([broken, refused, Stall(30)], timeout_s=1.0) as (server, model):
        model.preflight()
        before = time.monotonic()
        assert outcome(model, ask(temperature=0.1)) == "ModelError: timeout"
        assert 0.99 < time.monotonic() - before < 1.4
    assert len(server.requests) == 3


def test_a_wait_before_a_retry_ends_at_the_deadline() -> None:
    with serving(Status(503, "Loading.", {"Retry-After": "25"}), timeout_s=0.2) as (_, model):
        before = time.monotonic()
        assert outcome(model) == "ModelError: timeout"
        assert time.monotonic() - before < 5


def test_waiting_at_the_gate_is_not_counted() -> None:
    with serving(Delay(0.15, Text("yes")), timeout_s=0.6, in_flight=1) as (_, model):
        model.preflight()
        before = time.monotonic()
        replies = at_once(lambda _: model.generate(ask()), range(5))
        assert time.monotonic() - before > 0.7  # so the last one was there for longer than its deadline
    assert [reply.text for reply in replies] == ["yes"] * 5
    assert all(0.14 < reply.usage.seconds < 0.6 for reply in replies)


def test_a_server_that_fails_every_call_is_down_after_a_while() -> None:
    oops = Status(500, "Oops.", {"Retry-After": "0.01"})
    with serving(oops) as (server, model):
        found = [outcome(model) for _ in range(11)]
        assert found == ["ModelError: server"] * 9 + ["ModelDown: down"] * 2
        with pytest.raises(ModelDown, match=r"failed 12 calls in a row.* answered 500: Oops") as caught:
            model.generate(ask())
    assert server.url in str(caught.value)


def test_one_success_clears_the_record() -> None:
    oops = Status(500, "Oops.", {"Retry-After": "0.01"})
    with serving([oops] * 36 + [Text("yes")] + [oops] * 4) as (_, model):
        assert [outcome(model) for _ in range(11)] == ["ModelError: server"] * 9 + ["yes", "ModelError: server"]


def test_a_server_that_dies_in_the_middle_of_calls_works_again_when_it_is_back() -> None:
    """Also a call that saw others succeed says that the server is down, so that it is no failed vote."""
    some_are_done = threading.Event()
    with serving(Delay(0.05, Text("yes")), in_flight=4) as (server, model):

        def call(n: int) -> str:
            if n == 15:
                assert some_are_done.wait(10)
                server.stop()
            said = outcome(model)
            some_are_done.set()
            return said

        assert set(at_once(call, range(16))) == {"yes", "ModelDown: connection"}
        with pytest.raises(ModelDown) as caught:
            model.preflight()
        assert server.url in str(caught.value)
        server.start_again()
        assert at_once(lambda _: outcome(model), range(8)) == ["yes"] * 8
        model.preflight()


def test_a_server_that_restarts_loses_no_call() -> None:
    with serving(Text("yes")) as (server, model):
        assert outcome(model) == "yes"
        server.stop()
        server.start_again()  # the connections kept from before are dead
        assert at_once(lambda _: outcome(model), range(8)) == ["yes"] * 8


def test_preflight_of_a_server_that_is_not_there() -> None:
    with FakeOpenAI(Fill()) as server:
        server.stop()
        with model_at(server) as model, pytest.raises(ModelDown, match="cannot be reached") as caught:
            model.preflight()
    assert server.url in str(caught.value) and caught.value.cause == "connection"


def test_preflight_of_a_server_that_takes_the_connection_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        model = OpenAIModel("any", ModelOptions(base_url=url, timeout_s=0.2))
        with pytest.raises(ModelDown, match="cannot be reached: it gives no answer") as caught:
            model.preflight()
        model.close()
    assert url in str(caught.value)

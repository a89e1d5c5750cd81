"""Servers that say "too many requests": nothing is lost, and they are left alone for as long as they ask."""

import threading
import time
from typing import Any

import pytest
from asking import ask, at_once, outcome, prompt_of, serving
from server_faults import Behaviour, Delay, Fill, RateLimit, Status, Text

from judge.errors import ModelDown

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

FUTURE, PAST = "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT"


def wait(seconds: str) -> Status:
    return Status(429, "Slow down.", {"Retry-After": seconds}, error_code="rate_limit_exceeded")


@pytest.mark.parametrize(("asked", "calls"), [(None, 200), (FUTURE, 70)])
def test_a_storm_loses_nothing(asked: str | None, calls: int) -> None:
    """64 threads and a server that takes 300 calls a second; each answer comes to who asked for it."""
    calm = threading.Event()
    limits = []

    def answer(body: dict[str, Any], n: int) -> Behaviour:
        own = Text(prompt_of(body))
        return own if calm.is_set() else RateLimit(300, 4, retry_after=asked, then=own)

    with serving(answer, in_flight=8, retry_after_cap_s=0.05) as (server, model):

        def call(question: str) -> str:
            said = model.generate(ask(question)).text
            limits.append(model.gate.limit)
            return said

        questions = [f"question {n}" for n in range(calls)]
        assert at_once(call, questions) == questions
        assert model.gate.turned_away > 0 and 1 <= min(limits) < 8
        assert len(server.requests) == calls + model.gate.turned_away
        assert server.in_flight_peak <= 8
        calm.set()
        at_once(call, questions[:60])
        assert model.gate.limit == 8 and model.gate.in_flight == 0
        assert server.in_flight_peak <= 8


def test_no_more_than_the_ceiling_is_in_flight() -> None:
    with serving(Delay(0.02, Text("yes")), in_flight=5) as (server, model):
        assert at_once(lambda _: outcome(model), range(40)) == ["yes"] * 40
    assert server.in_flight_peak == 5


def test_everybody_waits_for_as_long_as_the_server_asked_one() -> None:
    with serving([wait("0.4"), Text("yes")], in_flight=1) as (server, model):
        assert at_once(lambda _: outcome(model), range(3)) == ["yes"] * 3
    first, *others = [seen.at for seen in server.requests]
    assert len(others) == 3 and min(others) - first >= 0.39


@pytest.mark.parametrize("long", ["3600", FUTURE])
def test_no_longer_than_the_cap(long: str) -> None:
    with serving([wait(long), Text("yes")], retry_after_cap_s=0.6) as (server, model):
        assert outcome(model) == "yes"
    first, second = [seen.at for seen in server.requests]
    assert 0.59 <= second - first < 3  # its own backoff would be 0.5 at most


def test_a_server_that_does_not_say_how_long_is_not_hammered() -> None:
    def requests(useless: str) -> int:
        with serving(wait(useless), patience_s=0.5) as (server, model):
            assert outcome(model) == "ModelDown: busy"
        return len(server.requests)

    assert max(at_once(requests, ["0", "-1", "soon", "nan", "inf", "", PAST])) <= 4


def test_patience_ends_and_says_so() -> None:
    with (
        serving(wait("0.05"), patience_s=0.1) as (server, model),
        pytest.raises(ModelDown, match="nothing but") as caught,
    ):
        model.generate(ask())
    assert server.url in str(caught.value)


def test_waiting_is_counted_as_retries_and_not_as_time() -> None:
    with serving([wait("0.2"), wait("0.2"), Text("yes")], timeout_s=0.3) as (_, model):
        model.preflight()
        usage = model.generate(ask()).usage
    assert (usage.calls, usage.retries) == (3, 2) and usage.seconds < 0.2


def test_patience_begins_with_the_call_and_not_with_the_model() -> None:
    """A model may have had nothing to do for hours when its server turns the first call away."""
    with serving([wait("0.05"), Text("yes")], patience_s=0.4) as (_, model):
        model.preflight()
        time.sleep(0.45)
        assert outcome(model) == "yes"


def test_one_success_within_patience_keeps_all_waiting() -> None:
    def every_third(body: dict[str, Any], n: int) -> Behaviour:
        return Fill() if n % 3 == 0 else wait("0.02")

    with serving(every_third, patience_s=2.0, in_flight=4) as (_, model):
        assert at_once(lambda _: outcome(model), range(12)) == ["{}"] * 12

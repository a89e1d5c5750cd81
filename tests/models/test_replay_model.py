"""The model that answers from a record."""

import pytest
from asking import ask

from judge.errors import ModelError
from judge.models.replay import ReplayModel
from judge.types import Exchange, Failure, Reply, Usage

SAID = Reply(text='{"label":  "correct"}', usage=Usage(calls=2, seconds=0.25))
KNOWN = {
    "good": Exchange(vote=0, turn=0, member="m", request=ask(), reply=SAID),
    "bad": Exchange(vote=0, turn=0, member="m", request=ask(), failure=Failure(cause="truncated", message="cut")),
}


def test_it_answers_fails_or_does_not_know_as_recorded() -> None:
    model = ReplayModel("m", lambda request: KNOWN.get(request.case_id), native_tools=True)
    assert model.native_tools() is True
    assert model.generate(ask(case_id="good")) == SAID
    with pytest.raises(ModelError, match=r"^cut$") as caught:
        model.generate(ask(case_id="bad"))
    assert caught.value.cause == "truncated"
    with pytest.raises(ModelError, match="'new', turn 2") as caught:
        model.generate(ask(case_id="new", turn=2))
    assert caught.value.cause == "not_recorded"

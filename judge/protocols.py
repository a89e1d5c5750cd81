"""What a plugin has to be: an evaluator, a tool or a model; and what decides cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, JsonValue

from judge.budget import Budget
from judge.types import (
    Basis,
    Case,
    Decided,
    Deliberation,
    Evidence,
    Finding,
    Outcome,
    Reply,
    Request,
    Runs,
)


class Evaluator(Protocol):
    """Decides a case by program, or abstains. A class that inherits from this one has the defaults given here.

    ``bases`` says for each outcome which bases the evaluator can reach; a finding outside it is refused. ``runs`` says
    where ``check`` runs:

    ``here``
        Promises time that is linear in the texts, whatever they say. A single case may be judged in the calling
        thread; runs, servers and rewards ask it in a child process under a deadline all the same.
    ``worker``
        Always in a child process, which is killed at the deadline.
    ``sandbox``
        In the calling thread, because all that may take long runs in `judge.sandbox.shared`, of which a host has one.

    An evaluator that cannot be sent to a child (its class stands in the script that runs) is asked in the calling
    thread, and nothing ends it. Evaluators are asked in the order of ``cost``, those that run ``here`` first. What is
    not ``deterministic`` is taken from the record by a replay. ``needs`` names the modules that ``check`` imports and
    that come with an extra: without them the evaluator abstains and says what to install.
    """

    name: str
    version: str
    kinds: frozenset[str]
    bases: Mapping[Outcome, frozenset[Basis]]
    runs: Runs = "worker"
    cost: float = 1
    deterministic: bool = True
    needs: tuple[str, ...] = ()

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        """Return what can be said of the case; ``undecided`` where nothing can. What uses up its budget stops."""
        ...

    def recheck(self, case: Case, witness: Evidence, /) -> bool:  # noqa: ARG002
        """Return whether evidence decides the case, without a search: against the response if its role is ``witness``,
        for it if that is ``certificate``. It may come from a stranger.
        """
        return False  # of an evaluator that gives none


@runtime_checkable
class Hinted(Protocol):
    """An evaluator that can use what somebody proposes: a mapping of variables, a formalisation, a candidate witness.

    What may be proposed is what the case's kind declares as its ``Hints``. Nothing that a hint says is taken on trust:
    it may make a verdict quick, and never wrong.
    """

    def prove(self, case: Case, hint: BaseModel, /, *, budget: Budget) -> Finding:
        """Return what the hint shows of the case, decided by a sound basis; else ``undecided``."""
        ...


class Tool(Protocol):
    """What a model may call while it judges. A ToolError speaks to the model, which may try again.

    One whose answer to the same arguments may change is not ``deterministic``: a replay then takes what was recorded
    instead of asking again. A tool that wants to see the case, or to keep something for as long as one vote takes, has
    ``open`` as well (see `Opens`); one that asks evaluators has ``consulting`` (see `Consulting`). A class that
    inherits from this one has the default given here.
    """

    name: str
    description: str
    Arguments: type[BaseModel]
    deterministic: bool = True

    def run(self, arguments: BaseModel, /) -> str:
        """Return what was observed, as text."""
        ...


@runtime_checkable
class Opens(Protocol):
    """A tool that is made ready for each vote; what the context yields is used for that vote alone."""

    def open(self, case: Case, /) -> AbstractContextManager[Tool]:
        """Return a context that yields the tool to use. It is entered at the first call, if there is one."""
        ...


class Consults(Protocol):
    """The evaluators of whoever judges, on its terms."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of cases that an evaluator is asked about."""
        ...

    @property
    def weakest(self) -> Basis:
        """The weakest basis that decides a case here. Who can reach nothing as strong is not asked."""
        ...

    def consult(self, case: Case, *, hints: Mapping[str, JsonValue] | None = None) -> dict[str, Finding]:
        """Return what evaluators of the case's kind find, by name; with `hints`, what these let them prove."""
        ...


@runtime_checkable
class Consulting(Protocol):
    """A tool that asks evaluators: those of the judge that judges, and no others."""

    def consulting(self, case: Case, evaluators: Consults, /) -> AbstractContextManager[Tool]:
        """Return a context that yields the tool to use for one vote. It is entered at the first call, if any."""
        ...


@runtime_checkable
class Proves(Protocol):
    """A tool, opened for a case, whose calls may decide that case by program: then nobody has to vote on it."""

    proved: Mapping[str, Finding]


class Serving(NamedTuple):
    """How a tool may be served to whoever asks, such as an agent over MCP: by a title, and on these terms.

    To have one is a promise: whatever a call says, the tool runs none of it outside the sandbox, and reads no file and
    no address that a call names. With ``sandboxed`` its work is done in the sandbox, where a call that is cancelled is
    killed; otherwise it is short. With ``keeps`` a call may depend on those before it. Where no case is at hand, a call
    also has the fields of ``Brings``, which become the inputs of one, and ``beside`` ends the description for that.
    """

    title: str
    sandboxed: bool
    keeps: bool = False
    Brings: type[BaseModel] | None = None
    beside: str = ""


@runtime_checkable
class Served(Tool, Protocol):
    """A tool that may be served to whoever asks. One that does not say so is for judges alone."""

    serving: Serving


class Decider(Protocol):
    """Decides cases, from any thread: what a run is made with."""

    @property
    def batch(self) -> int:
        """How many cases it is best handed at a time; 1 where one case may take long."""
        ...

    def decide(self, case: Case, *, kept: Iterable[Deliberation] = ()) -> Decided:
        """Return the verdict on a case; votes that were `kept` from an earlier attempt are not asked for again."""
        ...

    def decide_all(self, cases: Sequence[Case], /) -> list[Decided]:
        """Return the verdicts on a batch of cases of which nothing was kept."""
        ...


class Model(Protocol):
    """Answers requests; may be called from many threads at once.

    ``generate`` raises ModelError for a call that failed and ModelDown when no call can work. A model may
    also offer ``native_tools() -> bool`` (whether it calls tools in its server's own format; without it,
    tools are called through JSON objects), ``preflight()``, which raises ModelDown before any work, and
    ``at_once``, how many cases at once keep it busy.
    """

    def generate(self, request: Request, /) -> Reply:
        """Return the reply to a request."""
        ...


@runtime_checkable
class CallsTools(Protocol):
    """A model that knows whether its server calls tools natively."""

    def native_tools(self) -> bool:
        """Return whether tools may be sent in the request's own field."""
        ...


@runtime_checkable
class Closes(Protocol):
    """A model that holds connections."""

    def close(self) -> None:
        """Let go of them; a later call may open new ones."""
        ...


@runtime_checkable
class Described(Protocol):
    """A model of which more than its name can change what it says."""

    @property
    def provenance(self) -> Mapping[str, JsonValue]:
        """What that is, by name: part of the settings of a run."""
        ...


@runtime_checkable
class Batches(Protocol):
    """A model that computes many replies at once hardly slower than one."""

    @property
    def at_once(self) -> int:
        """How many cases at once keep it busy."""
        ...


@runtime_checkable
class Preflights(Protocol):
    """A model that can find out before any work that no call would work."""

    def preflight(self) -> None:
        """Raise ModelDown with the cause when no call can work."""
        ...

"""``judge show``: a run in numbers, or the whole story of one case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judge.cli import common
from judge.text.shown import harmless, one_line

if TYPE_CHECKING:
    from judge.record.store import Store, Stored
    from judge.types import Evidence, Exchange, Verdict, Vote


def show(
    run: Annotated[Path, typer.Argument(help="A run file.")],
    case: Annotated[str | None, typer.Argument(help="The id of a case.")] = None,
    as_json: common.Json = False,
) -> None:
    """Show a run in numbers, or tell the whole story of one case: findings, prompts, tool calls, votes, why."""
    from judge.cli.summary import describe
    from judge.record.store import Store
    from judge.record.summary import summarise

    with Store.read(run) as store:
        if case is not None:
            _show_case(store, case, as_json=as_json)
            return
        summary = summarise(store)
        if as_json:
            common.echo_json(summary)
            return
        typer.echo(harmless(describe(summary, run)))
        if rows := _worth_a_look(store):
            typer.echo(f"\nWorth a look (judge show {run} CASE):")
            typer.echo(common.table(rows))


def _worth_a_look(store: Store) -> list[tuple[str, str, str]]:
    """Return a few cases in which a verdict and a person differ, or in which something failed."""
    from judge.record import labels
    from judge.record.summary import ABSENT

    differing = (
        "SELECT 1 FROM labels WHERE labels.case_id = verdicts.case_id AND labels.label != verdicts.label "
        "AND verdicts.label != 'undecided'"
    )
    rows = store.query(
        f"SELECT case_id, label, failures, {labels.BY_RATER} FROM verdicts WHERE superseded = 0 "
        f"AND (failures != '[]' OR EXISTS ({differing})) ORDER BY number"
    )
    found: list[tuple[str, str, str]] = []
    for id, label, failures, said in rows:
        others = [
            f"{'a person' if rater == labels.FILE else rater} said {human}"
            for rater, human in labels.read(said).items()
            if human != label and label != "undecided"
        ]
        if not ABSENT.issuperset(json.loads(failures)):
            found.append((id, label, f"failed: {failures}"))
        elif others:
            found.append((id, label, ", ".join(others)))
        if len(found) == 10:
            break
    return found


def _show_case(store: Store, case_id: str, *, as_json: bool) -> None:
    from judge.errors import InputError, nearest

    stored = store.get(case_id)
    if stored is None:
        ids = [row[0] for row in store.query("SELECT case_id FROM verdicts WHERE superseded = 0 LIMIT 20000")]
        raise InputError(f"run {str(store.path)!r} has no case {case_id!r}.{nearest(case_id, ids)}")
    exchanges = store.exchanges(case_id)
    if as_json:
        records = {"case": stored.case, "verdict": stored.verdict}
        data = {name: record.model_dump(mode="json") for name, record in records.items()}
        told = [exchange.model_dump(mode="json") for exchange in exchanges]
        common.echo_json({**data, "at": stored.at, "labels": stored.labels, "exchanges": told})
        return
    typer.echo(harmless("\n".join(_story(stored, exchanges))))


def _story(stored: Stored, exchanges: list[Exchange]) -> list[str]:
    from judge.record import labels

    case, verdict = stored.case, stored.verdict
    lines = [f"Case {one_line(case.id)} ({case.kind})"]
    texts = [("question", case.question), ("context", case.context), ("criterion", case.criterion)]
    texts += [("reference", text) for text in case.references]
    texts += [("response" if n == 0 else f"response {n + 1}", text) for n, text in enumerate(case.responses)]
    for name, text in texts:
        if text:
            lines += [f"  {name}:", common.indented(text)]
    for name, value in case.inputs.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines += [f"  input {one_line(name)}:", common.indented(text)]
    if case.item is not None:
        lines.append(f"  item {one_line(case.item)}" + (f", variant {one_line(case.variant)}" if case.variant else ""))
    for rater, label in stored.labels.items():
        lines.append(f"  {'a person' if rater == labels.FILE else one_line(rater)} said: {one_line(label)}")
    lines += _verdict(verdict, stored.at)
    if verdict.findings:
        lines.append("\nEvaluators")
    for name, finding in verdict.findings.items():
        basis = f" ({finding.basis})" if finding.basis else ""
        lines.append(f"  {name}: {finding.outcome}{basis}: {one_line(finding.because)}")
        lines += [line for evidence in finding.evidence for line in _observed(evidence)]
    asked: dict[str, int] = {}  # which vote was the first to be asked this way
    for vote in verdict.votes:
        lines += _vote_story(vote, [exchange for exchange in exchanges if exchange.vote == vote.index], asked)
    return lines


def _verdict(verdict: Verdict, at: str | None) -> list[str]:
    lines = ["\nVerdict", f"  {common.headline(verdict)}"]
    if verdict.confidence is not None:
        lines.append(f"  confidence {verdict.confidence:g}")
    if tally := verdict.tally:
        counts = ", ".join(f"{count} {label}" for label, count in tally.counts.items()) or "none"
        saved = f", {tally.saved} not needed" if tally.saved else ""
        numbers = "" if tally.median is None else f", median {tally.median:g}, spread {tally.spread:g}"
        lines.append(f"  {tally.asked} votes asked for: {counts}, {tally.failed} failed{saved}{numbers}")
    if verdict.provenance:
        when = f", {at}" if at else ""
        lines.append(f"  judge {verdict.provenance.judge}, settings {verdict.provenance.fingerprint}{when}")
    return lines


def _vote_story(vote: Vote, exchanges: list[Exchange], asked: dict[str, int]) -> list[str]:
    member = vote.member
    settings = f"rubric {member.rubric}, temperature {member.temperature}, seed {member.seed}"
    lines = [f"\nVote {vote.index + 1}: {member.model}, {settings}"]
    told = 0
    for exchange in exchanges:
        messages = exchange.request.messages
        if told == 0:
            first = asked.setdefault("\0".join(message.content for message in messages), vote.index)
            if first != vote.index:
                lines.append(f"  is asked the same as vote {first + 1}")
                told = len(messages)
        for message in messages[told:]:
            if message.role != "assistant":
                lines += [f"  {message.role} says:", common.indented(message.content)]
        told = len(messages)
        if exchange.reply:
            lines += [f"  note: {note}" for note in exchange.reply.notes]
            if exchange.reply.text:
                lines += ["  the model answers:", common.indented(exchange.reply.text)]
            lines += [
                f"  the model calls {one_line(call.name)}: {one_line(call.arguments)}"
                for call in exchange.reply.tool_calls
            ]
    lines += [line for evidence in vote.evidence for line in _observed(evidence)]
    if vote.error:
        lines.append(f"  => no vote ({vote.error.cause}): {one_line(vote.error.message)}")
    else:
        cited = f", citing {', '.join(vote.cites)}" if vote.cites else ""
        lines.append(f"  => {vote.label}{cited}: {one_line(vote.reason)}")
    usage = vote.usage
    cost = "" if usage.cost is None else f", cost {usage.cost:.6f}"
    tokens = f"{usage.prompt_tokens} + {usage.completion_tokens} tokens"
    lines.append(f"  {usage.calls} calls, {usage.retries} retries, {tokens}, {usage.seconds:.2f} s{cost}")
    return lines


def _observed(evidence: Evidence) -> list[str]:
    state = "" if evidence.ok else " (failed, supports nothing)"
    took = "" if evidence.seconds is None else f", {evidence.seconds:.2f} s"
    return [
        f"  evidence {evidence.id} from {one_line(evidence.source)}{state}: {one_line(evidence.request)}",
        common.indented(evidence.content, "      "),
        f"      sha256 {evidence.digest[:16]}…{took}",
    ]

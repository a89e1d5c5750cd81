"""The records that everything else is written in: what is judged, what was observed, what was decided.

All records are frozen and forbid unknown fields. They are made of plain values, so that
``record.model_dump_json()`` followed by ``Record.model_validate_json(...)`` gives the same record back.
"""

from judge.types.case import Case, named
from judge.types.exchange import (
    Decided,
    Deliberation,
    Exchange,
    Message,
    Reply,
    Request,
    ToolCall,
    ToolSpec,
)
from judge.types.finding import SOUND, STRENGTH, Basis, Evidence, Failure, Finding, Outcome, Role, Runs, Seen
from judge.types.record import Record
from judge.types.verdict import Member, Provenance, Tally, Usage, Verdict, Vote, total

__all__ = [
    "SOUND", "STRENGTH", "Basis", "Case", "Decided", "Deliberation", "Evidence", "Exchange", "Failure", "Finding",
    "Member", "Message", "Outcome", "Provenance", "Record", "Reply", "Request", "Role", "Runs", "Seen", "Tally",
    "ToolCall", "ToolSpec", "Usage", "Verdict", "Vote", "named", "total",
]  # fmt: skip

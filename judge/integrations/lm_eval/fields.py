"""What a document of lm-evaluation-harness holds for a judge: question and references, by column or template."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from judge.errors import ConfigError, InputError, nearest
from judge.integrations.shared import inputs_of, texts
from judge.plain import digest
from judge.types import Case


@dataclass(frozen=True)
class Fields:
    """Where a document has its question, references and context.

    Each is the name of a column, a path into one such as ``answer.aliases``, or a Jinja template over the columns such
    as ``{{ solution.split("####")[-1] }}``, or None. A reference that is a list means that any of it is enough.
    ``inputs`` leads to what a case of the kind brings besides texts: an object, or one as JSON, as a template gives it
    (``{"tables": {"t": {{ rows | tojson }}}}``).
    """

    reference: str | None = None
    question: str | None = None
    context: str | None = None
    kind: str = "answer"
    inputs: str | None = None

    def case(
        self, name: str, response: str, doc: Mapping[str, Any], *, where: str, target: tuple[str, ...] = ()
    ) -> Case:
        """Return the case of a response; `target` holds its references where no column is named for them.

        `where` begins the message of the InputError for a missing column.
        """
        question, context = self._text("question", doc, where), self._text("context", doc, where)
        references = self._values("reference", doc, where) if self.reference else target
        # The content is part of the id, so that a run file of other samples is not taken for one of these.
        inputs = self._inputs(doc, where)
        brought = [json.dumps(inputs, sort_keys=True, default=str)] if inputs else []
        content = digest(response, question or "", context or "", *references, *brought)[:8]
        return Case(
            id=f"{name}-{content}",
            kind=self.kind,
            question=question,
            response=response,
            references=references,
            context=context,
            inputs=inputs,
        )

    def _inputs(self, doc: Mapping[str, Any], where: str) -> dict[str, Any]:
        if self.inputs is None:
            return {}
        try:
            return inputs_of(_value(self.inputs, doc))
        except (TemplateError, InputError) as error:
            raise InputError(f"{where}: inputs {self.inputs!r}: {error}") from None

    def _text(self, what: str, doc: Mapping[str, Any], where: str) -> str | None:
        return "\n".join(self._values(what, doc, where)) or None

    def _values(self, what: str, doc: Mapping[str, Any], where: str) -> tuple[str, ...]:
        spec = getattr(self, what)
        if spec is None:
            return ()
        try:
            return texts(_value(spec, doc))
        except (TemplateError, InputError) as error:
            raise InputError(f"{where}: {what} {spec!r}: {error}") from None


def _value(spec: str, doc: Mapping[str, Any]) -> Any:
    return _template(spec).render(doc) if "{{" in spec or "{%" in spec else _column(spec, doc)


def responses(item: Any, *, where: str) -> Sequence[str]:
    """Return the responses to one request: the harness has a text, or a list of them where a task has repeats."""
    found = [item] if isinstance(item, str) else item
    if not isinstance(found, list | tuple) or not all(isinstance(text, str) for text in found):
        raise InputError(f"{where}: expected generated text, got {item!r:.80}; only tasks that generate can be judged")
    return found


@functools.cache
def _template(text: str) -> Template:
    try:
        return SandboxedEnvironment(undefined=StrictUndefined).from_string(text)
    except TemplateError as error:
        raise ConfigError(f"{text!r} is no template: {error}") from None


def _column(path: str, doc: Mapping[str, Any]) -> Any:
    """Return a column, or what a dotted path leads to."""
    if path in doc:
        return doc[path]
    value: Any = doc
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            known = list(value) if isinstance(value, Mapping) else []
            raise InputError(f"no column {part!r}.{nearest(part, known)} There are: {', '.join(known) or 'none'}")
        value = value[part]
    return value

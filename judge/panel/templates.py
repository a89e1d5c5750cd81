"""The template of a rubric: Jinja, strict and sandboxed, and the case as it sees it."""

from __future__ import annotations

from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from judge.errors import RubricError, nearest
from judge.panel.frontmatter import HOSTILE, shown
from judge.text.fencing import Untrusted
from judge.types import Case

_VARIABLES = frozenset({"case", "inputs", "hints", "labels", "tools", "fence"})
_GONE = {
    "tags": "what a case brings is in case.inputs now",
    "id": "how a case is called is no matter of a prompt",
}


class View:
    """A case as a template sees it: what is judged, with the responses untrusted, and no bookkeeping."""

    def __init__(self, case: Case) -> None:
        self.kind, self.inputs = case.kind, case.inputs
        self.question, self.context, self.criterion = case.question, case.context, case.criterion
        self.references, self.reference = case.references, case.reference
        self.responses = tuple(Untrusted(text) for text in case.responses)
        self.response = self.responses[0]


_FIELDS = frozenset(
    {
        "kind",
        "inputs",
        "question",
        "context",
        "criterion",
        "references",
        "reference",
        "responses",
        "response",
    }
)

_PADDING = frozenset({"center", "format"})


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a short way to the fields of a case, of which none is unsafe."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return (type(obj) is View and attr in _FIELDS) or super().is_safe_attribute(obj, attr, value)


def _may_be_huge(node: nodes.Node) -> bool:
    """Return whether a short expression may stand for a value that nothing can hold; Jinja computes constants."""
    return not isinstance(node, nodes.Filter) or node.name in _PADDING


def compiled(name: str, source: str) -> Template:
    """Compile a template. Raises RubricError for what cannot work, with the line or the nearest name.

    Nothing of it is computed here. How long it takes to render is not bounded.
    """
    environment = _Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )
    try:
        tree = environment.parse(source)
        if huge := next(
            (node for node in tree.find_all((nodes.Pow, nodes.Mul, nodes.Filter)) if _may_be_huge(node)), None
        ):
            raise RubricError(f"rubric {name!r}, line {huge.lineno}: a template does not multiply, raise or pad")
        template = environment.from_string(source)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise RubricError(f"rubric {name!r}, line {line}: {shown(str(error))}") from None
    except HOSTILE as error:
        raise RubricError(f"rubric {name!r} cannot be compiled: {type(error).__name__}: {shown(str(error))}") from None
    for block in ("system", "user"):
        if block not in template.blocks:
            raise RubricError(f"rubric {name!r} lacks the block {block!r}: {{% block {block} %}} … {{% endblock %}}")
    for unknown in sorted(find_undeclared_variables(tree) - _VARIABLES):
        raise RubricError(
            f"rubric {name!r} uses the undefined variable {unknown!r}.{nearest(unknown, _VARIABLES)} "
            f"A template sees: {', '.join(sorted(_VARIABLES))}"
        )
    if other := next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None):
        where = f"rubric {name!r}, line {other.lineno}"
        if isinstance(other, nodes.Include) and other.template == nodes.Const("inputs"):
            raise RubricError(
                f'{where}: {{% include "inputs" %}} has to stand alone on its line, as it is written here'
            )
        raise RubricError(f'{where}: nothing can be included but the shared block: {{% include "inputs" %}}')
    for access in tree.find_all(nodes.Getattr):
        on_case = isinstance(access.node, nodes.Name) and access.node.name == "case"
        if on_case and access.attr not in _FIELDS:
            gone = f": {_GONE[access.attr]}." if access.attr in _GONE else f".{nearest(access.attr, _FIELDS)}"
            raise RubricError(
                f"rubric {name!r} uses the undefined variable 'case.{access.attr}'{gone} "
                f"A case has: {', '.join(sorted(_FIELDS))}"
            )
    return template

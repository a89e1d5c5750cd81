"""The graders of OpenAI's format as records. Fields and types are those of ``openai.types.graders`` (SDK 3.54)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, FiniteFloat, JsonValue, field_validator, model_validator

from judge.types import Record

Metric = Literal[
    "fuzzy_match", "bleu", "gleu", "meteor", "cosine", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"
]


class _Grader(Record):
    """What all graders have. From `pass_threshold` on a score passes; without one most say no more than a score."""

    name: str = ""
    id: str | None = None  # evaluations that the service stored have one; it means nothing here
    pass_threshold: FiniteFloat | None = None

    def passes(self, score: float) -> bool | None:
        """Return whether a score passes, or None where the grader does not say."""
        return None if self.pass_threshold is None else score >= self.pass_threshold


class StringCheck(_Grader):
    """Whether two texts are equal (``eq``, ``ne``), or the first holds the second (``like``, ``ilike``)."""

    type: Literal["string_check"]
    operation: Literal["eq", "ne", "like", "ilike"]
    input: str
    reference: str
    pass_threshold: FiniteFloat | None = 1.0


class TextSimilarity(_Grader):
    """How alike two texts are, from 0 to 1."""

    type: Literal["text_similarity"]
    evaluation_metric: Metric
    input: str
    reference: str

    @field_validator("evaluation_metric")
    @classmethod
    def _without_embeddings(cls, metric: str) -> str:
        if metric == "cosine":
            raise ValueError("cosine compares embeddings of a model of OpenAI's; take rouge_l or fuzzy_match here")
        return metric


class PythonCheck(_Grader):
    """A program with a function ``grade(sample, item)`` that returns a number."""

    type: Literal["python"]
    source: str
    image_tag: str | None = None  # of the service's containers; here the program gets what the sandbox has


class Sampling(Record):
    """How the model is sampled. What is not heard here is named by `unheard`."""

    temperature: float | None = None
    seed: int | None = None
    max_completions_tokens: int | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None

    @property
    def unheard(self) -> tuple[str, ...]:
        """The parameters that are given and that no request of ours can carry."""
        return tuple(name for name in ("top_p", "reasoning_effort") if getattr(self, name) is not None)


class Turn(Record):
    """One message of a prompt, its content joined to one text."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str
    type: Literal["message"] | None = None

    @field_validator("content", mode="before")
    @classmethod
    def _joined(cls, content: Any) -> str:
        parts = content if isinstance(content, list) else [content]
        return "".join(_text_of(part) for part in parts)


class _ModelGrader(_Grader):
    model: str
    input: tuple[Turn, ...] = Field(min_length=1)
    sampling_params: Sampling = Sampling()


class ScoreModel(_ModelGrader):
    """A model that gives a number of a range."""

    type: Literal["score_model"]
    range: tuple[FiniteFloat, FiniteFloat] = (0.0, 1.0)

    @model_validator(mode="before")
    @classmethod
    def _null_is_none(cls, data: Any) -> Any:
        return {k: v for k, v in data.items() if v is not None} if isinstance(data, dict) else data


class LabelModel(_ModelGrader):
    """A model that chooses a label; some labels pass."""

    type: Literal["label_model"]
    labels: tuple[str, ...] = Field(min_length=2)
    passing_labels: tuple[str, ...]
    pass_threshold: FiniteFloat | None = 1.0

    @model_validator(mode="after")
    def _subset(self) -> Self:
        if unknown := sorted(set(self.passing_labels) - set(self.labels)):
            raise ValueError(f"passing_labels has {unknown[0]!r}, which is none of the labels {list(self.labels)}")
        return self


Leaf = Annotated[
    StringCheck | TextSimilarity | PythonCheck | ScoreModel | LabelModel,
    Field(discriminator="type"),
]


class Multi(_Grader):
    """Several graders, and a formula over their scores in which each has its key as its name."""

    type: Literal["multi"]
    graders: dict[str, Leaf] = Field(min_length=1)
    calculate_output: str

    @field_validator("graders", mode="before")
    @classmethod
    def _by_name(cls, graders: Any) -> Any:
        """A list of graders is taken by their names; one grader alone, as the SDK has it, by its own."""
        if isinstance(graders, dict) and isinstance(graders.get("type"), str):
            graders = [graders]
        if not isinstance(graders, list):
            return graders
        names = [item.get("name") if isinstance(item, dict) else None for item in graders]
        if len(set(names)) < len(names) or not all(names):
            raise ValueError("the graders of a list need names that differ")
        return dict(zip(names, graders, strict=True))


Grader = Annotated[
    StringCheck | TextSimilarity | PythonCheck | ScoreModel | LabelModel | Multi,
    Field(discriminator="type"),
]


def _text_of(part: JsonValue) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and part.get("type") in ("input_text", "output_text") and isinstance(part["text"], str):
        return part["text"]
    kind = part.get("type") if isinstance(part, dict) else type(part).__name__
    raise ValueError(f"content of type {kind!r} cannot be judged here, only text")

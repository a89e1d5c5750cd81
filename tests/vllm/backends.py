"""A real model in a real engine, asked in two ways: in this process, and through vLLM's own server."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from judge import Case, Judge
from judge.assembly import load_model
from judge.models import ModelOptions
from judge.protocols import Model
from judge.types import Message, Request

ROOT = Path(__file__).parent.parent.parent
TEMPLATE = ROOT / "scripts" / "vllm_cpu" / "tools.jinja"
ENGINE: dict[str, Any] = {
    "dtype": "float32",  # in bfloat16 near ties go either way
    "max_model_len": 2048,
    "max_num_seqs": 32,
    "kv_cache_memory_bytes": 1 << 30,
    "block_size": 32,
}
CASES = [
    Case(id="paris", question="What is the capital of France?", response="It is Paris.", reference="Paris"),
    Case(id="eight", question="What is 7 times 8?", response="54, I believe.", reference="56 exactly"),
    Case(id="hot", question="What is the opposite of hot?", response="cold, of course", reference="cold"),
]


class Backend(NamedTuple):
    """What to ask, and how: the name of a model with the settings that go with it."""

    name: str
    spec: str
    settings: dict[str, Any]

    @property
    def here(self) -> bool:
        return self.name == "here"

    def judge(self, **more: Any) -> Judge:
        return Judge(model=self.spec, evaluators="none", **{**self.settings, "max_tokens": 160, **more})

    def model(self, **more: Any) -> Any:
        return load_model(self.spec, ModelOptions(**{**self.settings, **more}))

    def tools(self) -> dict[str, Any]:
        """Settings for a model that is told how to call tools in its own format."""
        if not self.here:
            return {"tool_calls": "native"}
        chat = {"chat_template": str(TEMPLATE), "tool_call_parser": "hermes"}
        return {"tool_calls": "native", "engine": {**self.settings["engine"], **chat}}


def weights() -> str:
    """The folder of the model. These tests are asked for by name, so that they fail without one."""
    path = os.environ.get("SMALL_MODEL", "")
    assert path and Path(path, "config.json").is_file(), (
        "run scripts/vllm_cpu/install.sh VENV MODEL and set SMALL_MODEL to the folder MODEL"
    )
    return str(Path(path).resolve())


def surroundings() -> dict[str, str]:
    """The environment of a process with an engine, on a machine that others use as well."""
    return {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"), "HF_HUB_OFFLINE": "1"}


@contextmanager
def here() -> Iterator[Backend]:
    """The engine in this process, loaded once: what is opened for a test shares it."""
    backend = Backend("here", f"vllm:{weights()}", {"engine": ENGINE, "in_flight": 8})
    keep = backend.model()
    keep.preflight()
    try:
        yield backend
    finally:
        keep.close()


@contextmanager
def served() -> Iterator[Backend]:
    """The same engine behind vLLM's server, on a free port of its own."""
    port = _free_port()
    arguments = {name.replace("_", "-"): str(value) for name, value in ENGINE.items()}
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", weights(), "--enforce-eager"]
    command += ["--no-enable-chunked-prefill"]  # see judge/models/vllm/settings.py
    command += ["--served-model-name", "small", "--host", "127.0.0.1", "--port", str(port)]
    command += [word for name, value in arguments.items() for word in (f"--{name}", value)]
    # As in this process: free white space is enough for a small model to fill a reply with.
    command += ["--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}']
    command += ["--enable-auto-tool-choice", "--tool-call-parser", "hermes", "--tool-strict-level", "parameter"]
    command += ["--chat-template", str(TEMPLATE)]
    quiet = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, env={**surroundings(), **quiet}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}"
            if not _answers(f"{url}/health", process):
                log.seek(0)
                raise AssertionError(f"the server did not start:\n{log.read().decode(errors='replace')[-4000:]}")
            yield Backend("served", "openai:small", {"base_url": f"{url}/v1", "in_flight": 8, "timeout_s": 300})
        finally:
            with suppress(ProcessLookupError):  # it ended by itself, which is told above
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def ask(text: str = "Name a colour.", **more: Any) -> Request:
    return Request(messages=(Message(role="user", content=text),), **{"max_tokens": 40, **more})


def text_of(model: Model, request: Request) -> str:
    return model.generate(request).text


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + 400
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    return False


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

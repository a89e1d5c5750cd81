"""A chat-completions server that answers at once what it is asked for, after a fixed wait.

Usage: python mock_server.py LATENCY_SECONDS, or in Python `with server(latency) as origin`. It prints its
port, serves 127.0.0.1, and ends when its standard input is closed. A JSON schema in the request is filled,
else the tool vote is called, or the first, else the text is "GRADE: C". GET /stats tells how many requests came,
the most in flight at once and the bytes received, and POST /reset starts counting anew.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

STATS = {"requests": 0, "most_in_flight": 0, "bytes": 0}
IN_FLIGHT: set[int] = set()
LATENCY = web.AppKey("LATENCY", float)


@contextmanager
def server(latency: float) -> Iterator[str]:
    """The origin of a server that runs, as a process of its own, as long as the context."""
    command = [sys.executable, __file__, str(latency)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


def ask(url: str, *, method: str = "GET") -> dict[str, int]:
    """What /stats or /reset answers, asked without any proxy."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(urllib.request.Request(url, method=method), timeout=10) as reply:
        answer: dict[str, int] = json.load(reply)
    return answer


async def complete(request: web.Request) -> web.Response:
    body = await request.read()
    STATS["requests"] += 1
    STATS["bytes"] += len(body)
    IN_FLIGHT.add(id(request))
    STATS["most_in_flight"] = max(STATS["most_in_flight"], len(IN_FLIGHT))
    try:
        await asyncio.sleep(request.app[LATENCY])
        return web.json_response(completion(json.loads(body)))
    finally:
        IN_FLIGHT.discard(id(request))


def completion(request: dict[str, Any]) -> dict[str, Any]:
    message = answer(request)
    reason = "tool_calls" if "tool_calls" in message else "stop"
    return {
        "id": "chatcmpl-mock",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420},
    }


def answer(request: dict[str, Any]) -> dict[str, Any]:
    form = request.get("response_format") or {}
    if form.get("type") == "json_schema":
        schema = form["json_schema"]["schema"]
        return {"role": "assistant", "content": json.dumps(fill(schema, schema))}
    if request.get("tools"):
        functions = [tool["function"] for tool in request["tools"]]
        function = next((f for f in functions if f["name"] == "vote"), functions[0])
        schema = function.get("parameters", {})
        called = {"name": function["name"], "arguments": json.dumps(fill(schema, schema))}
        calls = [{"id": "call_1", "type": "function", "function": called}]
        return {"role": "assistant", "content": None, "tool_calls": calls}
    return {"role": "assistant", "content": "GRADE: C"}


def fill(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """A value that a schema of the usual keywords allows: first choices, all properties, fewest items."""
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return fill(target, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            return fill(schema[keyword][0], root)
    kind = schema.get("type", "object")
    match kind if isinstance(kind, str) else kind[0]:
        case "object":
            return {name: fill(part, root) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [fill(schema.get("items", {}), root)] * schema.get("minItems", 0)
        case "string":
            return "Both give the same answer."
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return schema.get("minimum", 1)


async def models(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": "mock", "object": "model"}]})


async def stats(_: web.Request) -> web.Response:
    return web.json_response(STATS)


async def reset(_: web.Request) -> web.Response:
    STATS.update(dict.fromkeys(STATS, 0))
    return web.json_response({})


async def serve(latency: float) -> None:
    app = web.Application(client_max_size=2**26)
    app[LATENCY] = latency
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", models)
    app.router.add_get("/stats", stats)
    app.router.add_post("/reset", reset)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    asyncio.run(serve(float(sys.argv[1])))

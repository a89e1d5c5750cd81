"""An MCP server on standard input and output: an agent's own work, checked by program.

The event loop only talks. Each call works in a thread, so that pings and other calls are answered meanwhile, and a call
that the client cancels, or leaves by closing the input, has its run in the sandbox killed before it is let go.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from judge.errors import JudgeError, nearest
from judge.integrations.mcp.tools import LIMIT, Offer, Offers
from judge.panel.actions import shortened, validated
from judge.sandbox import stopping_at
from judge.types import Basis
from judge.version import __version__

_INSTRUCTIONS = (
    "Check your work before you hand it over: by program, without a model. What you give to {sandboxed} runs in a "
    "sandbox that has no network and none of the user's files. 'undecided' and 'unknown' mean that a program could not "
    "tell; they say nothing against an answer."
)


def serve(*, weakest: Basis = "rule") -> None:
    """Serve one client until it closes the input. No verdict rests on a basis weaker than `weakest`.

    Raises PluginError for a tool that cannot be offered.
    """
    with Offers(weakest=weakest) as offers:
        anyio.run(_serve, offers)


async def _serve(offers: Offers) -> None:
    serving = _Serving(offers)
    server: Server[Any] = Server(
        "judge",
        version=__version__,
        title="judge",
        instructions=_INSTRUCTIONS.format(sandboxed=", ".join(o.name for o in offers.all if o.isolates)),
        on_list_tools=serving.list_tools,
        on_call_tool=serving.call_tool,
    )
    async with stdio_server() as (read, write):  # which also sends to stderr whatever else is written to stdout
        await server.run(read, write, server.create_initialization_options())


class _Serving:
    """The answers to a client's requests."""

    def __init__(self, offers: Offers) -> None:
        self._offers = {offer.name: offer for offer in offers.all}
        # Here, where waiting can be cancelled, and not in the sandbox, which runs as many at a time.
        self._places = anyio.CapacityLimiter(os.cpu_count() or 1)
        self._turns = {offer.name: anyio.Lock() for offer in offers.all if offer.keeps}

    async def list_tools(
        self, _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(offer) for offer in self._offers.values()])

    async def call_tool(
        self, _context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        offer = self._offers.get(params.name)
        if offer is None:
            known = ", ".join(self._offers)
            message = f"unknown tool {params.name!r}.{nearest(params.name, self._offers)} There are: {known}"
            raise MCPError(types.INVALID_PARAMS, message)
        work = partial(_result, offer, params.arguments or {})
        if not offer.isolates:
            return await anyio.to_thread.run_sync(work)
        if not offer.keeps:
            return await _stoppable(work, self._places)
        async with self._turns[offer.name]:
            return await _stoppable(work, self._places)


def _described(offer: Offer) -> types.Tool:
    return types.Tool(
        name=offer.name,
        title=offer.title,
        description=offer.description,
        input_schema=offer.Arguments.model_json_schema(),
        output_schema=offer.Result.model_json_schema(mode="serialization") if offer.Result else None,
        annotations=types.ToolAnnotations(
            read_only_hint=not offer.keeps,
            destructive_hint=False,
            open_world_hint=False,
        ),
    )


async def _stoppable(work: Callable[[], types.CallToolResult], places: anyio.CapacityLimiter) -> types.CallToolResult:
    """Return what the work gives, in a thread; when this is cancelled, what the work runs in the sandbox is killed."""
    stop = threading.Event()

    def within() -> types.CallToolResult:
        with stopping_at(stop):
            return work()

    async def watch() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            stop.set()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        result = await anyio.to_thread.run_sync(within, limiter=places)  # left only when the thread is done
        group.cancel_scope.cancel()
    return result


def _result(offer: Offer, arguments: dict[str, Any]) -> types.CallToolResult:
    """Run a tool. Whatever goes wrong becomes an error that the model may read."""
    try:
        found = offer.run(validated(arguments, offer.Arguments, tool=offer.name))
    except JudgeError as error:
        return _said(f"error: {error}", failed=True)
    except Exception as error:  # noqa: BLE001 - a defect in a tool; the session goes on
        return _said(f"error: the tool crashed: {type(error).__name__}: {error}", failed=True)
    if isinstance(found, str):
        return _said(found)
    return types.CallToolResult(
        content=[_text(found.model_dump_json())], structured_content=found.model_dump(mode="json")
    )


def _said(text: str, *, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[_text(shortened(text, LIMIT))], is_error=failed)


def _text(text: str) -> types.ContentBlock:
    return types.TextContent(type="text", text=text)

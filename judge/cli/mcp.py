"""``judge mcp``: a server for agents that check their own work, on standard input and output."""

from __future__ import annotations

import signal

from judge.errors import ConfigError


def mcp() -> None:
    """Serve verify_answer, check and the sandboxed tools to an MCP client, until it closes the input."""
    try:
        from judge.integrations.mcp.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("mcp", "mcp_types"):  # the second is missing beside an older mcp
            raise
        raise ConfigError("serving MCP needs an extra: pip install 'equijudge[mcp]'") from None
    # Ctrl-C ends it at once: the thread that waits for input could not be told. The sandbox ends with this process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve()

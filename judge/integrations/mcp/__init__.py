"""An MCP server: an agent's own work, checked by program."""

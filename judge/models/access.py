"""Where a server is and the key that opens it, checked before any work."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from judge.errors import ConfigError
from judge.models import ModelOptions


def base_url(options: ModelOptions) -> str | None:
    """Return the base URL, or None for OpenAI's own. Raises ConfigError when it is not an address."""
    url = options.base_url or os.environ.get("OPENAI_BASE_URL")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"the base URL {url!r} is not an address such as http://localhost:8000/v1")
    return url


def api_key(options: ModelOptions, *, local: bool) -> str:
    """Return the key from the environment. Raises ConfigError, which never shows it, when there is none."""
    name = options.api_key_env or "OPENAI_API_KEY"
    if key := os.environ.get(name, "").strip():
        if not (key.isascii() and key.isprintable()):
            raise ConfigError(f"the environment variable {name} holds characters that no key has: set it again")
        return key
    if local and options.api_key_env is None:
        return "none"  # a server of one's own usually wants no key, but the SDK insists on one
    raise ConfigError(
        f"the environment variable {name} is not set: export it, or give --base-url for a server without a key"
    )

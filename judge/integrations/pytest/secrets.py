"""What must not lie in a repository, taken out of texts before they are written to a cassette."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

REMOVED = "[secret removed]"
_NAMES = re.compile(r"(^|_)(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(_|$)", re.IGNORECASE)
_SHORTEST = 8  # a shorter value, such as "none" or "1", is no secret and occurs everywhere
_SHAPES = re.compile(
    r"""
      \b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}                 # OpenAI, Anthropic, Stripe and others
    | \bgh[pousr]_[A-Za-z0-9]{20,}                      # GitHub
    | \bhf_[A-Za-z0-9]{20,}                             # Hugging Face
    | \bxox[abeoprs]-[A-Za-z0-9-]{10,}                  # Slack
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b                     # Amazon
    | \bAIza[0-9A-Za-z_-]{35}                           # Google
    | \beyJ[\w-]{8,}(?:\.[\w-]+)*                      # a JSON web token, or what begins like one
    | (?<=Bearer\ )[\w.~+/-]{16,}=*                     # the header that carries any of them
    | (?<=://)[^\s/@:]+:[^\s/@]+(?=@)                   # user and password in an address
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----              # a key up to its end, or all that follows
      (?:(?!-----END\ [A-Z ]*PRIVATE\ KEY-----)[\s\S])*(?:-----END\ [A-Z ]*PRIVATE\ KEY-----)?
    """,
    re.VERBOSE,
)


class Secrets:
    """Removes the values of environment variables that hold secrets, and what has the shape of a well-known key.

    A variable holds a secret if its name says so (``…_KEY``, ``…_TOKEN``, ``…_PASSWORD``) or if it is one of `named`.
    A secret in neither place is not found: look through a new cassette before it is committed.

    >>> Secrets({"MY_API_KEY": "open sesame"}).removed({"text": "it says open sesame"})
    {'text': 'it says [secret removed]'}
    """

    def __init__(self, environ: Mapping[str, str], *, named: Iterable[str] = ()) -> None:
        wanted = set(named)
        values = {v.strip() for name, v in environ.items() if name in wanted or _NAMES.search(name)}
        self._values = sorted((v for v in values if len(v) >= _SHORTEST), key=len, reverse=True)

    def removed(self, value: Any) -> Any:
        """Return plain data with every secret in its texts replaced."""
        if isinstance(value, str):
            for secret in self._values:
                value = value.replace(secret, REMOVED)
            return _SHAPES.sub(REMOVED, value)
        if isinstance(value, dict):
            return {key: self.removed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.removed(item) for item in value]
        return value

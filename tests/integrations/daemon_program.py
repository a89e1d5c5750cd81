"""A daemon that says which process it is, and does what it is told to: raise, die, or die once."""

import os
from pathlib import Path
from typing import Any

from judge.integrations.promptfoo.daemon import serve


def answer(request: Any) -> int:
    match request:
        case "raise":
            raise ValueError("it was told to")
        case "die":
            os._exit(1)
        case {"die once": mark} if not Path(mark).exists():
            Path(mark).touch()
            os._exit(1)
        case {"wait for": mark}:
            os.mkfifo(mark)
            Path(mark).read_bytes()  # comes back when the other end was opened and closed
    return os.getpid()


if __name__ == "__main__":
    serve(answer, close=Path("closed").touch, idle_s=float(os.environ.get("IDLE_S", "300")))

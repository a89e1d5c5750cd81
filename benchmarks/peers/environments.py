"""Virtual environments of the peers: made once, and again when their requirements change."""

import subprocess
import sys
from pathlib import Path

DEADLINE = 900  # seconds for one step of an installation


def environment(folder: Path, requirements: list[str]) -> str:
    """The Python of a virtual environment that holds the requirements; it is made unless it is there."""
    python, installed = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join(requirements)
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        print(f"installing {' '.join(requirements)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=DEADLINE)
        install = [str(python), "-m", "pip", "install", "-qq", *requirements]
        subprocess.run(install, check=True, timeout=DEADLINE, stdout=sys.stderr)
        installed.write_text(wanted, encoding="utf-8")
    return str(python)

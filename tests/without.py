"""A Python that has everything but one package, as on a machine where an extra is not installed."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEADLINE_S = 120


def run_without(package: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``judge WORDS`` in a folder where a package cannot be imported."""
    packages = folder / "packages"
    packages.mkdir()
    for kind in ("purelib", "platlib"):
        for path in Path(sysconfig.get_path(kind)).iterdir():
            if not path.name.startswith(package) and not (packages / path.name).exists():
                (packages / path.name).symlink_to(path)
    found = os.pathsep.join(map(str, (packages, ROOT, ROOT / "plugins")))
    return subprocess.run(
        [sys.executable, "-S", "-m", "judge.cli", *words], cwd=folder, env={**os.environ, "PYTHONPATH": found},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip

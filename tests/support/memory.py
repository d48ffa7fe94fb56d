"""Where databases of tests lie: in memory, where there is room."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 (what is made in it has a name of its own)
ROOM = 2 * 1024**3
"""Bytes that must be free: a container has 64 MB by default, and a run's databases take more."""


def quick_folder() -> Path:
    """Return a folder for temporary files, in memory if that can be: no test is about a power cut."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return Path(tempfile.gettempdir())

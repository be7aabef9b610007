"""Small discs that are full or locked, for tests run as root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disc(at: Path, *, size_kib: int = 2048, mode: str = "0777") -> Iterator[Path]:
    """A tmpfs of a given size mounted on a new folder; the test is skipped where mounting is not allowed."""
    at.mkdir()
    options = f"size={size_kib}k,mode={mode}"
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", at], check=False).returncode
    ):
        pytest.skip("mounting a small disc needs root")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", at], check=True)


def lock(disc: Path) -> None:
    """Make a mounted disc read-only."""
    subprocess.run(["mount", "-o", "remount,ro", disc], check=True)

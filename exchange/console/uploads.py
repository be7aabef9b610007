"""Files an officer sends: kept in a private folder of the home until the work they were sent for has ended."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from exchange.settings import Settings

FOLDER: Final = "uploads"
MOST_BYTES: Final = 512 * 2**20
"""Bytes of one file: a million rows are about 150 MB."""
_DAY_SECONDS: Final = 86_400


def taken(sent: Sequence[Any], names: Sequence[str]) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
    """Name → bytes of the files wanted, and what is wrong with others: (name, message id). Names count in any case."""
    files: dict[str, bytes] = {}
    wrong: list[tuple[str, str]] = []
    for one in sent:
        name = str(getattr(one, "filename", "") or "").replace("\\", "/").rpartition("/")[2].lower()
        if not name:
            continue
        if name not in names:
            wrong.append((name[:80], "This file is none of an answer's:"))
        elif name in files:
            wrong.append((name, "This file was sent twice:"))
        elif (getattr(one, "size", 0) or 0) > MOST_BYTES:
            wrong.append((name, "This file is too large:"))
        else:
            files[name] = one.file.read()
    return files, wrong


def keep(settings: Settings, files: Mapping[str, bytes]) -> Path:
    """The files in a folder of their own (0700) named by their bytes, so that the same files are the same work."""
    root = settings.at_home(Path(FOLDER))
    _forget_old(root)
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}|{hashlib.sha256(files[name]).hexdigest()}|".encode())
    folder = root / digest.hexdigest()[:16]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    root.chmod(0o700)
    for name, data in files.items():
        whole = folder / f".{name}"
        whole.touch(mode=0o600)
        whole.write_bytes(data)
        whole.rename(folder / name)
    return folder


def forget(settings: Settings, folder: str) -> None:
    """Remove a folder of `keep`; anything else is left alone."""
    root, path = settings.at_home(Path(FOLDER)).resolve(), Path(folder).resolve()
    if path.parent == root:
        shutil.rmtree(path, ignore_errors=True)


def place(where: str) -> str:
    """Where something is wrong, as the officer knows it: a file's name without our folders."""
    head, mark, rest = where.partition(f"/{FOLDER}/")
    return rest.partition("/")[2] if mark and head.startswith("/") else where


def _forget_old(root: Path) -> None:
    if root.is_dir():
        for folder in root.iterdir():
            if time.time() - folder.stat().st_mtime > _DAY_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

"""The vault on a disk, or on any object store fsspec knows (ports.Vault).

On a disk: folders 0700, files 0600; a file is written beside, forced to the disk and renamed, so it is whole or
absent after a kill or a power cut. Elsewhere one put is one object, which the store makes atomic.
`.work` in the root holds what is being written; what a dead process of this machine left there is swept away.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import uuid4

import fsspec
import psutil
from fsspec.implementations.local import LocalFileSystem

from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater

_WORK: Final = ".work"
_CHUNK: Final = 1 << 20
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class FsVault:
    """Files at rest under an fsspec URL (`file:///var/lib/exchange/vault`, `s3://…`, `memory://…`).

    Raises NeedsPerson 905 (name, permission), 906 (disk full), 914 (no such file); RetryLater 901 (store away).
    """

    def __init__(self, url: str) -> None:
        with _translated(url):
            fs, root = fsspec.core.url_to_fs(url)
        self._fs: Any = fs
        self._root: str = str(root).rstrip("/")
        self._disk = Path(self._root) if isinstance(fs, LocalFileSystem) else None

    def put(self, exchange: str, name: str, data: bytes) -> str:
        """Store bytes, return their SHA-256 in hex."""
        if self._disk is None:
            with _translated(f"{exchange}/{name}"):
                self._fs.pipe_file(self._path(exchange, name), data)
        else:
            self._write(exchange, name, lambda out: _counted(out.write(data), len(data)))
        return hashlib.sha256(data).hexdigest()

    def put_file(self, exchange: str, name: str, local: Path) -> str:
        """Store a local file's bytes, return their SHA-256 in hex. The local file stays."""
        digest = hashlib.sha256()

        def copy(out: BinaryIO) -> None:
            with local.open("rb") as given:
                while chunk := given.read(_CHUNK):
                    digest.update(chunk)
                    out.write(chunk)

        if self._disk is None:
            with _translated(f"{exchange}/{name}"), self._fs.open(self._path(exchange, name), "wb") as out:
                copy(out)
        else:
            self._write(exchange, name, copy)
        return digest.hexdigest()

    def _write(self, exchange: str, name: str, fill: Callable[[BinaryIO], None]) -> None:
        target = Path(self._path(exchange, name))
        with _translated(f"{exchange}/{name}"):
            _private_folder(target.parent)
            beside = self._work_path("put")
            try:
                with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    fill(out)
                    out.flush()
                    os.fsync(out.fileno())
                beside.replace(target)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
            _sync_folder(target.parent)

    def get(self, exchange: str, name: str) -> bytes:
        """The stored bytes; NeedsPerson 914 when there are none."""
        with _translated(f"{exchange}/{name}"):
            data: bytes = self._fs.cat_file(self._path(exchange, name))
            return data

    @contextmanager
    def open(self, exchange: str, name: str) -> Iterator[BinaryIO]:
        """A stored file, opened for reading; NeedsPerson 914 when there is none."""
        with _translated(f"{exchange}/{name}"):
            stored = self._fs.open(self._path(exchange, name), "rb")
        with stored:
            yield stored

    def has(self, exchange: str, name: str) -> bool:
        """Whether a file of that name is stored."""
        with _translated(f"{exchange}/{name}"):
            return bool(self._fs.isfile(self._path(exchange, name)))

    def names(self, exchange: str, under: str = "") -> Sequence[str]:
        """Stored names below a folder, sorted; each as `get` takes it."""
        base = self._path(exchange)
        folder = under.rstrip("/")
        with _translated(exchange):
            self._fs.invalidate_cache()
            found = self._fs.find(self._path(exchange, folder) if folder else base)
        return sorted(str(path)[len(base) + 1 :] for path in found)

    def where(self, exchange: str, name: str) -> str:
        """What a person would open: a path, or a URL for an object store."""
        path = self._path(exchange, name)
        return path if self._disk is not None else str(self._fs.unstrip_protocol(path))

    @contextmanager
    def workdir(self) -> Iterator[Path]:
        """A private local folder (mode 0700) on the vault's disk, gone afterwards; 906 when its disk fills up."""
        with self._work_folder() as folder:
            try:
                yield folder
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                raise _problem(error, str(folder.parent)) from None

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        if self._disk is None:
            with tempfile.TemporaryDirectory(prefix="vault-") as elsewhere:
                yield Path(elsewhere)
            return
        with _translated("work folder"):
            folder = self._work_path("dir")
            self._sweep()
            folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _path(self, exchange: str, name: str | None = None) -> str:
        if "/" in exchange:
            _refuse_name(exchange)
        parts = [exchange, *(name.split("/") if name is not None else [])]
        for part in parts:
            if not _safe(part):
                _refuse_name("/".join(parts))
        return "/".join([self._root, *parts])

    def _work_path(self, kind: str) -> Path:
        """A name in `.work` that says whose it is: machine, process, the process's start."""
        work = Path(self._root) / _WORK
        _private_folder(work)
        pid = os.getpid()
        return work / f"{kind}~{socket.gethostname()}~{pid}~{_own_start_time(pid)}~{uuid4().hex[:12]}"

    def _sweep(self) -> None:
        """Take away what dead processes of this machine left."""
        for left in (Path(self._root) / _WORK).iterdir():
            owner = left.name.split("~")
            if len(owner) != 5 or owner[1] != socket.gethostname() or not owner[2].isdigit():
                continue
            if _start_time(int(owner[2])) == owner[3]:
                continue
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _counted(written: int, wanted: int) -> None:
    if written != wanted:
        raise OSError(errno.ENOSPC, "short write")


def _safe(part: str) -> bool:
    """One part of a name: no way up, nothing hidden, no separator, nothing unprintable, at most 200 bytes."""
    return (
        bool(part)
        and not part.startswith(".")
        and part.isprintable()
        and not set(part) & {"/", "\\", "~"}
        and (len(part.encode("utf-8", "surrogatepass")) <= 200)
    )


def _refuse_name(name: str) -> None:
    raise NeedsPerson(
        905,
        "The vault does not take this name.",
        where=ascii(name[:200]),
        next_step="Use parts of letters, digits, '.', '-' and '_' joined by '/', none beginning with a dot.",
    )


def _private_folder(folder: Path) -> None:
    """Make a folder and those above it, each closed to others; what exists stays as it is."""
    if folder.is_dir():
        return
    _private_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk, where its file system lets us."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


@cache
def _own_start_time(pid: int) -> str:
    """Asked for at every file, and the same as long as the process is; a fork has a pid of its own."""
    return _start_time(pid)


def _start_time(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return "gone"


@contextmanager
def _translated(where: str) -> Iterator[None]:
    """Turn the store's exceptions into ours."""
    try:
        yield
    except (ExchangeError, TypeError, AttributeError, KeyError):
        raise
    except Exception as error:
        raise _problem(error, where) from None


def _problem(error: Exception, where: str) -> ExchangeError:
    said = f"{where} ({type(error).__name__})"
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, FileNotFoundError):
        return NeedsPerson(
            914, "The vault has no such file.", where=said, next_step="Run the step that makes it, or restore it."
        )
    if number in _FULL:
        return NeedsPerson(
            906, "The vault's disk is full. The file was not stored.", where=said, next_step="Free space, run it again."
        )
    if number in (
        errno.EROFS,
        errno.ENAMETOOLONG,
        errno.EISDIR,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.EEXIST,
    ) or isinstance(error, PermissionError):
        return NeedsPerson(
            905,
            "The vault may not be read or written here.",
            where=said,
            next_step="Check its folder's owner and mode.",
        )
    if isinstance(error, ValueError | ImportError):
        return NeedsPerson(
            905, "The vault's address is not one that can be used.", where=said, next_step="Check the setting vault."
        )
    return RetryLater(
        901, "The vault's store does not answer.", where=said, next_step="Nothing to do: it is tried again."
    )

"""SFTP servers as they are met: no folder rename, short answers, write-only handles, files taken at once, bad discs."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh


@dataclass
class Oddities:
    """What is odd about a server. Change at any time."""

    renames_folders: bool = True
    read_most_bytes: int = 1 << 20
    reads_what_it_writes: bool = True
    takes_files_at_close: bool = False
    spoils_byte: int | None = None
    fails_writes: bool = False
    forgets_extensions: bool = False
    taken: int = 0


@contextmanager
def odd_server(root: Path, host_key: Path, authorized: Path, odd: Oddities) -> Iterator[int]:
    """Serve a folder with these oddities from a thread of this process; yields the port."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[str(host_key)],
            authorized_client_keys=str(authorized),
            sftp_factory=lambda channel: _OddServer(channel, root, odd),
        )
        ports.append(server.get_port())
        started.set()

    def run() -> None:
        loop.create_task(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait(10)
    yield ports[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


class _OddServer(asyncssh.SFTPServer):
    def __init__(self, channel: Any, root: Path, odd: Oddities) -> None:
        super().__init__(channel, chroot=os.fsencode(root))
        self._root, self._odd = root, odd

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._refuse_folders(oldpath)
        super().rename(oldpath, newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._odd.forgets_extensions:
            raise asyncssh.SFTPOpUnsupported("posix-rename")
        self._refuse_folders(oldpath)
        super().posix_rename(oldpath, newpath)

    def _refuse_folders(self, path: bytes) -> None:
        if not self._odd.renames_folders and stat.S_ISDIR(Path(os.fsdecode(self.map_path(path))).stat().st_mode):
            raise asyncssh.SFTPFailure("folders can't be renamed")

    def statvfs(self, path: bytes) -> Any:
        if self._odd.forgets_extensions:
            raise asyncssh.SFTPOpUnsupported("statvfs")
        return super().statvfs(path)

    def fsync(self, file_obj: object) -> Any:
        if self._odd.forgets_extensions:
            raise asyncssh.SFTPOpUnsupported("fsync")
        return super().fsync(file_obj)

    def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        both = asyncssh.FXF_READ | asyncssh.FXF_WRITE
        if not self._odd.reads_what_it_writes and pflags & both == both:
            raise asyncssh.SFTPFailure("read or write, not both")
        return super().open(path, pflags, attrs)

    def read(self, file_obj: Any, offset: int, size: int) -> Any:
        return super().read(file_obj, offset, min(size, self._odd.read_most_bytes))

    def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        if self._odd.fails_writes:
            raise asyncssh.SFTPFailure("quota")
        at = self._odd.spoils_byte
        if at is not None and offset <= at < offset + len(data):
            spoiled = bytearray(data)
            spoiled[at - offset] ^= 1
            data = bytes(spoiled)
        return super().write(file_obj, offset, data)

    def close(self, file_obj: Any) -> Any:
        super().close(file_obj)
        name = Path(os.fsdecode(file_obj.name))
        if self._odd.takes_files_at_close and "w" in file_obj.mode.replace("+", "w") and name.exists():
            name.rename(self._root.parent / f"taken-{name.name}")
            self._odd.taken += 1

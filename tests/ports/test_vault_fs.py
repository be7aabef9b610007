"""The vault on a disk and in memory: whole or absent, private, nothing outside its root."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from exchange.adapters import vault_fs
from exchange.adapters.vault_fs import FsVault
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater

FORK = multiprocessing.get_context("fork")
KEY = "131100-cases.Q.2026Q3"


@pytest.fixture(params=["file", "memory"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FsVault]:
    if request.param == "file":
        yield FsVault(f"file://{tmp_path}/vault")
        return
    made = FsVault(f"memory://{uuid4().hex}")
    yield made
    made._fs.rm(made._root, recursive=True) if made._fs.exists(made._root) else None


@pytest.fixture
def disk(tmp_path: Path) -> FsVault:
    return FsVault(f"file://{tmp_path}/vault")


def left_in(root: Path) -> list[str]:
    """Everything below the vault's root that is a file, and what lies in `.work`."""
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() or p.parent.name == ".work")


def test_what_is_put_comes_back(vault: FsVault, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    assert vault.put(KEY, "content/data/bankruptcy_case-0001.csv", data) == hashlib.sha256(data).hexdigest()
    assert vault.get(KEY, "content/data/bankruptcy_case-0001.csv") == data
    with vault.open(KEY, "content/data/bankruptcy_case-0001.csv") as stored:
        assert stored.read(10) == data[:10]
        stored.seek(2_999_990)
        assert stored.read() == data[-10:]
    local = tmp_path / "local.bin"
    local.write_bytes(data)
    assert vault.put_file(KEY, "packet/payload-0001.p7m", local) == hashlib.sha256(data).hexdigest()
    assert vault.get(KEY, "packet/payload-0001.p7m") == data
    assert local.read_bytes() == data
    vault.put(KEY, "empty", b"")
    assert vault.get(KEY, "empty") == b""


def test_put_again_replaces(vault: FsVault, tmp_path: Path) -> None:
    vault.put(KEY, "outcome.json", b"one and longer")
    vault.put(KEY, "outcome.json", b"two")
    assert vault.get(KEY, "outcome.json") == b"two"
    (tmp_path / "three").write_bytes(b"3")
    vault.put_file(KEY, "outcome.json", tmp_path / "three")
    assert vault.get(KEY, "outcome.json") == b"3"


def test_names_are_sorted_and_taken_back_by_get(vault: FsVault) -> None:
    assert vault.names(KEY) == []
    for name in ("packet/READY", "packet/manifest.json", "outcome.json", "content/data/b.csv", "packet2/x"):
        vault.put(KEY, name, name.encode())
    vault.put("other", "outcome.json", b"")
    assert list(vault.names(KEY, "packet")) == ["packet/READY", "packet/manifest.json"]
    assert list(vault.names(KEY, "packet/")) == ["packet/READY", "packet/manifest.json"]
    assert list(vault.names(KEY, "nothing")) == []
    everything = list(vault.names(KEY))
    assert everything == ["content/data/b.csv", "outcome.json", "packet/READY", "packet/manifest.json", "packet2/x"]
    assert all(vault.get(KEY, name) == name.encode() for name in everything)


def test_what_is_not_there(vault: FsVault) -> None:
    vault.put(KEY, "packet/READY", b"")
    assert vault.has(KEY, "packet/READY")
    assert not vault.has(KEY, "packet")
    assert not vault.has(KEY, "packet/ready")
    assert not vault.has("other", "packet/READY")
    for name in ("nothing", "packet/nothing"):
        with pytest.raises(NeedsPerson) as refused:
            vault.get(KEY, name)
        assert refused.value.code == 914
        with pytest.raises(NeedsPerson) as refused, vault.open(KEY, name):
            pass
        assert refused.value.code == 914


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "a/",
        "./a",
        ".hidden",
        "a/.work",
        "a\\b",
        "a\0b",
        "a\nb",
        "x" * 201,
    ],
)
def test_names_that_are_none(vault: FsVault, name: str, tmp_path: Path) -> None:
    attempts: list[Any] = [
        lambda: vault.put(KEY, name, b""),
        lambda: vault.put_file(KEY, name, tmp_path),
        lambda: vault.get(KEY, name),
        lambda: vault.has(KEY, name),
        lambda: vault.where(KEY, name),
        lambda: vault.put(name, "x", b""),
        lambda: vault.names(name),
    ]
    for attempt in attempts:
        with pytest.raises(NeedsPerson) as refused:
            attempt()
        assert refused.value.code == 905


def test_an_exchange_is_one_folder(vault: FsVault) -> None:
    with pytest.raises(NeedsPerson):
        vault.put("a/b", "c", b"")


def test_where_a_person_looks(disk: FsVault, tmp_path: Path) -> None:
    assert disk.where(KEY, "report.html") == f"{tmp_path}/vault/{KEY}/report.html"
    assert FsVault("memory://v").where(KEY, "report.html") == f"memory:///v/{KEY}/report.html"


def test_only_we_may_read(disk: FsVault, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        disk.put(KEY, "a/b/c.txt", b"x")
        with disk.workdir() as work:
            assert work.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)
    root = tmp_path / "vault"
    for path in [root, *root.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_a_work_folder_is_on_the_same_disk_and_goes(disk: FsVault, tmp_path: Path) -> None:
    with disk.workdir() as work, disk.workdir() as other:
        assert work != other
        assert work.is_relative_to(tmp_path / "vault")
        (work / "deep").mkdir()
        (work / "deep" / "file").write_bytes(b"x")
    assert left_in(tmp_path / "vault") == []
    with pytest.raises(ZeroDivisionError), disk.workdir():
        raise ZeroDivisionError
    assert left_in(tmp_path / "vault") == []


def test_a_work_folder_beside_an_object_store() -> None:
    with FsVault("memory://v").workdir() as work:
        assert work.stat().st_mode & 0o777 == 0o700
    assert not work.exists()


@pytest.mark.parametrize("again", range(4))
def test_killed_while_putting_leaves_the_old_file(disk: FsVault, tmp_path: Path, again: int) -> None:
    disk.put(KEY, "outcome.json", b"old" * 1_000_000)
    theirs, ours = FORK.Pipe()

    def work(line: Connection) -> None:
        with disk.workdir() as folder:
            (folder / "plain.csv").write_bytes(b"secret")
            line.send("begun")
            while True:
                disk.put(KEY, "outcome.json", b"new" * 1_000_000)

    child: Any = FORK.Process(target=work, args=(theirs,), daemon=True)
    child.start()
    assert ours.poll(20)
    time.sleep(0.013 * again)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert disk.get(KEY, "outcome.json") in (b"old" * 1_000_000, b"new" * 1_000_000)
    assert list(disk.names(KEY)) == ["outcome.json"]
    with disk.workdir() as work_again:
        assert [p for p in work_again.parent.iterdir() if p != work_again] == [], "what the dead left is swept away"
    assert left_in(tmp_path / "vault") == [f"{KEY}/outcome.json"]


def test_what_the_living_and_other_machines_hold_is_left_alone(disk: FsVault, tmp_path: Path) -> None:
    with disk.workdir() as mine:
        foreign = mine.parent / "dir~elsewhere~1~1.00~abc"
        foreign.mkdir()
        (mine.parent / "note").touch()
        with FsVault(f"file://{tmp_path}/vault").workdir():
            assert mine.exists()
            assert foreign.exists()


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, NeedsPerson, 906),
        (errno.EDQUOT, NeedsPerson, 906),
        (errno.EROFS, NeedsPerson, 905),
        (errno.EACCES, NeedsPerson, 905),
        (errno.EIO, RetryLater, 901),
        (errno.ESTALE, RetryLater, 901),
    ],
)
def test_what_a_disk_may_say(
    disk: FsVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[ExchangeError], code: int
) -> None:
    disk.put(KEY, "outcome.json", b"old")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(vault_fs.os, "fsync", fail)
    with pytest.raises(kind) as refused:
        disk.put(KEY, "outcome.json", b"new")
    assert refused.value.code == code
    assert disk.get(KEY, "outcome.json") == b"old"
    assert left_in(tmp_path / "vault") == [f"{KEY}/outcome.json"]


def test_a_disk_that_fills_up_under_a_work_folder_is_named(vault: FsVault) -> None:
    """`/dev/full` stands for a file of the folder, written by Arrow as a step does that puts rows aside."""
    with pytest.raises(NeedsPerson, match="E906") as no, vault.workdir() as folder, pa.OSFile("/dev/full", "wb") as out:
        out.write(b"x")
    assert no.value.where.startswith(str(folder.parent))
    assert not folder.exists()
    with pytest.raises(FileNotFoundError), vault.workdir() as folder:
        (folder / "never").read_bytes()


def test_a_disk_that_is_really_full() -> None:
    """`/dev/full` takes nothing: the same system call fails as on a full disk."""
    with pytest.raises(OSError, match="No space") as full, open("/dev/full", "wb", buffering=0) as out:
        out.write(b"x")
    assert vault_fs._problem(full.value, "x").code == 906


def test_a_file_where_a_folder_should_be(disk: FsVault) -> None:
    disk.put(KEY, "a", b"")
    with pytest.raises(NeedsPerson) as refused:
        disk.put(KEY, "a/b", b"")
    assert refused.value.code == 905


def test_an_address_nobody_knows() -> None:
    with pytest.raises(NeedsPerson) as refused:
        FsVault("nosuchprotocol://x")
    assert refused.value.code == 905

"""The archive inside a payload: the same for the same files, and a reader that takes nothing else."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.archive import Limits, Member, Source, read_archive, write_archive
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson

FILES = {"datapackage.json": b"{}", "data/case-0001.csv": b"a\r\n" * 700, "data/empty-0001.csv": b""}


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    write_archive([source(name, data) for name, data in files.items()], out)
    return out.getvalue()


def source(name: str, data: bytes) -> Source:
    return Source(name=name, bytes=len(data), open=lambda: io.BytesIO(data))


def read(data: bytes, into: Path, limits: Limits | None = None) -> tuple[Member, ...]:
    return read_archive(io.BytesIO(data), len(data), into, limits=limits)


def test_there_and_back_and_always_the_same(tmp_path: Path) -> None:
    data = packed(FILES)
    assert packed(FILES) == data
    assert read(data, tmp_path) == tuple(
        Member(name=name, bytes=len(content), sha256=sha256_hex(content)) for name, content in FILES.items()
    )
    for name, content in FILES.items():
        assert (tmp_path / name).read_bytes() == content


def test_stock_tar_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(packed(FILES))
    listed = subprocess.run(
        ["tar", "-tzvf", "a.tar.gz", "--utc", "--full-time"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [line.split()[-1] for line in listed] == list(FILES)
    assert all("0/0" in line and "1970-01-01 00:00:00" in line and line.startswith("-rw-r--r--") for line in listed)


@pytest.mark.parametrize("form", ["gnu", "ustar"])
def test_what_stock_tar_writes_is_read(tmp_path: Path, form: str) -> None:
    (tmp_path / "in/data").mkdir(parents=True)
    for name, content in FILES.items():
        (tmp_path / "in" / name).write_bytes(content)
    command = ["tar", f"--format={form}", "-czf", "../a.tar.gz", *FILES]
    subprocess.run(command, cwd=tmp_path / "in", check=True)
    (tmp_path / "out").mkdir()
    assert len(read((tmp_path / "a.tar.gz").read_bytes(), tmp_path / "out")) == 3


def tar_of(*members: tuple[str, bytes, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, kind, data in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), "datapackage.json" if kind in b"12" else ""
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


GOOD = ("datapackage.json", tarfile.REGTYPE, b"{}")


@pytest.mark.parametrize(
    "data",
    [
        tar_of(("../evil", tarfile.REGTYPE, b"x")),
        tar_of(("/etc/passwd", tarfile.REGTYPE, b"x")),
        tar_of(("data/../../x-0001.csv", tarfile.REGTYPE, b"x")),
        tar_of(("data/x-0001.csv\n", tarfile.REGTYPE, b"x")),
        tar_of(("other.json", tarfile.REGTYPE, b"x")),
        tar_of(("data", tarfile.DIRTYPE, b"")),
        tar_of(("data/x-0001.csv", tarfile.SYMTYPE, b"")),
        tar_of(("data/x-0001.csv", tarfile.LNKTYPE, b"")),
        tar_of(("data/x-0001.csv", tarfile.CHRTYPE, b"")),
        tar_of(("data/x-0001.csv", tarfile.FIFOTYPE, b"")),
        tar_of(("data/x-0001.csv", tarfile.CONTTYPE, b"x")),
        tar_of(("data/" + "x" * 200 + "-0001.csv", tarfile.REGTYPE, b"x"), form=tarfile.GNU_FORMAT),
        tar_of(("data/" + "x" * 200 + "-0001.csv", tarfile.REGTYPE, b"x"), form=tarfile.PAX_FORMAT),
        tar_of(GOOD, GOOD),
        packed(FILES) + b"more",
        gzip.compress(gzip.decompress(packed(FILES)) + b"more", mtime=0),
        gzip.compress(b"\0" * 512 + b"x" * 512, mtime=0),
        gzip.compress(b"", mtime=0),
        gzip.decompress(packed(FILES)),
        b"",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NeedsPerson) as problem:
        read(data, tmp_path)
    assert problem.value.code == 308
    assert not [p for p in tmp_path.parent.iterdir() if p != tmp_path and p.name.startswith("evil")]


@pytest.mark.parametrize(
    "limits",
    [Limits(members=2), Limits(member_bytes=100), Limits(total_bytes=1500), Limits(ratio=0)],
)
def test_limits(tmp_path: Path, limits: Limits) -> None:
    files = {**FILES, "data/large-0001.csv": bytes(3 * 2**20)}
    with pytest.raises(NeedsPerson) as problem:
        read(packed(files), tmp_path, limits)
    assert problem.value.code == 307


def test_a_bomb_stops_early(tmp_path: Path) -> None:
    data = packed({"datapackage.json": bytes(300 * 2**20)})
    assert len(data) < 2**20
    with pytest.raises(NeedsPerson) as problem:
        read(data, tmp_path)
    assert problem.value.code == 307
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) < 2**20 + 201 * len(data)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = packed(FILES)
    at = data.draw(st.integers(10, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :]
    into = tmp_path_factory.mktemp("damaged")
    code, members = 0, ()
    try:
        members = read(damaged, into)
    except NeedsPerson as problem:
        code = problem.code
    assert code in (307, 308) or [m.sha256 for m in members] == [sha256_hex(content) for content in FILES.values()]


def test_a_cut_archive_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = packed(FILES)
    for end in range(0, len(whole), 5):
        with pytest.raises(NeedsPerson):
            read(whole[:end], tmp_path_factory.mktemp("cut"))


def _grown() -> Callable[[], io.BytesIO]:
    return lambda: io.BytesIO(b"longer than said")


def test_a_file_that_grows_while_packed_is_noticed() -> None:
    with pytest.raises(NeedsPerson) as problem:
        write_archive([Source(name="datapackage.json", bytes=3, open=_grown())], io.BytesIO())
    assert problem.value.code == 911

"""Send (ask, upload, fsync, read back, rename, as the product does it) beside OpenSSH's `sftp -b` with `put -f`.

Both bring the same files to the same OpenSSH server over loopback in the same run, in turn, each in a process of its
own; `put -f` is what makes sftp bring a file to the server's disc as ours does. Ours is timed without the
interpreter's start and imports. sftp checks nothing afterwards; ours reads random blocks back.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.measure import peak_mib
from tests.servers_sshd import Sshd, running_sshd

SIZES, SHORT = (16, 64, 256), (4, 16)
"""MiB of payload."""

_MIB = 1 << 20
_PACKET = "court-131100.tax-131100.000001.Q"
_FILES = ("manifest.json", "payload-0001.p7m", "READY")


def rows(sizes: Sequence[int] = SIZES, *, repeat: int = 3) -> list[dict[str, Any]]:
    """One row a size (MiB): of each the best seconds and MiB/s, our peak MiB of memory; `ratio` is sftp's time to ours.

    `exponent` is how our seconds grow with the size, from the size before.
    """
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_sshd(folder / "sshd") as server:
            for size in sizes:
                files = _make_files(folder / f"packet-{size}", size)
                runs: dict[str, list[dict[str, float]]] = {"ours": [], "sftp": []}
                for _ in range(repeat):
                    for what, run in (("ours", _ours), ("sftp", _sftp)):
                        root = server.home("root")
                        runs[what].append(run(server, files, root))
                        _check(root, files)
                        shutil.rmtree(root)
                found.append(_row(size, runs, found[-1] if found else None))
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print; `--short` takes small sizes."""
    args = sys.argv[1:] if argv is None else argv
    if args[:1] == ["--ours"]:
        _publish(*args[1:])
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title="send: publish, against sftp -b with put -f, loopback", title_justify="left", pad_edge=False, box=SIMPLE
    )
    for column in (
        "payload\nMiB",
        "ours\ns",
        "ours\nMiB/s",
        "ours\npeak",
        "sftp\ns",
        "sftp\nMiB/s",
        "faster",
        "expo-\nnent",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows(SHORT, repeat=1) if "--short" in args else rows():
        table.add_row(
            str(row["mib"]), f"{row['ours_seconds']:.2f}", f"{row['ours_mib_s']:.0f}", f"{row['ours_peak_mib']:.0f}",
            f"{row['sftp_seconds']:.2f}", f"{row['sftp_mib_s']:.0f}", f"{row['ratio']:.1f}×",
            "" if row["exponent"] is None else f"{row['exponent']:.2f}",
        )  # fmt: skip
    Console(width=110).print(table)


def _row(size: int, runs: dict[str, list[dict[str, float]]], last: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {"mib": size, "exponent": None}
    for what, measured in runs.items():
        seconds = min(run["seconds"] for run in measured)
        row |= {
            f"{what}_seconds": seconds,
            f"{what}_mib_s": size / seconds,
        }
    row["ours_peak_mib"] = max(run["peak"] for run in runs["ours"])
    row["ratio"] = row["sftp_seconds"] / row["ours_seconds"]
    if last is not None:
        row["exponent"] = math.log(row["ours_seconds"] / last["ours_seconds"]) / math.log(size / last["mib"])
    return row


def _make_files(folder: Path, size: int) -> Path:
    folder.mkdir()
    for name, data in zip(_FILES, (b"{}", b"", b""), strict=True):
        (folder / name).write_bytes(data)
    with (folder / _FILES[1]).open("wb") as out:
        for _ in range(size):
            out.write(os.urandom(_MIB))
    return folder


def _check(root: Path, files: Path) -> None:
    (packet,) = root.rglob(_PACKET)
    for name in _FILES:
        subprocess.run(["cmp", packet / name, files / name], check=True)


def _ours(server: Sshd, files: Path, root: Path) -> dict[str, float]:
    told = [files, server.port, server.user, server.user_key, server.host_fingerprint, root]
    command = [sys.executable, "-m", "bench.send", "--ours", *map(str, told)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _publish(files: str, port: str, user: str, key: str, host_key: str, root: str) -> None:
    from exchange.adapters.channel_sftp import SftpChannel

    began = time.perf_counter()
    channel = SftpChannel(
        own="court-131100", counterpart="tax-131100", host="127.0.0.1", port=int(port), user=user, root=root,
        key_file=Path(key), host_keys=(host_key,),
    )  # fmt: skip
    channel.publish(_PACKET, {name: Path(files, name) for name in _FILES})
    channel.close()
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak": peak_mib()}))


def _sftp(server: Sshd, files: Path, root: Path) -> dict[str, float]:
    batch = files / "batch"
    lines = [f"mkdir {root}/.incoming", *(f"put -f {files / name} {root}/.incoming/{name}" for name in _FILES)]
    batch.write_text("\n".join([*lines, f"rename {root}/.incoming {root}/{_PACKET}", ""]))
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentitiesOnly=yes"]
    command = ["sftp", "-q", "-b", batch, "-P", server.port, "-i", server.user_key]
    command += [part for option in options for part in ("-o", option)] + [f"{server.user}@127.0.0.1"]
    began = time.perf_counter()
    subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=True)
    return {"seconds": time.perf_counter() - began}


if __name__ == "__main__":
    main()

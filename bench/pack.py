"""Pack (tar, gzip and seal, as the product does it) beside `tar | gzip | openssl cms -encrypt -aes-256-gcm`.

Both work on the same CSV file, in the same run, each in a process of its own; the smallest result of ours is opened by
openssl and compared. Ours is timed without the interpreter's start and imports, which a DAG's task has behind it.
"""

from __future__ import annotations

import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.measure import peak_mib

SIZES, SHORT = (16, 48, 144), (4, 12, 36)
"""MiB of CSV."""

_MIB = 1 << 20
_DATASET = "claim_lines-0001.csv"


def rows(sizes: Sequence[int] = SIZES, *, repeat: int = 2) -> list[dict[str, Any]]:
    """One row a size (MiB): of each the best seconds, MiB/s, packed to plain (`ratio`) and peak MiB of memory.

    `exponent` is how our seconds grow with the size, from the size before.
    """
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make_key(folder)
        for size in sizes:
            _make_csv(folder / _DATASET, size * _MIB)
            row: dict[str, Any] = {"mib": size, "exponent": None}
            for what in ("ours", "openssl"):
                runs = [_child(what, folder) for _ in range(repeat)]
                seconds = min(run["seconds"] for run in runs)
                row |= {
                    f"{what}_seconds": seconds,
                    f"{what}_mib_s": size / seconds,
                    f"{what}_ratio": (folder / f"{what}.p7m").stat().st_size / (size * _MIB),
                    f"{what}_peak_mib": max(run["peak"] for run in runs),
                }
            if found:
                last = found[-1]
                row["exponent"] = math.log(row["ours_seconds"] / last["ours_seconds"]) / math.log(size / last["mib"])
            else:
                _check(folder)
            found.append(row)
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print; `--short` takes small sizes."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    short = "--short" in (sys.argv[1:] if argv is None else argv)
    table = Table(
        title="pack: tar.gz and seal, against tar | gzip | openssl cms",
        title_justify="left",
        pad_edge=False,
        box=SIMPLE,
    )
    units = ("s", "MiB/s", "ratio", "peak")
    columns = ["CSV\nMiB", *(f"ours\n{unit}" for unit in units), *(f"openssl\n{unit}" for unit in units)]
    for column in (*columns, "faster", "expo-\nnent"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows(SHORT if short else SIZES, repeat=1 if short else 2):
        cells = [str(row["mib"])]
        for what in ("ours", "openssl"):
            cells += [
                f"{row[f'{what}_seconds']:.2f}", f"{row[f'{what}_mib_s']:.0f}",
                f"{row[f'{what}_ratio']:.3f}", f"{row[f'{what}_peak_mib']:.0f}",
            ]  # fmt: skip
        faster = f"{row['openssl_seconds'] / row['ours_seconds']:.1f}×"
        table.add_row(*cells, faster, "" if row["exponent"] is None else f"{row['exponent']:.2f}")
    Console(width=110).print(table)


def _make_key(folder: Path) -> None:
    subject = ("-subj", "/CN=bench", "-nodes", "-days", "2")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:3072", *subject, *files], check=True, capture_output=True
    )


def _make_csv(path: Path, size: int) -> None:
    """Lines of claims as the tax side sends them; 4 MiB of different ones, over and over."""
    draw = random.Random(20260716)
    levies, ranks = ("10101", "10104", "10107", "10109", "30203", "30216"), ("tax", "ordinary", "subordinated")
    lines, length = [], 0
    while length < min(size, 4 * _MIB):
        month, amount = draw.randrange(1, 13), draw.randrange(1, 90_000_000)
        lines.append(
            f"131103TSSB2026{draw.randrange(99_999):05d},1,{draw.randrange(1, 40)},{draw.choice(levies)},"
            f"2025-{month:02d}-01,2025-{month:02d}-28,2026-{month:02d}-15,principal,{amount // 100}.{amount % 100:02d},"
            f"{draw.choice(ranks)},河北{draw.choice('华远盛泰恒')}{draw.choice('瑞丰达信和')}商贸有限公司\r\n"
        )
        length += len(lines[-1].encode())
    block = "".join(lines).encode()
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
        file.write(block[: size % len(block)])


def _child(what: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.pack", what, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _ours(folder: Path) -> None:
    from cryptography import x509

    from exchange.domain.archive import Source, write_archive
    from exchange.domain.cms import seal

    certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
    content = folder / _DATASET
    source = Source(name=f"data/{_DATASET}", bytes=content.stat().st_size, open=lambda: content.open("rb"))
    with _timed(peak_mib):
        with (folder / "plain").open("wb") as packed:
            write_archive([source], packed)
        with (folder / "plain").open("rb") as packed, (folder / "ours.p7m").open("wb") as out:
            seal(packed, (folder / "plain").stat().st_size, out, [certificate], profile="std")


def _openssl(folder: Path) -> None:
    to = ("-recip", "cert.pem", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")
    words = ("openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER", "-out", "openssl.p7m", *to)
    pipe: dict[str, Any] = {"cwd": folder, "stdout": subprocess.PIPE}
    with _timed(lambda: resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024):
        tar = subprocess.Popen(["tar", "-cf", "-", _DATASET], **pipe)
        gzip = subprocess.Popen(["gzip", "-c"], stdin=tar.stdout, **pipe)
        subprocess.run(words, stdin=gzip.stdout, cwd=folder, check=True)
        if tar.wait() or gzip.wait():
            raise RuntimeError("tar or gzip failed")


@contextmanager
def _timed(peak: Callable[[], float]) -> Any:
    """Print seconds and the peak resident MiB of this process, or of the largest of its children."""
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak": peak()}))


def _check(folder: Path) -> None:
    """What ours wrote, openssl and tar open to the same bytes."""
    own = ("-inkey", "key.pem", "-recip", "cert.pem", "-out", "opened.tgz")
    command = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "ours.p7m", *own)
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run(["tar", "-xzOf", "opened.tgz"], cwd=folder, check=True, capture_output=True)
    if done.stdout != (folder / _DATASET).read_bytes():
        raise RuntimeError("openssl opens other bytes than were packed")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in {"ours", "openssl"}:
        (_ours if sys.argv[1] == "ours" else _openssl)(Path(sys.argv[2]))
    else:
        main()

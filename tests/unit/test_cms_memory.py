"""200 MB are sealed and opened in a few MiB of memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import pathlib, resource, sys
from exchange.domain.cms import open_sealed, seal
from tests.openssl_tools import pair

plain, sealed, opened = (pathlib.Path(p) for p in sys.argv[1:4])
profile = sys.argv[4]
key, certificate = pair("rsa")
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
with plain.open("rb") as source, sealed.open("wb") as out:
    first = seal(source, plain.stat().st_size, out, [certificate, certificate], profile=profile)
with sealed.open("rb") as source, opened.open("w+b") as out:
    second = open_sealed(source, out, [(key, certificate)], profile=profile)
print(peak() - before, first == second, opened.stat().st_size)
"""


@pytest.mark.parametrize("profile", ["std", "compat"])
def test_memory_does_not_grow_with_the_content(profile: str, tmp_path: Path) -> None:
    size = 200_000_000
    with (tmp_path / "plain").open("wb") as file:
        file.truncate(size)
    files = [str(tmp_path / name) for name in ("plain", "sealed", "opened")]
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, *files, profile], check=True, capture_output=True, text=True, timeout=120
    )
    grown, same, opened = ran.stdout.split()
    assert int(grown) < 32, "MiB"
    assert (same, int(opened)) == ("True", size)

"""Fetch the console's front-end files from the npm registry, verify them against `vendor.toml`, lay them in place.

    python deploy/vendor.py

Needs `npm` and the registry; a normal build does not. Each package is pinned by version and npm integrity, each file by
its SHA-256. The icons named in `vendor.toml` become one sprite.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parents[1] / "exchange/console/static"
VENDOR = STATIC / "vendor"


def main() -> int:
    """Lay every package's files in place; 1 when something is not what was pinned."""
    told = tomllib.loads((VENDOR / "vendor.toml").read_text(encoding="utf-8"))
    wrong = [problem for package in told["package"] for problem in _lay(package)]
    print("\n".join(wrong) or "every file is what vendor.toml names")
    return 1 if wrong else 0


def _lay(package: dict[str, Any]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        spec = f"{package['name']}@{package['version']}"
        packed = subprocess.run(["npm", "pack", "--silent", spec], cwd=folder, check=True, capture_output=True)
        archive = Path(folder) / packed.stdout.decode().split()[-1]
        algorithm, _, wanted = package["integrity"].partition("-")
        found = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
        if found != wanted:
            return [f"{spec}: integrity is {algorithm}-{found}"]
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        target = VENDOR / f"{package['name'].replace('@', '').replace('/', '-')}-{package['version']}"
        target.mkdir(parents=True, exist_ok=True)
        for source in (*package.get("files", {}), *package["licences"]):
            shutil.copyfile(Path(folder) / "package" / source, target / Path(source).name)
        if package.get("icons"):
            _sprite(Path(folder) / "package/icons/outline", package["icons"], target / "icons.svg")
        return _differing(package, target)


def _differing(package: dict[str, Any], target: Path) -> list[str]:
    wrong = []
    for source, wanted in package.get("files", {}).items():
        path = target / Path(source).name
        text = re.sub(rb"\n?//# sourceMappingURL=\S+\s*$", b"", path.read_bytes())
        path.write_bytes(text)
        found = hashlib.sha256(text).hexdigest()
        if found != wanted:
            wrong.append(f"{path.name}: sha256 is {found}")
    return wrong


def _sprite(icons: Path, names: dict[str, str], into: Path) -> None:
    """One SVG with a symbol an icon; `names` symbol → icon."""
    symbols = []
    for symbol, name in sorted(names.items()):
        inside = re.search(r"<svg[^>]*>(.*)</svg>", (icons / f"{name}.svg").read_text(encoding="utf-8"), re.DOTALL)
        if inside is None:
            raise ValueError(name)
        paths = "".join(re.findall(r'<path d="[^"]+" ?/>', inside[1]))
        symbols.append(f'<symbol id="{symbol}" viewBox="0 0 24 24">{paths}</symbol>')
    into.write_text('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

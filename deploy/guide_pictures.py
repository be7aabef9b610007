"""Copy the pictures that docs/officer-guide.md shows from what the browser tests made (`build/pictures`).

make guide        # runs the browser tests, then this
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MADE, KEPT = ROOT / "build/pictures", ROOT / "docs/pictures/guide"


def main() -> int:
    """Copy each; 1 when one was not made."""
    KEPT.mkdir(parents=True, exist_ok=True)
    shown = re.findall(r"\(pictures/guide/([\w.-]+)\)", (ROOT / "docs/officer-guide.md").read_text(encoding="utf-8"))
    missing = [name for name in shown if not (MADE / name).exists()]
    for name in set(shown) - set(missing):
        shutil.copyfile(MADE / name, KEPT / name)
    print(f"missing: {', '.join(missing)}" if missing else f"{len(shown)} pictures")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

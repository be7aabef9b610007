"""The exchange of bankruptcy cases between a court and a tax bureau."""

import os

os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")  # read when Arrow is loaded: docs/adr/0036

"""The exchange of bankruptcy cases between a court and a tax bureau."""

import os

# Read when Arrow is loaded: docs/adr/0036.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
os.environ.setdefault("JE_ARROW_MALLOC_CONF", "dirty_decay_ms:3000")

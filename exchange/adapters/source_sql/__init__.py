"""A party's own records in SQL: read as datasets, and loaded from a dump where there is no live database."""

from exchange.adapters.source_sql.dump import load_dump
from exchange.adapters.source_sql.source import SqlSource

__all__ = ["SqlSource", "load_dump"]

"""The ledger on PostgreSQL or an SQLite file (ports.Ledger)."""

from exchange.adapters.ledger_sql.ledger import SqlLedger, open_ledger

__all__ = ["SqlLedger", "open_ledger"]

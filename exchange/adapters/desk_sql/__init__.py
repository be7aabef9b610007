"""The console's people, sessions, drafts and jobs in a database of their own (desk.Desk)."""

from exchange.adapters.desk_sql.desk import SqlDesk, open_desk

__all__ = ["SqlDesk", "open_desk"]

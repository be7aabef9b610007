"""What people open, fill in and print: pages, spreadsheets, paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Pages(Protocol):
    """Renders what people open: one self-contained offline HTML file each, values masked."""

    def report(self, data: Mapping[str, Any]) -> str:
        """The checks page of an exchange, from its outcome."""
        ...

    def answer(self, data: Mapping[str, Any]) -> str:
        """The page of an answer made at the tax end."""
        ...

    def received(self, data: Mapping[str, Any]) -> str:
        """The page of a packet received, and of what was told its sender."""
        ...

    def breaks(self, data: Mapping[str, Any]) -> str:
        """The list of breaks of an exchange."""
        ...

    def changes(self, data: Mapping[str, Any]) -> str:
        """What differs between two exchanges, or what a correction changes."""
        ...

    def shared(self, data: Mapping[str, Any]) -> str:
        """What of breaks goes to the other side."""
        ...

    def acts(self, data: Mapping[str, Any]) -> str:
        """What of a joint meeting goes to the other side."""
        ...

    def rehearsal(self, data: Mapping[str, Any]) -> str:
        """Stored rounds under a proposed agreement."""
        ...

    def statement(self, data: Mapping[str, Any]) -> str:
        """A quarter's statement, or one case's of it."""
        ...


class Sheets(Protocol):
    """Renders spreadsheets: text cells, formulas neutralised."""

    def breaks(self, data: Mapping[str, Any]) -> bytes:
        """The list of breaks as XLSX."""
        ...

    def changes(self, data: Mapping[str, Any]) -> bytes:
        """What differs between two exchanges as XLSX."""
        ...

    def statement(self, data: Mapping[str, Any]) -> bytes:
        """A quarter's statement as XLSX."""
        ...

    def report(self, data: Mapping[str, Any]) -> bytes:
        """A report as XLSX: a sheet a table, numbers as numbers."""
        ...

    def lists(self, data: Mapping[str, Any]) -> bytes:
        """Plain lists as XLSX: `title`, `as_of`, and `sheets`, each with `name`, `heads` (title, width) and `rows`."""
        ...


class Prints(Protocol):
    """Renders what is printed and signed by hand."""

    def statement(self, data: Mapping[str, Any]) -> bytes:
        """A statement as PDF, A4; NeedsPerson 935 when this machine has no font with Chinese characters."""
        ...

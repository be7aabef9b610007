"""A party's own records as the court's exchange XML: one document a case, in a folder."""

from exchange.adapters.source_xml.source import XmlSource

__all__ = ["XmlSource"]

"""Synthetic worlds: a court's database, the tax bureau's return, and what the exchange must make of them.

The generator knows the answers because it plants them. It calls none of the product's checks and nothing of its
reconciliation; what it takes from the agreement is data: columns, code lists, courts, figures, the calendar.
"""

"""Looks through a database for what must never be."""

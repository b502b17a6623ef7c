"""The program: settings, command line, composition root and daemon around `rules`, `ingest` and `storage`.

Importing this package imports nothing else; each command imports only what it needs.
"""

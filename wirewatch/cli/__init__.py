"""The commands, one small module a group. A command parses, calls one function and prints.

`root` knows them by name only and imports the one that is asked for.
"""

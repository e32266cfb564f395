"""Backups: the whole database in one file, taken while everything runs, and put back on a machine that may be another.

``making`` writes the file and ``restoring`` takes it back; ``archive`` and ``manifest`` are the file's form; ``sqlite``
and ``postgres`` are what differs between the databases, each a :class:`~bgmsync.backup.engine.Engine`.
"""

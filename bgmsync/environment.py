"""The environment, where a value can be read from a file as well: ``NAME_FILE=/run/secrets/name``."""

from __future__ import annotations

from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping


class WithoutLineEnd(FileAwareMapping):
    """Editors end a file with a new line, which is no part of a password."""

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key).strip()


class FileEnv(FileAwareEnv):
    ENVIRON = WithoutLineEnd()

from __future__ import annotations


class BackupError(Exception):
    """It was not done, and nothing was changed; the text says why and what to do."""

"""Keys that are made once and kept beside the data, for installations that set none in the environment."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet

if TYPE_CHECKING:
    from pathlib import Path


def kept(path: Path, make: str) -> str:
    """Return the key kept in *path*, making it first (``make``: ``secret`` or ``fernet``), mode 0600.

    Two commands may come first at once: the file is linked into place whole, and the loser reads the winner's.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = Fernet.generate_key().decode() if make == "fernet" else secrets.token_urlsafe(50)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(key)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def put_in_front(path: Path) -> None:
    """Make a new Fernet key and keep it before those that *path* has; whoever reads meanwhile sees all or the old."""
    keys = [Fernet.generate_key().decode(), *path.read_text().split()]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text("\n".join(keys) + "\n")
    draft.replace(path)

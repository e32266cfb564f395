"""What a backup says of itself: which version made it, when, and what must be found in it."""

from __future__ import annotations

import json
import re
from datetime import datetime  # noqa: TC003  # pydantic reads it at run time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bgmsync.backup.engine import EngineName  # noqa: TC001  # pydantic reads it at run time
from bgmsync.backup.errors import BackupError

FORMAT = 1
"""Of the file. A version that changes it reads the older ones too."""

WITH_KEYS = "The keys that read the stored tokens are in this file: whoever has it can act for all users."
WITHOUT_KEYS = (
    "The stored tokens can be read only with the installation's TOKEN_KEYS (var/token_key if the environment sets "
    "none), which are not in this file. Keep them in another place; without them every user must connect again."
)


class Manifest(BaseModel):
    model_config = ConfigDict(frozen=True)

    product: Literal["bgmsync"] = "bgmsync"
    format: int = FORMAT
    version: str = Field(pattern=r"^\d+(\.\d+)*")
    made_at: datetime
    engine: EngineName
    migrations: dict[str, list[str]]
    rows: dict[str, int]
    """For each table, how many it had."""
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Size and checksum of the database's member."""
    keys: bool
    note: str = ""

    def is_newer_than(self, version: str) -> bool:
        return _numbers(self.version) > _numbers(version)


def read(text: bytes) -> Manifest:
    """Return the manifest; raise :class:`BackupError` where this is none, or one of a format still to come."""
    try:
        data: Any = json.loads(text)
        if isinstance(data, dict) and data.get("product") == "bgmsync" and data.get("format", 0) > FORMAT:
            raise BackupError(
                f"The backup was made by bgmsync {data.get('version')}, in a form that this version does not know. "
                "Nothing was changed. Install that version, and restore with it."
            )
        return Manifest.model_validate(data)
    except ValidationError as error:
        what = ", ".join(sorted({".".join(map(str, each["loc"])) or "all of it" for each in error.errors()}))
    except (ValueError, TypeError, RecursionError) as error:
        what = str(error)
    raise BackupError(f"The backup's manifest makes no sense: {what}. Nothing was changed.")


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found.group().split("."))) if found else ()

"""What Bangumi answers.

What a diff rests on is strict, and one wrong row makes the answer unusable: left out, it would look like
something that the user does not have.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  # pydantic reads annotations at run time
from enum import IntEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from bgmsync.shared.http.fields import Answered, Id, Instant, Number, Soft, SoftNumber, Text
from bgmsync.shared.pictures import address_of

ALIAS_KEY = "别名"


def _list_of_objects(value: object) -> list[dict]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


Objects = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_list_of_objects)]


def _cover(value: object) -> str:
    """Return the small one of a subject's pictures, 200 pixels wide; nothing where it is not of Bangumi's server."""
    return address_of(value.get("small")) if isinstance(value, dict) else ""


Cover = Annotated[str, BeforeValidator(_cover), Field(validation_alias="images")]


class SubjectType(IntEnum):
    BOOK = 1
    ANIME = 2
    MUSIC = 3
    GAME = 4
    REAL = 6


class CollectionType(IntEnum):
    """A user's relation to a subject. There is no way to undo having one."""

    WISH = 1
    DONE = 2
    DOING = 3
    ON_HOLD = 4
    DROPPED = 5


class EpisodeStatus(IntEnum):
    NONE = 0
    WISH = 1
    WATCHED = 2
    DROPPED = 3


class Me(Answered):
    """The account. ``username`` stands in the paths of its lists; it can change once, ``id`` never does."""

    id: Id
    username: str = Field(min_length=1)
    nickname: Text = ""


class Subject(Answered):
    """One season, cour, OVA or film. ``date`` is text as editors wrote it, empty when unknown."""

    id: Id
    type: int
    name: Text = ""
    name_cn: Text = ""
    date: Text = ""
    platform: Text = ""
    eps: SoftNumber = None
    """From the wiki's info box; 0 when unknown. Not the number of main episodes."""
    total_episodes: SoftNumber = None
    """Rows of every type, trailers included; in search results the same as ``eps``."""
    locked: Soft[bool] = None
    """Readable, but can't be collected."""
    nsfw: Soft[bool] = None
    cover: Cover = ""
    tags: Objects = Field(default=(), repr=False)
    infobox: Objects = Field(default=(), repr=False)

    @property
    def aliases(self) -> list[str]:
        """Other titles that the info box lists."""
        values = [row.get("value") for row in self.infobox if row.get("key") == ALIAS_KEY]
        found: list[Any] = []
        for value in values:
            found.extend([part.get("v") for part in _list_of_objects(value)] or [value])
        return [text for text in found if isinstance(text, str) and text]

    @property
    def tag_names(self) -> list[str]:
        return [tag["name"] for tag in self.tags if isinstance(tag.get("name"), str)]


class Related(Answered):
    """A subject next to another; ``relation`` says what it is to that one, such as 续集 (sequel)."""

    id: Id
    type: int
    relation: Text = ""
    name: Text = ""
    name_cn: Text = ""


class EpisodeRow(Answered):
    """One row of a subject's episode list.

    ``type`` 0 is a main episode, 1 a special. ``ep`` counts from the first main episode's ``sort`` and may be
    fractional; it is 0 for all other types. ``airdate`` is free text.
    """

    id: Id
    type: Number
    sort: Annotated[float, Field(allow_inf_nan=False)]
    ep: Annotated[float, Field(allow_inf_nan=False)] = 0
    disc: SoftNumber = None
    subject_id: SoftNumber = None
    airdate: Text = ""
    name: Text = ""
    name_cn: Text = ""
    duration_seconds: SoftNumber = None


class EpisodeState(Answered):
    """An episode and what the user says of it; ``updated_at`` in epoch seconds, 0 when unknown."""

    episode: EpisodeRow
    type: EpisodeStatus
    updated_at: Soft[int] = None

    @property
    def is_watched(self) -> bool:
        return self.type is EpisodeStatus.WATCHED


class CollectedSubject(Answered):
    """The short form of a subject inside a collection row."""

    id: Id
    type: int
    name: Text = ""
    name_cn: Text = ""
    date: Text = ""
    eps: SoftNumber = None
    cover: Cover = ""


class CollectionRow(Answered):
    """A user's entry for a subject. ``rate`` 0: not rated."""

    subject_id: Id
    subject_type: int
    type: CollectionType
    rate: Annotated[int, Field(strict=True, ge=0, le=10)]
    private: Annotated[bool, Field(strict=True)]
    comment: Text = ""
    tags: Annotated[tuple[str, ...], BeforeValidator(lambda tags: () if tags is None else tags)] = ()
    ep_status: SoftNumber = None
    """Counts entries of every kind and state; progress is counted from the episode states instead."""
    updated_at: Soft[Instant] = None
    subject: Soft[CollectedSubject] = None


class KeptRow(CollectionRow):
    """An entry together with all that was answered of it."""

    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _keep(cls, row: Any) -> Any:
        return {**row, "raw": row} if isinstance(row, dict) else row


class TokenStatus(Answered):
    """What the log-in host tells of a token."""

    client_id: Text = ""
    expires: Annotated[datetime | None, Field(description="epoch seconds")] = None
    user_id: Annotated[int, Field(gt=0)]

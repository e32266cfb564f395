"""What every kind of data that Trakt keeps as a list has in common; a kind is a file beside this one.

History is the one kind that is not here: it is read by windows of time, and matched episode by episode.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sync.engine.kinds.entry import Ask
    from sync.engine.kinds.where import Where
    from sync.reasons import Reason
    from trakt.client import Trakt
    from trakt.rules import Rules
    from trakt.schemas import LastActivities, Page

Media = Literal["movie", "show", "season", "episode"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of a list, as the ledger keeps it. ``told`` is what the row says besides the thing it is about."""

    item: int
    media: Media
    season: int | None = None
    number: int | None = None
    at: datetime | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    gone: bool = False
    """Trakt has it no more, and it is to be taken back."""


class Leads(NamedTuple):
    """Which subjects a fact is about, or why none: then it is skipped, or asked with its candidates."""

    subjects: tuple[int, ...] = ()
    reason: str = ""
    asked: bool = False
    candidates: tuple[int, ...] = ()


def skipped(reason: Reason) -> Leads:
    return Leads(reason=str(reason))


def asked(reason: Reason | str, candidates: tuple[int, ...] = ()) -> Leads:
    return Leads(reason=str(reason), asked=True, candidates=candidates)


class Kind(Protocol):
    """How a kind is read, which subjects it leads to, and what it wants of them. All but the reading is pure."""

    name: str
    reopens_by_date: bool
    """Whether the same thing at another time is news, as with a rating that was given again."""

    def is_on(self, rules: Rules) -> bool:
        """Tell whether the user wants this kind at all; what is off is not even read."""
        ...

    def stamps(self, activities: LastActivities) -> tuple[datetime | None, ...]:
        """Return what Trakt says of when it moved last; while that is the same, it is not read again."""
        ...

    def lists(self, trakt: Trakt) -> Mapping[str, Callable[..., Awaitable[Page[Any]]]]:
        """Return the lists to read, by the prefix of their keys: each gives its page by number."""
        ...

    def tells(self, row: Any) -> tuple[datetime | None, dict[str, Any]]:
        """Return since when a row holds, and what it says. Names that begin with "_" only describe: no news."""
        ...

    def leads(self, fact: Fact, where: Where, rules: Rules) -> Leads: ...

    def ask(self, fact: Fact, subject_id: int, where: Where, rules: Rules) -> Ask | None:
        """Return what the fact wants of one of its subjects; None for nothing."""
        ...

"""What is known of Bangumi's subjects without asking it: from the shared cache, and from the data sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from bgmsync.shared import pictures
from sync.engine.index import current_index
from sync.matching.facts import MAIN_EPISODE
from sync.models import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.matching.index import Entry

FORMS = {"tv": _("TV"), "web": _("web series"), "ova": _("OVA"), "movie": _("film")}


@dataclass(frozen=True, slots=True)
class Card:
    """A subject to show. What nobody knows is empty."""

    id: int
    name: str = ""
    name_cn: str = ""
    date: str = ""
    platform: object = ""
    episodes: int = 0
    image: str = ""
    numbers: Mapping[int, float] = field(default_factory=dict, compare=False, repr=False)
    """The numbers of its main episodes, by episode."""

    def __str__(self) -> str:
        return self.name_cn or self.name or self.address.removeprefix("https://")

    @property
    def address(self) -> str:
        return f"https://bgm.tv/subject/{self.id}"

    @property
    def other_name(self) -> str:
        """The name beside the one that comes first."""
        return self.name if self.name_cn and self.name != self.name_cn else ""

    @property
    def is_known(self) -> bool:
        return bool(self.name or self.name_cn)


def cards_of(ids: Iterable[int | None]) -> dict[int, Card]:
    """Return a card for each of *ids*, in one query."""
    wanted = {subject_id for subject_id in ids if subject_id}
    rows = Subject.objects.in_bulk(wanted) if wanted else {}
    entries = current_index().entries
    return {subject_id: _card(subject_id, rows.get(subject_id), entries.get(subject_id)) for subject_id in wanted}


def _card(subject_id: int, row: Subject | None, entry: Entry | None) -> Card:
    row = row or Subject(id=subject_id)
    numbers = {episode[0]: episode[2] for episode in row.episodes or () if episode[1] == MAIN_EPISODE}
    return Card(
        subject_id,
        row.name or (entry.title if entry else ""),
        row.name_cn,
        row.date or (_begin(entry) if entry else ""),
        row.platform or (FORMS.get(entry.form, "") if entry else ""),
        len(numbers) or row.eps,
        pictures.address_of(row.image),
        numbers,
    )


def _begin(entry: Entry) -> str:
    return date.fromordinal(entry.begin).isoformat() if entry.begin else entry.month


def begins_of(ids: Iterable[int]) -> dict[int, str]:
    """Return when each of *ids* began, where anybody knows it: 2024-01-05, or only 2024-01. One query."""
    wanted = set(ids)
    found = dict(Subject.objects.filter(pk__in=wanted).exclude(date="").values_list("pk", "date"))
    entries = current_index().entries
    missing = {subject_id: _begin(entries[subject_id]) for subject_id in wanted - found.keys() if subject_id in entries}
    return {**found, **{subject_id: begin for subject_id, begin in missing.items() if begin}}

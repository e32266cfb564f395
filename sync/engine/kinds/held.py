"""Plays that a rule had left out, and what would become of their subjects if another rule let them in.

Nothing is asked for: what is ticked is known from the ledger, and the episodes from the cache.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils import timezone

from sync.bangumi.schemas import EpisodeStatus
from sync.engine import ledger
from sync.engine.kinds.reopen import freed_by
from sync.engine.rules import HELD, Change, Found, decide, has_ended
from sync.matching.facts import MAIN_EPISODE
from sync.models import Subject, SyncItem
from trakt.rules import PrivateMarks, Resumed

if TYPE_CHECKING:
    from sync.engine.kinds.entry import Entry
    from sync.matching.index import Index
    from trakt.models import TraktConfig
    from trakt.rules import Rules

TICKED = (SyncItem.State.DONE, SyncItem.State.ALREADY)


@dataclass(slots=True)
class HeldPlays:
    """By subject: the plays that were left out, the episodes that are ticked, and what is known of the subject."""

    plays: defaultdict[int, list[SyncItem]] = field(default_factory=lambda: defaultdict(list))
    ticked: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    subjects: dict[int, Subject] = field(default_factory=dict)

    def decide(self, subject_id: int, entry: Entry | None, config: TraktConfig, rules: Rules, index: Index) -> Change:
        """Return what would be written; its marks are at most so many, as the user may have ticked some since."""
        plays = self.plays.get(subject_id)
        if not plays or _stay_out(entry, config, rules):
            return Change()
        facts = self.subjects.get(subject_id, Subject(id=subject_id)).facts()
        main = sorted((e for e in facts.episodes or () if e.type == MAIN_EPISODE), key=lambda e: (e.sort, e.id))
        ids = [episode.id for episode in main]
        known = index.entries.get(subject_id)
        return decide(
            Found(
                entry.type if entry else None,
                dict.fromkeys(self.ticked[subject_id], int(EpisodeStatus.WATCHED)),
                tuple(ids),
            ),
            {_episode_of(play, ids) for play in plays},
            ended=has_ended(
                facts.episodes or (),
                timezone.now().date().toordinal(),
                known_end=known.end if known else 0,
                known_count=facts.eps,
            ),
            film=len(ids) <= 1 and any(play.season is None for play in plays),
            rules=rules,
        )


def held_plays(user_id: int, rules: Rules) -> HeldPlays:
    """Gather the plays that *rules* would let in."""
    held = HeldPlays()
    mine = SyncItem.objects.filter(user_id=user_id, kind=SyncItem.Kind.HISTORY)
    out = mine.filter(reason__in=freed_by(rules), subject_id__isnull=False)
    for play in out.only("subject_id", "episode_id", "position", "season", "reason").order_by("pk"):
        held.plays[play.subject_id or 0].append(play)
    for part in ledger.chunks(sorted(held.plays)):
        held.subjects.update(Subject.objects.in_bulk(part))
        ticked = mine.filter(subject_id__in=part, state__in=TICKED, episode_id__isnull=False)
        for subject_id, episode_id in ticked.order_by().values_list("subject_id", "episode_id").distinct():
            held.ticked[subject_id].add(episode_id)
    return held


def _stay_out(entry: Entry | None, config: TraktConfig, rules: Rules) -> bool:
    """Tell whether the plays are left out all the same, for another reason than they were."""
    if entry is not None and entry.type in HELD and rules.resumed == Resumed.SKIP:
        return True
    private = entry.private if entry is not None else config.private
    return private and rules.mark_private != PrivateMarks.ALLOW


def _episode_of(play: SyncItem, main: list[int]) -> int:
    """Return the play's episode; a number that is none where only its place is known, and not the list."""
    if play.episode_id is not None:
        return play.episode_id
    if play.position is not None and 1 <= play.position <= len(main):
        return main[play.position - 1]
    return -play.pk

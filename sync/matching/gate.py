"""The last look before writing, at the subject's own episode list.

Only what points elsewhere stops an item: dates that are all shifted by as much are a later release.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sync.matching.codes import EvidenceCode, MatchReason
from sync.matching.dates import TOLERANCE, air_day, near
from sync.matching.index import Entry
from sync.matching.late import LEAST_EPISODES
from sync.matching.lines import Line, line_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.matching.facts import Candidate, Item, Subject, Verdict


class _Play(NamedTuple):
    place: int
    """Where in the list of items."""
    position: int
    day: int


def gate(items: Sequence[tuple[Item, Verdict]], subjects: Mapping[int, Subject]) -> list[MatchReason | None]:
    """Say for each item why it must go to review, or None.

    ``subjects`` are those that were read, the rivals among them; items of several works may be mixed.
    """
    lines = {subject_id: line_of(Entry(subject_id), subject) for subject_id, subject in subjects.items()}
    reasons: list[MatchReason | None] = [None] * len(items)
    plays: defaultdict[int, list[_Play]] = defaultdict(list)
    for place, (item, verdict) in enumerate(items):
        best = verdict.best
        line = lines.get(best.subject_id) if best else None
        if best is None or best.position is None or line is None or not line.mains:
            continue
        if line.episode(best.position) is None:
            reasons[place] = MatchReason.GATE_NO_SUCH_EPISODE
            continue
        day = air_day(item.first_aired)
        decided = any(evidence.code == EvidenceCode.OVERRIDE for evidence in best.evidence)
        if day and not decided:
            plays[best.subject_id].append(_Play(place, best.position, day - _late(best)))
    for subject_id, dated in plays.items():
        line = lines[subject_id]
        off = [play for play in dated if not near(play.day, line.day(play.position))]
        rivals = _rivals(items, off, lines, subject_id)
        if len(off) < len(dated) or not _shifted(line, off):
            for play in off:
                reasons[play.place] = _points_elsewhere(line, play, rivals.get(play.place, ()))
    return reasons


def _late(best: Candidate) -> int:
    """Return by how many days the matcher, which saw the whole season, found Trakt's dates late."""
    return next((evidence.detail["late"] for evidence in best.evidence if "late" in evidence.detail), 0)


def _rivals(
    items: Sequence[tuple[Item, Verdict]], off: Sequence[_Play], lines: Mapping[int, Line], own: int
) -> dict[int, list[Line]]:
    """Return the other subjects that each item might be, as far as they were read."""
    return {
        play.place: [
            lines[candidate.subject_id]
            for candidate in items[play.place][1].candidates
            if candidate.subject_id != own and candidate.subject_id in lines
        ]
        for play in off
    }


def _shifted(line: Line, off: Sequence[_Play]) -> bool:
    """Whether all dates lie as many days from the listed ones: more than chance, and not one slip within the season."""
    shifts = {play.position: play.day - listed for play in off if (listed := line.day(play.position))}
    return len(shifts) >= LEAST_EPISODES and max(shifts.values()) - min(shifts.values()) <= 2 * TOLERANCE


def _points_elsewhere(line: Line, play: _Play, rivals: Sequence[Line]) -> MatchReason | None:
    if line.at_day(play.day):
        return MatchReason.GATE_OTHER_EPISODE
    if any(rival.at_day(play.day) for rival in rivals):
        return MatchReason.GATE_OTHER_SUBJECT
    return None

"""What the items of one work are on Bangumi: the way in to all rules."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sync.matching.codes import MatchReason
from sync.matching.facts import Judgement, Verdict, Wants
from sync.matching.movies import judge_movies
from sync.matching.reading import Reading
from sync.matching.seasons import judge_season
from sync.matching.shows import Show
from sync.matching.specials import judge_specials
from sync.matching.titles import judge_by_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.matching.facts import Item, Known, Work
    from sync.matching.index import Index

SPECIALS = 0


def judge(index: Index, work: Work, items: Sequence[Item], known: Known) -> Judgement:
    """Judge items of one work with what is known so far, and say what reading would tell more."""
    reading = Reading()
    show = Show(index, work, known)
    if work.kind == "movie":
        verdicts = judge_movies(show, items, reading)
    else:
        verdicts = _episodes(show, items, reading)
    search = ""
    if any(verdict.reason == MatchReason.UNKNOWN_WORK for verdict in verdicts):
        verdicts, search = judge_by_title(show, items)
    unread = frozenset(subject_id for subject_id in reading.subjects if subject_id not in known.subjects)
    return Judgement(tuple(verdicts), Wants(unread, reading.seasons and known.seasons is None, search))


def _episodes(show: Show, items: Sequence[Item], reading: Reading) -> list[Verdict]:
    groups: defaultdict[int, list[int]] = defaultdict(list)
    verdicts: list[Verdict] = [Verdict(None)] * len(items)
    for index, item in enumerate(items):
        if item.season is None or item.season < 0:
            verdicts[index] = Verdict(None, reason=MatchReason.NO_SEASON)
        elif item.number is None or item.number < 0:
            verdicts[index] = Verdict(None, reason=MatchReason.BAD_NUMBER)
        elif not show.pool:
            verdicts[index] = Verdict(None, reason=MatchReason.UNKNOWN_WORK)
        else:
            groups[item.season].append(index)
    for season, members in groups.items():
        rule = judge_specials if season == SPECIALS else judge_season
        judged = rule(show, season, [items[index] for index in members], reading)
        for index, verdict in zip(members, judged, strict=True):
            verdicts[index] = verdict
    return verdicts

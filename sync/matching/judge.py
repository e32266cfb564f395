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
    """Judge items of one work with what is known so far, and say what reading would tell more.

    Verdicts are in the order of the items and always the best that can be said yet; call again with what was
    wanted until nothing is wanted any more. Never raises on odd items: each ends in a reason.
    """
    reading = Reading()
    show = Show(index, work, known)
    judge_kind = judge_movies if work.kind == "movie" else _episodes
    verdicts = judge_kind(show, items, reading)
    search = ""
    unknown = [place for place, verdict in enumerate(verdicts) if verdict.reason == MatchReason.UNKNOWN_WORK]
    if unknown:
        proposed, search = judge_by_title(show, [items[place] for place in unknown])
        for place, verdict in zip(unknown, proposed, strict=True):
            verdicts[place] = verdict
    unread = frozenset(subject_id for subject_id in reading.subjects if subject_id not in known.subjects)
    # Trakt's list is a request more, and subjects once read often settle what seemed to need it
    seasons = reading.seasons and known.seasons is None and not unread
    return Judgement(tuple(verdicts), Wants(unread, seasons, search))


def _episodes(show: Show, items: Sequence[Item], reading: Reading) -> list[Verdict]:
    groups: defaultdict[int, list[int]] = defaultdict(list)
    verdicts: list[Verdict] = [Verdict(None)] * len(items)
    for place, item in enumerate(items):
        reason = _cannot_be_judged(show, item)
        if reason or item.season is None:
            verdicts[place] = Verdict(None, reason=reason)
        else:
            groups[item.season].append(place)
    for season, members in groups.items():
        rule = judge_specials if season == SPECIALS else judge_season
        judged = rule(show, season, [items[place] for place in members], reading)
        for place, verdict in zip(members, judged, strict=True):
            verdicts[place] = verdict
    return verdicts


def _cannot_be_judged(show: Show, item: Item) -> MatchReason | str:
    if item.season is None or item.season < 0:
        return MatchReason.NO_SEASON
    if item.number is None or item.number < 0:
        return MatchReason.BAD_NUMBER
    return "" if show.pool else MatchReason.UNKNOWN_WORK

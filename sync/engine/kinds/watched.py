"""What was watched, for users whose history is not carried over: Trakt's two compact maps say it all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from bgmsync.shared.http import together
from sync.engine.kinds.asking import note_begun
from sync.engine.kinds.matching import fact_of_row
from sync.models import SyncItem
from trakt.models import Title
from trakt.schemas import WatchedMap

if TYPE_CHECKING:
    from sync.engine.context import Context
    from sync.engine.kinds.asking import Asking, Begun
    from trakt.client import WatchedKind


async def learn_what_was_watched(ctx: Context, asking: Asking) -> None:
    """Ask Trakt what was watched, where new entries depend on it and the ledger can't know."""
    items = asking.unseen(ctx.lists)
    if not items or ctx.config.activities.get(SyncItem.Kind.HISTORY.value) or not ctx.config.access_token:
        return
    if ctx.reads(SyncItem.Kind.HISTORY):
        return
    films = [item for item in items if item.season is None and fact_of_row(item).media == "movie"]
    kinds: list[WatchedKind] = []
    if len(films) < len(items):
        kinds.append("shows")
    if any(item.kind != SyncItem.Kind.RATINGS for item in films):  # a rated film is done whatever the map says
        kinds.append("movies")
    maps = dict(zip(kinds, await together(ctx.trakt.watched_map(kind) for kind in kinds), strict=True))
    titles = {item.title_id for item in items if item.title_id}
    rows = await sync_to_async(list)(Title.objects.filter(pk__in=titles).values_list("pk", "kind", "trakt_id"))
    known = {(kind, trakt_id): pk for pk, kind, trakt_id in rows}
    note_begun(asking, _begun(maps.get("shows", WatchedMap()), maps.get("movies", WatchedMap()), known))


def _begun(shows: WatchedMap, movies: WatchedMap, known: dict[tuple[str, int], int]) -> Begun:
    counts: Counter[tuple[int, int | None]] = Counter()
    for place in shows.places.values():
        title = known.get((Title.Kind.SHOW, place.show_id))
        if title is not None:
            counts[title, place.season] += 1
    for movie in movies.plays:
        title = known.get((Title.Kind.MOVIE, movie))
        if title is not None:
            counts[title, None] += 1
    return {key: (count, None) for key, count in counts.items()}

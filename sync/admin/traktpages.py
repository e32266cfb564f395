"""Where on Trakt's site the things are that a Bangumi subject stands for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext

from sync.models import SyncItem
from trakt.models import Title

if TYPE_CHECKING:
    from collections.abc import Iterable

SITE = "https://trakt.tv"
MOST = 3
"""Pages named of one subject: more than these are of a show that Trakt cuts into other seasons."""


class Page(NamedTuple):
    address: str
    season: str
    """What of the title it is; empty where it is all of it."""


def trakt_pages(user_id: int, subjects: Iterable[int]) -> dict[int, list[Page]]:
    """Return, by subject, the pages of what the user's items say it was watched as: in one query."""
    rows = SyncItem.objects.filter(user_id=user_id, subject_id__in=set(subjects), title__isnull=False).order_by()
    found: defaultdict[int, set[tuple[str, str, int]]] = defaultdict(set)
    for subject, kind, slug, trakt_id, season in rows.values_list(
        "subject_id", "title__kind", "title__slug", "title__trakt_id", "season"
    ).distinct():
        found[subject].add((kind, slug or str(trakt_id), -1 if season is None else season))
    return {
        subject: [page_of(*where) for where in sorted(_closest(wheres))[:MOST]] for subject, wheres in found.items()
    }


def _closest(wheres: set[tuple[str, str, int]]) -> set[tuple[str, str, int]]:
    """Leave out the page of a whole show where its seasons are named: a rating of the show says less."""
    with_season = {where[:2] for where in wheres if where[2] >= 0}
    return {where for where in wheres if where[2] >= 0 or where[:2] not in with_season}


def page_of(kind: str, name: str, season: int) -> Page:
    """Return the page of a movie, a show (*season* -1), or one of its seasons."""
    if kind == Title.Kind.MOVIE:
        return Page(f"{SITE}/movies/{name}", "")
    if season < 0:
        return Page(f"{SITE}/shows/{name}", "")
    text = gettext("season %(n)s") % {"n": season} if season else gettext("specials")
    return Page(f"{SITE}/shows/{name}/seasons/{season}", text)

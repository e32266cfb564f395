"""Subjects for adults only: they are not added to the list of a user who does not want them.

Bangumi tells it of single subjects and in what a search finds, and neither in its lists of episodes nor in the rows of
a user's own list. So what is read anyway is remembered, for all users; and only those are asked about that no list of
broadcasts knows. Asking about each would cost every new entry a request more than it may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgmsync.shared.http import NotFound
from sync.models import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.bangumi.schemas import Subject as Answer
    from sync.engine.context import Context


async def is_adult(ctx: Context, subject_id: int) -> bool:
    """Tell whether Bangumi marks the subject as adults only. What is hidden from the account is not told here."""
    cached = await Subject.objects.filter(pk=subject_id).afirst()
    if cached is not None and cached.nsfw is not None:
        return cached.nsfw
    entry = ctx.index.entries.get(subject_id)
    if entry is not None and entry.form:
        return False  # it was broadcast, or shown in cinemas
    try:
        subject = await ctx.bangumi.subject(subject_id)
    except NotFound:
        return False
    adult = bool(subject.nsfw)
    # The answer about one that was merged into another is that other's; what was asked about is remembered.
    await remember([subject.model_copy(update={"id": subject_id, "nsfw": adult})])
    return adult


async def remember(found: Iterable[Answer]) -> None:
    """Keep what answers that were read anyway say of it, for all users. A word of Bangumi's goes before any guess."""
    told = [s for s in found if s.nsfw is not None]
    await Subject.objects.abulk_create(
        [Subject(id=s.id, name=s.name[:300], image=s.cover, nsfw=bool(s.nsfw)) for s in told],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["nsfw", "image"],
    )

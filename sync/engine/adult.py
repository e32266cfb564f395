"""Subjects for adults only: they are not added to the list of a user who does not want them.

Bangumi tells it of single subjects alone, so only those are asked about that no list of broadcasts knows, and once for
all users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgmsync.shared.http import NotFound
from sync.models import Subject

if TYPE_CHECKING:
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
    await Subject.objects.aupdate_or_create(
        pk=subject_id, defaults={"nsfw": adult}, create_defaults={"nsfw": adult, "name": subject.name[:300]}
    )
    return adult

"""Bangumi's subjects and their episode lists, as last read: shared by all users, fetched once each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.matching.facts import Episode
from sync.matching.facts import Subject as SubjectFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

FRESH_WHILE_AIRING = timedelta(hours=12)
FRESH_WHEN_ENDED = timedelta(days=30)


class Subject(models.Model):
    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(_("name"), max_length=300, blank=True, default="")
    name_cn = models.CharField(_("Chinese name"), max_length=300, blank=True, default="")
    date = models.CharField(_("date"), max_length=20, blank=True, default="")
    platform = models.CharField(_("platform"), max_length=20, blank=True, default="")
    type = models.PositiveSmallIntegerField(default=2)
    eps = models.PositiveIntegerField(_("episodes"), default=0)
    image = models.CharField(max_length=300, blank=True, default="")
    episodes = models.JSONField(null=True, help_text="Rows of (id, type, sort, ep, airdate, name, name_cn).")
    nsfw = models.BooleanField(null=True, help_text="Adults only; null while nobody asked.")
    airing = models.BooleanField(_("on air"), default=False)
    read_at = models.DateTimeField(_("last read"), null=True)

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")

    def __str__(self) -> str:
        return self.name_cn or self.name or f"#{self.pk}"

    @property
    def is_fresh(self) -> bool:
        """Tell whether the episode list may be used for matching without reading it again."""
        if self.read_at is None:
            return False
        return timezone.now() - self.read_at < (FRESH_WHILE_AIRING if self.airing else FRESH_WHEN_ENDED)

    def facts(self) -> SubjectFacts:
        rows = None if self.episodes is None else tuple(Episode(*row) for row in self.episodes)
        return SubjectFacts(
            id=self.pk,
            name=self.name,
            name_cn=self.name_cn,
            date=self.date,
            platform=self.platform,
            type=self.type,
            eps=self.eps,
            episodes=rows,
        )


def episode_rows(episodes: Iterable[Episode]) -> list[list[Any]]:
    """Return *episodes* in the form that :attr:`Subject.episodes` keeps."""
    return [[e.id, e.type, e.sort, e.ep, e.airdate, e.name, e.name_cn] for e in episodes]

"""What a person decided about a match: it goes before every rule."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MappingOverride(models.Model):
    """Maps a show, a season, a range of episodes or a movie to a subject, or says that it is to be ignored.

    Without a user it holds for everybody; a user's own goes first, and the narrower goes before the wider.
    """

    class Kind(models.TextChoices):
        SHOW = "show", _("show")
        MOVIE = "movie", _("movie")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="overrides",
        help_text=_("Empty: for everybody."),
    )
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices, default=Kind.SHOW)
    trakt_id = models.BigIntegerField(_("Trakt id"), help_text=_("The number of the show or movie on Trakt."))
    season = models.IntegerField(_("season"), null=True, blank=True, help_text=_("Empty: every season."))
    first_episode = models.IntegerField(_("first episode"), null=True, blank=True)
    last_episode = models.IntegerField(_("last episode"), null=True, blank=True)
    subject_id = models.BigIntegerField(
        _("Bangumi subject"),
        null=True,
        blank=True,
        help_text=_("The number in its address: bgm.tv/subject/400602. Empty: leave this out."),
    )
    first_position = models.PositiveIntegerField(
        _("is position"),
        default=1,
        help_text=_("Which main episode of the subject the first one of the range is, counted from 1."),
    )
    episode_id = models.BigIntegerField(
        _("Bangumi episode"),
        null=True,
        blank=True,
        help_text=_("For a special, which has no position: the number in its address, bgm.tv/ep/1227087."),
    )
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("mapping override")
        verbose_name_plural = _("mapping overrides")
        indexes = [models.Index(fields=["kind", "trakt_id"], name="overrides_by_title")]
        constraints = [
            models.CheckConstraint(
                condition=Q(first_episode=None) | Q(season__isnull=False), name="episodes_belong_to_a_season"
            )
        ]

    def __str__(self) -> str:
        target = f"bgm.tv/subject/{self.subject_id}" if self.subject_id else str(_("left out"))
        return f"{self.get_kind_display()} {self.trakt_id} → {target}"

    def clean(self) -> None:
        if self.first_episode is not None and self.season is None:
            raise ValidationError({"season": _("A range of episodes needs a season.")})
        if self.first_episode and self.last_episode and self.last_episode < self.first_episode:
            raise ValidationError({"last_episode": _("The last episode comes before the first.")})

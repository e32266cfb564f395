"""What a rule is about, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext

if TYPE_CHECKING:
    from sync.models import MappingOverride


def code_of(rule: MappingOverride) -> str:
    """Return the episodes as lists show them: S01E03–14."""
    if rule.season is None:
        return gettext("all")
    season = f"S{rule.season:02}"
    first, last = rule.first_episode, rule.last_episode
    if first is None and last is None:
        return season
    first = 1 if first is None else first
    if first == last:
        return f"{season}E{first:02}"
    return f"{season}E{first:02}–{'…' if last is None else f'{last:02}'}"


def sentence_of(rule: MappingOverride) -> str:
    """Return the episodes as one says them."""
    if rule.kind == rule.Kind.MOVIE:
        return gettext("the film")
    if rule.season is None:
        return gettext("the whole show, all seasons")
    words = {"season": rule.season, "first": rule.first_episode or 0, "last": rule.last_episode}
    if rule.first_episode is None and rule.last_episode is None:
        return gettext("season %(season)s") % words
    if rule.last_episode is None:
        return gettext("season %(season)s from episode %(first)s on") % words
    if rule.first_episode == rule.last_episode:
        return gettext("season %(season)s, episode %(first)s") % words
    return gettext("season %(season)s, episodes %(first)s to %(last)s") % words

"""What followers on Bangumi see of a first import, by the settings as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext

from trakt.rules import PrivateMarks

if TYPE_CHECKING:
    from trakt.models import TraktConfig


def what_followers_see(config: TraktConfig) -> str:
    if config.private and config.mark_private == PrivateMarks.ALLOW:
        return gettext(
            "Followers on Bangumi see no line of new entries, which stay private, but one for each title whose "
            "episodes are ticked."
        )
    if config.private:
        return gettext("Followers on Bangumi see nothing of it: new entries stay private, and are not ticked.")
    if config.quiet_first:
        return gettext(
            "Followers on Bangumi see no line of new entries, which are shown on your list afterwards, but one for "
            "each title whose episodes are ticked."
        )
    return gettext(
        "Followers on Bangumi see a line for each title that is added or finished, and one for each whose episodes are "
        "ticked. “First import without noise” in the settings leaves only the latter."
    )

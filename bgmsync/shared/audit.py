"""Who did what, for whom: one line in Django's own log for each act of a person.

Django's admin writes there what is added, changed and deleted on its pages; this adds what is done by buttons. A line
names no title and no token, so that operators may read all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import HttpRequest

LONGEST_NAME = 200


class Act(models.TextChoices):
    """What people do. Values are stored: never change one."""

    JOINED = "joined", _("made an account")
    CHANGED_PROFILE = "changed_profile", _("changed the profile")
    EXPORTED = "exported", _("exported all data")
    MADE_BUNDLE = "made_bundle", _("made a support bundle")
    DELETED = "deleted", _("deleted an account")
    CONNECTED = "connected", _("connected")
    DISCONNECTED = "disconnected", _("disconnected")
    STARTED = "run_started", _("started a run")
    CANCELLED = "run_cancelled", _("cancelled a run")
    PAUSED = "run_paused", _("paused a run")
    RESUMED = "run_resumed", _("let a paused run go on")
    APPROVED = "run_approved", _("approved a plan")
    RETRIED = "retried", _("had what failed tried again")
    UNDID = "undone", _("asked for an undo")
    COMPARED = "compared", _("compared Trakt and Bangumi")
    MENDED = "mended", _("had differences mended")
    DECIDED = "decided", _("decided about a match")
    IMPORTED_RULES = "imported_rules", _("imported rules")
    IMPORTED_EXPORT = "imported_export", _("imported Trakt's export")
    INVITED = "invited", _("made an invitation")
    WITHDREW = "invitation_withdrawn", _("withdrew an invitation")
    SHUT_OUT = "deactivated", _("deactivated the account")
    LET_IN = "activated", _("activated the account")
    MADE_OPERATOR = "made_operator", _("made an operator")
    MADE_MEMBER = "made_member", _("made a member again")
    TWO_STEP_ON = "two_step_on", _("turned two-step log-in on")
    TWO_STEP_OFF = "two_step_off", _("turned two-step log-in off")
    NEW_CODES = "new_recovery_codes", _("made new recovery codes")
    RECOVERED = "recovery_code_used", _("logged in by a recovery code")
    CODE_GUESSED = "codes_refused", _("gave the right password, and too many wrong codes")
    ENDED_SESSIONS = "sessions_ended", _("ended other log-ins")
    UPDATED_DATA = "updated_data", _("updated the mapping data")
    ROLLED_BACK_DATA = "rolled_back_data", _("went back to older mapping data")


def note(request: HttpRequest, act: Act, whom: Any = None, about: object = "") -> None:
    """Write down that the request's user did *act* for *whom*, by default themselves.

    *about* is the number of a run, the name of a service or the like: what everybody who may read the log may know.
    """
    write(request.user, act, whom, about)


def write(who: Any, act: Act, whom: Any = None, about: object = "") -> None:
    """Do the same where *who* acts is not the request's user, as when an account is made."""
    whom = whom or who
    LogEntry.objects.create(
        user_id=who.pk,
        content_type=ContentType.objects.get_for_model(get_user_model()),
        object_id=str(whom.pk),
        object_repr=str(whom)[:LONGEST_NAME],
        action_flag=CHANGE,
        change_message=f"{act.value}: {about}" if about != "" else act.value,
    )


def read(entry: LogEntry) -> tuple[Act, str] | None:
    """Return what an entry of :func:`note` says; None for one that Django's admin wrote."""
    code, _colon, about = entry.change_message.partition(": ")
    return (Act(code), about) if code in Act.values else None

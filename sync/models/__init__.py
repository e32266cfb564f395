"""What sync keeps: runs, items, plans, the Bangumi account, overrides, and the shared cache of subjects."""

from sync.models.account import BangumiAccount
from sync.models.archive import ArchivePart
from sync.models.channel import Note, NotificationChannel, Told
from sync.models.item import SyncItem
from sync.models.mapping import MappingData, MappingSet
from sync.models.override import MappingOverride
from sync.models.parity import ParityReport, ParityRow
from sync.models.plan import SubjectPlan
from sync.models.run import RunEvent, SyncRun
from sync.models.snapshot import Snapshot
from sync.models.subject import Subject
from sync.models.written import Written

__all__ = [
    "ArchivePart",
    "BangumiAccount",
    "MappingData",
    "MappingOverride",
    "MappingSet",
    "Note",
    "NotificationChannel",
    "ParityReport",
    "ParityRow",
    "RunEvent",
    "Snapshot",
    "Subject",
    "SubjectPlan",
    "SyncItem",
    "SyncRun",
    "Told",
    "Written",
]

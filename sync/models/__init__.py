"""What sync keeps: runs, items, plans, the Bangumi account, overrides, and the shared cache of subjects."""

from sync.models.account import BangumiAccount
from sync.models.item import SyncItem
from sync.models.override import MappingOverride
from sync.models.plan import SubjectPlan
from sync.models.run import RunEvent, SyncRun
from sync.models.subject import Subject
from sync.models.written import Written

__all__ = ["BangumiAccount", "MappingOverride", "RunEvent", "Subject", "SubjectPlan", "SyncItem", "SyncRun", "Written"]

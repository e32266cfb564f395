"""The mapping data that this installation uses: in the database, so that all machines use the same."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class MappingSet(models.Model):
    """A set of mapping data, of those that are in use or can be gone back to."""

    name = models.CharField(max_length=64, primary_key=True)
    packed = models.BinaryField(help_text="Its files, as a ZIP.")

    def __str__(self) -> str:
        return self.name


class MappingData(models.Model):
    """Which set is in use, and what is known of its refresh. The one row comes with the first refresh."""

    ONLY = 1

    current = models.CharField(max_length=64, blank=True, default="", help_text="Empty: the one that came along.")
    previous = models.CharField(max_length=64, blank=True, default="")
    known = models.JSONField(default=dict, encoder=DjangoJSONEncoder, help_text="A sync.mappings.Status.")

    def __str__(self) -> str:
        return self.current

"""Uploaded archives that wait to be taken over: in the database, which all machines share."""

from __future__ import annotations

from django.db import models

from sync.models.run import SyncRun


class ArchivePart(models.Model):
    """A piece of the archive that a run takes over; no row is left of it once the run is over."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField(help_text="From 0; the pieces in this order are the file.")
    piece = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_piece_per_number")]

    def __str__(self) -> str:
        return f"run {self.run.pk}, piece {self.number}"

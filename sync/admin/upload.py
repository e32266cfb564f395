"""Trakt's export archive in the admin: the page that takes one, and what a run's page tells of the one it took.

An archive goes to disk while it comes in and is checked before a run is made for it. The queue is told the run alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from bgmsync.shared import audit
from sync import queue, runs, uploads
from sync.engine import importing
from sync.models import BangumiAccount, SyncRun
from trakt import export

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

MB = 1 << 20
NUMBER = re.compile(r"([0-9]+)")
READ_TO_THE_END = 4
"""How many times the limit a body may be long that is read to its end, so that the browser shows why it is refused."""


class ArchiveForm(forms.Form):
    archive = forms.FileField(
        label=_("Trakt's export"),
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )


class ToDisk(FileUploadHandler):
    """Writes the form's one file to disk as it comes in, no further than the limit; nothing is held in memory."""

    def __init__(self, request: HttpRequest, limit: int) -> None:
        super().__init__(request)
        self.limit = limit
        self.length = int(request.META.get("CONTENT_LENGTH") or 0)
        self.problem = ""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if hasattr(self, "file") or self.field_name != "archive":
            self._stop(gettext("More than one file came; please choose one."))
        self.file = uploads.coming()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > self.limit:
            self._stop(too_large(self.limit))
        try:
            self.file.write(raw_data)
        except OSError:
            self._stop(gettext("There is no room for the file on the server; please tell the operator."))

    def file_complete(self, file_size: int) -> UploadedFile:
        self.file.seek(0)
        return UploadedFile(self.file, self.file_name, self.content_type, file_size)

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()

    def _stop(self, problem: str) -> None:
        self.problem = problem
        raise StopUpload(connection_reset=self.length > READ_TO_THE_END * self.limit)


def too_large(limit: int) -> str:
    return gettext("The file is larger than %(n)s MB, which is the most that is taken here.") % {"n": limit // MB}


def limit_in_bytes() -> int:
    return min(settings.EXPORT_LIMIT_MB * MB, export.LARGEST_ARCHIVE)


class UploadPages(admin.ModelAdmin):
    """Adds the page to the settings. It is always about whoever asks, so that it needs no key."""

    def get_urls(self) -> list[URLPattern]:
        # Where the file goes must be said before the form is read, and Django's own check of its token reads it.
        page = csrf_exempt(require_http_methods(["GET", "POST"])(self.upload))
        own = path("trakt-export/", self.admin_site.admin_view(page), name="trakt_traktconfig_upload")
        return [own, *super().get_urls()]

    def upload(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._page(request, ArchiveForm())
        to_disk = ToDisk(request, limit_in_bytes())
        request.upload_handlers = [to_disk]  # ty: ignore[invalid-assignment]  # the stubs know no setter
        return self._take(request, to_disk)

    @method_decorator(csrf_protect)
    def _take(self, request: HttpRequest, to_disk: ToDisk) -> HttpResponse:
        if not _bangumi_is_connected(request.user):
            return redirect("admin:trakt_traktconfig_upload")
        form = ArchiveForm(request.POST, request.FILES)
        if to_disk.problem:
            form.errors["archive"] = form.error_class([to_disk.problem])
        if form.is_valid():
            try:
                return _start(request, form.cleaned_data["archive"])
            except export.ExportError as error:
                form.add_error("archive", _refusal(error))
        return self._page(request, form)

    def _page(self, request: HttpRequest, form: ArchiveForm) -> HttpResponse:
        limit = limit_in_bytes()
        form.fields["archive"].widget.attrs |= {"data-most": limit, "data-too-large": too_large(limit)}
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Import Trakt's export"),
            "opts": self.opts,
            "form": form,
            "limit": limit // MB,
            "connected": _bangumi_is_connected(request.user),
            "active": _active_run_of(request.user),
        }
        status = 400 if form.errors else 200
        return TemplateResponse(request, "admin/trakt/traktconfig/upload.html", context, status=status)


def _start(request: HttpRequest, upload: UploadedFile) -> HttpResponse:
    """Check the archive, and make a run that takes it over; raises :class:`trakt.export.ExportError`."""
    export.preview(upload.file)
    user = request.user
    only_retry = not importing.asks_trakt(user)
    active = _active_run_of(user)
    run, new = (
        (active, False) if active else runs.request(user, SyncRun.Trigger.IMPORT, only_retry=only_retry, enqueue=False)
    )
    if not new:
        messages.error(request, gettext("A run is under way; nothing was imported. Import the file when it is over."))
        return redirect("admin:sync_syncrun_change", run.pk)
    uploads.give(run, upload.file, upload.name or "")
    queue.enqueue(run.pk)
    audit.note(request, audit.Act.IMPORTED_EXPORT, about=run)
    return redirect("admin:sync_syncrun_change", run.pk)


def _refusal(error: export.ExportError) -> str:
    """Say in the reader's language why an archive is refused, with the file inside it and the place."""
    place, problem = (gettext(text) % error.quoted if text else "" for text in error.told)
    where = ", ".join(part for part in (error.file, place) if part)
    told = f"{where}: {problem}" if where else problem
    return gettext("Nothing was imported. What is wrong with the file: %(told)s") % {"told": told}


def _bangumi_is_connected(user: Any) -> bool:
    account = BangumiAccount.objects.filter(user=user).first()
    return account is not None and bool(account.access_token)


def _active_run_of(user: Any) -> SyncRun | None:
    return SyncRun.objects.filter(user=user, status__in=SyncRun.ACTIVE).first()


def _by_number(name: str) -> list[str | int]:
    """Return what puts page 10 behind page 9."""
    return [int(part) if place % 2 else part for place, part in enumerate(NUMBER.split(name))]


def archive_of(run: SyncRun) -> dict[str, Any] | None:
    """Return what a run's page tells of the archive that it takes over; None where there is none."""
    if not run.archive:
        return None
    told = run.archive
    skipped = [(name, row["rows"], gettext(row["why"])) for name, row in told.get("skipped", {}).items()]
    return {
        "name": told.get("name", ""),
        "files": sorted(told.get("files", {}).items(), key=lambda file: _by_number(file[0])),
        "totals": importing.totals(told),
        "skipped": skipped,
        "unknown": told.get("unknown", ()),
        "missing": told.get("missing", ()),
        "problems": told.get("problems", ()),
    }

"""No page shows a token or the operator's secret, to nobody."""

from __future__ import annotations

import pytest
from django.test import Client

from bgmsync.shared.models import ServiceApp
from tests.admin.conftest import APP_SECRET, SECRETS
from tests.admin.test_permissions import READ, address, client_of  # noqa: F401  # pytest finds the fixture by its name


@pytest.mark.parametrize("name", sorted(READ))
def test_no_page_shows_a_token_or_a_secret(name, address):  # noqa: F811  # the fixture
    where = address(name)

    for role in ("alice", "root"):
        text = client_of(role).get(where).content.decode()
        assert not [secret for secret in SECRETS if secret in text]


def test_the_secret_of_an_app_stays_when_its_field_is_left_empty(root, app, client):
    client.force_login(root)

    client.post(f"/admin/shared/serviceapp/{app.pk}/change/", {"service": "trakt", "client_id": "new-id"})

    app.refresh_from_db()
    assert (app.client_id, app.client_secret) == ("new-id", APP_SECRET)


def test_the_secret_of_an_app_can_be_removed(root, app, client):
    client.force_login(root)

    client.post(
        f"/admin/shared/serviceapp/{app.pk}/change/", {"service": "trakt", "client_id": "x", "remove_secret": "on"}
    )

    assert ServiceApp.objects.get().client_secret == ""


def test_pages_allow_neither_inline_scripts_nor_other_sites():
    policy = Client().get("/admin/login/").headers["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy

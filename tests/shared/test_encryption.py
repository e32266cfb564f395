from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.db import connection

from bgmsync.shared.encryption import KeyLostError, decrypt, encrypt
from bgmsync.shared.models import ServiceApp

pytestmark = pytest.mark.django_db


def stored_text():
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM shared_serviceapp")
        (text,) = cursor.fetchone() or [""]
        return text


def test_what_is_stored_can_not_be_read_in_the_database():
    ServiceApp.objects.create(service="trakt", client_id="id", client_secret="a very secret thing")
    assert "secret" not in stored_text()
    assert ServiceApp.objects.get().client_secret == "a very secret thing"


def test_empty_stays_empty():
    ServiceApp.objects.create(service="trakt", client_id="id")
    assert stored_text() == ""


def test_encrypted_text_can_not_be_searched_for():
    with pytest.raises(FieldError):
        ServiceApp.objects.filter(client_secret="x").exists()


def test_an_older_key_still_reads_and_the_newest_writes(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.TOKEN_KEYS = [old]
    text = encrypt("token")
    settings.TOKEN_KEYS = [new, old]
    assert decrypt(text) == "token"
    rewritten = encrypt("token")
    settings.TOKEN_KEYS = [new]
    assert decrypt(rewritten) == "token"


def test_a_lost_key_says_what_to_do_and_shows_nothing(settings):
    text = encrypt("token")
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(KeyLostError, match="connect the account again") as caught:
        decrypt(text)
    assert text not in str(caught.value)

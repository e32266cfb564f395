"""Store a user's tokens, for those who drive the program without a browser."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import CommandError
from pydantic import ValidationError

from bgmsync.shared.command import ProductCommand
from bgmsync.shared.http import TokenGrant
from bgmsync.shared.models import Service
from sync.engine.clients import bangumi_redirect_uri, trakt_redirect_uri
from sync.models import BangumiAccount
from sync.setup import MEMBERS
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from bgmsync.shared.models import Connection


class Command(ProductCommand):
    help = (
        "Stores tokens for a user, read as a JSON object from standard input: access_token, refresh_token, expires_in, "
        "created_at. A Bangumi personal access token has only the first. The user is made if there is none."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user")
        parser.add_argument("service", choices=Service.values)

    def handle(self, *_args: Any, **options: Any) -> None:
        grant = self._grant(sys.stdin.read())
        self.prepare_database()
        user = self._user(options["user"])
        connection: Connection
        if options["service"] == Service.TRAKT:
            connection, _made = TraktConfig.objects.get_or_create(user=user)
            connection.redirect_uri = trakt_redirect_uri()
        else:
            connection, _made = BangumiAccount.objects.get_or_create(user=user)
            connection.redirect_uri = bangumi_redirect_uri()
        connection.keep(grant)
        if isinstance(connection, TraktConfig) and connection.next_run_at is None:
            connection.plan_next()
            connection.save(update_fields=["next_run_at"])
        data = {
            "user": options["user"],
            "service": options["service"],
            "state": connection.state,
            "expires_at": connection.token_expires_at,
        }
        self.result(data, f"{connection.service.label}: {connection.state_text()}", as_json=options["json"])

    def _grant(self, text: str) -> TokenGrant:
        """Read the tokens. No error may quote them."""
        try:
            data = json.loads(text)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise CommandError('Standard input is not a JSON object. Give {"access_token": "…"}; nothing was stored.')
        try:
            return TokenGrant.model_validate(data)
        except ValidationError:
            raise CommandError("The JSON object has no usable access_token. Nothing was stored.") from None

    def _user(self, name: str) -> Any:
        user, made = get_user_model().objects.get_or_create(username=name, defaults={"is_staff": True})
        if made:
            user.set_unusable_password()
            user.save()
            user.groups.add(Group.objects.get(name=MEMBERS))
            self.say(f"Made the user {name}. To log in, they need a password: manage.py changepassword {name}")
        return user

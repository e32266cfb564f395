"""The way back in for a superuser who lost both phone and recovery codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bgmsync.people import sessions, two_step
from bgmsync.shared.audit import Act, write
from bgmsync.shared.command import ProductCommand, user_named

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(ProductCommand):
    help = "Turns a user's two-step log-in off, and ends all of their log-ins: for who lost phone and recovery codes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.prepare_database()
        user = user_named(options["user"])
        was_on = two_step.turn_off(user)
        if was_on:
            sessions.end_all(user)
            write(user, Act.TWO_STEP_OFF, about="manage.py")
        text = f"Two-step log-in is off for {user}." if was_on else f"It was not on for {user}."
        self.result({"user": str(user), "was_on": was_on}, text, as_json=options["json"])

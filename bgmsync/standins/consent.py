"""The pages that a person sees at a service: "may this program read your history?"."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:12vh auto;padding:0 1rem;color:#1b1b1f}"
    "h1{font-size:1.4rem}button,select,input{font:inherit;padding:.5rem 1rem;margin:.25rem .5rem .25rem 0}"
    "button[value=allow]{background:#0b57d0;color:#fff;border:0;border-radius:.4rem}p.note{color:#55565c}"
)


def page(title: str, content: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )


def consent_page(service: str, app: str, users: Iterable[str], hidden: Mapping[str, str]) -> str:
    """Ask for consent. Posts ``user`` and ``decision`` (allow or deny) with the *hidden* fields to the same address."""
    return page(
        f"{service} (stand-in)",
        f"<p><strong>{escape(app)}</strong> would like to use your {escape(service)} account.</p>"
        f'<form method="post">{fields(hidden)}{choice(users)}{buttons()}</form>'
        '<p class="note">This page imitates the real service for demonstrations and tests.</p>',
    )


def code_page(service: str, users: Iterable[str], user_code: str) -> str:
    """Ask for the code that a device shows. Posts ``user_code``, ``user`` and ``decision``."""
    return page(
        f"Activate a device at {service} (stand-in)",
        '<form method="post"><p><label>Code <input name="user_code" required autocomplete="off" '
        f'value="{escape(user_code)}"></label></p>{choice(users)}{buttons()}</form>',
    )


def fields(hidden: Mapping[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in hidden.items())


def choice(users: Iterable[str]) -> str:
    options = "".join(f"<option>{escape(user)}</option>" for user in users)
    return f'<p><label>Signed in as <select name="user">{options}</select></label></p>'


def buttons() -> str:
    return (
        '<p><button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></p>'
    )

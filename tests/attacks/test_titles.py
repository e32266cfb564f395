"""Titles that are attacks, on every page that a person can reach by clicking."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from tests.attacks.conftest import HOSTILE

MOST = 160
"""Pages that are looked at: lists have many pages of the same form."""
OURS = re.compile(r"^/static/|^/admin/jsi18n/$|^$")
FORM = re.compile(r"\d+")
OF_A_FORM = 3
"""Pages whose addresses differ by a number alone are alike."""
CLOSED = ("/admin/logout", "/me/export", "/admin/sync/syncrun/undo")


class Page(HTMLParser):
    """What a browser makes of a page: attributes, scripts and the links that lead on."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: set[str] = set()
        self.faults: list[str] = []
        self.inside = ""
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.inside = tag
        self.faults += [f"{tag} {name}" for name in found if name.startswith("on") or name == "style"]
        self.faults += [
            f"{tag} {v}" for v in found.values() if v and v.strip().lower().startswith(("javascript:", "data:text"))
        ]
        if tag == "img" and found.get("src") == "x":
            self.faults.append("the title's own picture")
        if tag in {"script", "link", "iframe", "object", "embed"}:
            source = found.get("src") or found.get("href") or ""
            if not OURS.match(source):
                self.faults.append(f"{tag} {source}")
        if tag == "a" and found.get("href"):
            self.links.add(found["href"])

    def handle_endtag(self, tag):  # noqa: ARG002  # html.parser names it
        self.inside = ""

    def handle_data(self, data):
        self.text += data
        if self.inside == "script" and "hacked" in data:
            self.faults.append("a script of the title's")


def looked_at(visitor, start="/admin/"):
    """Open page after page as the links lead, and give each with its address."""
    waiting, seen, forms = [start], {start}, {}
    while waiting and len(seen) < 40 * MOST:
        where = waiting.pop(0)
        kind = FORM.sub("#", urlsplit(where).path) + ("?" if "?" in where else "")
        forms[kind] = forms.get(kind, 0) + 1
        if forms[kind] > OF_A_FORM or where.startswith(CLOSED):
            continue
        answer = visitor.http.get(where)
        if "html" not in answer.headers.get("content-type", ""):
            continue
        page = Page(answer.text)
        yield where, answer, page
        for link in sorted(page.links):
            address = answer.url.join(link)
            target = address.raw_path.decode()
            if address.host == answer.url.host and address.port == answer.url.port and target not in seen:
                seen.add(target)
                waiting.append(target)


@pytest.mark.parametrize("who", ["mia", "root"])
def test_a_title_stays_text_on_every_page_that_links_lead_to(who, request):
    visitor = request.getfixturevalue(who)
    pages, with_titles = 0, set()

    for where, answer, page in looked_at(visitor):
        assert answer.status_code < 500, where
        assert page.faults == [], where
        assert "script-src 'self'" in answer.headers["content-security-policy"], where
        assert "49" not in page.text or "{{7*7}}" in page.text or HOSTILE[:10] not in page.text, where
        pages += 1
        if "onerror=hacked()" in page.text:
            with_titles.add(FORM.sub("#", urlsplit(where).path))

    assert pages > 30
    assert len(with_titles) >= 5, with_titles  # it was really there to be looked at


def test_pieces_of_pages_that_scripts_put_in_hold_it_as_text_as_well(mia, target):
    run = target.query("SELECT max(id) FROM sync_syncrun")[0][0]
    answer = mia.http.get(f"/admin/sync/syncrun/{run}/progress/")

    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Page(json.loads(answer.text)["html"]).faults == []


def test_what_is_searched_for_and_asked_for_is_not_echoed_as_markup(mia, root):
    for visitor, where in (
        (mia, "/admin/sync/syncitem/?q="),
        (mia, "/admin/sync/syncitem/review/?q="),
        (mia, "/trakt/callback?state=x&error="),
        (mia, "/bangumi/callback?error_description="),
        (mia, "/no/such/"),
        (root, "/people/?q="),
    ):
        answer = visitor.http.get(where + HOSTILE.replace("&", "%26").replace("?", "%3F"))
        assert Page(answer.text).faults == [], where
        assert answer.status_code < 500, where

"""Which addresses notes may be sent to: pure functions of an address, without Django and without a look-up."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

# fmt: off
SERVICES = frozenset({
    # mail
    "mailto", "mailtos", "mailgun", "sendgrid", "resend", "brevo", "postmark", "smtp2go", "sparkpost",
    # messengers and push services of China
    "dingtalk", "wecombot", "wecom", "wechat", "feishu", "lark", "qq", "schan", "pushplus", "pushdeer", "pushdeers",
    "wxpusher", "pushme", "spugpush", "wpush", "chanify", "bark", "barks", "onebot", "onebots",
    # messengers and push services of elsewhere
    "tgram", "discord", "slack", "gchat", "workflow", "workflows", "webex", "wxteams", "zulip", "twist", "revolt",
    "guilded", "groupme", "kook", "line", "viber", "whatsapp", "threema", "ntfy", "ntfys", "gotify", "gotifys",
    "pover", "pbul", "prowl", "pushy", "push", "pushed", "spush", "simplepush", "join", "ifttt", "notica", "noticas",
    "mastodon", "mastodons", "toot", "toots", "misskey", "misskeys", "bluesky", "bsky",
    # what people run themselves
    "matrix", "matrixs", "mmost", "mmosts", "rocket", "rockets", "signal", "signals", "ncloud", "nclouds", "nctalk",
    "nctalks", "synology", "synologys", "hassio", "hassios", "lametric", "lametrics", "apprise", "apprises",
    # webhooks
    "json", "jsons", "form", "forms", "xml", "xmls",
})
# fmt: on
"""Apprise's names of services that are reached by HTTP or mail. What writes to this machine itself (syslog, the
desktop) or speaks to any port in any way (IRC, MQTT) is left out, and so is what a later Apprise brings."""

MASK = "…"
WEB = frozenset({"http", "https"})
NAT64 = ipaddress.ip_network("64:ff9b::/96")
LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa")


def label_of(address: str, service: str = "") -> str:
    """Return what may be shown of *address*: where it leads is part of the secret, so that only its kind is left.

    >>> label_of("tgram://123456:secret/42", "Telegram")
    'Telegram · tgram://…'
    """
    scheme = address.partition("://")[0].lower()
    shown = f"{scheme}://{MASK}" if scheme.isalnum() else MASK
    return f"{service} · {shown}" if service else shown


def is_web(address: str) -> bool:
    """Tell whether a monitor can be reached at *address*."""
    try:
        parts = urlsplit(address)
        return parts.scheme in WEB and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def names_private_host(address: str) -> bool:
    """Tell whether *address* itself says that it leads to a private network, without looking its host up."""
    try:
        host = (urlsplit(address).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if host.endswith(LOCAL_NAMES):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not is_public(host)


def is_public(address: str) -> bool:
    """Tell whether the numeric *address* is one of the public internet, whatever IPv6 wraps it in.

    >>> [is_public(text) for text in ("9.9.9.9", "127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254")]
    [True, False, False, False]
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        within = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if found in NAT64:
            within = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if within:
            return is_public(str(within))
    return found.is_global and not found.is_multicast


def with_signal(address: str, signal: str) -> str:
    """Return where a monitor at *address* is told *signal*, as healthchecks.io documents it; success has no suffix.

    >>> with_signal("https://hc-ping.com/uuid?create=1", "start")
    'https://hc-ping.com/uuid/start?create=1'
    """
    if signal not in {"start", "fail"}:
        return address
    parts = urlsplit(address)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{signal}").geturl()

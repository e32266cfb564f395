"""What a browser says of itself, in words by which a person knows it again. Pure; it need not be right, or true."""

from __future__ import annotations

from django.utils.translation import gettext

BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "MicroMessenger": "WeChat",
    "QQBrowser": "QQ Browser",
    "YaBrowser": "Yandex",
    "Vivaldi": "Vivaldi",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
    "curl": "curl",
}
"""The first that fits: nearly all call themselves Chrome and Safari as well."""
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "HarmonyOS": "HarmonyOS",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def words(agent: str) -> str:
    """Name browser and system.

    >>> words("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox, Linux'
    """
    found = [_first(agent, names) for names in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, found)) or gettext("unknown browser")


def _first(agent: str, names: dict[str, str]) -> str:
    return next((name for mark, name in names.items() if mark in agent), "")

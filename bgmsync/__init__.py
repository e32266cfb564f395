"""The Django project: settings, the admin site, and what Trakt's side and Bangumi's side share."""

__version__ = "0.1.0"

"""A stand-in of api.trakt.tv and auth.trakt.tv, at one address."""

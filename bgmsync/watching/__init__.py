"""Watching an installation: metrics, the log of requests, errors sent to where the operator reads them, the bundle."""

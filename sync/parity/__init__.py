"""Trakt and Bangumi side by side: what is missing, extra, conflicting or waiting, and mending what a person chooses.

``sides`` reads both, ``rules`` compares them, ``comparing`` is the job that does it and keeps the report, ``summary``
is what the command prints, and ``mending`` makes due what was chosen, for a run to write.
"""

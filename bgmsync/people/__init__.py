"""People: how they come, what they choose about themselves, how operators help them, and how they leave.

What a person is and chose is in ``bgmsync.shared`` (``models.Profile``, ``people``, ``audit``), where the rest of the
program asks for it; here are the pages.
"""

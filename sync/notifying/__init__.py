"""Telling a user what happened, and a monitor that runs come: when there is news, in which words, by which way."""

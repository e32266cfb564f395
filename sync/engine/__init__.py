"""The way of a play: read, match, plan, apply, confirm. A file a stage; each takes what the one before it stored."""

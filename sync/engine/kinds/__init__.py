"""The kinds of data that are carried over besides the history: a file each, and this list."""

from sync.engine.kinds.base import Kind
from sync.engine.kinds.collection import Collection
from sync.engine.kinds.hidden import Hidden
from sync.engine.kinds.ratings import Ratings
from sync.engine.kinds.watchlist import Watchlist

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Ratings(), Collection(), Watchlist(), Hidden())}

#!/usr/bin/env python3
from __future__ import annotations

from bgmsync.__main__ import main

if __name__ == "__main__":
    main()

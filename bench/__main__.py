"""`python -m bench`: what a run costs, as Markdown tables. Requests are what counts, seconds depend on the machine."""

from __future__ import annotations

if __name__ == "__main__":  # the workers of a pool import this file once more
    import sys

    from bench.tables import main

    main([int(argument) for argument in sys.argv[1:]])

"""Makes the users and roles of an Auth0 connection agree with what a SQL query returns."""

from __future__ import annotations

if __name__ == "__main__":  # the workers of the pool import this file once more
    import sys

    from client.cli import main

    sys.exit(main())

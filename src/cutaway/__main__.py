"""`python -m cutaway` is the same program as `cutaway`."""

import sys

from cutaway.cli import main

if __name__ == "__main__":
    sys.exit(main())

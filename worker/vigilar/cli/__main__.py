"""`python -m vigilar.cli`, the same as `vigilar`."""

import sys

from vigilar.cli import main

sys.exit(main())

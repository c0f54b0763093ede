"""These tests need the guest's kernel: tools/guest runs them there (`inv guest`), nothing else does."""

import os

if "CITYLINE_GUEST" not in os.environ:
    collect_ignore_glob = ["test_*.py"]

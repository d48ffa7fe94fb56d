"""Python imports this at the start of every program that a test starts: see tests/support/network.py."""

import importlib.util
from pathlib import Path

# By its path: the program's own working folder need not be the project's.
_file = Path(__file__).parent.parent / "network.py"
_spec = importlib.util.spec_from_file_location("redress_network_guard", _file)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
_module.install()

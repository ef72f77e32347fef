"""Fresh interpreters that import what this one imports.

`multiprocessing` would do, but it runs the parent's ``__main__`` again in every child, which
costs time in the command line and fails in a REPL. A fork would copy gRPC's threads in whatever
state they are.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from importlib import import_module; "
    "import_module(sys.argv[1]).main(*sys.argv[3:])"
)


def spawn(module: str, *arguments: str, pass_fds: Collection[int] = ()) -> subprocess.Popen[bytes]:
    """Start ``module.main(*arguments)`` in a new process, with this process's import path.

    The child is in a process group of its own: Ctrl-C reaches the parent alone, which decides.
    """
    command = [sys.executable, "-c", _BOOT, module, json.dumps(sys.path), *arguments]
    return subprocess.Popen(  # noqa: S603 - this interpreter, our modules
        command, pass_fds=tuple(pass_fds), stdin=subprocess.DEVNULL, process_group=0
    )

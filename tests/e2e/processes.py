"""Which processes run below a supervisor, by role, as Linux tells in /proc."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

SUPERVISORS = {"run", "demo"}
MODULES = {"gateway.adapters.scan_worker": "worker", "portal": "portal", "portal.demo_sink": "world"}


def roles_below(supervisor: int) -> dict[str, list[int]]:
    """Role name -> process ids; the supervisor itself is there as `supervisor`."""
    children = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):  # it ended meanwhile
            continue
        children[parent].append(int(folder.name))
    found = defaultdict(list)
    look = [supervisor]
    while look:
        pid = look.pop()
        look += children[pid]
        if name := _role(pid):
            found[name].append(pid)
    return dict(found)


def _role(pid: int) -> str:
    """Empty for a zombie, and for what is not (yet) one of ours."""
    try:
        words = (Path("/proc") / str(pid) / "cmdline").read_bytes().decode().split("\0")
        module, command = words[words.index("-m") + 1 :][:2]
    except (OSError, ValueError):
        return ""
    if module == "gateway":
        return "supervisor" if command in SUPERVISORS else command
    return MODULES.get(module, "")


def peak_memory(pid: int) -> int:
    """The largest resident memory so far, in bytes (VmHWM)."""
    for line in (Path("/proc") / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"{pid} is a zombie")

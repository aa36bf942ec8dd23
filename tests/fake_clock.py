"""A program under another clock (libfaketime), and nothing left of it.

libfaketime names a semaphore and a piece of memory below /dev/shm by the process's number and refuses to start when
they are there: a process killed with SIGKILL leaves them for whoever gets its number next. So they are swept first.
"""
import pathlib
import re

LIBRARY = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SHARED = pathlib.Path("/dev/shm")
LEFT = re.compile(r"(?:sem\.)?faketime_(?:sem|shm)_(\d+)")


def is_there():
    return LIBRARY.exists()


def sweep():
    """Removes what ended processes left; returns how many files."""
    gone = 0
    for path in SHARED.glob("*faketime_s*"):
        name = LEFT.fullmatch(path.name)
        if name and not pathlib.Path("/proc", name[1]).exists():
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def words(offset):
    """What stands before a command so that its clock is offset later ("+800d")."""
    sweep()
    return ["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME={offset}"]

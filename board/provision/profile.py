"""Profiles of boards: how cores, huge pages and queues are shared out. Pure but for reading the files."""
import collections
import pathlib

FOLDER = pathlib.Path("/usr/share/banken/profiles")
NUMBERS = ("workers-max", "cores-kept", "buffers-mb", "worker-mb", "order")
KEYS = (*NUMBERS, "for", "drivers", "binding", "isolate", "note")

# first worker's core, workers, MB of packet buffers, huge pages of 2 MiB, cores to isolate
Plan = collections.namedtuple("Plan", "profile workers first_core buffers_mb huge_pages worker_mb isolated binding")


def parse(text, name):
    found = {"name": name}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        key, _, value = (part.strip() for part in line.partition(":"))
        if key not in KEYS or key in found:
            raise ValueError(f"{name}: line {number}: {key} is unknown or stands there twice")
        found[key] = int(value) if key in NUMBERS else value
    missing = [k for k in KEYS if k not in found and k != "note"]
    if missing:
        raise ValueError(f"{name}: {', '.join(missing)} is missing")
    found["drivers"] = found["drivers"].split()
    found["binding"] = found["binding"].split()
    return found


def load(folder=FOLDER):
    profiles = [parse(p.read_text(), p.stem) for p in sorted(folder.glob("*.conf"))]
    return sorted(profiles, key=lambda p: (p["order"], p["name"]))


def choose(profiles, driver, wanted="auto"):
    """The wanted profile, else the first one that names the NIC's driver, else the last."""
    if wanted != "auto":
        return next((p for p in profiles if p["name"] == wanted), None)
    return next((p for p in profiles if driver in p["drivers"]), profiles[-1])


def plan(profile, cores, memory_mb, binding):
    """What this machine gets. Never more than half of the memory in huge pages; on a small machine the
    workers share their core with the rest, which loses packets only under load."""
    workers = max(1, min(profile["workers-max"], cores - profile["cores-kept"], memory_mb // 256))
    first = cores - workers if cores > workers else 0
    buffers = profile["buffers-mb"]
    # The dataplane wants its buffers and 32 MB more in huge pages, or takes none.
    pages = (buffers + 32) // 2 + 8
    if pages * 2 > memory_mb // 2:
        pages, buffers = 0, min(buffers, max(64, memory_mb // 16))
    worker_mb = min(profile["worker-mb"], max(64, memory_mb // 3 // workers))
    isolated = f"{first}-{cores - 1}" if profile["isolate"] == "yes" and cores - workers >= 2 else ""
    return Plan(profile["name"], workers, first, buffers, pages, worker_mb, isolated, binding)

"""Releases that the centre sends (banken-firmware.service): control keeps what is wanted, this installs it, starts
the machine and answers. Control is not trusted with more than the wish: the file is copied, its hash and RAUC's
signature are looked at here.

  WANTED  {"ticket", "sha256", "version", "size", "back"}     control's
  KEPT    {"ticket", "sha256", "version", "state", "text", "from", "to", "boot"}     ours, over the start between
          state: installing -> installed -> good | refused
"""
import hashlib
import json
import os
import pathlib
import re
import stat
import time

import box
import settings

CONTROL = pathlib.Path("/var/lib/banken/control")
WANTED, FILES = CONTROL / "firmware/wanted", CONTROL / "artefacts/firmware"
KEPT, SHOWN, COPY = box.KEPT / "firmware.json", box.RUN / "firmware.json", box.KEPT / "firmware.raucb"
TEXT_MAX, PIECE, SIZE_MAX = 4096, 1 << 20, 1 << 30
HASH, TICKET = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{32}")


class Refused(Exception):
    """A sentence for the centre."""


def understood(text):
    """What is wanted, None when it is nothing that control writes. Pure."""
    try:
        found = json.loads(text)
        good = (HASH.fullmatch(found["sha256"]) and TICKET.fullmatch(found["ticket"]) and isinstance(found["back"], bool) and
                isinstance(found["size"], int) and 0 <= found["size"] <= SIZE_MAX and isinstance(found["version"], str))
    except (ValueError, KeyError, TypeError):
        return None
    if not good or (found["size"] == 0 and not found["back"]):
        return None
    return {**found, "version": "".join(c if c.isprintable() else "?" for c in found["version"])[:64]}


def decide(wanted, kept, slot, boot):
    """What is to be done: nothing, install, start, wait (the health check judges), fell-back, known. Pure."""
    if not wanted:
        return "nothing"
    if kept.get("ticket") != wanted["ticket"]:
        same = kept.get("state") == "good" and kept.get("sha256") == wanted["sha256"] and kept.get("to") == slot
        return "known" if same and wanted["size"] else "install"
    if kept["state"] == "installing":
        return "install"
    if kept["state"] != "installed":
        return "nothing"
    if kept["boot"] == boot:
        return "start"
    return "wait" if kept["to"] == slot else "fell-back"


def regular(path):
    """An open file of control's folder: no link, no device."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path} is no file")
    return os.fdopen(handle, "rb")


def wanted_now():
    try:
        with regular(WANTED) as file:
            return understood(file.read(TEXT_MAX).decode(errors="replace"))
    except OSError:
        return None


def load():
    try:
        found = json.loads(KEPT.read_text())
        return found if isinstance(found, dict) and "state" in found else {}
    except (OSError, ValueError):
        return {}


def save(kept, **change):
    kept = {**kept, **change}
    box.write(KEPT, json.dumps(kept), 0o600)
    show()
    return kept


def show():
    """Control reads the answer there; called at each start too."""
    kept = load()
    if kept:
        box.write(SHOWN, json.dumps({k: kept.get(k, "") for k in ("ticket", "state", "text")}))


def other(slot):
    return "B" if slot == "A" else "A"


def copy(wanted):
    """The file as root's own, when it is what was promised."""
    digest, left = hashlib.sha256(), wanted["size"]
    try:
        with regular(FILES / wanted["sha256"]) as source, open(COPY, "wb") as target:
            while left > 0 and (piece := source.read(min(PIECE, left))):
                digest.update(piece)
                target.write(piece)
                left -= len(piece)
    except OSError as error:
        raise Refused(f"the release cannot be copied: {error.strerror or error}") from None
    if left or digest.hexdigest() != wanted["sha256"]:
        raise Refused("the file is not the one that the centre promised")


def put(wanted):
    """Into the other slot; back to nothing is the other slot as it is."""
    if not wanted["size"]:
        code, said = box.command("rauc", "status", "mark-active", "other", timeout=120)
    else:
        copy(wanted)
        code, said = box.command("rauc", "install", COPY, timeout=1800)
    if code:
        raise Refused(box.why_refused(said))


def install(wanted):
    slot, version = box.slot(), wanted["version"]
    kept = save({}, ticket=wanted["ticket"], sha256=wanted["sha256"], version=version, state="installing", text="",
                **{"from": slot, "to": other(slot), "boot": box.boot()})
    box.note("update", "wait", f"release {version} from the centre is being installed")
    try:
        put(wanted)
        save(kept, state="installed")
        box.note("update", "wait", f"release {version} from the centre is installed and will be started")
    except Refused as why:
        save(kept, state="refused", text=str(why))
        box.note("update", "bad", f"release {version} from the centre is refused: {why}")
    finally:
        COPY.unlink(missing_ok=True)


def seconds_until(window, minute):
    """Seconds until the box may start again. Pure. window: "" (always) or HH:MM-HH:MM; minute: of the day."""
    if not window:
        return 0
    first, last = (int(t[:2]) * 60 + int(t[3:]) for t in window.split("-"))
    inside = first <= minute < last if first <= last else minute >= first or minute < last
    return 0 if inside or first == last else (first - minute) % 1440 * 60


def window():
    try:
        return settings.parse(box.CONF.read_text())["restart-window"]
    except (OSError, settings.Wrong):
        return ""


def start(wanted):
    """Starts the machine when its window opens; False when something else is wanted meanwhile."""
    now = time.localtime()
    while seconds := seconds_until(window(), now.tm_hour * 60 + now.tm_min):
        if (wanted_now() or {}).get("ticket") != wanted["ticket"]:
            return False
        time.sleep(min(30, seconds))
        now = time.localtime()
    box.note("update", "wait", f"the box starts with release {wanted['version']}")
    box.command("sync")
    box.command("systemctl", "reboot")
    return True


def judged(healthy, why=""):
    """The health check's word about this start."""
    kept = load()
    if kept.get("state") != "installed" or kept["to"] != box.slot() or kept["boot"] == box.boot():
        return
    if healthy:
        save(kept, state="good", text="")
    else:
        save(kept, text=f"{kept['version']} is not healthy: {why}"[:350])


def fell_back(kept):
    why = kept["text"] or f"{kept['version']} did not start"
    save(kept, state="refused", text=f"{why}; the box went back to slot {box.slot()}")
    box.note("update", "bad", f"{why}; the box went back")


def run():
    while True:
        wanted, kept = wanted_now(), load()
        what = decide(wanted, kept, box.slot(), box.boot())
        if what == "install":
            install(wanted)
        elif what == "start":
            if start(wanted):
                return 0
        else:
            if what == "known":
                save(kept, ticket=wanted["ticket"])
            elif what == "fell-back":
                fell_back(kept)
            return 0

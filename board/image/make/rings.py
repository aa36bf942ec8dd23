"""Releases through the centre's rings: a good one is offered, installed, healthy, told; a broken one comes back by
itself, and its roll-out stops."""
import time

from cables import Centre, Traffic
from common import Trouble, say
from machine import Machine, overlay
from trial import config, step
from updating import breaks, variant

SECONDS = 3600


def told(centre, number, wanted, machine):
    """The roll-out once it is in one of the states."""
    end, shown = time.time() + SECONDS, ""
    while time.time() < end:
        found = (centre.ask("fleet", "rollout", str(number)) or {}).get("rollout") or {}
        boxes = found.get("boxes") or [{}]
        now = f"{found.get('state')}: {boxes[0].get('step')} {boxes[0].get('text') or ''}".strip()
        if now != shown:
            say(f"{time.time() - machine.begin:7.1f} s  roll-out {number} {now}")
            shown = now
        if found.get("state") in wanted and boxes[0].get("step") not in ("offered", "waiting"):
            return found, boxes[0]
        time.sleep(1)
    raise Trouble(f"roll-out {number} is not {' or '.join(wanted)} after {SECONDS} s: {shown}")


def roll_out(centre, path, version):
    for words in (("add", "firmware", version, path), ("rollout", "firmware", version, "--soak", "1s", "--rings", "100")):
        answer = centre.ask("fleet", *map(str, words))
        if not answer or not answer.get("ok"):
            raise Trouble(f"fleet {' '.join(map(str, words))}: {answer}")
    return answer["id"]


def story(out, network, folder):
    """A runs; B by the centre; C, broken, by the centre: the box is back at B, and the centre knows why."""
    good = variant(out, folder, "B", lambda root: None)
    broken = variant(out, folder, "C", breaks)
    centre, machine, traffic = Centre(network, folder, out / "programs"), None, None
    try:
        centre.start()
        machine = Machine(folder, overlay(out / "banken.img", folder / "disk.qcow2"), network, config(folder, centre))
        traffic = Traffic(network)
        traffic.start()
        machine.start()
        step(machine, "release A", r"BOX [\d.]+ (update: slot A, \S+: healthy.*)")
        centre.linked(300)
        number = roll_out(centre, good, "release-B")
        step(machine, "from the centre", r"BOX [\d.]+ (update: release release-B .* installed .*)", SECONDS)
        step(machine, "release B", r"BOX [\d.]+ (update: slot B, \S+: healthy.*)", SECONDS)
        _, box = told(centre, number, ("done", "stopped"), machine)
        if box["step"] != "in-force":
            raise Trouble(f"the good release is {box['step']}: {box.get('text')}")
        machine.forget()
        number = roll_out(centre, broken, "release-C")
        step(machine, "the next", r"BOX [\d.]+ (update: release release-C .* installed .*)", SECONDS)
        step(machine, "release C, broken", r"BOX [\d.]+ (update: slot A.* is not healthy .*going back)", SECONDS)
        step(machine, "by itself", r"BOX [\d.]+ (update: slot B, \S+: healthy.*)", SECONDS)
        found, box = told(centre, number, ("stopped",), machine)
        if box["step"] != "refused" or "went back to slot B" not in (box.get("text") or ""):
            raise Trouble(f"the broken release is {box['step']} at the centre: {box.get('text')}")
        say(f"           the roll-out {found['why']}")
    finally:
        for part in (traffic, machine, centre):
            if part:
                part.close()

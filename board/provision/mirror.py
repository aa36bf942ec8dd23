"""Finds the mirror port and gives it to the dataplane (banken-port.service)."""
import json
import pathlib
import time

import apply
import binding
import box
import generate
import ports
import words

REMEMBERED = box.KEPT / "mirror-port"
PACKS = pathlib.Path("/usr/share/banken/packs")
WATCH_SECONDS, QUIET_AFTER = 20, 3


def candidates(every, management):
    return [p for p in every if not management or p.iface != management.iface]


def silence(port):
    """Up, and nothing of the kernel's goes out of it."""
    code, said = box.command("/usr/lib/banken/silence", port.iface)
    if code:
        box.note("port", "bad", said)
    return code == 0


def search(found, every, management):
    """The mirror port: the wanted one, else that which hears traffic between others. Looks until it is found."""
    able = candidates(every, management)
    tries = 0
    while True:
        if not able:
            box.note("port", "bad", words.say("no-port", found["language"]))
            time.sleep(30)
            able = candidates(ports.every(), management)
            continue
        for port in able:
            silence(port)
        name, why = ports.judge(ports.watch(able, WATCH_SECONDS))
        if name:
            box.note("port", "good", words.say(why, found["language"], name))
            return ports.find(able, name)
        tries += 1
        box.note("port", "wait" if tries < QUIET_AFTER else "bad", words.say(why, found["language"]))


def already():
    """The port when this start has given it away before (the service is started again), else None."""
    try:
        kept = json.loads((box.RUN / "port.json").read_text())
    except (OSError, ValueError):
        return None
    here = ports.find(ports.every(), kept["pci"] or kept["iface"])
    return here or ports.Port(kept["iface"], kept["pci"], "", kept["driver"], True)


def chosen(found, every, management):
    """By name; else as remembered from an earlier start; else by watching."""
    if found["mirror"] != "auto":
        port = ports.find(every, found["mirror"])
        if port or not found["mirror"].count(":"):
            return port
    elif REMEMBERED.exists():
        port = ports.find(every, REMEMBERED.read_text().strip())
        if port:
            box.note("port", "good", words.say("remembered", found["language"], port.iface))
            return port
    return search(found, every, management)


def open_way(found, port):
    """The first way that can be taken; (way, plan)."""
    plan, profile = apply.plan_for(found, port, "")
    for way in binding.ways(port.driver, port.pci, binding.in_group(port.pci), found["binding"], profile["binding"]):
        problem = binding.take(way, port)
        if not problem:
            break
        box.note("binding", "bad", problem)
        if way in ("vfio", "uio"):
            binding.give_back(port.pci)
            time.sleep(2)
    if way in ("af_xdp", "af_packet"):
        silence(port)
    return way, plan._replace(binding=way)


def dropin(way):
    """What this way needs more than the unit grants (board/units/dropins)."""
    source = pathlib.Path("/usr/share/banken/dropins") / f"dataplane-{way}.conf"
    if source.exists():
        box.write(pathlib.Path(f"/run/systemd/system/banken-dataplane.service.d/{way}.conf"), source.read_text())
        box.command("systemctl", "daemon-reload")


def run():
    found = apply.load()
    every = ports.every()
    management = ports.management(every, found["management"])
    port = already() or chosen(found, every, management)
    if not port:
        box.note("port", "bad", words.say("no-such-port", found["language"], found["mirror"]))
        return 1
    way, plan = open_way(found, port)
    have = apply.pages(plan.huge_pages)
    apply.isolate(generate.kernel_words(plan))
    dropin(way)
    box.write(box.ETC / "dataplane.yaml", generate.dataplane(found, plan))
    box.write(box.RUN / "dataplane.env", generate.dataplane_env(binding.device(way, port), sorted(PACKS.glob("*.rules"))))
    box.write(REMEMBERED, (port.pci or port.iface) + "\n")
    box.write(box.RUN / "port.json", json.dumps({"iface": port.iface, "pci": port.pci, "driver": port.driver, "way": way,
                                                 "plan": plan._asdict(), "huge-pages": have}))
    box.note("binding", "good", words.say("bound", found["language"], port.iface, way, plan.workers, plan.profile))
    return 0

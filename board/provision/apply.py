"""Applies the set-up at each start: the file, address, time, programs' configuration, update keys."""
import os
import pathlib

import binding
import box
import firmware
import generate
import ports
import profile
import settings
import unattended
import words

NETWORKD = pathlib.Path("/run/systemd/network")
ZONES = pathlib.Path("/usr/share/zoneinfo")


def load():
    """Settings of this box, None before the set-up."""
    if not box.CONF.exists():
        return None
    return settings.parse(box.CONF.read_text())


def take_file():
    """A medium's file becomes the box's own, when it is valid; a sentence otherwise."""
    text, where = unattended.find()
    if not text:
        return
    try:
        found = settings.parse(text)
    except settings.Wrong as wrong:
        box.note("file", "bad", f"{where} is not taken: {str(wrong).splitlines()[0]}")
        return
    box.write(box.CONF, settings.write(found), 0o600)
    box.note("file", "good", f"set up by {where}")


def keyring():
    """Who may sign updates: the image's own key, and the owner's."""
    parts = [pathlib.Path("/usr/share/banken/update-key.pem").read_text()]
    for path in sorted((box.KEPT / "update-keys").glob("*.pem")):
        parts.append(path.read_text())
    box.write(box.RUN / "keyring.pem", "\n".join(parts))


def zone(name):
    target = ZONES / name
    link = box.KEPT / "localtime"
    if not target.is_file():
        box.note("time", "bad", f"there is no time zone {name}; times are UTC")
        target = ZONES / "UTC"
    new = link.with_name(".localtime")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    os.replace(new, link)


def memory_mb():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20


def network(found, every):
    """networkd's files; the management port, None when there is none."""
    box.write(NETWORKD / "90-quiet.network", generate.quiet_network())
    port = ports.management(every, found["management"])
    if not port:
        wanted = found["management"]
        box.note("management", "bad", words.say("no-net-port", found["language"]) if wanted == "auto" else
                 words.say("no-management", found["language"], wanted, ", ".join(p.iface for p in every)))
        return None
    box.write(NETWORKD / "10-management.network", generate.network(found, port))
    if ":" in found["address"]:
        box.command("sysctl", "-qw", f"net.ipv6.conf.{port.iface}.disable_ipv6=0")
    servers = generate.time_servers(found)
    if servers:
        box.write(pathlib.Path("/run/systemd/timesyncd.conf.d/box.conf"), servers)
    return port


def mitigator(found):
    """Where this box is the site's mitigator too: its configuration, its ports; else no trace of either."""
    own = box.ETC / "mitigator.yaml"
    box.write(box.RUN / "open.nft", generate.open_ports(found))
    if found["mitigator"] != "here":
        own.unlink(missing_ok=True)
        return
    policy = box.ETC / "policy.yaml"
    box.write(own, generate.mitigator(found, str(policy) if policy.exists() else ""), 0o640)
    if found["mitigator-code"]:
        box.write(box.RUN / "enrol-mitigator", "")
    os.chown(own, 0, binding.pwd.getpwnam("banken-mitigator").pw_gid)


def apply():
    """Everything that does not need traffic. Exit status 0 also without a set-up: the console asks for it."""
    for folder in (box.RUN / "notes", box.KEPT, box.ETC):
        folder.mkdir(parents=True, exist_ok=True)
    keyring()
    firmware.show()
    take_file()
    every = ports.every()
    try:
        found = load()
    except settings.Wrong as wrong:
        box.note("box", "bad", words.say("conf-wrong", "en", str(wrong).splitlines()[0]))
        found = None
    if not found:
        box.write(NETWORKD / "90-quiet.network", generate.quiet_network())
        box.note("box", "wait", words.say("unset"))
        return 0
    box.command("hostname", found["name"])
    pathlib.Path("/proc/sys/kernel/hostname").write_text(found["name"])
    zone(found["timezone"])
    port = network(found, every)
    rules = box.ETC / "banken.rules"
    if not rules.exists():
        box.write(rules, "# The site's own rules in the Suricata 7 language.\n")
    box.write(box.ETC / "control.yaml", generate.control(found, box.version()), 0o640)
    os.chown(box.ETC / "control.yaml", 0, binding.pwd.getpwnam("banken-control").pw_gid)
    if found["enrolment-code"]:
        box.write(box.RUN / "enrol", "")
    elif not (box.ETC / "keys/sensor/own.key").exists():
        box.note("enrolment", "bad", words.say("no-keys", found["language"]))
    mitigator(found)
    name = port.iface if port else words.say("no-port-named", found["language"])
    box.note("box", "good", words.say("box", found["language"], found["name"], name, found["address"]))
    return 0


def plan_for(found, port, way):
    profiles = profile.load()
    chosen = profile.choose(profiles, port.driver, found["profile"])
    if not chosen:
        box.note("profile", "bad", words.say("no-profile", found["language"], found["profile"], profiles[-1]["name"]))
        chosen = profiles[-1]
    return profile.plan(chosen, os.cpu_count(), memory_mb(), way), chosen


def pages(count):
    """Reserves huge pages; what the kernel really gave."""
    path = pathlib.Path("/proc/sys/vm/nr_hugepages")
    path.write_text(str(count))
    return int(path.read_text())


def isolate(words):
    """For the next start; GRUB reads it from the partition of its choice."""
    box.command("grub-editenv", "/boot/env/boxenv", "set", f"banken_args={words}")

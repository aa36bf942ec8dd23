"""Is this start healthy? An update whose first starts are not goes back to the other slot."""
import json
import pathlib
import shutil
import socket
import struct
import time

import apply
import box
import firmware
import mirror
import words

TRIAL_SECONDS, STEP, MARK_TRIES = 240, 3, 5
ENV = pathlib.Path("/boot/env")
SID = 9000009
RULE = f'alert udp any any -> any any (msg:"self-test"; content:"banken self-test"; sid:{SID}; rev:1;)\n'
KNOWN = box.KEPT / "good-roots"
PLACE = pathlib.Path("/run/banken-box/self-test")


def self_test_capture():
    """One frame that RULE matches, as a capture file. Pure."""
    payload = b"banken self-test"
    udp = struct.pack(">HHHH", 40000, 40001, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)))
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xffff) + head[12:]
    frame = bytes(6) + bytes.fromhex("020000000001") + b"\x08\x00" + head + udp
    return (struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) +
            struct.pack("<IIII", 1_700_000_000, 0, len(frame), len(frame)) + frame)


def self_test():
    """A sentence when this release does not detect what it must, else ""."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    (PLACE / "frame.pcap").write_bytes(self_test_capture())
    (PLACE / "test.rules").write_text(RULE)
    shutil.chown(PLACE, "banken-dp", "banken")
    code, said = box.command("setpriv", "--reuid=banken-dp", "--regid=banken", "--clear-groups", "--no-new-privs",
                             "/usr/bin/banken-dataplane", "-r", PLACE / "frame.pcap", "-S", PLACE / "test.rules", "-l",
                             PLACE, timeout=120)
    if code:
        return f"the self-test does not run: {said[-200:]}"
    try:
        lines = [json.loads(line) for line in (PLACE / "eve.json").read_text().splitlines()]
    except (OSError, ValueError) as error:
        return f"the self-test wrote nothing: {error}"
    hits = [r for r in lines if r.get("alert", {}).get("signature_id") == SID]
    return "" if len(hits) == 1 else f"the self-test's alert fired {len(hits)} times instead of once"


def find(tree, key):
    """The first value of a key anywhere in an answer."""
    if isinstance(tree, dict):
        if key in tree:
            return tree[key]
        tree = list(tree.values())
    for value in tree if isinstance(tree, list) else ():
        found = find(value, key)
        if found is not None:
            return found
    return None


def judge(facts, language="en"):
    """Sentences about what is not healthy; [] = healthy. Pure.

    facts: set_up, port_found, port_lost (it was found at an earlier start), services {name: (active, restarts)} of those
    that are to run (banken-dataplane is active once its ports are open), dataplane (its part of banken-control's status
    or None), links {name: connected}, reachable {name: whether the peer's address answers a plain connection}.
    """
    if not facts["set_up"]:
        return []
    wrong = []
    for name, (active, restarts) in sorted(facts["services"].items()):
        if not active:
            wrong.append(words.say("not-running", language, name))
        elif restarts > 2:
            wrong.append(words.say("restarted", language, name, restarts))
    if facts["port_lost"]:
        wrong.append(words.say("port-lost", language))
    # A box without keys has no banken-control, and says so elsewhere.
    if facts["port_found"] and "banken-control" in facts["services"] and facts["dataplane"] is None:
        wrong.append(words.say("no-figures", language))
    for name, connected in sorted(facts["links"].items()):
        # A peer that nobody reaches is known offline: the box works on without it.
        if not connected and facts["reachable"].get(name):
            wrong.append(words.say("no-link", language, name))
    return wrong


def service(name):
    _, out = box.command("systemctl", "show", "-p", "ActiveState,NRestarts,ConditionResult", name)
    values = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    if values.get("ConditionResult") == "no" and values.get("ActiveState") == "inactive":
        return None
    return values.get("ActiveState") == "active", int(values.get("NRestarts") or 0)


def answers(address):
    """Whether anybody accepts a connection there."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
        return True
    except OSError:
        return False


def gather(found):
    port = (box.RUN / "port.json").exists()
    names = ["banken-control"] + (["banken-dataplane"] if port else [])
    names += ["banken-mitigator"] if found and found["mitigator"] == "here" else []
    services = {n: s for n in names if (s := service(n + ".service"))}
    status = box.status() if found else None
    links = find(status, "links") or {}
    peers = {"centre": found["centre"], "mitigator": apply.settings.mitigator_peer(found)} if found else {}
    peers = {name: address for name, address in peers.items() if address}
    connected = {name: bool(links.get(name, {}).get("connected")) for name in peers}
    return {"set_up": bool(found), "port_found": port, "port_lost": bool(found) and not port and mirror.REMEMBERED.exists(),
            "services": services, "dataplane": find(status, "dataplane"),
            "links": connected, "reachable": {n: answers(a) for n, a in peers.items() if not connected[n]}}


def root_hash():
    for word in pathlib.Path("/proc/cmdline").read_text().split():
        if word.startswith("banken.verity="):
            return word.split(":")[1]
    return ""


def set_up():
    """The set-up, None when there is none that is right."""
    try:
        return apply.load()
    except apply.settings.Wrong:
        return None


def known_good():
    return KNOWN.exists() and root_hash() in KNOWN.read_text().split()


def language(found):
    return found["language"] if found else "en"


def wait():
    """Sentences that are left when the time is over; [] as soon as all is well."""
    wrong = [s for s in [self_test()] if s]
    end = time.monotonic() + TRIAL_SECONDS
    while not wrong:
        found = set_up()
        left = judge(gather(found), language(found))
        if not left:
            return []
        if time.monotonic() > end:
            return left
        time.sleep(STEP)
    return wrong


def mark(word):
    """Tells RAUC good or bad; what it said when that did not go, else "". On a slow machine the boot loader's partition
    may have been given up by the time that it was there: it is mounted then."""
    said = ""
    for _ in range(MARK_TRIES):
        if not ENV.is_mount():
            box.command("systemctl", "start", "boot-env.mount", timeout=180)
        code, said = box.command("rauc", "status", f"mark-{word}", timeout=120)
        if not code:
            return ""
        time.sleep(STEP)
    return said or "no word"


def run(decide):
    """For people it prints; with decide it marks the slot, and starts again when an update is not healthy."""
    begin = box.uptime()
    wrong = wait()
    if not decide:
        print("\n".join(wrong) or "healthy")
        return 1 if wrong else 0
    slot, spoken = box.slot(), language(set_up())
    if not wrong:
        said = mark("good")
        if said:
            box.note("update", "bad", words.say("not-marked", spoken, slot, said[-200:]))
            return 1
        if not known_good():
            old = KNOWN.read_text().split() if KNOWN.exists() else []
            box.write(KNOWN, "\n".join((old + [root_hash()])[-8:]) + "\n")
        firmware.judged(True)
        box.note("update", "good", words.say("healthy", spoken, slot, box.version(), round(box.uptime() - begin)))
        return 0
    if known_good():
        # It was well once: what is wrong now is not the release. Going back would not help.
        box.note("update", "bad", "; ".join(wrong))
        mark("good")
        firmware.judged(True)
        return 1
    firmware.judged(False, "; ".join(wrong))
    box.note("update", "bad", words.say("going-back", spoken, slot, box.version(), "; ".join(wrong)))
    mark("bad")
    box.command("sync")
    box.command("systemctl", "reboot")
    return 1

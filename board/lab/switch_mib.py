#!/usr/bin/env python3
"""Makes an Open vSwitch bridge answer like a managed switch: pass_persist program of snmpd.

snmpd itself has the interfaces (ifTable, ifXTable, ifAdminStatus that really shuts a port); this
program adds BRIDGE-MIB and Q-BRIDGE-MIB (dot1dBasePortIfIndex, both forwarding databases, dot1qPvid
and the VLANs' lists of ports), read from and written to the bridge. A port without a tag is in VLAN 1.

usage in snmpd.conf: pass_persist .1.3.6.1.2.1.17 /path/switch_mib.py DB BRIDGE APPCTL FOLDER
FOLDER/fault may hold one word, for tests of what a switch does wrong: lie (says yes and shows it,
does nothing), deaf (says yes, does nothing), read-only, slow, late (does it, says so later).
"""
import bisect
import json
import pathlib
import subprocess
import sys
import time

BRIDGE = (1, 3, 6, 1, 2, 1, 17)
BASE_INDEX = BRIDGE + (1, 4, 1, 2)
FDB = BRIDGE + (4, 3, 1)
Q_FDB = BRIDGE + (7, 1, 2, 2, 1)
Q_STATIC = BRIDGE + (7, 1, 4, 3, 1)
PVID = BRIDGE + (7, 1, 4, 5, 1, 1)
LEARNED, ACTIVE = 3, 1
KEEP = 0.25  # seconds that one look at the bridge serves
DEFAULT_VLAN = 1


class Switch:
    def __init__(self, db, bridge, ctl, folder):
        self.db, self.bridge, self.ctl = db, bridge, ctl
        self.folder = pathlib.Path(folder)
        self.seen, self.rows, self.names = 0.0, [], []
        self.lies = {}

    def fault(self):
        try:
            return (self.folder / "fault").read_text().strip()
        except OSError:
            return ""

    def note(self, *words):
        with open(self.folder / "sets", "a") as f:
            print(f"{time.time():.6f}", *words, file=f)

    # --- the bridge ---
    def vsctl(self, *words):
        return subprocess.run(["ovs-vsctl", "--timeout=5", f"--db={self.db}", *words],
                              capture_output=True, text=True, check=True).stdout

    def look(self):
        ports = json.loads(self.vsctl("--format=json", "--columns=name,ofport", "list", "Interface"))
        tags = json.loads(self.vsctl("--format=json", "--columns=name,tag", "list", "Port"))
        fdb = subprocess.run(["ovs-appctl", "-t", self.ctl, "fdb/show", self.bridge],
                             capture_output=True, text=True, check=True).stdout
        self.ports = {row[0]: row[1] for row in ports["data"] if isinstance(row[1], int) and row[1] > 0
                      and row[0] != self.bridge and row[1] < 65000}
        self.tags = {row[0]: row[1] if isinstance(row[1], int) else DEFAULT_VLAN for row in tags["data"]}
        self.fdb = []
        for line in fdb.splitlines()[1:]:
            port, vlan, mac = line.split()[:3]
            if port.isdigit():
                self.fdb.append((int(port), int(vlan) or DEFAULT_VLAN, tuple(int(b, 16) for b in mac.split(":"))))

    def vlan_of(self, name):
        return self.lies.get(name, self.tags.get(name, DEFAULT_VLAN))

    @staticmethod
    def bits(numbers):
        data = bytearray(max(numbers, default=1) // 8 + 1)
        for n in numbers:
            data[(n - 1) // 8] |= 0x80 >> (n - 1) % 8
        return " ".join(f"{b:02X}" for b in data)

    @staticmethod
    def index_of(name):
        return int(pathlib.Path(f"/sys/class/net/{name}/ifindex").read_text())

    def build(self):
        rows = {}
        for name, number in self.ports.items():
            rows[BASE_INDEX + (number,)] = ("integer", self.index_of(name))
            rows[PVID + (number,)] = ("gauge", self.vlan_of(name))
        for port, vlan, mac in self.fdb:
            rows[FDB + (2,) + mac] = ("integer", port)
            rows[FDB + (3,) + mac] = ("integer", LEARNED)
            rows[Q_FDB + (2, vlan) + mac] = ("integer", port)
            rows[Q_FDB + (3, vlan) + mac] = ("integer", LEARNED)
        vlans = {self.vlan_of(n) for n in self.ports} | self.known_vlans()
        for vlan in vlans:
            members = [number for n, number in self.ports.items() if self.vlan_of(n) == vlan]
            rows[Q_STATIC + (2, vlan)] = rows[Q_STATIC + (4, vlan)] = ("octet", self.bits(members))
            rows[Q_STATIC + (5, vlan)] = ("integer", ACTIVE)
        return rows

    def known_vlans(self):
        try:
            return {int(v) for v in (self.folder / "vlans").read_text().split()}
        except OSError:
            return set()

    def refresh(self):
        if time.monotonic() - self.seen < KEEP:
            return
        self.look()
        self.table = self.build()
        self.names = sorted(self.table)
        self.seen = time.monotonic()

    # --- what snmpd asks ---
    def get(self, name):
        self.refresh()
        return (name, *self.table[name]) if name in self.table else None

    def next(self, name):
        self.refresh()
        at = bisect.bisect_right(self.names, name)
        return self.get(self.names[at]) if at < len(self.names) else None

    def set(self, name, kind, value):
        self.refresh()
        fault = self.fault()
        if fault == "read-only":
            return "not-writable"
        self.note(".".join(map(str, name)), kind, value)
        if name[:len(PVID)] == PVID:
            return self.set_vlan(name[-1], int(value), fault)
        if name[:len(Q_STATIC)] == Q_STATIC and name[-2] in (2, 4) and name in self.table:
            return "DONE"  # an access port: dot1qPvid says it all
        return "not-writable"

    def move(self, port, vlan):
        words = ["set", "Port", port, f"tag={vlan}"]
        if vlan == DEFAULT_VLAN:
            words = ["remove", "Port", port, "tag", str(self.tags.get(port, 0))]
        self.vsctl(*words)

    def set_vlan(self, number, vlan, fault):
        port = next((n for n, k in self.ports.items() if k == number), None)
        if not port:
            return "no-creation"
        if not 1 <= vlan <= 4094:
            return "wrong-value"
        if fault == "lie":
            self.lies[port] = vlan
        elif fault != "deaf":
            self.lies.pop(port, None)
            self.move(port, vlan)
        self.seen = 0.0
        if fault == "late":
            time.sleep(1.5)
        return "DONE"


def numbers(text):
    return tuple(int(n) for n in text.strip().strip(".").split("."))


def answer(found):
    if not found:
        return "NONE"
    name, kind, value = found
    return "." + ".".join(map(str, name)) + f"\n{kind}\n{value}"


def serve(switch):
    lines = iter(sys.stdin.readline, "")
    for line in lines:
        word = line.strip().lower()
        if not word:
            continue  # snmpd ends a set with an empty line
        if word == "ping":
            out = "PONG"
        elif word in ("get", "getnext"):
            name = numbers(next(lines))
            if switch.fault() == "slow":
                time.sleep(0.3)
            out = answer(switch.get(name) if word == "get" else switch.next(name))
        elif word == "set":
            name, (kind, _, value) = numbers(next(lines)), next(lines).strip().partition(" ")
            out = switch.set(name, kind, value)
        else:
            return
        print(out, flush=True)


if __name__ == "__main__":
    serve(Switch(*sys.argv[1:5]))

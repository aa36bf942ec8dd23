"""Which NIC is which: what sysfs says, and what traffic says."""
import collections
import pathlib
import socket
import struct
import time

NET, PCI = pathlib.Path("/sys/class/net"), pathlib.Path("/sys/bus/pci/devices")
# Frames that are for others: the sign of a mirror port.
FOREIGN_LEAST = 8
ETH_P_ALL, PACKET_OUTGOING, PACKET_HOST, PACKET_OTHERHOST = 3, 4, 0, 3
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1

Port = collections.namedtuple("Port", "iface pci mac driver carrier")
Seen = collections.namedtuple("Seen", "frames foreign hosts")


def read(path, default=""):
    try:
        return path.read_text().strip()
    except OSError:
        return default


def every():
    """Ethernet ports of the machine, in the order of their places on the bus."""
    found = []
    for entry in sorted(NET.iterdir()):
        device = entry / "device"
        if not device.exists() or read(entry / "type") != "1":
            continue
        place = next((p for p in reversed(device.resolve().parts) if (PCI / p).exists()), "")
        driver = (PCI / place / "driver") if place else device / "driver"
        found.append(Port(entry.name, place, read(entry / "address"),
                          driver.resolve().name if driver.exists() else "", read(entry / "carrier") == "1"))
    return sorted(found, key=lambda p: (p.pci == "", p.pci, p.iface))


def find(ports, wanted):
    """The port of that interface name or PCI address, None when there is none."""
    return next((p for p in ports if wanted in (p.iface, p.pci)), None)


def management(ports, wanted="auto"):
    """The wanted port; auto is the first one, with a cable if any has one."""
    if wanted != "auto":
        return find(ports, wanted)
    return next((p for p in ports if p.carrier), ports[0] if ports else None)


def judge(seen):
    """(interface of the mirror port or "", reason): which port sees frames that are for others. Pure.

    seen: interface -> Seen. A port to a switch hears broadcasts too, and for some seconds frames to
    addresses that the switch does not know yet; a mirror port hears most frames between others.
    """
    able = {name: s for name, s in seen.items() if s.foreign >= FOREIGN_LEAST and s.foreign * 4 >= s.frames}
    if not seen:
        return "", "no-port"
    if not able:
        return "", "silent" if not any(s.frames for s in seen.values()) else "no-foreign"
    best = sorted(able, key=lambda n: (-able[n].foreign, n))
    if len(best) > 1 and able[best[1]].foreign * 4 > able[best[0]].foreign:
        return best[0], "several"
    return best[0], "found"


class Watch:
    """Counts what a port hears, without saying anything."""

    def __init__(self, port):
        self.port, self.frames, self.foreign, self.hosts = port, 0, 0, set()
        self.mac = bytes.fromhex(port.mac.replace(":", ""))
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind((port.iface, ETH_P_ALL))
        index = socket.if_nametoindex(port.iface)
        self.socket.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b""))
        self.socket.setblocking(False)

    def take(self):
        for _ in range(1000):
            try:
                frame, (_, _, kind, *_) = self.socket.recvfrom(64)
            except (BlockingIOError, OSError):
                return
            if kind == PACKET_OUTGOING or len(frame) < 14:
                continue
            self.frames += 1
            if not frame[0] & 1 and frame[:6] != self.mac:
                self.foreign += 1
                if len(self.hosts) < 1000:
                    self.hosts.add(frame[6:12])

    def seen(self):
        return Seen(self.frames, self.foreign, len(self.hosts))

    def close(self):
        self.socket.close()


def watch(candidates, seconds, enough=200):
    """What the ports hear in that time; ends early when one has heard plenty for others."""
    watches = [Watch(p) for p in candidates]
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for w in watches:
                w.take()
            if any(w.foreign >= enough for w in watches):
                break
            time.sleep(0.05)
        return {w.port.iface: w.seen() for w in watches}
    finally:
        for w in watches:
            w.close()

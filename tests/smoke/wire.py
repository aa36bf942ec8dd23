"""Frames for the tests of ports: what is sent, by which rules it is found, what is heard."""
import collections
import ctypes
import json
import os
import socket
import struct

RULES = """\
alert udp any any -> any 7777 (msg:"small"; content:"number"; sid:1;)
alert udp any any -> any 7778 (msg:"tagged"; sid:2;)
alert udp any any -> any 7779 (msg:"jumbo"; dsize:>8000; content:"end of it"; sid:3;)
"""
SMALL, TAGGED, JUMBO = 400, 20, 10


def checksum(data):
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def frame(number, port, payload, tags=()):
    udp = struct.pack("!4H", 1024 + number % 60000, port, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number & 0xffff, 0x4000, 64, 17, 0,
                       socket.inet_aton(f"10.9.{number % 250}.{1 + number // 250}"), socket.inet_aton("10.8.0.1"))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    ether = bytes.fromhex("020000000002020000000001")
    for tag in tags:
        ether += struct.pack("!HH", 0x8100, tag)
    return ether + b"\x08\x00" + head + udp


def frames(jumbo):
    for n in range(SMALL):
        yield frame(n, 7777, b"number %d" % n)
    for n in range(TAGGED):
        yield frame(n, 7778, b"x" * 40, (10, 20) if n % 2 else (10,))
    for n in range(JUMBO if jumbo else 0):
        yield frame(n, 7779, b"j" * 8900 + b"end of it")


def raw_socket(space, device):
    """A raw socket on a device of a namespace."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{space}", os.O_RDONLY)
    setns = ctypes.CDLL(None, use_errno=True).setns
    if setns(there, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((device, 0))
    setns(here, 0)
    os.close(here)
    os.close(there)
    return s


def heard(s):
    """Frames that came in (not our own going out)."""
    s.setblocking(False)
    count = 0
    while True:
        try:
            _, where = s.recvfrom(65536)
        except BlockingIOError:
            return count
        count += where[2] != 4  # PACKET_OUTGOING


def whole_lines(eve):
    """Without the one that is being written."""
    return eve.read_text().split("\n")[:-1] if eve.exists() else []


def alerts(eve, skip):
    found = collections.Counter()
    vlans = collections.Counter()
    for line in whole_lines(eve)[skip:]:
        record = json.loads(line)
        if record["event_type"] == "alert" and record["alert"]["gid"] == 1:
            found[record["alert"]["signature_id"]] += 1
            if record["alert"]["signature_id"] == 2:
                vlans[tuple(record.get("vlan", ()))] += 1
    return found, vlans

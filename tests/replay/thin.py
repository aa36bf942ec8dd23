#!/usr/bin/env python3
"""Captures with the attack removed or thinned, and under other addresses: for tests of behaviour.

usage: thin.py IN OUT [--flows N] [--packets N] [--drop TEXT] [--swap] [--six] [--only client|server]
"""
import argparse
import struct


def pcap_frames(data):
    """(seconds, frame, link) of a classic pcap file."""
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    nano = data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    link, at = struct.unpack_from(order + "I", data, 20)[0], 24
    while at + 16 <= len(data):
        seconds, part, kept, _ = struct.unpack_from(order + "IIII", data, at)
        yield seconds + part / (1e9 if nano else 1e6), data[at + 16:at + 16 + kept], link
        at += 16 + kept


def pcapng_frames(data):
    links, units, at, order = [], [], 0, "<"
    while at + 12 <= len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        if kind == 0x0a0d0d0a:
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            size = struct.unpack_from(order + "I", data, at + 4)[0]
        elif kind == 1:
            links.append(struct.unpack_from(order + "H", data, at + 8)[0])
            units.append(1e6)
            option = at + 16
            while option + 4 <= at + size - 4:
                code, length = struct.unpack_from(order + "HH", data, option)
                if code == 9:
                    value = data[option + 4]
                    units[-1] = 2 ** (value & 127) if value & 128 else 10 ** value
                if code == 0:
                    break
                option += 4 + (length + 3) // 4 * 4
        elif kind == 6:
            interface, high, low, kept = struct.unpack_from(order + "IIII", data, at + 8)
            yield ((high << 32 | low) / units[interface], data[at + 28:at + 28 + kept], links[interface])
        at += size


def read(path):
    data = open(path, "rb").read()
    return list((pcapng_frames if data[:4] == b"\n\r\r\n" else pcap_frames)(data))


def write(path, frames, link=1):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
        for seconds, frame, _ in frames:
            micro = round(seconds * 1e6)
            out.write(struct.pack("<IIII", micro // 1000000, micro % 1000000, len(frame), len(frame)) + frame)


def ip_at(frame):
    """Where the IPv4 or IPv6 header lies, 0 without one."""
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    return at + 2 if frame[at:at + 2] in (b"\x08\x00", b"\x86\xdd") else 0


def parts(frame):
    """(source, destination, protocol, transport header and payload) or None."""
    at = ip_at(frame)
    if not at:
        return None
    if frame[at] >> 4 == 6:
        return frame[at + 8:at + 24], frame[at + 24:at + 40], frame[at + 6], frame[at + 40:]
    head = (frame[at] & 15) * 4
    total = struct.unpack_from("!H", frame, at + 2)[0]
    return frame[at + 12:at + 16], frame[at + 16:at + 20], frame[at + 9], frame[at + head:at + total]


def flow(frame):
    """What tells connections apart, the same both ways."""
    found = parts(frame)
    if not found:
        return None
    src, dst, proto, rest = found
    ports = struct.unpack_from("!HH", rest) if proto in (6, 17) and len(rest) >= 4 else (0, 0)
    return frozenset([(src, ports[0]), (dst, ports[1])]), proto


def keep_flows(frames, count):
    """The first so many connections, whole."""
    kept, out = [], []
    for entry in frames:
        key = flow(entry[1])
        if key and key not in kept and len(kept) < count:
            kept.append(key)
        if key in kept:
            out.append(entry)
    return out


def drop(frames, unwanted):
    return [f for f in frames if not unwanted(f[1])]


def payload(frame):
    found = parts(frame)
    if not found or found[2] not in (6, 17) or len(found[3]) < 20:
        return b""
    return found[3][(found[3][12] >> 4) * 4 if found[2] == 6 else 8:]


def only(frames, client):
    """One direction: that of the first frame between two hosts, or the other."""
    first, out = {}, []
    for entry in frames:
        found = parts(entry[1])
        if not found:
            continue
        pair = frozenset(found[:2])
        first.setdefault(pair, found[0])
        if (first[pair] == found[0]) == client:
            out.append(entry)
    return out


def swap_addresses(frames):
    """Every IPv4 address becomes another, inside stays inside; checksums do not (-k none)."""
    def other(address):
        if address[0] >= 224 or address == b"\xff" * 4:
            return address
        mixed = bytes([address[1] ^ 0x5a, address[2] ^ 0xa5, address[3]])
        inside = address[0] in (10, 127) or address[:2] == b"\xc0\xa8" or (address[0], address[1] >> 4) == (172, 1)
        return bytes([10 if inside else 93]) + mixed
    out = []
    for seconds, frame, link in frames:
        at = ip_at(frame)
        if at and frame[at] >> 4 == 4:
            frame = frame[:at + 12] + other(frame[at + 12:at + 16]) + other(frame[at + 16:at + 20]) + frame[at + 20:]
        out.append((seconds, frame, link))
    return out


def to_six(frames):
    """IPv4 becomes IPv6, ICMP echoes ICMPv6 ones."""
    out = []
    for seconds, frame, link in frames:
        found = parts(frame)
        if not found or len(found[0]) == 16:
            continue
        src, dst, proto, rest = found
        if src[0] >= 224 or dst[0] >= 224:
            continue
        if proto == 1:
            kinds = {8: 128, 0: 129, 3: 1}
            proto, rest = 58, bytes([kinds.get(rest[0], rest[0])]) + rest[1:]
        prefix = bytes.fromhex("fd00000000000000000000ff")
        head = struct.pack("!IHBB", 6 << 28, len(rest), proto, 64) + prefix + src + prefix + dst
        out.append((seconds, frame[:12] + b"\x86\xdd" + head + rest, link))
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("source")
    p.add_argument("target")
    p.add_argument("--flows", type=int)
    p.add_argument("--packets", type=int)
    p.add_argument("--drop", help="frames whose payload holds this text")
    p.add_argument("--swap", action="store_true", help="other addresses")
    p.add_argument("--six", action="store_true", help="IPv6")
    p.add_argument("--only", choices=["client", "server"])
    args = p.parse_args()
    frames = read(args.source)
    if args.flows is not None:
        frames = keep_flows(frames, args.flows)
    if args.packets is not None:
        frames = frames[:args.packets]
    if args.drop:
        frames = drop(frames, lambda f: args.drop.encode() in payload(f))
    if args.swap:
        frames = swap_addresses(frames)
    if args.six:
        frames = to_six(frames)
    if args.only:
        frames = only(frames, args.only == "client")
    write(args.target, frames, frames[0][2] if frames else 1)


if __name__ == "__main__":
    main()

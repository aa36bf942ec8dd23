"""Makes captures: frames from parts, TCP conversations with every field open to abuse. Standard library
only. All addresses are IPv4 unless a text with ':' is given."""
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
CLIENT, SERVER = "10.1.0.5", "192.0.2.80"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def options(*parts):
    """TCP or IP options, padded with end-of-list to words."""
    data = b"".join(parts)
    return data + b"\0" * (-len(data) % 4)


def timestamps(value, echo):
    return b"\1\1\x08\x0a" + struct.pack(">II", value & 0xffffffff, echo & 0xffffffff)


def tcp(src, dst, sport, dport, seq, ack, flags, data=b"", window=8192, opts=b"", urgent=0, bad=False,
        reserved=0):
    head = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                       (5 + len(opts) // 4) << 4 | reserved, flags, window, 0, urgent) + opts
    a, b = address(src), address(dst)
    length = len(head) + len(data)
    pseudo = a + b + (struct.pack(">IHBB", length, 0, 0, 6) if len(a) == 16 else
                      struct.pack(">BBH", 0, 6, length))
    total = checksum(pseudo + head + data)
    if bad:
        total ^= 0x5555
    return head[:16] + struct.pack(">H", total) + head[18:] + data


def udp(src, dst, sport, dport, data):
    head = struct.pack(">HHHH", sport, dport, 8 + len(data), 0)
    pseudo = address(src) + address(dst) + struct.pack(">BBH", 0, 17, len(head) + len(data))
    return head[:6] + struct.pack(">H", checksum(pseudo + head + data) or 0xffff) + data


def ip(src, dst, proto, payload, ttl=64, ident=1, offset=0, more=False, dont=False, opts=b"", bad=False,
       total=None, version=4, ihl=None):
    """`offset` in bytes, a multiple of 8."""
    words = 5 + len(opts) // 4
    flags = offset // 8 | (0x2000 if more else 0) | (0x4000 if dont else 0)
    head = struct.pack(">BBHHHBBH", version << 4 | (ihl if ihl is not None else words), 0,
                       total if total is not None else words * 4 + len(payload), ident & 0xffff, flags,
                       ttl, proto, 0) + address(src) + address(dst) + opts
    value = checksum(head)
    if bad:
        value ^= 0x1111
    return head[:10] + struct.pack(">H", value) + head[12:] + payload


def ip6(src, dst, proto, payload, hops=64):
    return struct.pack(">IHBB", 6 << 28, len(payload), proto, hops) + address(src) + address(dst) + payload


def fragment6(proto, payload, offset, more, ident):
    return struct.pack(">BBHI", proto, 0, offset | more, ident) + payload


def ether(packet, vlan=None):
    kind = 0x86dd if packet[0] >> 4 == 6 else 0x0800
    tags = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + tags + struct.pack(">H", kind) + packet


def write_pcap(path, frames, start=1700000000.0, step=0.001):
    """`frames`: bytes, or (bytes, seconds after the previous one)."""
    now = start
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for frame in frames:
            gap = step
            if isinstance(frame, tuple):
                frame, gap = frame
            now += gap
            usec = round(now * 1e6)
            out.write(struct.pack("<IIII", usec // 1000000, usec % 1000000, len(frame), len(frame)) + frame)


class Talk:
    """A TCP conversation. Sequence numbers are relative to what the peer has to expect next; `seq` moves
    them without moving the stream. Every call appends frames to `frames`."""

    def __init__(self, client=CLIENT, server=SERVER, sport=40000, dport=80, isn=(1000, 9000), shake=True,
                 opts=b"", stamps=None):
        self.side = [(client, sport), (server, dport)]
        self.isn, self.next = list(isn), list(isn)
        self.frames, self.ident = [], 0
        self.opts = opts
        self.stamps = list(stamps) if stamps else None
        if shake:
            self.shake()

    def frame(self, side, flags, data=b"", seq=None, ack=None, ttl=64, bad=False, bad_ip=False, window=8192,
              opts=None, urgent=0, wait=None, ip_opts=b"", reserved=0):
        """Builds one frame; `seq` and `ack` are absolute; nothing is moved on."""
        (src, sport), (dst, dport) = self.side[side], self.side[1 - side]
        seq = self.next[side] if seq is None else seq
        if ack is None:
            ack = self.next[1 - side] if flags & ACK else 0
        if opts is None:
            opts = timestamps(self.stamps[side], self.stamps[1 - side]) if self.stamps else b""
        segment = tcp(src, dst, sport, dport, seq, ack, flags, data, window, opts, urgent, bad, reserved)
        self.ident += 1
        if ":" in src:
            packet = ip6(src, dst, 6, segment, ttl)
        else:
            packet = ip(src, dst, 6, segment, ttl, self.ident, bad=bad_ip, opts=ip_opts)
        frame = ether(packet)
        return frame if wait is None else (frame, wait)

    def put(self, side, flags, data=b"", **more):
        self.frames.append(self.frame(side, flags, data, **more))

    def shake(self):
        self.put(0, SYN, opts=options(self.opts, timestamps(self.stamps[0], 0)) if self.stamps
                 else options(self.opts))
        self.next[0] += 1
        self.put(1, SYN | ACK, opts=options(self.opts, timestamps(self.stamps[1], self.stamps[0]))
                 if self.stamps else options(self.opts))
        self.next[1] += 1
        self.put(0, ACK)

    def send(self, side, data, answer=True, **more):
        """In order, acknowledged at once."""
        self.put(side, PSH | ACK, data, **more)
        self.next[side] += len(data)
        if answer:
            self.put(1 - side, ACK)

    def at(self, side, offset, data, flags=PSH | ACK, **more):
        """A segment `offset` bytes after what is next; nothing is moved on."""
        self.put(side, flags, data, seq=self.next[side] + offset, **more)

    def skip(self, side, count, answer=True):
        """The stream has moved on by what at() has sent."""
        self.next[side] += count
        if answer:
            self.put(1 - side, ACK)

    def close(self):
        self.put(0, FIN | ACK)
        self.next[0] += 1
        self.put(1, FIN | ACK)
        self.next[1] += 1
        self.put(0, ACK)

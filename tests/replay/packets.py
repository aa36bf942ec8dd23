"""Small captures for the replay suites: frames by hand, conversations with right sequence numbers and
checksums, and a pcap file of them."""
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
CLIENT6, SERVER6 = "2001:db8::1", "2001:db8::2"


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return 0xffff - total


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def pseudo(src, dst, proto, length):
    if ":" in src:
        return address(src) + address(dst) + struct.pack("!II", length, proto)
    return address(src) + address(dst) + struct.pack("!HH", proto, length)


def ether(payload, kind):
    return b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01" + struct.pack("!H", kind) + payload


def ipv4(src, dst, proto, payload, ttl=64, tos=0, ident=1, frag=0x4000, options=b"", bad=False):
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, tos, words * 4 + len(payload), ident, frag, ttl,
                       proto, 0, address(src), address(dst)) + options
    total = checksum(head) ^ (0x5555 if bad else 0)
    return ether(head[:10] + struct.pack("!H", total) + head[12:] + payload, 0x0800)


def ipv6(src, dst, proto, payload, ttl=64):
    head = struct.pack("!IHBB", 6 << 28, len(payload), proto, ttl)
    return ether(head + address(src) + address(dst) + payload, 0x86dd)


def ip(src, dst, proto, payload, **more):
    if ":" in src:
        return ipv6(src, dst, proto, payload, more.get("ttl", 64))
    return ipv4(src, dst, proto, payload, **more)


def filled(header, at, src, dst, proto, payload, bad):
    """The header with its checksum at `at`."""
    total = checksum(pseudo(src, dst, proto, len(header) + len(payload)) + header + payload)
    total ^= 0x5555 if bad else 0
    return header[:at] + struct.pack("!H", total) + header[at + 2:]


class Talk:
    """A conversation: frames in `frames` as (seconds, bytes), a millisecond between two."""

    def __init__(self, sport=40000, dport=9999, client=CLIENT, server=SERVER, start=1600000000.0):
        self.ends, self.ports = (client, server), (sport, dport)
        self.seq, self.now, self.frames = [1000, 5000], start, []
        self.header = {}  # further arguments of ipv4()
        self.window, self.bad, self.mss, self.wscale = 8192, False, 0, None

    def put(self, frame):
        self.now += 0.001
        self.frames.append((self.now, frame))
        return self

    def wait(self, seconds):
        self.now += seconds
        return self

    def tcp(self, back, flags, data=b"", seq=None, ack=None):
        me, other = int(back), 1 - int(back)
        options = b""
        if flags & SYN and self.mss:
            options += struct.pack("!BBH", 2, 4, self.mss)
        if flags & SYN and self.wscale is not None:
            options += struct.pack("!BBBB", 1, 3, 3, self.wscale)
        seq = self.seq[me] if seq is None else seq
        if ack is None:
            ack = self.seq[other] if flags & ACK else 0
        head = struct.pack("!HHIIBBHHH", self.ports[me], self.ports[other], seq, ack,
                           (5 + len(options) // 4) << 4, flags, self.window, 0, 0) + options
        src, dst = self.ends[me], self.ends[other]
        head = filled(head, 16, src, dst, 6, data, self.bad)
        self.seq[me] = (seq + len(data) + bool(flags & (SYN | FIN))) & 0xffffffff
        return self.put(ip(src, dst, 6, head + data, **self.header))

    def open(self):
        return self.tcp(0, SYN).tcp(1, SYN | ACK).tcp(0, ACK)

    def send(self, back, data, size=1400):
        data = data.encode("latin-1") if isinstance(data, str) else data
        for at in range(0, len(data), size):
            self.tcp(back, PSH | ACK, data[at:at + size]).tcp(not back, ACK)
        return self

    def ask(self, data):
        return self.send(False, data)

    def answer(self, data):
        return self.send(True, data)

    def close(self):
        return self.tcp(0, FIN | ACK).tcp(1, FIN | ACK).tcp(0, ACK)

    def udp(self, back, data):
        data = data.encode("latin-1") if isinstance(data, str) else data
        me, other = int(back), 1 - int(back)
        src, dst = self.ends[me], self.ends[other]
        head = struct.pack("!HHHH", self.ports[me], self.ports[other], 8 + len(data), 0)
        return self.put(ip(src, dst, 17, filled(head, 6, src, dst, 17, data, self.bad) + data,
                           **self.header))

    def icmp(self, back, kind, code, rest, data=b""):
        src, dst = (self.ends[1], self.ends[0]) if back else self.ends
        v6 = ":" in src
        head = struct.pack("!BBH", kind, code, 0) + rest
        if v6:
            head = filled(head, 2, src, dst, 58, data, self.bad)
        else:
            total = checksum(head + data) ^ (0x5555 if self.bad else 0)
            head = head[:2] + struct.pack("!H", total) + head[4:]
        return self.put(ip(src, dst, 58 if v6 else 1, head + data, **self.header))


def pcap(frames, link=1):
    out = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link)
    for seconds, frame in frames:
        micro = round(seconds * 1000000)
        out += struct.pack("<IIII", micro // 1000000, micro % 1000000, len(frame), len(frame)) + frame
    return out

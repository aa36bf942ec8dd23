"""Captures by a grammar, for tests/fuzz/packets: conversations of applications with marks that rules know, carried in
every way that TCP and IP allow (segments, order, repeats, fragments, tags), and, in a wild capture, in ways they do
not. Each flow has a client port of its own, so that an alert says which conversation it is of."""
import gzip
import pathlib
import random
import struct
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "replay"))
import craft  # noqa: E402

FIRST_PORT, MSS = 20000, 1400
SERVER = {"http": 80, "dns": 53, "tls": 443, "raw": 9999, "ftp": 21, "smtp": 25, "ssh": 22}
# sid -> (rule, its options); what every mark stands for.
MARKS = {
    1: ("http", 'http.uri; content:"/bad-gate";'), 2: ("http", 'http.user_agent; content:"wicked-agent";'),
    3: ("http", 'http.request_body; content:"steal-this";'), 4: ("http", 'flow:to_client; file.data; content:"dropped-here";'),
    5: ("dns", 'dns.query; content:"evil-name.example";'), 6: ("tls", 'tls.sni; content:"evil-sni.example";'),
    7: ("tcp", 'flow:established,to_server; content:"RAW-MARK-77";'), 8: ("udp", 'content:"UDP-MARK-88";'),
    9: ("icmp", 'itype:8; content:"ICMP-MARK-99";'), 10: ("ftp", 'content:"STOR evil.bin";'),
    11: ("smtp", 'content:"SMTP-MARK-11";'), 12: ("ssh", 'ssh.software; content:"wicked-ssh";'),
    13: ("tcp", 'flow:established,to_client; pcre:"/BACK-[0-9]{3}-MARK/";'),
    14: ("http", 'http.header; content:"X-Mark|3a 20|fourteen";'), 15: ("http", 'http.host; content:"evil-host.example";'),
}
WORDS = ("alpha", "index", "news", "img", "api", "v2", "static", "user", "cart", "q", "lib", "main")


def rules():
    return "".join(f'alert {proto} any any -> any any (msg:"mark {sid}"; {words} sid:{sid}; rev:1;)\n'
                   for sid, (proto, words) in MARKS.items())


class Flow:
    """One conversation: messages [(side, bytes)], and the marks that are really in it."""

    def __init__(self, r, number):
        self.r, self.marks, self.messages = r, set(), []
        self.port = FIRST_PORT + number
        self.kind = r.choice(("http", "http", "http", "dns", "dns_tcp", "tls", "raw", "udp", "icmp", "ftp", "smtp", "ssh"))
        getattr(self, "say_" + self.kind)()

    def mark(self, sid, yes, no, chance=0.4):
        """`yes` with the mark, `no` without."""
        if self.r.random() < chance:
            self.marks.add(sid)
            return yes
        return no

    def word(self):
        return self.r.choice(WORDS)

    def junk(self, most):
        """Bytes that can stand for nothing else: no mark, no line end."""
        return bytes(self.r.choice(b"abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(self.r.randrange(most)))

    # --- applications ---

    def chunked(self, body):
        out, at = b"", 0
        while at < len(body):
            n = self.r.randint(1, max(1, len(body) // self.r.randint(1, 5)))
            out += f"{len(body[at:at + n]):x}".encode() + self.r.choice((b"", b"", b";x=1")) + b"\r\n" + body[at:at + n] + b"\r\n"
            at += n
        return out + b"0\r\n\r\n"

    def headers(self, pairs):
        self.r.shuffle(pairs)
        return b"".join(k + b": " + v + b"\r\n" for k, v in pairs)

    def body(self, content, pairs, coded):
        if coded and content and self.r.random() < 0.4:
            kind = self.r.choice(("gzip", "deflate"))
            content = gzip.compress(content, mtime=0) if kind == "gzip" else zlib.compress(content)
            pairs.append((b"Content-Encoding", kind.encode()))
        if self.r.random() < 0.4:
            pairs.append((b"Transfer-Encoding", b"chunked"))
            return self.chunked(content)
        pairs.append((b"Content-Length", str(len(content)).encode()))
        return content

    def request(self):
        path = "/" + "/".join(self.word() for _ in range(self.r.randrange(4)))
        path = self.mark(1, path + "/bad-gate", path + "/gate") + "?" + self.word() + "=" + str(self.r.randrange(999))
        pairs = [(b"Host", self.mark(15, b"evil-host.example", b"www.example.org", 0.2)),
                 (b"User-Agent", self.mark(2, b"Mozilla wicked-agent/1", b"Mozilla/5.0", 0.3)), (b"Accept", b"*/*")]
        pairs += [(b"X-" + self.word().encode(), self.junk(60) or b"1") for _ in range(self.r.randrange(4))]
        if self.r.random() < 0.2:
            self.marks.add(14)
            pairs.append((b"X-Mark", b"fourteen"))
        body = b""
        method = self.r.choice((b"GET", b"POST", b"PUT"))
        if method != b"GET":
            body = self.body(self.junk(2000) + self.mark(3, b"steal-this", b"x", 0.5) + self.junk(2000), pairs, False)
        return method + b" " + path.encode() + b" HTTP/1.1\r\n" + self.headers(pairs) + b"\r\n" + body

    def answer(self):
        pairs = [(b"Server", b"x/1"), (b"Content-Type", self.r.choice((b"text/html", b"application/octet-stream")))]
        body = self.body(self.junk(3000) + self.mark(4, b"dropped-here", b"y", 0.4) + self.junk(3000), pairs, True)
        return b"HTTP/1.1 200 OK\r\n" + self.headers(pairs) + b"\r\n" + body

    def say_http(self):
        for _ in range(self.r.randint(1, 3)):
            together = self.r.choice((1, 1, 1, 2, 3))  # pipelined
            self.messages.append((0, b"".join(self.request() for _ in range(together))))
            self.messages.append((1, b"".join(self.answer() for _ in range(together))))

    def dns_message(self):
        name = self.mark(5, "a.evil-name.example", f"{self.word()}.example.org")
        if self.r.random() < 0.3:
            name = "".join(c.upper() if self.r.random() < 0.5 and 5 not in self.marks else c for c in name)
        labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"
        ident = self.r.randrange(65536)
        question = labels + struct.pack(">HH", self.r.choice((1, 28, 16, 15)), 1)
        answers = self.r.randrange(5)
        back = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes((192, 0, 2, i)) for i in range(answers))
        return (struct.pack(">6H", ident, 0x0100, 1, 0, 0, 0) + question,
                struct.pack(">6H", ident, 0x8180, 1, answers, 0, 0) + question + back)

    def say_dns(self):
        self.messages = [(side, m) for _ in range(self.r.randint(1, 3)) for side, m in enumerate(self.dns_message())]

    def say_dns_tcp(self):
        for _ in range(self.r.randint(1, 3)):
            for side, m in enumerate(self.dns_message()):
                self.messages.append((side, struct.pack(">H", len(m)) + m))

    def say_tls(self):
        name = self.mark(6, b"www.evil-sni.example", b"www.example.org", 0.6)
        sni = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
        extensions = [(0, sni), (10, b"\0\2\0\x1d"), (11, b"\1\0"), (13, b"\0\2\4\3"), (43, b"\2\3\4"), (16, b"\0\3\2h2")]
        extensions += [(0x0a0a + 0x1010 * self.r.randrange(15), b"")]
        self.r.shuffle(extensions)
        packed = b"".join(struct.pack(">HH", k, len(v)) + v for k, v in extensions)
        hello = (b"\3\3" + self.r.randbytes(32) + b"\0" + b"\0\4\x13\1\x13\2" + b"\1\0" + struct.pack(">H", len(packed)) + packed)
        hand = b"\1" + struct.pack(">I", len(hello))[1:] + hello
        self.messages.append((0, b"\x16\3\1" + struct.pack(">H", len(hand)) + hand))
        done = b"\3\3" + self.r.randbytes(32) + b"\0\x13\1\0\0\0"
        hand = b"\2" + struct.pack(">I", len(done))[1:] + done
        self.messages.append((1, b"\x16\3\3" + struct.pack(">H", len(hand)) + hand))

    def say_raw(self):
        for _ in range(self.r.randint(1, 4)):
            self.messages.append((0, b"\1" + self.junk(3000) + self.mark(7, b"RAW-MARK-77", b"-", 0.3) + self.junk(3000)))
            self.messages.append((1, b"\2" + self.junk(3000) + self.mark(13, b"BACK-123-MARK", b"-", 0.3) + self.junk(1000)))

    def say_udp(self):
        self.messages = [(self.r.randrange(2) if i else 0, b"\3" + self.junk(700) + self.mark(8, b"UDP-MARK-88", b"-", 0.3) +
                          self.junk(500)) for i in range(self.r.randint(1, 5))]

    def say_icmp(self):
        self.messages = [(0, self.junk(600) + self.mark(9, b"ICMP-MARK-99", b"-") + self.junk(100))]

    def say_ftp(self):
        self.messages = [(1, b"220 ready\r\n"), (0, b"USER a\r\n"), (1, b"331 password\r\n"), (0, b"PASS b\r\n"),
                         (1, b"230 in\r\n"), (0, self.mark(10, b"STOR evil.bin\r\n", b"STOR good.bin\r\n")), (1, b"550 no\r\n")]

    def say_smtp(self):
        self.messages = [(1, b"220 mail\r\n"), (0, b"EHLO a\r\n"), (1, b"250 mail\r\n"), (0, b"MAIL FROM:<a@example.org>\r\n"),
                         (1, b"250 ok\r\n"), (0, b"RCPT TO:<b@example.org>\r\n"), (1, b"250 ok\r\n"), (0, b"DATA\r\n"),
                         (1, b"354 go\r\n"), (0, b"Subject: x\r\n\r\n" + self.junk(900) + self.mark(11, b"SMTP-MARK-11", b"-") +
                                              b"\r\n.\r\n"), (1, b"250 ok\r\n"), (0, b"QUIT\r\n"), (1, b"221 bye\r\n")]

    def say_ssh(self):
        self.messages = [(0, b"SSH-2.0-" + self.mark(12, b"wicked-ssh_1", b"OpenSSH_9.2") + b"\r\n"), (1, b"SSH-2.0-OpenSSH_9.2\r\n")]


# --- carried as the standards allow ---

def fragments(r, packet):
    """An IPv4 packet in fragments, in any order, some twice."""
    words = (packet[0] & 15) * 4
    head, body = packet[:words], packet[words:]
    cuts = sorted({0, len(body), *(r.randrange(0, len(body) + 1) // 8 * 8 for _ in range(r.randint(1, 4)))})
    parts = []
    for a, b in zip(cuts, cuts[1:]):
        flags = a // 8 | (0x2000 if b < len(body) else 0)
        piece = head[:2] + struct.pack(">HHH", words + b - a, struct.unpack(">H", head[4:6])[0], flags) + head[8:10] + b"\0\0" + \
            head[12:]
        parts.append(piece[:10] + struct.pack(">H", craft.checksum(piece)) + piece[12:] + body[a:b])
    if r.random() < 0.5:
        r.shuffle(parts)
    if r.random() < 0.3:
        parts.insert(r.randrange(len(parts)), r.choice(parts))
    return parts


class Carrier:
    """Frames of one flow."""

    def __init__(self, r, flow):
        self.r, self.flow, self.frames = r, flow, []
        self.v6 = r.random() < 0.25 and flow.kind != "icmp"
        self.ends = ("2001:db8::5", "2001:db8:1::80") if self.v6 else ("10.1.0.5", "192.0.2.80")
        if flow.kind == "icmp":  # it has no port that tells whose an alert is
            number = flow.port - FIRST_PORT
            self.ends = (f"10.2.{number // 250}.{number % 250 + 1}", "192.0.2.80")
        self.vlan = r.choice((None, None, None, 7))
        self.fragment = 0 if self.v6 else r.choice((0, 0, 0, 0.1, 0.5))
        self.ident = r.randrange(65536)
        self.seq = [r.choice((r.getrandbits(32), 0xffffff00, 1)), r.choice((r.getrandbits(32), 0xfffff800, 1))]
        self.stamps = r.random() < 0.3
        self.clock = r.getrandbits(31)
        kind = flow.kind
        if kind in ("udp", "dns"):
            self.datagrams(SERVER["dns"] if kind == "dns" else 9999)
        elif kind == "icmp":
            self.echo()
        else:
            self.stream(SERVER["dns" if kind == "dns_tcp" else kind])

    def emit(self, packet):
        parts = [packet]
        if self.fragment and len(packet) > 60 and self.r.random() < self.fragment:
            parts = fragments(self.r, packet)
        self.frames += [craft.ether(p, self.vlan) for p in parts]

    def packet(self, side, proto, payload):
        src, dst = self.ends[side], self.ends[1 - side]
        self.ident = self.ident + 1 & 0xffff
        if self.v6:
            return craft.ip6(src, dst, proto, payload)
        return craft.ip(src, dst, proto, payload, ident=self.ident)

    def datagrams(self, port):
        ports = (self.flow.port, port)
        for side, data in self.flow.messages:
            src, dst = self.ends[side], self.ends[1 - side]
            self.emit(self.packet(side, 17, craft.udp(src, dst, ports[side], ports[1 - side], data)))

    def echo(self):
        for side, data in self.flow.messages:
            for k, (at, what) in enumerate(((side, 8), (1 - side, 0))):
                body = struct.pack(">BBHHH", what, 0, 0, self.flow.port, k) + data
                self.emit(self.packet(at, 1, body[:2] + struct.pack(">H", craft.checksum(body)) + body[4:]))

    def segment(self, side, flags, data=b"", seq=None):
        ports = (self.flow.port, self.server)
        opts = b""
        if self.stamps:
            self.clock += 1
            opts = craft.timestamps(self.clock, self.clock - 1)
        ack = self.seq[1 - side] if flags & craft.ACK else 0
        return self.packet(side, 6, craft.tcp(self.ends[side], self.ends[1 - side], ports[side], ports[1 - side],
                                              self.seq[side] if seq is None else seq, ack, flags, data, 65535, opts))

    def stream(self, port):
        r, self.server = self.r, port
        self.emit(self.segment(0, craft.SYN))
        self.seq[0] = self.seq[0] + 1 & 0xffffffff
        self.emit(self.segment(1, craft.SYN | craft.ACK))
        self.seq[1] = self.seq[1] + 1 & 0xffffffff
        self.emit(self.segment(0, craft.ACK))
        for side, data in self.flow.messages:
            self.message(side, data)
        end = r.choice(("fin", "fin", "reset", "nothing"))
        if end == "reset":
            self.emit(self.segment(0, craft.RST | craft.ACK))
        elif end == "fin":
            self.emit(self.segment(0, craft.FIN | craft.ACK))
            self.seq[0] = self.seq[0] + 1 & 0xffffffff
            self.emit(self.segment(1, craft.FIN | craft.ACK))
            self.seq[1] = self.seq[1] + 1 & 0xffffffff
            self.emit(self.segment(0, craft.ACK))

    def message(self, side, data):
        """In segments of any size, some swapped with a neighbour, some sent twice, keep-alives between."""
        r, parts, at = self.r, [], 0
        most = r.choice((MSS, MSS, 536, 100, 20 if len(data) < 600 else 200, 3 if len(data) < 200 else 50))
        while at < len(data):
            n = r.randint(1, most) if r.random() < 0.5 else most
            flags = craft.ACK | (craft.PSH if at + n >= len(data) else 0)
            parts.append(self.segment(side, flags, data[at:at + n], self.seq[side] + at & 0xffffffff))
            at += n
        if r.random() < 0.3:
            for i in range(len(parts) - 1):
                if r.random() < 0.3:
                    parts[i], parts[i + 1] = parts[i + 1], parts[i]
        for i, part in enumerate(parts):
            self.emit(part)
            if r.random() < 0.05:
                self.emit(parts[r.randrange(max(0, i - 3), i + 1)])
        self.seq[side] = self.seq[side] + len(data) & 0xffffffff
        self.emit(self.segment(1 - side, craft.ACK))
        if r.random() < 0.05:
            self.emit(self.segment(side, craft.ACK, b"", self.seq[side] - 1 & 0xffffffff))


# --- and as they do not ---

def summed(frame):
    """The frame with checksums that are right for what it now says, as far as it can be read."""
    at = 18 if frame[12:14] == b"\x81\0" else 14
    kind = bytes(frame[at - 2:at])
    f = bytearray(frame)
    if kind == b"\x08\0" and len(f) >= at + 20:
        words = (f[at] & 15) * 4
        if words < 20 or at + words > len(f):
            return f
        f[at + 10:at + 12] = b"\0\0"
        f[at + 10:at + 12] = struct.pack(">H", craft.checksum(bytes(f[at:at + words])))
        if struct.unpack(">H", f[at + 6:at + 8])[0] & 0x3fff:
            return f  # a fragment
        body, pseudo, proto = at + words, bytes(f[at + 12:at + 20]), f[at + 9]
    elif kind == b"\x86\xdd" and len(f) >= at + 40:
        body, pseudo, proto = at + 40, bytes(f[at + 8:at + 40]), f[at + 6]
    else:
        return f
    place = body + {6: 16, 17: 6}.get(proto, 1 << 20)
    if place + 2 > len(f):
        return f
    f[place:place + 2] = b"\0\0"
    length = len(f) - body
    tail = struct.pack(">BBH", 0, proto, length) if len(pseudo) == 8 else struct.pack(">IHBB", length, 0, 0, proto)
    f[place:place + 2] = struct.pack(">H", craft.checksum(pseudo + tail + bytes(f[body:])))
    return f


def spoil(r, frames):
    """Some frames changed, lost, cut, put elsewhere; strangers between them."""
    frames = [bytearray(f) for f in frames]
    for _ in range(r.randint(1, 6)):
        if not frames:
            break
        at = r.randrange(len(frames))
        f = frames[at]
        how = r.choice(("flip", "flip", "head", "cut", "lose", "move", "twice", "other", "stranger", "length", "grow"))
        if how == "flip":
            for _ in range(r.choice((1, 1, 2, 8))):
                f[r.randrange(len(f))] ^= 1 << r.randrange(8)
        elif how == "head":
            f[r.randrange(min(len(f), 74))] = r.choice((0, 255, 127, 128, r.randrange(256)))
        elif how == "cut":
            del f[r.randrange(1, len(f) + 1):]
        elif how == "lose":
            del frames[at]
        elif how == "move":
            frames.insert(r.randrange(len(frames)), frames.pop(at))
        elif how == "twice":
            frames.insert(r.randrange(len(frames) + 1), bytearray(f))
        elif how == "other":  # the same place in the stream, other bytes
            g = bytearray(f)
            for i in range(max(54, len(g) // 2), len(g)):
                g[i] ^= 1
            frames.insert(at + r.randrange(2), g)
        elif how == "stranger":
            kind = r.choice((0x8847, 0x8864, 0x88a8, 0x8100, 0x0806, 0x86dd, 0x0800, 0x6558, 0x22eb, r.randrange(65536)))
            frames.insert(at, bytearray(r.randbytes(12) + struct.pack(">H", kind) + r.randbytes(r.randrange(200))))
        elif how == "length" and len(f) > 40:
            f[16:18] = struct.pack(">H", r.choice((0, 1, 19, 20, 21, 65535, len(f))))
        elif how == "grow":
            f += r.randbytes(r.randrange(1, 40))
        if at < len(frames) and not frames[at]:
            frames[at] = bytearray(b"\0")
        # A field that is wrong under a right sum goes further than one that every host drops.
        if at < len(frames) and r.random() < 0.7:
            frames[at] = summed(frames[at])
    return [bytes(f) for f in frames]


def mix(r, flows):
    """Frames of all flows, each flow's in its own order."""
    waiting = [list(reversed(f)) for f in flows if f]
    out = []
    while waiting:
        i = r.randrange(min(len(waiting), 12))
        out.append(waiting[i].pop())
        if not waiting[i]:
            waiting.pop(i)
    return out


def capture(path, seed, flows, wild):
    """Writes a capture; {(sid, client port)} that the marks in it stand for (of a wild one: before it was spoilt)."""
    r = random.Random(seed)
    expected, frames = set(), []
    for number in range(flows):
        flow = Flow(r, number)
        own = Carrier(r, flow).frames
        frames.append(spoil(r, own) if wild and r.random() < 0.8 else own)
        expected |= {(sid, flow.port) for sid in flow.marks}
    frames = mix(r, frames)
    craft.write_pcap(path, frames, step=0.0005)
    return expected, len(frames)

"""Conversations for the packs' captures: each case is one connection that shows what its rule looks for, and
the same without the one trait that the rule is about. Deterministic: no clock, no chance.

A pack's cases.py fills CASES by these functions; captures.py writes them as files.
"""
import pathlib
import struct
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/replay"))
from packets import Talk  # noqa: E402

CLIENT, SERVER = "10.20.0.7", "203.0.113.80"
OK = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
CASES = []  # (pack, sid, frames, frames without the trait, further sids of the same connection)


def number(sid):
    """An address and port of its own for every case, so that files can be joined."""
    return 20000 + sid % 10000


def start(sid):
    return 1700000000.0 + sid % 100000 * 10


def talk(sid, dport, **more):
    return Talk(sport=number(sid), dport=dport, client=CLIENT, server=SERVER, start=start(sid), **more)


def raw(data):
    return data.encode("latin-1") if isinstance(data, str) else data


def add(pack, sid, make, also=()):
    """`make(True)` has the trait, `make(False)` not."""
    CASES.append((pack, sid, make(True).frames, make(False).frames, tuple(also)))


def lines(pack, sid, dport, turns, trait, instead, also=(), opened=True):
    """turns: (False to the server | True back, bytes). In the second capture `trait` is `instead`."""
    def make(whole):
        t = talk(sid, dport)
        t.open()
        for back, data in turns:
            data = raw(data)
            if not whole:
                data = data.replace(raw(trait), raw(instead))
            t.send(back, data)
        return t.close()
    assert any(raw(trait) in raw(data) for _, data in turns), (sid, trait)
    add(pack, sid, make, also)


def request(method, uri, headers="", body="", agent=CHROME, host="www.example.net"):
    body = raw(body)
    text = f"{method} {uri} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n{headers}"
    if body or method == "POST":
        text += f"Content-Length: {len(body)}\r\n"
    return raw(text + "\r\n") + body


def response(body, headers="", status="200 OK"):
    body = raw(body)
    return raw(f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{headers}Content-Length: {len(body)}\r\n\r\n") + body


def web(pack, sid, ask, trait, instead, answer=OK, also=()):
    """The length of the trait may change: a body's length line is made anew."""
    def change(data):
        head, gap, body = raw(data).partition(b"\r\n\r\n")
        head, body = head.replace(raw(trait), raw(instead)), body.replace(raw(trait), raw(instead))
        kept = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length:")]
        if len(kept) != len(head.split(b"\r\n")):
            kept.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join(kept) + gap + body

    def make(whole):
        t = talk(sid, 80)
        t.open()
        t.ask(raw(ask) if whole else change(ask))
        t.answer(raw(answer) if whole else change(answer))
        return t.close()
    assert raw(trait) in raw(ask) + raw(answer), (sid, trait)
    add(pack, sid, make, also)


# --- names ---
def name(text):
    return b"".join(bytes([len(p)]) + p.encode() for p in text.split(".")) + b"\0"


def lookup(pack, sid, wanted, instead, also=()):
    def make(whole):
        t = talk(sid, 53)
        question = name(wanted if whole else instead) + struct.pack("!HH", 1, 1)
        t.udp(False, struct.pack("!HHHHHH", sid & 0xffff, 0x0100, 1, 0, 0, 0) + question)
        return t.udp(True, struct.pack("!HHHHHH", sid & 0xffff, 0x8183, 1, 0, 0, 0) + question)
    add(pack, sid, make, also)


def datagram(pack, sid, dport, data, instead, also=()):
    add(pack, sid, lambda whole: talk(sid, dport).udp(False, data if whole else instead), also)


# --- certificates, as far as somebody reads them: the signature is of zeros ---
def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


OIDS = {"C": "550406", "ST": "550408", "L": "550407", "O": "55040a", "OU": "55040b", "CN": "550403"}
SHA256_RSA = der(0x30, der(6, bytes.fromhex("2a864886f70d01010b")), der(5))


def entity(text):
    sets = []
    for part in text.split(", "):
        key, value = part.split("=", 1)
        sets.append(der(0x31, der(0x30, der(6, bytes.fromhex(OIDS[key])), der(0x0c, value.encode()))))
    return der(0x30, *sets)


def certificate(subject, issuer, serial):
    key = der(0x30, der(2, b"\0" + b"\xc3" * 128), der(2, b"\1\0\1"))
    body = der(0x30, der(0xa0, der(2, b"\2")), der(2, serial), SHA256_RSA, entity(issuer),
               der(0x30, der(0x17, b"240101000000Z"), der(0x17, b"340101000000Z")), entity(subject),
               der(0x30, der(0x30, der(6, bytes.fromhex("2a864886f70d010101")), der(5)), der(3, b"\0" + key)))
    return der(0x30, body, SHA256_RSA, der(3, b"\0" * 129))


def record(kind, body, version=0x0303):
    return struct.pack("!BHH", kind, version, len(body)) + body


def handshake(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def client_hello(version=0x0303, server="www.example.net"):
    sni = struct.pack("!HBH", len(server) + 3, 0, len(server)) + server.encode()
    ext = struct.pack("!HH", 0, len(sni)) + sni + struct.pack("!HHHBB", 13, 4, 2, 4, 1)
    return record(22, handshake(1, struct.pack("!H", version) + b"\x11" * 32 + b"\0" + struct.pack(
        "!HHH", 4, 0xc02f, 0x002f) + b"\1\0" + struct.pack("!H", len(ext)) + ext), 0x0301)


def server_hello(version=0x0303):
    return record(22, handshake(2, struct.pack("!H", version) + b"\x22" * 32 + b"\0" + struct.pack(
        "!HB", 0x002f, 0)), version)


def encrypted(pack, sid, subject, issuer=None, serial=b"\x11\x22\x33\x44", trait=None, instead=None, also=()):
    """A TLS 1.2 handshake as far as the certificate. `trait` in subject, issuer or serial becomes `instead`."""
    def make(whole):
        parts = [subject, issuer or subject, serial]
        if not whole:
            parts = [p.replace(trait, instead) if isinstance(p, type(trait)) else p for p in parts]
        der_bytes = certificate(*parts)
        chain = len(der_bytes).to_bytes(3, "big") + der_bytes
        t = talk(sid, 443).open()
        t.ask(client_hello())
        t.answer(server_hello() + record(22, handshake(11, len(chain).to_bytes(3, "big") + chain))
                 + record(22, handshake(14, b"")))
        t.ask(record(22, handshake(16, b"\0\x80" + b"\x33" * 128)) + record(20, b"\1") + record(22, b"\x44" * 40))
        t.answer(record(20, b"\1") + record(22, b"\x55" * 40))
        return t.close()
    add(pack, sid, make, also)


# --- remote calls ---
NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860") + struct.pack("<I", 2)


def call(kind, opnum, number_of, stub):
    body = struct.pack("<IHH", len(stub), 0, opnum if kind == 0 else 0) + stub
    return struct.pack("<BBBBIHHI", 5, 0, kind, 3, 0x10, 16 + len(body), 0, number_of) + body


def bind(interface):
    body = struct.pack("<HHI", 5840, 5840, 0) + bytes([1, 0, 0, 0]) + struct.pack("<HBB", 0, 1, 0)
    body += uuid.UUID(interface).bytes_le + struct.pack("<I", 1) + NDR
    return struct.pack("<BBBBIHHI", 5, 0, 11, 3, 0x10, 16 + len(body), 0, 1) + body


def bound():
    body = struct.pack("<HHI", 5840, 5840, 1) + struct.pack("<H", 4) + b"135\0\0\0" + bytes([1, 0, 0, 0])
    body += struct.pack("<HH", 0, 0) + NDR
    return struct.pack("<BBBBIHHI", 5, 0, 12, 3, 0x10, 16 + len(body), 0, 1) + body


def rpc(pack, sid, interface, opnum, stub=b"\x01\0\0\0" * 10, other=None, also=(), harmless=None):
    """A call over TCP; without the trait another operation, or the `harmless` stub."""
    def make(whole):
        t = talk(sid, 49670).open()
        t.ask(bind(interface)).answer(bound())
        t.ask(call(0, opnum if whole or other is None else other, 2, stub if whole or harmless is None else harmless))
        return t.answer(call(2, 0, 2, b"\0" * 8)).close()
    assert other is not None or harmless is not None
    add(pack, sid, make, also)


def wide(text):
    return text.encode("utf-16-le")


# --- shares ---
def smb2(command, body, back=False, mid=0, tree=1):
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 1, 0, command, 1, int(back), 0, mid, 0xfeff, tree,
                                    7) + b"\0" * 16
    return struct.pack("!I", len(head + body)) + head + body


def opening(t):
    """Negotiation and session of a share; what is inside of the session set-up does not matter here."""
    t.ask(smb2(0, struct.pack("<HHHHI", 36, 1, 1, 0, 0) + b"\x66" * 16 + struct.pack("<QH", 0, 0x0202), mid=0))
    t.answer(smb2(0, struct.pack("<HHHH", 65, 1, 0x0202, 0) + b"\x77" * 16 + struct.pack(
        "<IIIIQQHHI", 1, 65536, 65536, 65536, 0, 0, 128, 0, 0), True, 0))
    t.ask(smb2(1, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, 0, 0), mid=1))
    t.answer(smb2(1, struct.pack("<HHHH", 9, 0, 72, 0), True, 1))


def tree(t, path, mid, pipe=True):
    t.ask(smb2(3, struct.pack("<HHHH", 9, 0, 72, len(wide(path))) + wide(path), mid=mid))
    t.answer(smb2(3, struct.pack("<HBBIII", 16, 2 if pipe else 1, 0, 0, 0, 0x1f01ff), True, mid))


def create(t, file, mid):
    data = wide(file)
    t.ask(smb2(5, struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0x12019f, 0, 7, 1, 0, 120, len(data), 0, 0)
               + data, mid=mid))
    t.answer(smb2(5, struct.pack("<HBBIQQQQQQII", 89, 0, 0, 1, 0, 0, 0, 0, 0, 0, 128, 0) + b"\1" * 16
                  + struct.pack("<II", 0, 0), True, mid))


def share(pack, sid, file, instead, path="\\\\10.20.0.9\\IPC$", pipe=True, also=()):
    def make(whole):
        t = talk(sid, 445).open()
        opening(t)
        tree(t, path, 2, pipe)
        create(t, file if whole else instead, 3)
        return t.close()
    add(pack, sid, make, also)

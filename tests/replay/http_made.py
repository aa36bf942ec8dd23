"""HTTP answers with every part open to abuse, at random, as evasions have them; used by `generated`.

Each conversation asks for the same file; what carries it is put together from headers that contradict each other,
odd ends of lines, broken chunks and compressed bytes that are not quite what the head says.
"""
import gzip
import struct
import zlib

from packets import Talk

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def raw_deflate(data):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()


def gzip_with(data, flags):
    """A gzip member with the optional parts of its head."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\x03"
    if flags & 4:
        head += struct.pack("<H", 4) + b"ab\0\0"
    if flags & 8:
        head += b"name\0"
    if flags & 16:
        head += b"comment\0"
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xffff)
    return head + raw_deflate(data) + struct.pack("<II", zlib.crc32(data), len(data))


class Web:
    def __init__(self, random):
        self.r = random

    def one(self, *choices):
        return self.r.choice(choices)

    def chance(self, share):
        return self.r.random() < share

    def encoded(self, data):
        """(names that a head may give, the bytes)"""
        kind = self.one("gzip", "deflate", "raw", "double", "members", "flags", "plain")
        if kind == "gzip":
            return ["gzip"], gzip.compress(data, mtime=0)
        if kind == "deflate":
            return ["deflate"], zlib.compress(data)
        if kind == "raw":
            return ["deflate"], raw_deflate(data)
        if kind == "double":
            first = self.one("gzip", "deflate")
            inner = gzip.compress(data, mtime=0) if first == "gzip" else zlib.compress(data)
            return [first, "gzip"], gzip.compress(inner, mtime=0)
        if kind == "members":
            return ["gzip"], gzip.compress(data[:20], mtime=0) + gzip.compress(data[20:], mtime=0)
        if kind == "flags":
            return ["gzip"], gzip_with(data, self.r.randrange(32))
        return [self.one("gzip", "deflate", "identity", "br", "foo")], data

    def spoiled(self, data):
        what = self.r.random()
        if what < 0.6:
            return data
        if what < 0.7:
            return data[:-self.one(1, 2, 4, 8)]
        if what < 0.8:
            return data + self.one(b"\0", b"junk", b"\r\n")
        at = self.r.randrange(len(data))
        if what < 0.9:
            at = len(data) - self.r.randint(1, min(8, len(data)))
        return data[:at] + bytes([data[at] ^ (1 << self.r.randrange(8))]) + data[at + 1:]

    def encoding_head(self, names):
        names = [self.one(n, n, n, n.upper(), "x-" + n) for n in names]
        joined = self.one(", ", ",", " , ", ",,").join(names)
        name = self.one(*["Content-Encoding"] * 8, "content-encoding", "Content-encoding", "Content-Encoding ", "Content_Encoding", " Content-Encoding",
                        "Content-Encoding\0", "Content-Encoding\t")
        value = self.one(*[joined] * 8, joined + " ", joined + ";foo", "\t" + joined, "\r\n " + joined, "\"" + joined + "\"", joined + "\0", joined + ",identity",
                         "identity," + joined, "foo\r\n " + joined, joined + "\r\n\tfoo", "," + joined, ":" + joined)
        colon = self.one(*[": "] * 8, ":", " : ", ":\t", "::", ":\0")
        if len(names) > 1 and self.chance(0.4):
            return [f"{name}{colon}{n}" for n in names]
        return [f"{name}{colon}{value}"]

    def chunks(self, data):
        size, out = self.one(5, 5, 20, len(data), 1), b""
        odd = self.chance(0.5)
        for at in range(0, len(data), size):
            piece = data[at:at + size]
            number = b"%x" % len(piece)
            end = b"\r\n"
            after = b"\r\n"
            if odd and self.chance(0.3):
                number = self.one(number.upper(), b"0" * self.one(1, 8, 20) + number, b" " + number, number + b" ", number + b";ext", number + b";a=b; c", b"0x" + number,
                                  number + b"\t", b"+" + number, number + b"g", number + b"\0", b"\t" + number, number + b" ; foo", number + b",", b"-" + number,
                                  b"\n" + number, b"\r\n" + number, number + b"\r", b"ffffffff" + number, number + b" f")
                end = self.one(b"\r\n", b"\r\n", b"\n", b"\r\r\n", b"\n\r\n", b" \r\n", b"\r")
                after = self.one(b"\r\n", b"\r\n", b"\n", b"", b"\r\r\n", b"  \r\n", b"\n\n")
            out += number + end + piece + after
        last = self.one(*[b"0\r\n\r\n"] * 8, b"0\n\n", b"0\r\n", b"", b"00\r\n\r\n", b"0 \r\n\r\n", b"0\r\nTrailer: a\r\n\r\n", b"0;x\r\n\r\n", b"\r\n0\r\n\r\n", b"0\n \n", b"0\r\n\r\njunk",
                        b"x\r\n\r\n", b"0\r\nbad\r\n\r\n", b"0\n\r\n", b"-1\r\n\r\n")
        return out + last

    def transfer_head(self):
        name = self.one(*["Transfer-Encoding"] * 10, "transfer-encoding", "Transfer-Encoding ", "Transfer_Encoding", " Transfer-Encoding", "Transfer-Encoding\0", "TE", "\tTransfer-Encoding",
                        "Transfer-Encoding\t", "X\nTransfer-Encoding", "Transfer-\r\n Encoding")
        value = self.one(*["chunked"] * 10, "Chunked", "CHUNKED", "xchunked", "chunkedx", "chunked foo", "foo chunked", "chunked, identity", "identity, chunked", "chunked,chunked", "x,chunked",
                         "chunked;q=1", "\tchunked", "\r\n chunked", "foo\r\n chunked", "chunked\r\n foo", "\"chunked\"", "'chunked'", "chunked\0", "\0chunked", "ch\0unked", ",chunked", "chunked,", "chu",
                         "identity", "gzip", "gzip, chunked", ":chunked", " chunked ", "chunked\t", "chunked\r", "\x0bchunked", "chunked\x0b", "\x0cchunked", "chunked\xa0")
        colon = self.one(*[": "] * 8, ":", " : ", ":\t", "::", "\t:", ": :", ":\r\n ", "\0:")
        return f"{name}{colon}{value}"

    def length_head(self, n):
        value = self.one(*[n] * 6, n + 1, n - 1, n + 10, n - 10, 0, f"{n},{n}", f"{n}, {n}", f"+{n}", f"-{n}", f" {n} ", f"{n}x", f"x{n}", f"0{n}", f"{n} {n}", f"0x{n:x}", f"{n}.0", f"{n};x", f"\r\n {n}",
                         f"{n}\t", f"{n}\0", "", "18446744073709551684", f"{n - 1}\r\n 0", f"{n}\r")
        name = self.one(*["Content-Length"] * 8, "content-length", "Content-Length ", "Content_Length", " Content-Length", "Content-Length\0")
        return f"{name}{self.one(*[': '] * 6, ':', ' : ', '::')}{value}"

    def status(self):
        version = self.one(*["HTTP/1.1"] * 16, "HTTP/1.0", "HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/1.10", "HTTP/01.1", "http/1.1", "HTTP/1,1", "HTTP/1", "HTTP/ 1.1", "HTTP /1.1", "HTP/1.1", "HTTP/1.1\0",
                           "HTTP/1.01", "HTTP/9.1", "ICY", "xHTTP/1.1", " HTTP/1.1", "HTTP/1.1x", "HTTP/1.A")
        code = self.one(*["200"] * 16, "100", "101", "204", "205", "206", "301", "304", "400", "401", "404", "500", "0200", "2000", "20", "x", "", "200\0", "-200", "999", "099", "102", "20x", "+200")
        text = self.one(*["ok"] * 8, "", "OK fine", "\0", "ok\r", "ok\tyes")
        return f"{version}{self.one(*[' '] * 12, '  ', chr(9), '', chr(11))}{code}{self.one(*[' '] * 8, '', '  ', chr(9))}{text}"

    def answer(self):
        r = self.r
        body, heads = EICAR, []
        if self.chance(0.45):
            names, body = self.encoded(body)
            body = self.spoiled(body)
            heads += self.encoding_head(names) if self.chance(0.93) else []
        plain = len(body)
        if self.chance(0.45):
            body = self.chunks(body) if self.chance(0.9) else body
            heads += [self.transfer_head() for _ in range(self.one(1, 1, 1, 1, 2))] if self.chance(0.95) else []
            if self.chance(0.25):
                heads.append(self.length_head(self.one(plain, len(body))))
        elif self.chance(0.7):
            heads += [self.length_head(len(body)) for _ in range(self.one(1, 1, 1, 1, 2))]
        heads += ["Content-type: application/octet-stream", 'Content-disposition: attachment; filename="eicar.txt"']
        if self.chance(0.6):
            heads.append("Connection: " + self.one("close", "keep-alive", "Close", "x"))
        if self.chance(0.12):
            heads.append(self.one("foo", ":", ": bar", "a b: c", "\0: x", "foo\0: bar", "x: \0", "X-Y:" + "z" * 300, "Foo: a\r\n b", "a:b\rc:d", "Content-Range: bytes 0-67/68", "Upgrade: h2c", "\x80: y",
                                  "Set-Cookie: a=b", "=: =", "foo bar", " : ", "\t"))
        r.shuffle(heads)
        if self.chance(0.06):
            heads.insert(0, self.one(" foo: bar", "\tfoo", " ", "foo", "", "\r", "\0"))
        end = self.one(*["\r\n"] * 14, "\n", "\n", "\r", "\r\r\n", "\n\r", " \r\n", "\r\n\0")
        last = self.one(*[end] * 12, "\n", "\r\n", " \r\n", "\t\r\n", "\r", "\r\r\n", "\n\n", "\0\r\n", "\n\r\n", " \n", "\r \n", "\r\n\r\n")
        status_end = self.one(*[end] * 12, "\n", "\r\n", "\r\n\r\n", "\r\n \r\n", "\r\nfoo\r\n", "\r\n foo\r\n", "\r")
        head = self.status() + status_end + "".join(h + (self.one("\n", "\r\r\n", "\r", " \r\n", "\0\r\n") if self.chance(0.02) else end) for h in heads) + last
        before = self.one(*[""] * 20, "\r\n", "\n", " ", "foo\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\nFoo: bar\r\n\r\n", "HTTP/1.1 100 ok\r\n\r\nHTTP/1.1 100 ok\r\n\r\n", "HTTP/1.1 101 x\r\n\r\n",
                          "\r\n\r\n", "\0", "HTTP/1.1 200 ok\r\n\r\n", "HTTP/1.1 204 ok\r\n\r\n", "HTTP/1.1 100 Continue\r\nContent-Length: 10\r\n\r\n", "HTTP/1.1 102 x\r\n\r\n")
        return (before + head).encode("latin-1") + body

    def talk(self, number):
        method = self.one(*["GET"] * 12, "POST", "HEAD", "FOO")
        version = self.one(*["HTTP/1.1"] * 8, "HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "")
        request = f"{method} /case/{number} {version}\r\nHost: evader.example.com\r\n"
        if method == "POST":
            request += "Content-Length: 3\r\n\r\nabc"
        else:
            request += "\r\n"
        t = Talk(sport=10000 + number % 50000, dport=80, client=f"10.1.{number >> 8 & 255}.{number & 255}", start=1600000000.0 + number)
        t.open().send(False, request)
        return t.send(True, self.answer(), self.one(1400, 1400, 1400, 100, 40, self.r.randint(1, 200))).close()


def frames(random, count):
    web = Web(random)
    return [f for n in range(count) for f in web.talk(n).frames]


CORE = (1, 2, 8)  # of the rules below those on the file's bytes
LEAST, LEAST_CORE = 0.90, 0.98  # shares of pairs that agree; raise them when they rise

RULES = """
alert http any any -> any any (file_data; content:"EICAR-STANDARD-ANTIVIRUS-TEST-FILE";)
alert http any any -> any any (file_data; content:"X5O!P%@AP[4";)
alert http any any -> any any (http.stat_code; content:"200";)
alert http any any -> any any (http.response_line; content:"200";)
alert http any any -> any any (flow:to_client; http.header; content:"eicar.txt";)
alert http any any -> any any (flow:to_client; http.header.raw; content:"eicar.txt";)
alert http any any -> any any (flow:to_client; http.header_names; content:"Content-type";)
alert http any any -> any any (http.response_body; content:"STANDARD";)
alert http any any -> any any (file.name; content:"eicar.txt";)
alert http any any -> any any (filename:"eicar";)
alert http any any -> any any (filesize:68;)
alert http any any -> any any (http.content_type; content:"octet";)
alert http any any -> any any (flow:to_client; http.content_len; content:"68";)
alert http any any -> any any (http.protocol; content:"HTTP/1.1";)
alert http any any -> any any (flow:to_client; http.connection; content:"close";)
alert http any any -> any any (http.response_header; content:"eicar";)
alert http any any -> any any (http.stat_msg; content:"ok";)
alert http any any -> any any (file.magic; content:"EICAR";)
""".strip().split("\n")

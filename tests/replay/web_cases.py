"""The conversations of web_differential."""
import base64, collections, gzip, struct, zlib

Case = collections.namedtuple("Case", "name port parts")
C, S = 0, 1
PEER = ["--set", "app-layer.protocols.tls.ja3-fingerprints=yes"]
OURS = []
# name of a case -> why it differs
HPACK = "a header block that cannot be decoded is a connection error to every receiver (RFC 9113 4.3); " \
        "Suricata reads on as well as it can, here nothing of the block is kept"
KNOWN = {
    "h2 index 0": HPACK, "h2 index unknown": HPACK, "h2 huffman bad": HPACK, "h2 integer overflow": HPACK,
    "h2 size update too big": HPACK, "h2 header cut": HPACK,
    "h2 padded headers": "Suricata takes the padding for headers and loses all of them",
    "h2 frame over 64k": "Suricata takes the rest of a long frame from the server for frames",
    "h2 trailers": "a body that ends with trailers is whole",
    "h2c upgrade": "HTTP2-Settings is base64url (RFC 7540 3.2.1); Suricata reads plain base64 only",
    "h2c upgrade padded settings": "as above",
    "tls extensions cut": "no fingerprints of a hello that is not whole",
    "tls hello short": "as above",
    "tls hello in records at 1": "a hello whose head lies in two records: Suricata does not see it at all",
    "tls hello in records at 3": "as above",
    "tls hello byte by byte": "as above",
    "tls record type odd": "as for tls alert",
    "tls ssl 2 hello": "its version is SSLv2 until the server answers, and the answer is looked into",
    "tls alert": "the client's random is inspected although the server refuses",
    "h1 multipart cut": "the bytes that came are in the file",
    "h1 multipart no end": "as above, and it is not whole",
    "h1 carriage returns only": "the answer to a request that never ends is a file all the same",
    "h2 stream reuse": "the closed stream may be gone already when its number comes again",
}
# part of a rule -> why its alerts differ
KNOWN_RULES = {
    "tls.random": "inspected also when the session fails at once",
    "http.response_header": "Suricata looks for its pattern once, mostly before the headers are there",
    "http2.header_name": "as above; size updates have no name here; a negated rule alerts twice there",
    "http2.invalid_frame_length": "set on the frame's own transaction; there on the newest one",
    'http.header_names; content:"|0d 0a 0d 0a|"': "the 101 answer is inspected as well",
    'http.host; content:"h1.test"': "in lower case also when a port stands behind it",
    'http.request_body; content:"up1"; startswith; endswith': "the end of the body is not the end of a piece",
    'file.data; content:"up1"': "inspected as it comes, and once more as the next piece comes",
    'file.data; content:"secret"': "as above",
}


def normal(kind, o):
    if kind == "tls":
        o.pop("ja4", None)
    if kind == "fileinfo":
        o.pop("tx_id", None)
        o.pop("stored", None)
    return o


# ---- HTTP/2 ----
MAGIC = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, PRIO = 1, 4, 8, 32


def frame(kind, flags, stream, body=b""):
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def number(value, bits, first=0):
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def text(s):
    s = s.encode("latin-1") if isinstance(s, str) else s
    return number(len(s), 7) + s


def block(*headers, index=False):
    """Literals, not indexed or (index) added to the table."""
    out = b""
    for name, value in headers:
        out += (b"\x40" if index else b"\x00") + text(name) + text(value)
    return out


def get(path="/a", host="Www.Example.com:80", more=()):
    return block((":method", "GET"), (":path", path), (":scheme", "http"), (":authority", host), *more)


def post(path="/up", more=()):
    return block((":method", "POST"), (":path", path), (":scheme", "http"), (":authority", "h"), *more)


def status(code="200", more=()):
    return block((":status", code), *more)


START = (C, MAGIC + frame(SETTINGS, 0, 0, struct.pack(">HIHI", 3, 100, 4, 65535)))
ANSWER = (S, frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)) + frame(SETTINGS, 1, 0))


def talk(name, *parts):
    return Case("h2 " + name, 80, [START, ANSWER] + list(parts))


def request(stream=1, **kw):
    return (C, frame(HEADERS, END_STREAM | END_HEADERS, stream, get(**kw)))


def answer(stream, body=b"hello", code="200", more=(), end=True):
    flags = END_HEADERS | (0 if body else END_STREAM)
    out = frame(HEADERS, flags, stream, status(code, more))
    if body:
        out += frame(DATA, END_STREAM if end else 0, stream, body)
    return (S, out)


def http2_cases():
    ok = answer(1)
    yield talk("get", request(), ok)
    yield talk("get without body", request(), answer(1, b"", "204"))
    yield talk("headers", request(more=(("user-agent", "curl/7"), ("accept", "*/*"), ("cookie", "a=b"),
               ("cookie", "c=d"), ("X-Upper", " spaced  "), ("referer", "http://r/"),
               ("accept-encoding", "gzip"), ("accept-language", "en"), ("connection", "close"))),
               answer(1, more=(("content-type", "text/html; charset=x"), ("content-length", "5"),
                               ("server", "srv"), ("location", "/there"), ("set-cookie", "s=1"),
                               ("set-cookie", "t=2"))))
    yield talk("two streams", request(1), request(3, path="/b"), answer(3, b"second"), answer(1, b"first"))
    yield talk("post", (C, frame(HEADERS, END_HEADERS, 1, post())), (C, frame(DATA, 0, 1, b"up1")),
               (C, frame(DATA, END_STREAM, 1, b"up2")), ok)
    yield talk("post gzip", (C, frame(HEADERS, END_HEADERS, 1, post(more=(("content-encoding", "gzip"),)))),
               (C, frame(DATA, END_STREAM, 1, gzip.compress(b"secret upload"))), ok)
    yield talk("padded data", request(), answer(1, b"", "200")[0:0] or (S, frame(HEADERS, END_HEADERS, 1, status()) +
               frame(DATA, END_STREAM | PADDED, 1, b"\3hello\0\0\0")))
    yield talk("padded headers", (C, frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, b"\2" + get() + b"\0\0")), ok)
    yield talk("priority in headers", (C, frame(HEADERS, END_STREAM | END_HEADERS | PRIO, 1,
               struct.pack(">IB", 3, 200) + get())), ok)
    yield talk("padding too long", (C, frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, b"\xff" + get())), ok)
    yield talk("priority frame", (C, frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 7))), request(), ok)
    yield talk("priority frame short", (C, frame(PRIORITY, 0, 1, b"\0\0\0")), request(), ok)
    yield talk("window", (C, frame(WINDOW, 0, 0, struct.pack(">I", 1000))), request(),
               (C, frame(WINDOW, 0, 1, struct.pack(">I", 70000))), ok)
    yield talk("window short", (C, frame(WINDOW, 0, 0, b"\0")), request(), ok)
    yield talk("reset", request(), (S, frame(RST, 0, 1, struct.pack(">I", 8))))
    yield talk("reset twice", request(), (C, frame(RST, 0, 1, struct.pack(">I", 8))),
               (C, frame(RST, 0, 1, struct.pack(">I", 99))))
    yield talk("reset short", request(), (S, frame(RST, 0, 1, b"\0")))
    yield talk("goaway", request(), ok, (S, frame(GOAWAY, 0, 0, struct.pack(">II", 1, 2) + b"why")))
    yield talk("goaway short", request(), ok, (S, frame(GOAWAY, 0, 0, b"\0\0")))
    yield talk("ping", (C, frame(PING, 0, 0, b"12345678")), request(), ok)
    yield talk("unknown frame", (C, frame(0x2a, 0, 1, b"what")), request(), ok)
    yield talk("settings odd", (C, frame(SETTINGS, 0, 0, b"\0\1\0\0")), request(), ok)
    yield talk("settings unknown", (C, frame(SETTINGS, 0, 0, struct.pack(">HI", 9, 1))), request(), ok)
    yield talk("settings all", (C, frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", i, 1000 + i) for i in range(1, 7)))),
               request(), ok)
    head = get(more=(("x-long", "y" * 40),))
    yield talk("continuation", (C, frame(HEADERS, END_STREAM, 1, head[:20]) +
               frame(CONTINUATION, END_HEADERS, 1, head[20:])), ok)
    yield talk("continuation at a header", (C, frame(HEADERS, END_STREAM, 1, block((":method", "GET"))) +
               frame(CONTINUATION, 0, 1, block((":path", "/c"))) +
               frame(CONTINUATION, END_HEADERS, 1, block((":authority", "h"), ("user-agent", "ua")))), ok)
    yield talk("continuation of another", (C, frame(HEADERS, END_STREAM, 1, head[:20]) +
               frame(CONTINUATION, END_HEADERS, 3, head[20:])), ok)
    yield talk("trailers", request(), (S, frame(HEADERS, END_HEADERS, 1, status()) + frame(DATA, 0, 1, b"body") +
               frame(HEADERS, END_STREAM | END_HEADERS, 1, block(("x-trailer", "end")))))
    yield talk("push", request(), (S, frame(PUSH, END_HEADERS, 1, struct.pack(">I", 2) + get("/pushed"))),
               ok, answer(2, b"pushed body"))
    yield talk("indexed", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x82\x84\x86\x41" + text("i.test"))),
               (S, frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x88")))
    yield talk("dynamic table", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x82\x84" +
               block((":authority", "dyn"), ("user-agent", "first"), index=True))),
               (C, frame(HEADERS, END_STREAM | END_HEADERS, 3, b"\x82\x84\xbe\xbf")), ok, answer(3))
    yield talk("index 0", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x80" + get())), ok)
    yield talk("index unknown", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, get() + b"\xff\x20")), ok)
    yield talk("huffman", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, bytes.fromhex("828684418cf1e3c2e5f23a6ba0ab90f4ff"))), ok)
    yield talk("huffman bad", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x82\x84\x41\x84\xff\xff\xff\xff")), ok)
    yield talk("size update", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x3f\xe1\x1f" + get())), ok)
    yield talk("size update to 0", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x20" + get())), ok)
    yield talk("size update too big", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, number(1 << 20, 5, 0x20) + get())), ok)
    yield talk("integer overflow", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x7f" + b"\xff" * 10 + b"\x01" + b"x")), ok)
    yield talk("header cut", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, get()[:-3])), ok)
    yield talk("stream reuse", request(), ok, request(1, path="/again"), answer(1, b"again"))
    yield talk("authority with user", request(host="user@Host.test:81"), ok)
    yield talk("authority and host differ", request(host="one.test", more=(("host", "two.test"),)), ok)
    yield talk("authority and host agree", request(host="one.test", more=(("host", "one.test"),)), ok)
    yield talk("host only", (C, frame(HEADERS, END_STREAM | END_HEADERS, 1, block((":method", "GET"), (":path", "/"), ("host", "Two.test")))), ok)
    yield talk("path with at", request(path="//user@evil/x"), ok)
    yield talk("binary header", request(more=(("x-bin", b"\xff\xfe\0\r\nInjected: yes"),)), ok)
    for coding, body in (("gzip", gzip.compress(b"hello gzip" * 20)), ("deflate", zlib.compress(b"hello deflate" * 20)),
                         ("deflate", zlib.compress(b"hello raw" * 20)[2:-4]),
                         ("br", base64.b64decode("CwSAaGVsbG8gYnJvdGxpAw==")), ("identity", b"plain body"),
                         ("x-gzip", gzip.compress(b"hello x-gzip")), ("gzip", b"this is not gzip at all"),
                         ("gzip, br", b"what"), ("GZIP", gzip.compress(b"upper"))):
        yield talk(f"{coding} {body[:3].hex()}", request(), answer(1, body, more=(("content-encoding", coding),)))
    cut = gzip.compress(b"hello gzip " * 50)
    yield talk("gzip in pieces", request(), (S, frame(HEADERS, END_HEADERS, 1, status(more=(("content-encoding", "gzip"),))) +
               frame(DATA, 0, 1, cut[:9]) + frame(DATA, 0, 1, cut[9:20]) + frame(DATA, END_STREAM, 1, cut[20:])))
    yield talk("gzip cut off", request(), answer(1, cut[:-9], more=(("content-encoding", "gzip"),)))
    yield talk("data without end", request(), answer(1, b"open body", end=False))
    yield talk("data on stream 0", (C, frame(DATA, END_STREAM, 0, b"zero")), request(), ok)
    yield talk("data before headers", (C, frame(DATA, END_STREAM, 1, b"early")), ok)
    yield talk("empty data", request(), (S, frame(HEADERS, END_HEADERS, 1, status()) + frame(DATA, END_STREAM, 1)))
    yield talk("big body", request(), answer(1, b"0123456789abcdef" * 900))
    yield talk("frame over 64k", request(), (S, frame(HEADERS, END_HEADERS, 1, status()) + frame(DATA, 0, 1, b"z" * 70000) +
               frame(DATA, END_STREAM, 1, b"the end")))
    yield talk("range", request(more=(("range", "bytes=0-4"),)), answer(1, b"hello", "206", more=(("content-range", "bytes 0-4/5"),)))
    yield talk("range odd", request(), answer(1, b"hello", "206", more=(("content-range", "bytes x-y/z"),)))
    yield Case("h2 magic wrong", 80, [(C, b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + frame(SETTINGS, 0, 0)), ANSWER, request(), ok])
    yield Case("h2 magic lower case", 80, [(C, b"pri * http/2.0\r\n\r\nsm\r\n\r\n" + frame(SETTINGS, 0, 0)), ANSWER, request(), ok])
    yield Case("h2 other port", 8080, [START, ANSWER, request(), ok])
    yield Case("h2 server first", 80, [ANSWER, START, request(), ok])
    yield Case("h2 byte by byte", 80, [(C, bytes([b])) for b in START[1] + request()[1]] + [ANSWER] + [(S, bytes([b])) for b in ok[1]])
    settings = base64.urlsafe_b64encode(struct.pack(">HIHI", 3, 100, 4, 65535)).rstrip(b"=")
    for name, value in (("", settings), (" bad settings", b"!!!"), (" padded settings", settings + b"=="), (" no settings", b"")):
        yield Case("h2c upgrade" + name, 80,
                   [(C, b"GET /up HTTP/1.1\r\nHost: Up.Test\r\nUser-Agent: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                        b"Upgrade: h2c\r\nHTTP2-Settings: " + value + b"\r\n\r\n"),
                    (S, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + ANSWER[1]),
                    START, ok, request(3, path="/next"), answer(3, b"next body")])
    yield Case("h2c refused", 80, [(C, b"GET /up HTTP/1.1\r\nHost: u\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"),
               (S, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), (C, b"GET /b HTTP/1.1\r\nHost: u\r\n\r\n"),
               (S, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")])


RULES = []


def rule(text):
    sid = len(RULES) + 1
    RULES.append(f'alert {text.split(" ", 1)[0]} any any -> any any (msg:"{sid}"; {text.split(" ", 1)[1]} sid:{sid};)')


for state in ("client_hello", "server_hello", "client_hello,server_hello", "!client_hello", "client_keyx", "unknown"):
    rule(f"tls ssl_state:{state};")
for v in ("1.0", "1.2", "1.3", "0x7f1c"):
    rule(f"tls tls.version:{v};")
for v in ("sslv2", "sslv3", "tls1.0", "tls1.2", "!tls1.2", "tls1.3"):
    rule(f"tls ssl_version:{v};")
for b, w in (("tls.sni", "a.test"), ("tls.sni", "b.test"), ("tls.random", "RRR"), ("tls.random", "SSS"), ("tls.random_time", "RRRR"),
             ("ja3.string", "49199"), ("ja3s.string", "771"), ("ja4.hash", "t12"), ("ja4.hash", "t13"), ("tls.random_bytes", "SSSS")):
    rule(f'tls {b}; content:"{w}";')
rule("tls tls_cert_expired;")
rule("tls tls.cert_chain_len:0;")
for event in ("heartbeat_message invalid_heartbeat_message overflow_heartbeat_message dataleak_heartbeat_mismatch "
              "handshake_invalid_length multiple_sni_extensions invalid_sni_type invalid_sni_length too_many_records_in_packet "
              "invalid_certificate invalid_record_type invalid_record_version invalid_record_length invalid_handshake_message "
              "invalid_tls_header error_message_encountered certificate_invalid_der").split():
    rule(f"tls app-layer-event:tls.{event};")
for event in ("abnormal_ce_header auth_unrecognized chunk compression_bomb double_encoded_uri "
              "duplicate_content_length_field_in_request gzip_decompression_failed host_header_ambiguous").split()[3:]:
    rule(f"http app-layer-event:http.{event};")
for b, wanted in (("http.uri", ["/a/b", "/e.", "/b/c", "|00|", "/x"]), ("http.header", ["X: 1, 2", "User-Agent: a", "b"]),
                  ("http.user_agent", ["a", "a b c", "a, b"]), ("http.host", ["h1.test", "other.test"]), ("http.start", ["GET /p"]),
                  ("file.name", ["up.txt", "evil.exe", "put.txt"]), ("http.response_body", ["hello"])):
    for w in wanted:
        rule(f'http1 {b}; content:"{w}";')
        rule(f'http1 {b}; content:"{w}"; startswith; endswith;')
for app in ("http2", "http"):
    for buffer, wanted in (
            ("http.uri", ["/a", "/up", "/b"]), ("http.uri.raw", ["/a"]), ("http.method", ["GET", "POST"]),
            ("http.host", ["www.example.com", "host.test", "two.test", "up.test"]),
            ("http.host.raw", ["Www.Example.com:80", "user@Host.test:81", "Up.Test"]), ("http.user_agent", ["curl", "first", "x"]),
            ("http.cookie", ["a=b, c=d", "s=1, t=2", "c=d"]), ("http.header", ["X-Upper: spaced|0d 0a|", "cookie", ":status: 200", "Injected"]),
            ("http.header.raw", ["X-Upper:  spaced  |0d 0a|", "cookie"]),
            ("http.header_names", ["|0d 0a|:method|0d 0a|", "|0d 0a 0d 0a|", "cookie"]),
            ("http.accept", ["*/*"]), ("http.accept_enc", ["gzip"]), ("http.accept_lang", ["en"]),
            ("http.connection", ["close"]), ("http.content_type", ["text/html"]), ("http.content_len", ["5"]),
            ("http.referer", ["http"]), ("http.server", ["srv"]), ("http.location", ["/there"]),
            ("http.protocol", ["HTTP/2"]), ("http.request_line", ["GET /a HTTP/2", "GET "]),
            ("http.response_line", ["HTTP/2 200"]), ("http.stat_code", ["200", "20"]), ("http.stat_msg", ["OK"]),
            ("http.request_header", [":path: /a", "cookie: "]), ("http.response_header", [":status: 200", "server: srv"]),
            ("http.request_body", ["up1", "secret"]), ("http.response_body", ["hello"]), ("file.data", ["hello", "up1", "body", "secret", "the end"])):
        for w in wanted:
            flow = "flow:to_server; " if buffer == "http.header.raw" else ""
            rule(f'{app} {flow}{buffer}; content:"{w}";')
            if len(w) < 12:
                rule(f'{app} {flow}{buffer}; content:"{w}"; startswith; endswith;')
for k in ("frametype:SETTINGS", "frametype:headers", "frametype:data", "frametype:42", "frametype:continuation",
          "frametype:PUSHPROMISE", "errorcode:CANCEL", "errorcode:2", "errorcode:99", "errorcode:protocol_error",
          "priority:200", "priority:<10", "window:1000", "window:>60000", "window:0<>2000", "size_update:4096", "size_update:0",
          "size_update:>1000", "settings:SETTINGS_MAX_CONCURRENT_STREAMS", "settings:SETTINGS_MAX_CONCURRENT_STREAMS=100",
          "settings:SETTINGS_ENABLE_PUSH >5", "settings:SETTINGS_INITIAL_WINDOW_SIZE <70000"):
    rule(f"http2 http2.{k};")
    rule(f"http2 flow:to_client; http2.{k};")
rule('http2 http2.header_name; content:":path";')
rule('http2 http2.header_name; content:"user-agent"; startswith; endswith;')
rule("http2 flow:to_client; http2.header_name; content:\"server\";")
rule("http2 http2.header_name; content:!\"server\"; flow:to_client;")
rule("http urilen:2;")
rule("http2 urilen:2;")
for event in ("authority_host_mismatch extra_header_data failed_decompression header_integer_overflow "
              "invalid_client_magic invalid_frame_data invalid_frame_header invalid_frame_length invalid_header "
              "invalid_http1_settings invalid_range long_frame_data reassembly_limit_reached stream_id_reuse "
              "too_many_streams userinfo_in_uri").split():
    rule(f"http2 app-layer-event:http2.{event};")


# ---- HTTP/1 ----
def get1(*lines, first="GET /p HTTP/1.1", host="Host: h1.test", end="\r\n"):
    return (C, (end.join([first] + ([host] if host else []) + list(lines)) + end + end).encode("latin-1"))


def ok1(body=b"hello", *lines, first="HTTP/1.1 200 OK", length=True, end="\r\n"):
    lines = list(lines) + ([f"Content-Length: {len(body)}"] if length else [])
    return (S, (end.join([first] + lines) + end + end).encode("latin-1") + body)


def chunked(*chunks, end="0\r\n\r\n"):
    return "".join(f"{len(c):x}\r\n{c}\r\n" for c in chunks).encode() + end.encode()


def http1_cases():
    def talk(name, *parts):
        return Case("h1 " + name, 80, list(parts))

    te = "Transfer-Encoding: chunked"
    ok = ok1()
    yield talk("plain", get1(), ok)
    yield talk("line feeds only", get1(end="\n"), ok1(end="\n"))
    yield talk("carriage returns only", get1(end="\r"), ok)
    yield talk("lf cr", get1(end="\n\r"), ok)
    yield talk("blank lines first", (C, b"\r\n\r\n" + get1()[1]), ok)
    yield talk("many spaces", get1(first="GET   /p   HTTP/1.1"), ok)
    yield talk("tab for space", get1(first="GET\t/p\tHTTP/1.1"), ok)
    yield talk("no protocol", get1(first="GET /p"), ok)
    yield talk("protocol odd", get1(first="GET /p HTTP/1.2"), ok)
    yield talk("protocol small", get1(first="GET /p http/1.1"), ok)
    yield talk("unknown method", get1(first="HELLO /p HTTP/1.1"), ok)
    for name, uri in (("double encoding", "/%2565%2e"), ("encoded slash", "/a%2fb"), ("dots", "/a/../b/./c"), ("backslash", "\\a\\b"),
                      ("u encoding", "/%u0041%u00e9"), ("bad encoding", "/%zz%4"), ("nul", "/a%00b"), ("plus", "/a+b?c+d"),
                      ("overlong utf-8", "/%c0%af"), ("utf-8", "/%e2%82%ac"), ("two slashes", "//a///b"), ("fragment", "/a#b"),
                      ("query", "/a?x=%41&y=../z"), ("high bytes", "/\xe4\xff"), ("semicolon", "/a;b=c"), ("absolute", "http://Other.Test:8080/x"),
                      ("user in uri", "http://u:p@other.test/x"), ("empty port", "http://other.test:/x")):
        yield talk("uri " + name, get1(first=f"GET {uri} HTTP/1.1"), ok)
    yield talk("folded", get1("User-Agent: a", "  b", "\tc"), ok)
    yield talk("fold first", get1(" folded"), ok)
    yield talk("repeated", get1("X: 1", "X: 2", "User-Agent: a", "User-Agent: b"), ok1(b"hello", "Server: a", "Server: b"))
    yield talk("repeated host", get1("Host: other"), ok)
    yield talk("no colon", get1("nocolon"), ok)
    yield talk("space before colon", get1("User-Agent : a"), ok)
    yield talk("empty name", get1(": a"), ok)
    yield talk("empty value", get1("User-Agent:"), ok)
    yield talk("nul in header", get1("User-Agent: a\0b"), ok)
    yield talk("no host", get1(host=None), ok)
    yield talk("host with port", get1(host="Host: H1.test:8080"), ok)
    yield talk("host with bad port", get1(host="Host: h1.test:99999"), ok)
    yield talk("host odd", get1(host="Host: a b"), ok)
    yield talk("cookie", get1("Cookie: a=1", "Cookie: b=2"), ok1(b"hello", "Set-Cookie: c=3", "Set-Cookie: d=4"))
    yield talk("basic auth", get1("Authorization: Basic dXNlcjpwdw=="), ok)
    yield talk("bad auth", get1("Authorization: Nothing at all"), ok)
    yield talk("pipelined", (C, get1(first="GET /1 HTTP/1.1")[1] + get1(first="GET /2 HTTP/1.1")[1]), (S, ok1(b"one")[1] + ok1(b"two")[1]))
    yield talk("chunked", get1(), ok1(chunked("hel", "lo"), te, length=False))
    yield talk("chunk extension", get1(), ok1(b"5;ext=1\r\nhello\r\n0\r\n\r\n", te, length=False))
    yield talk("chunk leading zeros", get1(), ok1(b"0000000000005\r\nhello\r\n0\r\n\r\n", te, length=False))
    yield talk("chunk huge", get1(), ok1(b"ffffffffffffffff\r\nhello", te, length=False))
    yield talk("chunk negative", get1(), ok1(b"-5\r\nhello\r\n0\r\n\r\n", te, length=False))
    yield talk("chunk not hex", get1(), ok1(b"xyz\r\nhello\r\n0\r\n\r\n", te, length=False))
    yield talk("chunk spaces", get1(), ok1(b" 5 \r\nhello\r\n0\r\n\r\n", te, length=False))
    yield talk("chunk lf", get1(), ok1(b"5\nhello\n0\n\n", te, length=False))
    yield talk("chunk trailer", get1(), ok1(b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n", te, length=False))
    yield talk("chunked twice", get1(), ok1(chunked("hello"), "Transfer-Encoding: chunked, chunked", length=False))
    yield talk("chunked odd", get1(), ok1(chunked("hello"), "Transfer-Encoding: xchunked", length=False))
    yield talk("chunked and length", get1(), ok1(chunked("hello"), te))
    yield talk("two lengths", get1(), ok1(b"hello", "Content-Length: 3"))
    yield talk("length odd", get1(), ok1(b"hello", "Content-Length: 5x", length=False))
    yield talk("length negative", get1(), ok1(b"hello", "Content-Length: -5", length=False))
    yield talk("until the end", get1(), ok1(b"hello until the end", length=False))
    yield talk("no content", get1(), ok1(b"", first="HTTP/1.1 204 No Content", length=False))
    yield talk("body cut off", get1(), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"))
    yield talk("body cut off in a chunk", get1(), (S, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello"))
    yield talk("upload cut off", (C, get1("Content-Length: 10", first="PUT /p.txt HTTP/1.1")[1] + b"up1"))
    yield talk("head", get1(first="HEAD /p HTTP/1.1"), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
    yield talk("continue", (C, get1("Content-Length: 3", "Expect: 100-continue", first="POST /p HTTP/1.1")[1]), (S, b"HTTP/1.1 100 Continue\r\n\r\n"),
               (C, b"up1"), ok)
    yield talk("post", (C, get1("Content-Length: 3", first="POST /up HTTP/1.1")[1] + b"up1"), ok)
    yield talk("post chunked", (C, get1(te, first="POST /up HTTP/1.1")[1] + chunked("up", "1")), ok)
    yield talk("put", (C, get1("Content-Length: 3", first="PUT /put.txt HTTP/1.1")[1] + b"up1"), ok)
    for coding, body in (("gzip", gzip.compress(b"hello gzip")), ("deflate", zlib.compress(b"hello deflate")),
                         ("gzip, gzip", gzip.compress(gzip.compress(b"hello twice"))), ("x-gzip", gzip.compress(b"hello x")),
                         ("gzip", b"hello, not gzip"), ("identity", b"hello plain"), ("lzma", b"hello lzma")):
        yield talk(f"{coding} {body[:3].hex()}", get1(), ok1(body, "Content-Encoding: " + coding))
    parts = (b"--bb\r\nContent-Disposition: form-data; name=\"f\"; filename=\"up.txt\"\r\nContent-Type: text/plain\r\n\r\nup1 upload\r\n"
             b"--bb\r\nContent-Disposition: form-data; name=\"g\"\r\n\r\nfield\r\n"
             b"--bb\r\nContent-Disposition: form-data; name=\"h\"; filename=\"two.bin\"\r\n\r\nsecret two\r\n--bb--\r\n")
    for name, body, header in (("", parts, "multipart/form-data; boundary=bb"), (" quoted", parts, 'multipart/form-data; boundary="bb"'),
                               (" cut", parts[:100], "multipart/form-data; boundary=bb"), (" no end", parts[:-8], "multipart/form-data; boundary=bb"),
                               (" other boundary", parts, "multipart/form-data; boundary=xx"), (" no boundary", parts, "multipart/form-data")):
        yield talk("multipart" + name, (C, get1(f"Content-Type: {header}", f"Content-Length: {len(body)}", first="POST /form HTTP/1.1")[1] + body), ok)
    yield talk("disposition", get1(), ok1(b"hello", 'Content-Disposition: attachment; filename="evil.exe"'))
    yield talk("range", get1("Range: bytes=0-4"), ok1(b"hello", "Content-Range: bytes 0-4/5", first="HTTP/1.1 206 Partial Content"))
    yield talk("range part", get1("Range: bytes=2-6"), ok1(b"llo w", "Content-Range: bytes 2-6/11", first="HTTP/1.1 206 Partial Content"))
    yield talk("range odd", get1(), ok1(b"hello", "Content-Range: bytes 4-0/5", first="HTTP/1.1 206 Partial Content"))
    yield talk("range words", get1(), ok1(b"hello", "Content-Range: lines 0-4/5", first="HTTP/1.1 206 Partial Content"))
    yield talk("status odd", get1(), ok1(b"hello", first="HTTP/1.1 2000 OK"))
    yield talk("status missing", get1(), ok1(b"hello", first="HTTP/1.1"))
    yield talk("status words", get1(), ok1(b"hello", first="HTTP/1.1 abc OK"))
    yield talk("response protocol odd", get1(), ok1(b"hello", first="HTTQ/1.1 200 OK"))
    yield talk("response first", ok, get1())
    yield talk("redirect", get1(), ok1(b"", "Location: /there", first="HTTP/1.1 302 Found"))
    yield talk("connect", get1(first="CONNECT other:443 HTTP/1.1", host="Host: other:443"), (S, b"HTTP/1.1 200 OK\r\n\r\n"))
    yield talk("http 0.9", (C, b"GET /old\r\n"), (S, b"<html>hello</html>"))
    yield talk("junk between", get1(), ok, (C, b"\r\n\r\n"), get1(first="GET /2 HTTP/1.1"), ok)
    yield talk("long line", get1(first="GET /" + "a" * 20000 + " HTTP/1.1"), ok)
    yield talk("many headers", get1(*[f"X{i}: {i}" for i in range(300)]), ok)


# ---- TLS ----
def tls_record(kind, body, version=0x0301):
    return struct.pack(">BHH", kind, version, len(body)) + body


def handshake(kind, body):
    return struct.pack(">I", len(body))[1:].join([bytes([kind]), b""]) + body


def tls_extension(kind, body):
    return struct.pack(">HH", kind, len(body)) + body


def server_name(name, kind=0):
    entry = struct.pack(">BH", kind, len(name)) + name
    return tls_extension(0, struct.pack(">H", len(entry)) + entry)


def tls_hello(extensions=None, version=0x0303, session=b"", ciphers=b"\x13\x01\xc0\x2f", random=b"R" * 32):
    body = struct.pack(">H", version) + random + bytes([len(session)]) + session
    body += struct.pack(">H", len(ciphers)) + ciphers + b"\1\0"
    ext = b"".join(extensions if extensions is not None else [server_name(b"a.test")])
    return handshake(1, body + struct.pack(">H", len(ext)) + ext)


def tls_answer(version=0x0303, extensions=b"", session=b"", cipher=b"\xc0\x2f"):
    body = struct.pack(">H", version) + b"S" * 32 + bytes([len(session)]) + session + cipher + b"\0"
    return handshake(2, body + struct.pack(">H", len(extensions)) + extensions)


def tls_cases():
    def talk(name, *parts):
        return Case("tls " + name, 443, [(side, data) for side, data in parts])

    HS, CCS, ALERT, APP, HEART = 22, 20, 21, 23, 24
    hello, answer = (C, tls_record(HS, tls_hello())), (S, tls_record(HS, tls_answer()))
    done = [(C, tls_record(CCS, b"\1")), (S, tls_record(CCS, b"\1")), (C, tls_record(APP, b"x" * 40, 0x0303)),
            (S, tls_record(APP, b"y" * 40, 0x0303))]
    v13 = tls_extension(43, b"\3\4")
    yield talk("plain", hello, answer, *done)
    yield talk("tls 1.3", (C, tls_record(HS, tls_hello([server_name(b"a.test"), tls_extension(43, b"\4\3\4\3\3")]))),
               (S, tls_record(HS, tls_answer(extensions=v13, cipher=b"\x13\x01")) + tls_record(CCS, b"\1") + tls_record(APP, b"z" * 60, 0x0303)), *done)
    yield talk("tls 1.3 retry", (C, tls_record(HS, tls_hello([tls_extension(43, b"\2\3\4")]))),
               (S, tls_record(HS, tls_answer(extensions=v13, cipher=b"\x13\x01")) + tls_record(CCS, b"\1")),
               (C, tls_record(CCS, b"\1") + tls_record(HS, tls_hello())), answer, *done)
    yield talk("tls 1.3 early data", (C, tls_record(HS, tls_hello([tls_extension(43, b"\2\3\4"), tls_extension(42, b"")])) + tls_record(CCS, b"\1") + tls_record(APP, b"early")),
               (S, tls_record(HS, tls_answer(extensions=v13, cipher=b"\x13\x01")) + tls_record(APP, b"z" * 60, 0x0303)))
    yield talk("tls 1.3 draft", (C, tls_record(HS, tls_hello([tls_extension(43, b"\2\x7f\x1c")]))),
               (S, tls_record(HS, tls_answer(extensions=tls_extension(43, b"\x7f\x1c")))), *done)
    whole = tls_hello()
    for cut in (1, 3, 4, 5, 20, 60):
        yield talk(f"hello in records at {cut}", (C, tls_record(HS, whole[:cut]) + tls_record(HS, whole[cut:])), answer, *done)
        yield talk(f"hello in packets at {cut}", (C, tls_record(HS, whole)[:5 + cut]), (C, tls_record(HS, whole)[5 + cut:]), answer, *done)
    yield talk("hello byte by byte", *[(C, tls_record(HS, bytes([b]))) for b in whole], answer, *done)
    yield talk("empty record", (C, tls_record(HS, b"") + tls_record(HS, whole)), answer, *done)
    yield talk("two names", (C, tls_record(HS, tls_hello([server_name(b"a.test"), server_name(b"b.test")]))), answer, *done)
    yield talk("name of another kind", (C, tls_record(HS, tls_hello([server_name(b"a.test", 1)]))), answer, *done)
    yield talk("name too long", (C, tls_record(HS, tls_hello([server_name(b"a" * 300)]))), answer, *done)
    yield talk("name empty", (C, tls_record(HS, tls_hello([server_name(b"")]))), answer, *done)
    yield talk("name length wrong", (C, tls_record(HS, tls_hello([tls_extension(0, b"\0\x09\0\0\x20a.test")]))), answer, *done)
    yield talk("extensions cut", (C, tls_record(HS, handshake(1, tls_hello()[4:-3]))), answer, *done)
    yield talk("no extensions", (C, tls_record(HS, handshake(1, b"\3\3" + b"R" * 32 + b"\0\0\2\xc0\x2f\1\0"))), answer, *done)
    yield talk("hello short", (C, tls_record(HS, handshake(1, b"\3\3" + b"R" * 20))), answer, *done)
    yield talk("hello longer than record", (C, tls_record(HS, struct.pack(">B", 1) + b"\0\xff\xff" + whole[4:])), answer, *done)
    yield talk("unknown message", (C, tls_record(HS, handshake(99, b"what"))), answer, *done)
    yield talk("hello request", hello, (S, tls_record(HS, handshake(0, b""))), answer, *done)
    yield talk("alert", hello, (S, tls_record(ALERT, b"\2\x28", 0x0303)))
    yield talk("alert first", (S, tls_record(ALERT, b"\2\x28", 0x0303)), hello)
    yield talk("heartbeat", hello, answer, (C, tls_record(HEART, b"\1\0\4beat" + b"p" * 16)), (S, tls_record(HEART, b"\2\0\4beat" + b"p" * 16)))
    yield talk("heartbleed", hello, answer, (C, tls_record(HEART, b"\1\x40\0")))
    yield talk("heartbeat short", hello, answer, (C, tls_record(HEART, b"\1\0\4beat")))
    yield talk("heartbeat odd", hello, answer, (C, tls_record(HEART, b"\7\0\4beat" + b"p" * 16)))
    yield talk("heartbeat twice", hello, answer, (C, tls_record(HEART, b"\1\0\4beat" + b"p" * 16) * 2))
    yield talk("heartbeat encrypted", hello, answer, *done[:2], (C, tls_record(HEART, b"e" * 40)), (S, tls_record(HEART, b"f" * 40)))
    yield talk("heartbeat encrypted leak", hello, answer, *done[:2], (C, tls_record(HEART, b"e" * 40)), (S, tls_record(HEART, b"f" * 4000)))
    yield talk("record type odd", hello, (S, tls_record(77, b"what")), answer)
    yield talk("record version odd", hello, (S, tls_record(HS, tls_answer(), 0x0909)))
    yield talk("record too long", hello, (S, tls_record(HS, b"\2" + b"x" * 17500)))
    yield talk("ssl 3", (C, tls_record(HS, tls_hello([], version=0x0300), 0x0300)), (S, tls_record(HS, tls_answer(0x0300), 0x0300)), *done)
    yield talk("tls 1.0", (C, tls_record(HS, tls_hello(version=0x0301))), (S, tls_record(HS, tls_answer(0x0301))), *done)
    yield talk("resumed", (C, tls_record(HS, tls_hello(session=b"i" * 32))), (S, tls_record(HS, tls_answer(session=b"i" * 32))), *done)
    yield talk("resumed by ticket", (C, tls_record(HS, tls_hello([server_name(b"t"), tls_extension(35, b"ticket")]))), answer, *done)
    yield talk("ssl 2 hello", (C, b"\x80\x2e\1\0\2\0\x15\0\0\0\x10" + b"\1\0\x80\2\0\x80\3\0\x80\6\0\x40\7\0\xc0\4\0\x80\0\0\x09" + b"c" * 16), answer)
    yield talk("alpn", (C, tls_record(HS, tls_hello([server_name(b"a.test"), tls_extension(16, b"\0\x0c\2h2\x08http/1.1")]))), answer, *done)
    yield talk("grease", (C, tls_record(HS, tls_hello([tls_extension(0x0a0a, b""), server_name(b"a.test"), tls_extension(10, b"\0\4\x1a\x1a\0\x1d"),
               tls_extension(11, b"\1\0")], ciphers=b"\x2a\x2a\xc0\x2f"))), answer, *done)
    yield talk("records many", hello, answer, (C, tls_record(CCS, b"\1") * 60))
    yield talk("certificate empty", hello, (S, tls_record(HS, tls_answer() + handshake(11, b"\0\0\0") + handshake(14, b""))), *done)
    yield talk("certificate short", hello, (S, tls_record(HS, tls_answer() + handshake(11, b"\0\0\x0a\0\0\7\x30\x05\1\1"))), *done)
    yield talk("certificate junk", hello, (S, tls_record(HS, tls_answer() + handshake(11, b"\0\0\x0a\0\0\7" + b"\x30\5\2\1\1\5\0") + handshake(14, b""))), *done)


def cases():
    yield from tls_cases()
    yield from http2_cases()
    yield from http1_cases()

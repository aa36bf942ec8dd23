"""What each rule of the pack must see, and the same without its trait (make.py)."""
from make import CHROME, datagram, encrypted, lines, lookup, request, response, web  # noqa: F401

P = "c2-frameworks"
COOKIE = ("QmFua2VuVGVzdENvb2tpZUZvckJlYWNvbg" * 6)[:171] + "="
PROGRAM = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + b"\0" * 44 + b"\x80\0\0\0" + b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd!\xb8" \
    b"\1L\xcd!This program cannot be run in DOS mode.\r\r\n$" + b"\0" * 64
TRIDENT = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"

web(P, 9101001, request("GET", "/dpixel", f"Cookie: {COOKIE}\r\n"), COOKIE, "session=0123456789abcdef")
web(P, 9101002, request("POST", "/submit.php?id=48213", "Content-Type: application/octet-stream\r\n", "x" * 64),
    "application/octet-stream", "application/x-www-form-urlencoded")
web(P, 9101003, request("GET", "/a"), "200 OK \r\n", "200 OK\r\n",
    "HTTP/1.1 200 OK \r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
encrypted(P, 9101004, "CN=, OU=, O=, L=, ST=, C=", serial=b"\x08\xbb\x00\xee", trait=b"\x08\xbb\x00\xee",
          instead=b"\x08\xbb\x00\xef")
lookup(P, 9101005, "aaa.stage.123456.c2.example", "aaa.stage.shop.example")
X86 = b"MZ\xe8\0\0\0\0[REU\x89\xe5" + b"\x81\xc3" + b"\x90" * 60
lines(P, 9101006, 4444, [(True, X86), (False, b"\0\0\0\x40")], b"MZ\xe8\0\0\0\0[RE", b"MZ\xe8\0\0\0\0[RD")
X64 = b"MZARUH\x89\xe5H\x81\xec \0\0\0H\x8d\x1d\xea\xff\xff\xff" + b"\x90" * 60
lines(P, 9101007, 4444, [(True, X64), (False, b"\0\0\0\x40")], b"MZARUH", b"MZARVH")
lines(P, 9101008, 4444, [(True, b"\x00\x5c\x02\x00" + PROGRAM)], b"\x00\x5c\x02\x00MZ", b"\x00\x5c\x02\x00XZ")
encrypted(P, 9101009, "CN=multiplayer", "CN=operators", trait="operators", instead="Example CA")
encrypted(P, 9101010, "O=Mythic", trait="O=Mythic", instead="O=Myth")
BODY = "i=a19ea23062db990386a3a478cb89d52e&data=eyJ4IjoxfQ==&session=75db-99b1-25fe4e9afbe58696-320bea73"
web(P, 9101011, request("POST", "/en-us/test.html?message=1&v=1", "Content-Type: application/x-www-form-urlencoded\r\n",
                        BODY), "75db-99b1-25fe4e9afbe58696-320bea73", "75db-99b1-25fe4e9afbe58696-320bea74")
web(P, 9101012, request("GET", "/login/process.php", "Cookie: session=Fb4JGgF2hPHqBqMjTFsvC7mFvXY=\r\n", agent=TRIDENT),
    "/login/process.php", "/login/index.php")
encrypted(P, 9101013, "C=US, ST=Minnesota, L=Minnetonka, O=Pajfds, OU=Jethpro, CN=P18055077", trait="P18055077",
          instead="P18055078")
DEMON = b"\0\0\1\x1c\xde\xad\xbe\xef\x12\x34\x56\x78\0\0\0\x63\0\0\0\0" + b"\x5a" * 40
web(P, 9101014, request("POST", "/", body=DEMON), b"\xde\xad\xbe\xef", b"\xde\xad\xbe\xee")
web(P, 9101015, request("GET", "/x"), "X-Havoc: true", "X-Cache: miss", response("", "X-Havoc: true\r\n", "404 Not Found"))
lines(P, 9101016, 8080, [(False, b"Gh0st\xad\0\0\0\x38\1\0\0\x78\x9c\x4b\x53" + b"\x11" * 40)], b"\x78\x9c", b"\x78\x9b")
lines(P, 9101017, 5552, [(False, b"131\0ll|'|'|SGFjS2VkXzEyMw==|'|'|PC|'|'|user|'|'|")], b"ll|'|'|", b"ll|,|,|")
encrypted(P, 9101018, "CN=Quasar Server CA", trait="Quasar Server CA", instead="Quantum Server CA")
encrypted(P, 9101019, "CN=AsyncRAT Server", trait="AsyncRAT Server", instead="Async Server")
encrypted(P, 9101020, "CN=DcRat Server, OU=qwqdanchun, O=DcRat By qwqdanchun, L=SH, C=CN",
          trait="DcRat By qwqdanchun", instead="Danchun")
lookup(P, 9101021, "dnscat.14af0100e2a1b7c0ffee", "dnscat.example")
web(P, 9101022, request("GET", "/", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="
                        "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chisel-v3\r\n"), "chisel-v3", "chat",
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
web(P, 9101023, request("POST", "http://203.0.113.80/fakeurl.htm", body="CMD=POLL\nINFO=1\nACK=1\n", agent="NetSupport Manager/1.3"),
    "NetSupport Manager", "Support Manager")
web(P, 9101024, request("GET", "/tool.txt", agent="CertUtil URL Agent"), "CertUtil URL Agent", "CertUtility Agent")
web(P, 9101025, request("GET", "/a.ps1", agent="Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.1",
                        host="203.0.113.80"), "203.0.113.80", "www.example.net")
lines(P, 9101026, 4444, [(False, "Microsoft Windows [Version 10.0.19045.3803]\r\n(c) Microsoft Corporation. All rights "
                                 "reserved.\r\n\r\nC:\\Users\\user>")], "[Version ", "[Edition ")
lines(P, 9101027, 4444, [(False, "bash: cannot set terminal process group (812): Inappropriate ioctl for device\n"
                                 "bash: no job control in this shell\nwww-data@web:/$ ")], "no job control", "no jobs")

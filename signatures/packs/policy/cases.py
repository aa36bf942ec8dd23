"""What each rule of the pack must see, and the same without its trait (make.py)."""
import struct

from make import client_hello, datagram, lines, lookup, request, server_hello, web

P = "policy"

lines(P, 9104001, 21, [(True, "220 ready\r\n"), (False, "USER sato\r\n"), (True, "331 password\r\n"),
                       (False, "PASS himitsu\r\n"), (True, "230 in\r\n")], "PASS himitsu", "AUTH TLS")
web(P, 9104002, request("GET", "/private", "Authorization: Basic c2F0bzpoaW1pdHN1\r\n"), "Basic c2F0bzpoaW1pdHN1",
    "Bearer c2F0bzpoaW1pdHN1")
lines(P, 9104003, 110, [(True, "+OK ready\r\n"), (False, "USER sato\r\n"), (True, "+OK\r\n"), (False, "PASS himitsu\r\n"),
                        (True, "+OK in\r\n")], "PASS himitsu", "STLS")
lines(P, 9104004, 143, [(True, "* OK ready\r\n"), (False, "a1 LOGIN sato himitsu\r\n"), (True, "a1 OK in\r\n")],
      "LOGIN sato himitsu", "CAPABILITY")
lines(P, 9104005, 25, [(True, "220 ready\r\n"), (False, "EHLO pc\r\n"), (True, "250-mail\r\n250 AUTH PLAIN\r\n"),
                       (False, "AUTH PLAIN AHNhdG8AaGltaXRzdQ==\r\n"), (True, "235 in\r\n")],
      "AUTH PLAIN AHNhdG8AaGltaXRzdQ==", "NOOP")
lines(P, 9104006, 23, [(True, b"\xff\xfd\x18\xff\xfd\x1f\xff\xfb\x01"), (False, b"\xff\xfb\x18\xff\xfb\x1f\xff\xfd\x01"),
                       (True, "\r\nswitch1 login: ")], "login: ", "ready ")
lines(P, 9104007, 443, [(False, client_hello()), (True, server_hello(0x0301))], b"\x16\3\1\0\x2a\2\0\0\x26\3\1",
      b"\x16\3\3\0\x2a\2\0\0\x26\3\3")
lookup(P, 9104008, "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion", "www.example.net")
web(P, 9104009, request("GET", "/tor/status-vote/current/consensus"), "/tor/", "/top/")
lookup(P, 9104010, "relay-3d2b.net.anydesk.com", "www.anydesk.example")
lookup(P, 9104011, "router5.teamviewer.com", "www.teamviewer.com")
lines(P, 9104012, 5900, [(True, "RFB 003.008\n"), (False, "RFB 003.008\n")], "RFB 003", "RFC 003")
lookup(P, 9104013, "tunnel.us.ngrok.com", "www.ngrok.com")
lookup(P, 9104014, "region1.v2.argotunnel.com", "www.argo.example")
HELLO = b"\1\0\0\0" + struct.pack("<I", 0x1234) + b"\x42" * 140
datagram(P, 9104015, 51820, HELLO, b"\5" + HELLO[1:])
lookup(P, 9104016, "controlplane.tailscale.com", "controlplane.tailscale.example")
lines(P, 9104017, 6881, [(False, b"\x13BitTorrent protocol" + b"\0" * 8 + b"\x31" * 40)], "BitTorrent protocol",
      "Torrent of the day.")
lines(P, 9104018, 3333, [(False, '{"id":1,"method":"mining.subscribe","params":["miner/1"]}\n')], "mining.subscribe",
      "weather.subscribe")
lines(P, 9104019, 3333, [(False, '{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4x","pass":"x",'
                                 '"agent":"XMRig/6.21.0 (Linux x86_64)"}}\n')], "XMRig", "Thing")
datagram(P, 9104020, 161, bytes.fromhex("302902010104") + b"\7private" + bytes.fromhex(
    "a01b02040000000102010002010030"  "0d300b06072b060102010101" "0500")[:29],
         bytes.fromhex("302902010104") + b"\7example" + bytes.fromhex(
    "a01b02040000000102010002010030"  "0d300b06072b060102010101" "0500")[:29])
lines(P, 9104021, 22, [(True, "SSH-1.5-OpenSSH_2.1\r\n"), (False, "SSH-1.5-PuTTY\r\n")], "SSH-1.5", "SSH-2.0")


def smb1(command):
    body = b"\xffSMB" + struct.pack("<BIBHH", command, 0, 0x18, 0x4807, 0) + b"\0" * 20 + b"\0" * 3
    return struct.pack("!I", len(body)) + body


lines(P, 9104022, 445, [(False, smb1(0x73))], b"\xffSMB\x73", b"\xffSMB\x71")

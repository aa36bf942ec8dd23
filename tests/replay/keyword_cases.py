"""Every keyword of Suricata 7.0.10: a rule that must fire on some traffic, and the same rule with what the
keyword asks changed, which must not. Used by the `keywords` suite.

A case is (keywords, traffic, right, wrong). Rules are written "PROTO|options"; several lines are several
rules, of which the last is judged (the others come first). {folder} is a folder with the files below.
"""
import hashlib
import struct

import packets
from packets import ACK, PSH, SYN, Talk

# --- traffic made here ---

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0" + b"x" * 60


def plain():
    t = Talk()
    t.mss = 1400
    t.header = {"tos": 8, "ident": 77}
    t.open().ask("hello server, number 0042 and binary\x01\x02 dGVzdCBkYXRh end")
    t.answer("welcome client").wait(3)
    return t.ask("later words").close().frames


def inject():
    """An answer that acknowledges what was never sent."""
    t = Talk().open().ask("hello")
    return t.tcp(True, PSH | ACK, b"x", ack=t.seq[0] + 90000).close().frames


def udp():
    t = Talk(dport=9999)
    return t.udp(False, "datagram one, size 003 rest").udp(True, "answer two").frames


def odd():
    """Single packets that show header fields: options, fragments, wrong checksums, same address."""
    frames = []
    t = Talk(dport=7001)
    t.header = {"options": b"\x07\x07\x04" + b"\0" * 4}
    frames += t.udp(False, "record route").frames
    t = Talk(dport=7002)
    t.header = {"frag": 0x2000, "ident": 9}
    frames += t.udp(False, "x" * 24).frames
    for bad in (False, True):
        t = Talk(dport=7003, client="10.0.0.8")
        t.bad, t.header = bad, {"bad": bad}
        frames += t.udp(False, "sum").tcp(False, SYN).icmp(False, 8, 0, b"\0\x07\0\x03", b"ping").frames
        t = Talk(dport=7003, client=packets.CLIENT6, server=packets.SERVER6)
        t.bad = bad
        frames += t.udp(False, "sum").tcp(False, SYN).icmp(False, 128, 0, b"\0\x07\0\x03", b"ping").frames
    long = struct.pack("!HHIIBBHHH", 1, 7005, 1, 0, 15 << 4, SYN, 0, 0, 0)  # options that are not there
    frames.append((0, packets.ipv4(packets.CLIENT, packets.SERVER, 6, long)))
    t = Talk(dport=7004, client="10.0.0.9", server="10.0.0.9")
    frames += t.udp(False, "to myself").frames
    return in_order(frames)


def in_order(frames):
    start = 1600000000
    return [(start + i * 0.001, frame) for i, (_, frame) in enumerate(frames)]


def pings():
    t = Talk()
    t.icmp(False, 8, 0, b"\0\x07\0\x03", b"pingdata").icmp(True, 0, 0, b"\0\x07\0\x03", b"pingdata")
    six = Talk(client=packets.CLIENT6, server=packets.SERVER6)
    quoted = struct.pack("!IHBB", 6 << 28, 8, 17, 64) + packets.address(packets.CLIENT6) + \
        packets.address(packets.SERVER6) + struct.pack("!HHHH", 1, 2, 8, 0)
    six.icmp(False, 128, 0, b"\0\x07\0\x03", b"pingdata").icmp(True, 2, 0, struct.pack("!I", 1280), quoted)
    return in_order(t.frames + six.frames)


REQUEST = ("POST /path/file%2Ephp?id=12&q=A%20b HTTP/1.1\r\nHost: www.example.com\r\n"
           "User-Agent: Agent/1.0 (Test)\r\nAccept: text/x-test\r\nAccept-Encoding: gzip, br\r\n"
           "Accept-Language: ja\r\nConnection: keep-alive\r\nCookie: a=b\r\nReferer: http://ref/\r\n"
           "Content-Type: text/plain\r\nContent-Length: 9\r\n\r\nbody text")
ANSWER = ("HTTP/1.1 404 Not Found\r\nServer: nginx\r\nSet-Cookie: c=d\r\nLocation: /there\r\n"
          "Content-Type: image/png\r\nContent-Length: %d\r\n\r\n" % len(PNG)).encode() + PNG


def web():
    return Talk(dport=80).open().ask(REQUEST).answer(ANSWER).close().frames


def names(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def dns():
    query = names("www.example.com") + b"\0\x01\0\x01"
    t = Talk(dport=53).udp(False, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0" + query)
    answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x01\x02\x03"
    t.udp(True, b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0" + query + answer)
    six = Talk(sport=40001, dport=53)
    six.udp(False, b"\x12\x35\x21\x40\0\x01\0\0\0\0\0\0" + names("other.example") + b"\0\x01\0\x01")
    return in_order(t.frames + six.frames)


def ftp():
    t = Talk(dport=21).open().answer("220 ready\r\n").ask("PORT 10,0,0,77,31,144\r\n").answer("200 ok\r\n")
    return t.ask("RETR a.txt\r\n").answer("150 here\r\n").close().frames


def ftp_data():
    t = Talk(dport=21).open().answer("220 ready\r\n").ask("PORT 10,0,0,1,31,144\r\n").answer("200 ok\r\n")
    t.ask("RETR a.txt\r\n").answer("150 here\r\n")
    d = Talk(sport=20, dport=8080, client=packets.SERVER, server=packets.CLIENT, start=t.now)
    d.open().ask("content of a file").close()
    t.now = d.now
    t.answer("226 done\r\n").close()
    return sorted(t.frames + d.frames)


def ssh_packet(kind, body):
    payload = bytes([kind]) + body
    pad = 8 - (len(payload) + 5) % 8 + 8
    return struct.pack("!IB", len(payload) + pad + 1, pad) + payload + b"\0" * pad


def ssh():
    lists = ["curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes256-ctr", "hmac-sha2-256",
             "hmac-sha2-512", "none", "none", "", ""]
    def init(words):
        body = b"c" * 16 + b"".join(struct.pack("!I", len(w)) + w.encode() for w in words)
        return ssh_packet(20, body + b"\0" * 5)
    t = Talk(dport=22).open().answer("SSH-2.0-OpenSSH_9.2\r\n").ask("SSH-2.0-Client_1.0\r\n")
    return t.ask(init(lists)).answer(init(lists)).close().frames


def sip():
    t = Talk(sport=5060, dport=5060)
    t.udp(False, "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nCall-ID: 1\r\n"
                 "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
    t.udp(True, "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP a\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
                "Content-Length: 0\r\n\r\n")
    return t.frames


def rpc():
    call = struct.pack("!IIIIII", 7, 0, 2, 100000, 2, 3) + b"\0" * 16
    return Talk(dport=9111).udp(False, call).frames


def ber():
    """A sequence with an octet string of 20 bytes, a bit string and a real."""
    inner = b"\x04\x14" + b"o" * 20 + b"\x03\x01\xff" + b"\x09\x82\x01\x04" + b"\x05" * 260
    return Talk(dport=9222).udp(False, b"AB" + b"\x30\x82" + struct.pack("!H", len(inner)) + inner).frames


def modbus():
    t = Talk(dport=502).open()
    t.ask(struct.pack("!HHHBBHH", 1, 0, 6, 17, 3, 107, 3))
    return t.answer(struct.pack("!HHHBBB", 1, 0, 9, 17, 3, 6) + b"\0\1\0\2\0\3").close().frames


def enip():
    t = Talk(dport=44818).open()
    t.ask(struct.pack("<HHII8sI", 0x65, 4, 0, 0, b"context1", 0) + b"\1\0\0\0")
    return t.answer(struct.pack("<HHII8sI", 0x65, 4, 99, 0, b"context1", 0) + b"\1\0\0\0").close().frames


def dhcp():
    head = struct.pack("!BBBBIHH", 2, 1, 6, 0, 99, 0, 0) + b"\0" * 4 + b"\x0a\0\0\x63" + b"\0" * 8
    head += b"\x02\0\0\0\0\x63" + b"\0" * 10 + b"\0" * 192 + b"\x63\x82\x53\x63"
    options = b"\x35\x01\x05" + b"\x33\x04" + struct.pack("!I", 3600) + b"\x3a\x04" + \
        struct.pack("!I", 1800) + b"\x3b\x04" + struct.pack("!I", 3150) + b"\xff"
    t = Talk(sport=68, dport=67)
    ask = struct.pack("!BBBBIHH", 1, 1, 6, 0, 99, 0, 0) + b"\0" * 16 + b"\x02\0\0\0\0\x63" + b"\0" * 202
    return t.udp(False, ask + b"\x63\x82\x53\x63\x35\x01\x03\xff").udp(True, head + options).frames


def snmp():
    pdu = b"\xa0\x19\x02\x01\x05\x02\x01\0\x02\x01\0\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\0\x05\0"
    body = b"\x02\x01\x01\x04\x06public" + pdu
    return Talk(dport=161).udp(False, b"\x30" + bytes([len(body)]) + body).frames


def mqtt():
    def text(s):
        return struct.pack("!H", len(s)) + s.encode()
    def message(kind, body):
        return bytes([kind, len(body)]) + body
    t = Talk(dport=1883).open()
    t.ask(message(0x10, text("MQTT") + b"\x04\xc6\0\x3c" + text("client7") + text("last/topic") +
                  text("last words") + text("user7") + text("secret7")))
    t.answer(message(0x20, b"\0\0")).ask(message(0x82, b"\0\x01" + text("sub/topic") + b"\0"))
    t.answer(message(0x90, b"\0\x01\0")).ask(message(0x33, text("pub/topic") + b"\0\x02" + b"payload7"))
    t.answer(message(0x40, b"\0\x02")).ask(message(0xa2, b"\0\x03" + text("sub/topic")))
    return t.answer(message(0xb0, b"\0\x03")).ask(message(0xe0, b"")).close().frames


def rfb():
    t = Talk(dport=5900).open().answer("RFB 003.008\n").ask("RFB 003.008\n").answer(b"\x01\x02")
    t.ask(b"\x02").answer(b"c" * 16).ask(b"r" * 16).answer(b"\0\0\0\0").ask(b"\x01")
    form = struct.pack("!HH", 800, 600) + b"\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"
    return t.answer(form + struct.pack("!I", 7) + b"desktop").close().frames


def http2_frame(kind, flags, stream, body):
    return struct.pack("!I", len(body))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + body


def http2():
    def literal(name, value):
        return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
    settings = http2_frame(4, 0, 0, struct.pack("!HI", 4, 65536))
    head = b"\x82\x84\x86" + literal(b":authority", b"two.example") + literal(b"x-extra", b"yes")
    t = Talk(dport=80).open().ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
    t.answer(settings).ask(http2_frame(8, 0, 0, struct.pack("!I", 1000)))
    t.ask(http2_frame(1, 0x25, 1, struct.pack("!IB", 0, 199) + head))
    t.answer(http2_frame(1, 4, 1, b"\x3f\xe1\x1f\x88")).answer(http2_frame(0, 1, 1, b"second body"))
    t.ask(http2_frame(1, 4, 3, b"\x82\x84\x86")).ask(http2_frame(3, 0, 3, struct.pack("!I", 8)))
    return t.close().frames


def nfs():
    """GETATTR of NFS 3 and its answer."""
    call = struct.pack("!IIIIII", 7, 0, 2, 100003, 3, 1) + b"\0" * 16 + struct.pack("!I", 8) + b"handle77"
    answer = struct.pack("!IIIIII", 7, 1, 0, 0, 0, 0) + struct.pack("!I", 0) + b"\0" * 84
    t = Talk(sport=900, dport=2049).open()
    for back, message in ((False, call), (True, answer)):
        t.send(back, struct.pack("!I", 1 << 31 | len(message)) + message)
    return t.close().frames


def ike1():
    """IKE version 1: proposal, then key exchange, nonce and vendor."""
    def part(following, body):
        return struct.pack("!BBH", following, 0, 4 + len(body)) + body
    def message(responder, first, body):
        head = b"spi-of-i" + responder + bytes([first, 0x10, 2, 0]) + struct.pack("!II", 0, 28 + len(body))
        return head + body
    attributes = struct.pack("!HHHH", 0x8001, 7, 0x8002, 2)
    transform = part(0, b"\1\1\0\0" + attributes)
    proposal = part(0, b"\1\1\0\1" + transform)
    sa = part(13, struct.pack("!II", 1, 1) + proposal)
    vendor = part(0, b"vendor-of-sixteen")
    t = Talk(sport=500, dport=500).udp(False, message(b"\0" * 8, 1, sa + vendor))
    t.udp(True, message(b"spi-of-r", 1, sa + vendor))
    keys = part(10, b"k" * 64) + part(0, b"n" * 32)
    return t.udp(False, message(b"spi-of-r", 4, keys)).udp(True, message(b"spi-of-r", 4, keys)).frames


TRAFFIC = {f.__name__: f for f in (plain, inject, udp, odd, pings, web, dns, ftp, ftp_data, ssh, sip, rpc, ber,
                                   modbus, enip, nfs, ike1, dhcp, snmp, mqtt, rfb, http2)}
# Real captures below ../shared, where a conversation by hand would take a key exchange.
CAPTURES = {
    "tls": "captures/pool/tls_long_cert.pcap",
    "ike": "captures/pool/ipsec_isakmp_esp.pcap",
    "krb5": "compat/cases/krb5-kerberoasting/kerberoast.pcap",
    "smb": "compat/cases/smb2-03-rule/smb2.pcap",
    "pipe": "compat/cases/smb-named-pipe-ascii/input.pcap",
    "dcerpc": "compat/cases/dcerpc-smb-test-01/input.pcap",
    "quic": "compat/cases/quic-ietf/input.pcap",
    "quic46": "captures/pool/quic046.pcap",
    "dnp3": "captures/pool/dnp3.pcap",
    "krb5_error": "compat/cases/bug-8278-krb5-03/baseline.2.flows.pcap",
    "snmpv3": "compat/cases/snmp-v3-encrypted/SNMPv3.pcap",
}


def files():
    """Name and content of what rules refer to."""
    digest = {n: getattr(hashlib, n)(PNG).hexdigest() for n in ("md5", "sha1", "sha256")}
    return {
        "md5.list": digest["md5"] + "\n", "sha1.list": digest["sha1"] + "\n",
        "sha256.list": digest["sha256"] + "\n",
        "md5.other": "0" * 32 + "\n", "sha1.other": "0" * 40 + "\n", "sha256.other": "0" * 64 + "\n",
        "hosts.lst": "d3d3LmV4YW1wbGUuY29t\n",  # www.example.com
        "hosts.rep": "d3d3LmV4YW1wbGUuY29t,50\n",
        "agents.lst": hashlib.md5(b"Agent/1.0 (Test)").hexdigest() + "\n",
        "nets.lst": "10.0.0.1\n", "nets6.lst": "2001:db8::1\n",
        "categories.txt": "1,Bad,known to be bad\n2,Good,known to be good\n",
        "reputation.list": "10.0.0.1,1,90\n10.0.0.0/24,2,40\n",
    }


def hassh(text):
    return hashlib.md5(text.encode()).hexdigest()


# --- the cases ---

C = 'content:"hello"; '
CASES = [
    # header
    ("ttl", "plain", "tcp|ttl:64", "tcp|ttl:63"),
    ("ttl", "plain", "ip|ttl:>63", "ip|ttl:>64"),
    ("template2", "plain", "tcp|template2:64", "tcp|template2:63"),
    ("tos", "plain", "ip|tos:8", "ip|tos:9"),
    ("id", "plain", "ip|id:77", "ip|id:78"),
    ("ip_proto", "plain", "ip|ip_proto:6", "ip|ip_proto:17"),
    ("fragbits", "odd", "ip|fragbits:M", "ip|fragbits:MD"),
    ("fragoffset", "plain", "ip|fragoffset:0", "ip|fragoffset:>0"),
    ("ipopts", "odd", "ip|ipopts:rr", "ip|ipopts:ts"),
    ("sameip", "odd", "udp|sameip", "tcp|sameip"),
    ("l3_proto", "pings", "icmp|l3_proto:ipv6", "icmp|l3_proto:ipv6; itype:8"),
    ("tcp.flags", "plain", "tcp|tcp.flags:S", "tcp|tcp.flags:U"),
    ("tcp.flags", "plain", "tcp|flags:SA", "tcp|flags:SF"),
    ("tcp.seq", "plain", "tcp|tcp.seq:1000", "tcp|tcp.seq:999"),
    ("tcp.ack", "plain", "tcp|tcp.ack:1001", "tcp|tcp.ack:77"),
    ("tcp.window", "plain", "tcp|tcp.window:8192", "tcp|tcp.window:8191"),
    ("tcp.mss", "plain", "tcp|tcp.mss:1400", "tcp|tcp.mss:1401"),
    ("dsize", "plain", "tcp|dsize:14", "tcp|dsize:15"),
    ("itype", "pings", "icmp|itype:8", "icmp|itype:9"),
    ("icode", "pings", "icmp|icode:0; itype:8", "icmp|icode:1; itype:8"),
    ("icmp_id", "pings", "icmp|icmp_id:7", "icmp|icmp_id:8"),
    ("icmp_seq", "pings", "icmp|icmp_seq:3", "icmp|icmp_seq:4"),
    ("icmpv6.mtu", "pings", "icmpv6|icmpv6.mtu:1280", "icmpv6|icmpv6.mtu:1281"),
    ("ip.src", "plain", 'tcp|ip.src; content:"|0a 00 00 01|"', 'tcp|ip.src; content:"|0a 00 00 03|"'),
    ("ip.dst", "plain", 'tcp|ip.dst; content:"|0a 00 00 02|"', 'tcp|ip.dst; content:"|0a 00 00 03|"'),
    ("tcp.hdr", "plain", 'tcp|tcp.hdr; content:"|27 0f|"; offset:2; depth:2',
     'tcp|tcp.hdr; content:"|27 0e|"; offset:2; depth:2'),
    ("udp.hdr", "udp", 'udp|udp.hdr; content:"|27 0f|"; offset:2; depth:2',
     'udp|udp.hdr; content:"|27 0e|"; offset:2; depth:2'),
    ("ipv4.hdr", "plain", 'ip|ipv4.hdr; content:"|45 08|"; startswith',
     'ip|ipv4.hdr; content:"|46 08|"; startswith'),
    ("ipv6.hdr", "pings", 'ip|ipv6.hdr; content:"|3a 40|"; offset:6; depth:2',
     'ip|ipv6.hdr; content:"|3a 41|"; offset:6; depth:2'),
    ("icmpv4.hdr", "pings", 'icmp|icmpv4.hdr; content:"|08 00|"; startswith',
     'icmp|icmpv4.hdr; content:"|05 00|"; startswith'),
    ("icmpv6.hdr", "pings", 'icmpv6|icmpv6.hdr; content:"|80 00|"; startswith',
     'icmpv6|icmpv6.hdr; content:"|85 00|"; startswith'),
    ("ipv4-csum", "odd", "udp|ipv4-csum:invalid", "udp|ipv4-csum:invalid; content:\"myself\""),
    ("tcpv4-csum", "odd", "tcp|tcpv4-csum:invalid", "tcp|tcpv4-csum:invalid; ttl:63"),
    ("tcpv6-csum", "odd", "tcp|tcpv6-csum:invalid", "tcp|tcpv6-csum:invalid; flags:A"),
    ("udpv4-csum", "odd", "udp|udpv4-csum:invalid", "udp|udpv4-csum:invalid; content:\"myself\""),
    ("udpv6-csum", "odd", "udp|udpv6-csum:invalid", "udp|udpv6-csum:invalid; content:\"myself\""),
    ("icmpv4-csum", "odd", "icmp|icmpv4-csum:invalid", "icmp|icmpv4-csum:invalid; itype:0"),
    ("icmpv6-csum", "odd", "icmpv6|icmpv6-csum:invalid", "icmpv6|icmpv6-csum:invalid; itype:129"),
    ("decode-event", "odd", "pkthdr|decode-event:tcp.hlen_too_small",
     "pkthdr|decode-event:tcp.pkt_too_small"),
    ("engine-event", "odd", "pkthdr|engine-event:decoder.tcp.hlen_too_small",
     "pkthdr|engine-event:decoder.tcp.pkt_too_small"),
    # content
    ("content", "plain", 'tcp|content:"hello"', 'tcp|content:"hallo"'),
    ("content", "plain", 'tcp|content:"hello"; content:!"client"', 'tcp|content:"hello"; content:!"server"'),
    ("nocase", "plain", 'tcp|content:"HELLO"; nocase', 'tcp|content:"HELLO"'),
    ("depth", "plain", 'tcp|content:"hello"; depth:5', 'tcp|content:"server"; depth:7'),
    ("offset", "plain", 'tcp|content:"server"; offset:6', 'tcp|content:"server"; offset:7'),
    ("distance", "plain", f'tcp|{C}content:"server"; distance:1', f'tcp|{C}content:"server"; distance:2'),
    ("within", "plain", f'tcp|{C}content:"server"; within:7', f'tcp|{C}content:"server"; within:6'),
    ("startswith", "plain", 'tcp|content:"hello"; startswith', 'tcp|content:"server"; startswith'),
    ("endswith", "plain", 'tcp|content:"client"; endswith', 'tcp|content:"welcome"; endswith'),
    ("rawbytes", "plain", 'tcp|content:"hello"; rawbytes', 'tcp|content:"hallo"; rawbytes'),
    ("fast_pattern", "plain", f'tcp|{C}content:"server"; fast_pattern', f'tcp|{C}content:"sewer"; fast_pattern'),
    ("fast_pattern", "plain", 'tcp|content:"hello server"; fast_pattern:2,5',
     'tcp|content:"hellx server"; fast_pattern:6,5'),
    ("prefilter", "plain", "tcp|flags:S; prefilter", "tcp|flags:U; prefilter"),
    ("replace", "plain", 'tcp|content:"hello"; replace:"HELLO"', 'tcp|content:"hallo"; replace:"HELLO"'),
    ("pkt_data", "web", 'http|http.method; content:"POST"; pkt_data; content:"body text"',
     'http|http.method; content:"POST"; pkt_data; content:"body test"'),
    ("pcre", "plain", 'tcp|pcre:"/number \\d{4}/"', 'tcp|pcre:"/number \\d{5}/"'),
    ("pcre", "plain", f'tcp|{C}pcre:"/^ server/R"', f'tcp|{C}pcre:"/^server/R"'),
    ("pcre", "web", 'http|pcre:"/^\\/PATH/iU"', 'http|pcre:"/^\\/PATH/U"'),
    ("byte_test", "plain", 'tcp|content:"number "; byte_test:4,=,42,0,relative,string,dec',
     'tcp|content:"number "; byte_test:4,=,43,0,relative,string,dec'),
    ("byte_jump", "udp", 'udp|content:"size "; byte_jump:3,0,relative,string,dec; content:"st"; distance:0; within:2',
     'udp|content:"size "; byte_jump:3,0,relative,string,dec; content:"re"; distance:0; within:2'),
    ("byte_extract", "plain", 'tcp|content:"binary"; byte_extract:1,0,one,relative; byte_test:1,>,one,0,relative',
     'tcp|content:"binary"; byte_extract:1,0,one,relative; byte_test:1,<,one,0,relative'),
    ("byte_math", "plain", 'tcp|content:"binary"; byte_math:bytes 1,offset 0,oper +,rvalue 1,result two,relative;'
     ' byte_test:1,=,two,0,relative',
     'tcp|content:"binary"; byte_math:bytes 1,offset 0,oper +,rvalue 2,result two,relative;'
     ' byte_test:1,=,two,0,relative'),
    ("isdataat", "plain", 'tcp|content:"welcome"; isdataat:6,relative', 'tcp|content:"welcome"; isdataat:8,relative'),
    ("base64_decode,base64_data", "plain",
     'tcp|content:"|02| "; base64_decode:bytes 12,offset 0,relative; base64_data; content:"test"',
     'tcp|content:"|02| "; base64_decode:bytes 12,offset 0,relative; base64_data; content:"toast"'),
    ("bsize", "dns", 'dns|dns.query; content:"www"; bsize:15', 'dns|dns.query; content:"www"; bsize:16'),
    ("rpc", "rpc", "udp|rpc:100000,2,3", "udp|rpc:100000,2,4"),
    ("asn1", "ber", 'udp|asn1:oversize_length 19, absolute_offset 2', 'udp|asn1:oversize_length 400, absolute_offset 2'),
    ("asn1", "ber", 'udp|content:"AB"; asn1:bitstring_overflow, relative_offset 0',
     'udp|content:"AB"; asn1:bitstring_overflow, relative_offset 8'),
    ("asn1", "ber", 'udp|asn1:double_overflow, absolute_offset 2', 'udp|asn1:double_overflow, absolute_offset 100'),
    # transforms
    ("dotprefix", "dns", 'dns|dns.query; dotprefix; content:".www.example.com"',
     'dns|dns.query; dotprefix; content:".ww.example.com"'),
    ("to_lowercase", "web", 'http|http.user_agent; to_lowercase; content:"agent/1.0 (test)"',
     'http|http.user_agent; to_lowercase; content:"agent/2.0"'),
    ("to_uppercase", "web", 'http|http.user_agent; to_uppercase; content:"AGENT/1.0"',
     'http|http.user_agent; to_uppercase; content:"AGENT/2.0"'),
    ("to_md5", "web", 'http|http.host; to_md5; content:"|%s|"' % hashlib.md5(b"www.example.com").hexdigest(),
     'http|http.host; to_md5; content:"|%s|"' % hashlib.md5(b"ww.example.com").hexdigest()),
    ("to_sha1", "web", 'http|http.host; to_sha1; content:"|%s|"' % hashlib.sha1(b"www.example.com").hexdigest(),
     'http|http.host; to_sha1; content:"|%s|"' % hashlib.sha1(b"ww.example.com").hexdigest()),
    ("to_sha256", "web", 'http|http.host; to_sha256; content:"|%s|"' % hashlib.sha256(b"www.example.com").hexdigest(),
     'http|http.host; to_sha256; content:"|%s|"' % hashlib.sha256(b"ww.example.com").hexdigest()),
    ("strip_whitespace", "web", 'http|http.user_agent; strip_whitespace; content:"1.0(Test)"',
     'http|http.user_agent; strip_whitespace; content:"2.0(Test)"'),
    ("compress_whitespace", "web", 'http|http.request_body; compress_whitespace; content:"body text"',
     'http|http.request_body; compress_whitespace; content:"body test"'),
    ("url_decode", "web", 'http|http.uri.raw; url_decode; content:"file.php"',
     'http|http.uri.raw; url_decode; content:"file%2Ephp"'),
    ("xor", "dns", 'dns|dns.query; xor:"20"; content:"WWW|0e|"', 'dns|dns.query; xor:"21"; content:"WWW|0e|"'),
    ("pcrexform", "web", 'http|http.request_line; pcrexform:"[a-zA-Z]+\\s+(.*)\\s+HTTP"; content:"/path"; startswith',
     'http|http.request_line; pcrexform:"[a-zA-Z]+\\s+(.*)\\s+HTTP"; content:"POST"'),
    ("header_lowercase", "web", 'http|http.request_header; header_lowercase; content:"user-agent: A"',
     'http|http.request_header; header_lowercase; content:"User-Agent: A"'),
    ("strip_pseudo_headers", "http2", 'http2|flow:to_server; http.header.raw; strip_pseudo_headers; content:"x-extra"',
     'http2|flow:to_server; http.header.raw; strip_pseudo_headers; content:":authority"'),
    # flow and state
    ("flow", "plain", 'tcp|flow:to_server; content:"hello"', 'tcp|flow:to_client; content:"hello"'),
    ("flow", "plain", "tcp|flow:established; dsize:14", "tcp|flow:not_established; dsize:14"),
    ("flow", "plain", 'tcp|flow:only_stream; content:"hello"', 'tcp|flow:no_stream; flow.age:>100; content:"hello"'),
    ("flow.age", "plain", 'tcp|content:"later"; flow.age:>2', 'tcp|content:"later"; flow.age:>5'),
    ("stream_size", "plain", "tcp|stream_size:client,>,10", "tcp|stream_size:client,>,1000"),
    ("flowbits", "plain", 'tcp|content:"hello"; flowbits:set,{n}; noalert\n'
     'tcp|content:"welcome"; flowbits:isset,{n}', 'tcp|content:"hello"; flowbits:set,{n}; noalert\n'
     'tcp|content:"welcome"; flowbits:isnotset,{n}'),
    ("flowbits", "plain", 'tcp|content:"hello"; flowbits:toggle,{n}; noalert\ntcp|content:"welcome"; flowbits:isset,{n}',
     'tcp|content:"hello"; flowbits:unset,{n}; noalert\ntcp|content:"welcome"; flowbits:isset,{n}'),
    ("flowint", "plain", 'tcp|content:"hello"; flowint:{n},+,3; noalert\ntcp|content:"welcome"; flowint:{n},==,3',
     'tcp|content:"hello"; flowint:{n},+,3; noalert\ntcp|content:"welcome"; flowint:{n},>,3'),
    ("flowint", "plain", 'tcp|content:"hello"; flowint:{n},=,1; noalert\ntcp|content:"welcome"; flowint:{n},isset',
     'tcp|content:"hello"; flowint:{n},=,1; noalert\ntcp|content:"welcome"; flowint:{n},notset'),
    ("flowvar", "plain", 'tcp|pcre:"/number (?P<flow_{n}>\\d+)/"; noalert\ntcp|content:"welcome"; flowvar:{n},"0042"',
     'tcp|pcre:"/number (?P<flow_{n}>\\d+)/"; noalert\ntcp|content:"welcome"; flowvar:{n},"0043"'),
    ("pktvar", "plain", 'tcp-pkt|pcre:"/number (?P<pkt_{n}>\\d+)/"; noalert\ntcp-pkt|content:"hello"; pktvar:{n},"0042"',
     'tcp-pkt|pcre:"/number (?P<pkt_{n}>\\d+)/"; noalert\ntcp-pkt|content:"hello"; pktvar:{n},"0043"'),
    ("xbits", "plain", 'tcp|content:"hello"; xbits:set,{n},track ip_pair; noalert\n'
     'tcp|content:"welcome"; xbits:isset,{n},track ip_pair',
     'tcp|content:"hello"; xbits:set,{n},track ip_src; noalert\ntcp|content:"welcome"; xbits:isset,{n},track ip_src'),
    ("xbits", "plain", 'tcp-pkt|content:"hello"; xbits:set,{n},track ip_dst,expire 9; noalert\n'
     'tcp-pkt|content:"later"; xbits:isset,{n},track ip_dst',
     'tcp-pkt|content:"hello"; xbits:set,{n},track ip_dst,expire 1; noalert\n'
     'tcp-pkt|content:"later"; xbits:isset,{n},track ip_dst'),
    ("hostbits", "plain", 'tcp|content:"hello"; hostbits:set,{n},src; noalert\ntcp|content:"welcome"; hostbits:isset,{n},dst',
     'tcp|content:"hello"; hostbits:set,{n},src; noalert\ntcp|content:"welcome"; hostbits:isset,{n},src'),
    ("stream-event", "inject", "tcp|stream-event:pkt_invalid_ack", "tcp|stream-event:fin_but_no_session"),
    ("threshold", "plain", "tcp|dsize:>0; threshold:type threshold,track by_rule,count 3,seconds 60",
     "tcp|dsize:>0; threshold:type threshold,track by_rule,count 30,seconds 60"),
    ("detection_filter", "plain", "tcp|dsize:>0; detection_filter:track by_src,count 1,seconds 60",
     "tcp|dsize:>0; detection_filter:track by_src,count 2,seconds 60"),
    ("iprep", "plain", "ip|iprep:src,Bad,>,80", "ip|iprep:src,Bad,>,90"),
    ("iprep", "plain", "tcp|flow:to_server; iprep:dst,Good,=,40", "tcp|flow:to_server; iprep:src,Good,=,40"),
    ("geoip", "plain", "ip|geoip:src,JP", "ip|geoip:src,US"),
    ("geoip", "plain", "tcp|flow:to_server; geoip:dst,!JP", "tcp|flow:to_server; geoip:src,!JP"),
    ("dataset", "web", "http|http.host; dataset:isset,{n},type string,load {folder}/hosts.lst",
     "http|http.host; dataset:isnotset,{n},type string,load {folder}/hosts.lst"),
    ("dataset", "web", "http|http.user_agent; to_md5; dataset:isset,{n},type md5,load {folder}/agents.lst",
     "http|http.host; to_md5; dataset:isset,{n},type md5,load {folder}/agents.lst"),
    ("dataset", "web", "ip|ip.src; dataset:isset,{n},type ip,load {folder}/nets.lst; ip.dst; content:\"|02|\"; endswith",
     "ip|ip.src; dataset:isset,{n},type ip,load {folder}/nets6.lst"),
    ("dataset", "web", "http|http.host; dataset:set,{n},type string",
     "http|http.host; dataset:isset,{n},type string"),
    ("datarep", "web", "http|http.host; datarep:{n},==,50,load {folder}/hosts.rep,type string",
     "http|http.host; datarep:{n},>,50,load {folder}/hosts.rep,type string"),
    ("app-layer-protocol", "web", "tcp|app-layer-protocol:http", "tcp|app-layer-protocol:ssh"),
    ("app-layer-event", "dns", "dns|app-layer-event:dns.z_flag_set", "dns|app-layer-event:dns.malformed_data"),
    ("noalert", "plain", 'tcp|content:"hello"', 'tcp|content:"hello"; noalert'),
    ("alert", "plain", 'tcp|content:"hello"; noalert; alert', 'tcp|content:"hello"; alert; noalert'),
    ("requires", "plain", 'tcp|requires:version >= 7.0; content:"hello"', 'tcp|requires:version >= 8; content:"hello"'),
    ("bypass", "plain", 'tcp|content:"welcome"', 'tcp|content:"hello"; bypass; noalert\ntcp|content:"welcome"'),
    # http
    ("http.method", "web", 'http|http.method; content:"POST"', 'http|http.method; content:"GET"'),
    ("http.uri", "web", 'http|http.uri; content:"file.php"', 'http|http.uri; content:"file%2Ephp"'),
    ("http.uri.raw", "web", 'http|http.uri.raw; content:"file%2Ephp"', 'http|http.uri.raw; content:"file.php"'),
    ("http.host", "web", 'http|http.host; content:"www.example.com"; bsize:15', 'http|http.host; content:"www.example.org"'),
    ("http.host.raw", "web", 'http|http.host.raw; content:"www.example.com"', 'http|http.host.raw; content:"www.example.org"'),
    ("http.user_agent", "web", 'http|http.user_agent; content:"Agent"', 'http|http.user_agent; content:"agent"'),
    ("http.header", "web", 'http|http.header; content:"Accept-Language: ja"', 'http|http.header; content:"Accept-Language: en"'),
    ("http.header.raw", "web", 'http|flow:to_server; http.header.raw; content:"Cookie: a=b"',
     'http|flow:to_server; http.header.raw; content:"Cookie: a=c"'),
    ("http.header_names", "web", 'http|http.header_names; content:"|0d 0a|Host|0d 0a|User-Agent|0d 0a|"',
     'http|http.header_names; content:"|0d 0a|User-Agent|0d 0a|Host|0d 0a|"'),
    ("http.request_header", "web", 'http|http.request_header; content:"Host: www"; startswith',
     'http|http.request_header; content:"ost: www"; startswith'),
    ("http.response_header", "web", 'http|http.response_header; content:"Server: nginx"; startswith',
     'http|http.response_header; content:"Host: www"; startswith'),
    ("http.cookie", "web", 'http|flow:to_server; http.cookie; content:"a=b"', 'http|flow:to_server; http.cookie; content:"c=d"'),
    ("http.accept", "web", 'http|http.accept; content:"text/x-test"', 'http|http.accept; content:"text/html"'),
    ("http.accept_enc", "web", 'http|http.accept_enc; content:"gzip"', 'http|http.accept_enc; content:"deflate"'),
    ("http.accept_lang", "web", 'http|http.accept_lang; content:"ja"', 'http|http.accept_lang; content:"en"'),
    ("http.connection", "web", 'http|http.connection; content:"keep-alive"', 'http|http.connection; content:"close"'),
    ("http.content_len", "web", 'http|flow:to_server; http.content_len; content:"9"', 'http|flow:to_server; http.content_len; content:"8"'),
    ("http.content_type", "web", 'http|flow:to_client; http.content_type; content:"image/png"',
     'http|flow:to_client; http.content_type; content:"text/plain"'),
    ("http.referer", "web", 'http|http.referer; content:"http://ref/"', 'http|http.referer; content:"https://ref/"'),
    ("http.protocol", "web", 'http|http.protocol; content:"HTTP/1.1"', 'http|http.protocol; content:"HTTP/1.0"'),
    ("http.request_line", "web", 'http|http.request_line; content:"POST /path"', 'http|http.request_line; content:"GET /path"'),
    ("http.response_line", "web", 'http|http.response_line; content:"404 Not"', 'http|http.response_line; content:"200 OK"'),
    ("http.start", "web", 'http1|http.start; content:"POST /path"; startswith', 'http1|http.start; content:"PUT /path"; startswith'),
    ("http.stat_code", "web", 'http|http.stat_code; content:"404"', 'http|http.stat_code; content:"200"'),
    ("http.stat_msg", "web", 'http|http.stat_msg; content:"Not Found"', 'http|http.stat_msg; content:"OK"'),
    ("http.server", "web", 'http|http.server; content:"nginx"', 'http|http.server; content:"apache"'),
    ("http.location", "web", 'http|http.location; content:"/there"', 'http|http.location; content:"/here"'),
    ("http.request_body", "web", 'http|http.request_body; content:"body text"', 'http|http.request_body; content:"IHDR"'),
    ("http.response_body", "web", 'http|http.response_body; content:"IHDR"', 'http|http.response_body; content:"body text"'),
    ("http_method", "web", 'http|content:"POST"; http_method', 'http|content:"GET"; http_method'),
    ("http_uri", "web", 'http|content:"file.php"; http_uri', 'http|content:"file%2E"; http_uri'),
    ("http_raw_uri", "web", 'http|content:"file%2E"; http_raw_uri', 'http|content:"file.php"; http_raw_uri'),
    ("http_host", "web", 'http|content:"example"; http_host', 'http|content:"exomple"; http_host'),
    ("http_raw_host", "web", 'http|content:"example"; http_raw_host', 'http|content:"exomple"; http_raw_host'),
    ("http_user_agent", "web", 'http|content:"Agent"; http_user_agent', 'http|content:"Igent"; http_user_agent'),
    ("http_header", "web", 'http|content:"Referer"; http_header', 'http|content:"Refferer"; http_header'),
    ("http_raw_header", "web", 'http|flow:to_server; content:"Cookie"; http_raw_header',
     'http|flow:to_server; content:"Kookie"; http_raw_header'),
    ("http_cookie", "web", 'http|flow:to_server; content:"a=b"; http_cookie', 'http|flow:to_server; content:"a=c"; http_cookie'),
    ("http_client_body", "web", 'http|content:"body"; http_client_body', 'http|content:"IHDR"; http_client_body'),
    ("http_server_body", "web", 'http|content:"IHDR"; http_server_body', 'http|content:"never there"; http_server_body'),
    ("http_stat_code", "web", 'http|content:"404"; http_stat_code', 'http|content:"405"; http_stat_code'),
    ("http_stat_msg", "web", 'http|content:"Found"; http_stat_msg', 'http|content:"found"; http_stat_msg'),
    ("uricontent", "web", 'http|uricontent:"file.php"', 'http|uricontent:"file.asp"'),
    ("urilen", "web", "http|urilen:>20", "http|urilen:>40"),
    # files
    ("file.data", "web", 'http|flow:to_client; file.data; content:"IHDR"', 'http|flow:to_client; file.data; content:"IDAT"'),
    ("file.name,filename", "web", 'http|file.name; content:"file"', 'http|file.name; content:"image"'),
    ("filename", "web", 'http|filename:"file.php"', 'http|filename:"other.php"'),
    ("fileext", "web", 'http|fileext:"php"', 'http|fileext:"exe"'),
    ("file.magic", "web", 'http|file.magic; content:"PNG image"', 'http|file.magic; content:"JPEG image"'),
    ("filemagic", "web", 'http|filemagic:"PNG image"', 'http|filemagic:"JPEG image"'),
    ("filesize", "web", f"http|filesize:{len(PNG)}", f"http|filesize:>{len(PNG)}"),
    ("filemd5", "web", "http|filemd5:md5.list", "http|filemd5:md5.other"),
    ("filesha1", "web", "http|filesha1:sha1.list", "http|filesha1:sha1.other"),
    ("filesha256", "web", "http|filesha256:sha256.list", "http|filesha256:sha256.other"),
    ("filestore", "web", 'http|flow:to_client; filestore; http.stat_code; content:"404"',
     'http|flow:to_client; filestore; http.stat_code; content:"200"'),
    # dns
    ("dns.query", "dns", 'dns|dns.query; content:"example.com"', 'dns|dns.query; content:"example.net"'),
    ("dns.opcode", "dns", "dns|dns.opcode:4", "dns|dns.opcode:5"),
    # ssh
    ("ssh.proto", "ssh", 'ssh|flow:to_server; ssh.proto; content:"2.0"', 'ssh|flow:to_server; ssh.proto; content:"1.5"'),
    ("ssh.software", "ssh", 'ssh|flow:to_client; ssh.software; content:"OpenSSH"', 'ssh|flow:to_client; ssh.software; content:"Client"'),
    ("ssh.protoversion", "ssh", "ssh|ssh.protoversion:2.0", "ssh|ssh.protoversion:1.5"),
    ("ssh.softwareversion", "ssh", "ssh|ssh.softwareversion:OpenSSH_9.2", "ssh|ssh.softwareversion:OpenSSH_9.3"),
    ("ssh.hassh", "ssh", 'ssh|ssh.hassh; content:"%s"' % hassh("curve25519-sha256;aes128-ctr;hmac-sha2-256;none"), 'ssh|ssh.hassh; content:"0123456789abcdef0123456789abcdef"'),
    ("ssh.hassh.string", "ssh", 'ssh|ssh.hassh.string; content:"curve25519"', 'ssh|ssh.hassh.string; content:"curve448"'),
    ("ssh.hassh.server", "ssh", 'ssh|ssh.hassh.server; content:"%s"' % hassh("curve25519-sha256;aes256-ctr;hmac-sha2-512;none"),
     'ssh|ssh.hassh.server; content:"0123456789abcdef0123456789abcdef"'),
    ("ssh.hassh.server.string", "ssh", 'ssh|ssh.hassh.server.string; content:"aes256-ctr"',
     'ssh|ssh.hassh.server.string; content:"aes192-ctr"'),
    # ftp
    ("ftpbounce", "ftp", "ftp|ftpbounce", "ftp|ftpbounce; content:\"PASV\""),
    ("ftpdata_command", "ftp_data", "ftp-data|ftpdata_command:retr", "ftp-data|ftpdata_command:stor"),
    # sip
    ("sip.method", "sip", 'sip|sip.method; content:"INVITE"', 'sip|sip.method; content:"BYE"'),
    ("sip.uri", "sip", 'sip|sip.uri; content:"bob@"', 'sip|sip.uri; content:"eve@"'),
    ("sip.protocol", "sip", 'sip|sip.protocol; content:"SIP/2.0"', 'sip|sip.protocol; content:"SIP/1.0"'),
    ("sip.request_line", "sip", 'sip|sip.request_line; content:"INVITE sip:bob"', 'sip|sip.request_line; content:"BYE sip:bob"'),
    ("sip.response_line", "sip", 'sip|sip.response_line; content:"486 Busy"', 'sip|sip.response_line; content:"200 OK"'),
    ("sip.stat_code", "sip", 'sip|sip.stat_code; content:"486"', 'sip|sip.stat_code; content:"487"'),
    ("sip.stat_msg", "sip", 'sip|sip.stat_msg; content:"Busy Here"', 'sip|sip.stat_msg; content:"Busy There"'),
    # industrial
    ("modbus", "modbus", "modbus|modbus:function 3", "modbus|modbus:function 4"),
    ("enip_command", "enip", "enip|enip_command:101", "enip|enip_command:102"),
    ("cip_service", "enip", "enip|enip_command:101", "enip|cip_service:75"),
    ("dnp3_func", "dnp3", "dnp3|dnp3_func:read", "dnp3|dnp3_func:immed_freeze"),
    ("dnp3_ind", "dnp3", "dnp3|dnp3_ind:device_restart", "dnp3|dnp3_ind:config_corrupt"),
    ("dnp3_obj", "dnp3", "dnp3|dnp3_obj:60,1", "dnp3|dnp3_obj:99,9"),
    ("dnp3.data", "dnp3", 'dnp3|dnp3.data; content:"|3c 01|"', 'dnp3|dnp3.data; content:"never there"'),
    # dhcp, snmp
    ("dhcp.leasetime", "dhcp", "dhcp|dhcp.leasetime:3600", "dhcp|dhcp.leasetime:>3600"),
    ("dhcp.renewal_time", "dhcp", "dhcp|dhcp.renewal_time:1800", "dhcp|dhcp.renewal_time:>1800"),
    ("dhcp.rebinding_time", "dhcp", "dhcp|dhcp.rebinding_time:3150", "dhcp|dhcp.rebinding_time:>3150"),
    ("snmp.version", "snmp", "snmp|snmp.version:2", "snmp|snmp.version:3"),
    ("snmp.community", "snmp", 'snmp|snmp.community; content:"public"', 'snmp|snmp.community; content:"private"'),
    ("snmp.pdu_type", "snmp", "snmp|snmp.pdu_type:0", "snmp|snmp.pdu_type:3"),
    ("snmp.usm", "snmpv3", 'snmp|snmp.usm; content:"admin"', 'snmp|snmp.usm; content:"nobody"'),
    # mqtt
    ("mqtt.type", "mqtt", "mqtt|mqtt.type:CONNECT", "mqtt|mqtt.type:AUTH"),
    ("mqtt.protocol_version", "mqtt", "mqtt|mqtt.protocol_version:4", "mqtt|mqtt.protocol_version:5"),
    ("mqtt.flags", "mqtt", "mqtt|mqtt.flags:retain", "mqtt|mqtt.flags:retain,dup"),
    ("mqtt.qos", "mqtt", "mqtt|mqtt.qos:1; mqtt.type:PUBLISH", "mqtt|mqtt.qos:2"),
    ("mqtt.connect.clientid", "mqtt", 'mqtt|mqtt.connect.clientid; content:"client7"', 'mqtt|mqtt.connect.clientid; content:"client8"'),
    ("mqtt.connect.flags", "mqtt", "mqtt|mqtt.connect.flags:username,password,will", "mqtt|mqtt.connect.flags:will_retain"),
    ("mqtt.connect.username", "mqtt", 'mqtt|mqtt.connect.username; content:"user7"', 'mqtt|mqtt.connect.username; content:"user8"'),
    ("mqtt.connect.password", "mqtt", 'mqtt|mqtt.connect.password; content:"secret7"', 'mqtt|mqtt.connect.password; content:"secret8"'),
    ("mqtt.connect.willtopic", "mqtt", 'mqtt|mqtt.connect.willtopic; content:"last/topic"', 'mqtt|mqtt.connect.willtopic; content:"first/topic"'),
    ("mqtt.connect.willmessage", "mqtt", 'mqtt|mqtt.connect.willmessage; content:"last words"', 'mqtt|mqtt.connect.willmessage; content:"first words"'),
    ("mqtt.connack.session_present", "mqtt", "mqtt|mqtt.connack.session_present:no", "mqtt|mqtt.connack.session_present:yes"),
    ("mqtt.reason_code", "mqtt", "mqtt|mqtt.reason_code:0", "mqtt|mqtt.reason_code:5"),
    ("mqtt.publish.topic", "mqtt", 'mqtt|mqtt.publish.topic; content:"pub/topic"', 'mqtt|mqtt.publish.topic; content:"sub/topic"'),
    ("mqtt.publish.message", "mqtt", 'mqtt|mqtt.publish.message; content:"payload7"', 'mqtt|mqtt.publish.message; content:"payload8"'),
    ("mqtt.subscribe.topic", "mqtt", 'mqtt|mqtt.subscribe.topic; content:"sub/topic"', 'mqtt|mqtt.subscribe.topic; content:"pub/topic"'),
    ("mqtt.unsubscribe.topic", "mqtt", 'mqtt|mqtt.unsubscribe.topic; content:"sub/topic"', 'mqtt|mqtt.unsubscribe.topic; content:"pub/topic"'),
    # rfb
    ("rfb.name", "rfb", 'rfb|rfb.name; content:"desktop"', 'rfb|rfb.name; content:"laptop"'),
    ("rfb.sectype", "rfb", "rfb|rfb.sectype:2", "rfb|rfb.sectype:1"),
    ("rfb.secresult", "rfb", "rfb|rfb.secresult:ok", "rfb|rfb.secresult:fail"),
    # http2
    ("http2.frametype", "http2", "http2|http2.frametype:SETTINGS", "http2|http2.frametype:PING"),
    ("http2.errorcode", "http2", "http2|http2.errorcode:CANCEL", "http2|http2.errorcode:NO_ERROR"),
    ("http2.header_name", "http2", 'http2|http2.header_name; content:"x-extra"', 'http2|http2.header_name; content:"x-other"'),
    ("http2.priority", "http2", "http2|http2.priority:199", "http2|http2.priority:>200"),
    ("http2.settings", "http2", "http2|http2.settings:SETTINGS_INITIAL_WINDOW_SIZE=65536",
     "http2|http2.settings:SETTINGS_INITIAL_WINDOW_SIZE>65536"),
    ("http2.size_update", "http2", "http2|http2.size_update:4096", "http2|http2.size_update:>4096"),
    ("http2.window", "http2", "http2|http2.window:1000", "http2|http2.window:>1000"),
    # tls
    ("tls.sni", "tls", 'tls|tls.sni; content:"www.repubblica.it"', 'tls|tls.sni; content:"never.there"'),
    ("tls.sni", "tls", 'tls|tls.sni; content:!"never.there"', 'tls|tls.sni; content:!"www"'),
    ("tls.version", "tls", "tls|tls.version:1.2", "tls|tls.version:1.0"),
    ("ssl_version", "tls", "tls|ssl_version:tls1.2", "tls|ssl_version:sslv3"),
    ("ssl_state", "tls", "tls|ssl_state:client_hello", "tls|ssl_state:unknown"),
    ("tls.subject", "tls", 'tls|tls.subject:"CN=www.repstatic.it"', 'tls|tls.subject:"CN=never there"'),
    ("tls.issuerdn", "tls", 'tls|tls.issuerdn:"CN=GeoTrust RSA CA 2018"', 'tls|tls.issuerdn:"CN=never there"'),
    ("tls.fingerprint", "tls", 'tls|tls.fingerprint:"0c:9f:21:db:65:a1:be:eb:d8:89:38:d3:ff:7a:d9:02:8b:f1:60:a1"',
     'tls|tls.fingerprint:"00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13"'),
    ("tls.cert_subject", "tls", 'tls|tls.cert_subject; content:"CN="', 'tls|tls.cert_subject; content:"CN=never there"'),
    ("tls.cert_issuer", "tls", 'tls|tls.cert_issuer; content:"CN=GeoTrust RSA CA 2018"', 'tls|tls.cert_issuer; content:"CN=never there"'),
    ("tls.cert_serial", "tls", 'tls|tls.cert_serial; content:"07:AC:6D:74"', 'tls|tls.cert_serial; content:"00:00:99"'),
    ("tls.cert_fingerprint", "tls", 'tls|tls.cert_fingerprint; content:"0c:9f:21:db:65:a1:be:eb:d8:89:38:d3:ff:7a:d9:02:8b:f1:60:a1"',
     'tls|tls.cert_fingerprint; content:"00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13"'),
    ("tls.certs", "tls", 'tls|tls.certs; content:"|30 82|"; startswith', 'tls|tls.certs; content:"never there"'),
    ("tls.cert_chain_len", "tls", "tls|tls.cert_chain_len:>0", "tls|tls.cert_chain_len:>50"),
    ("tls.random", "tls", "tls|flow:to_server; tls.random; bsize:32", "tls|flow:to_server; tls.random; bsize:31"),
    ("tls.random_time", "tls", "tls|flow:to_server; tls.random_time; bsize:4", "tls|flow:to_server; tls.random_time; bsize:5"),
    ("tls.random_bytes", "tls", "tls|flow:to_server; tls.random_bytes; bsize:28", "tls|flow:to_server; tls.random_bytes; bsize:29"),
    ("tls_cert_notbefore", "tls", "tls|tls_cert_notbefore:>1990-01-01", "tls|tls_cert_notbefore:<1990-01-01"),
    ("tls_cert_notafter", "tls", "tls|tls_cert_notafter:>1990-01-01", "tls|tls_cert_notafter:<1990-01-01"),
    ("tls_cert_valid,tls_cert_expired", "tls", "tls|tls_cert_valid", "tls|tls_cert_expired"),
    ("tls_store", "tls", 'tls|tls.cert_subject; content:"CN="; tls_store', 'tls|tls.cert_subject; content:"CN=never"; tls_store'),
    ("ja3.hash", "tls", 'tls|ja3.hash; content:"66918128f1b9b03303d77c6f2eefd128"', 'tls|ja3.hash; content:"0123456789abcdef0123456789abcdef"'),
    ("ja3.string", "tls", 'tls|ja3.string; content:"771,"', 'tls|ja3.string; content:"never"'),
    ("ja3s.hash", "tls", 'tls|ja3s.hash; content:"35af4c8cd9495354f7d701ce8ad7fd2d"', 'tls|ja3s.hash; content:"0123456789abcdef0123456789abcdef"'),
    ("ja3s.string", "tls", 'tls|ja3s.string; content:"771,"', 'tls|ja3s.string; content:"never"'),
    ("ja4.hash", "tls", 'tls|ja4.hash; content:"t1"; startswith', 'tls|ja4.hash; content:"q1"; startswith'),
    # others
    ("ike.exchtype", "ike", "ike|ike.exchtype:34", "ike|ike.exchtype:33"),
    ("ike.init_spi", "ike", 'ike|ike.init_spi; content:"b64ef32131a48952"', 'ike|ike.init_spi; content:"0000000000000001"'),
    ("ike.resp_spi", "ike1", 'ike|ike.resp_spi; bsize:16', 'ike|ike.resp_spi; bsize:15'),
    ("ike.key_exchange_payload", "ike1", "ike|ike.key_exchange_payload; bsize:>10", "ike|ike.key_exchange_payload; bsize:>10000"),
    ("ike.key_exchange_payload_length", "ike1", "ike|ike.key_exchange_payload_length:>10", "ike|ike.key_exchange_payload_length:>10000"),
    ("ike.nonce_payload", "ike1", "ike|ike.nonce_payload; bsize:>10", "ike|ike.nonce_payload; bsize:>10000"),
    ("ike.nonce_payload_length", "ike1", "ike|ike.nonce_payload_length:>10", "ike|ike.nonce_payload_length:>10000"),
    ("ike.vendor", "ike1", "ike|ike.vendor; bsize:>10", "ike|ike.vendor; bsize:>10000"),
    ("ike.chosen_sa_attribute", "ike1", "ike|ike.chosen_sa_attribute:alg_enc=7", "ike|ike.chosen_sa_attribute:alg_enc=1"),
    ("krb5_msg_type", "krb5", "krb5|krb5_msg_type:13", "krb5|krb5_msg_type:30"),
    ("krb5_err_code", "krb5_error", "krb5|krb5_err_code:25", "krb5|krb5_err_code:99"),
    ("krb5.cname", "krb5", 'krb5|krb5.cname; content:"spotless"', 'krb5|krb5.cname; content:"nobody"'),
    ("krb5.sname", "krb5", 'krb5|krb5.sname; content:"HTTP"', 'krb5|krb5.sname; content:"nobody"'),
    ("krb5.ticket_encryption", "krb5", "krb5|krb5.ticket_encryption:weak", "krb5|krb5.ticket_encryption:18"),
    ("nfs.version", "nfs", "nfs|nfs.version:3", "nfs|nfs.version:4"),
    ("nfs_procedure", "nfs", "nfs|nfs_procedure:1", "nfs|nfs_procedure:21"),
    ("smb.ntlmssp_user", "smb", 'smb|smb.ntlmssp_user; content:"Administrator"', 'smb|smb.ntlmssp_user; content:"nobody"'),
    ("smb.ntlmssp_domain", "smb", 'smb|smb.ntlmssp_domain; content:"CONTOSO"', 'smb|smb.ntlmssp_domain; content:"nobody"'),
    ("smb.share", "dcerpc", 'smb|smb.share; bsize:>0', 'smb|smb.share; content:"nowhere"'),
    ("smb.named_pipe", "pipe", 'smb|smb.named_pipe; bsize:>1', 'smb|smb.named_pipe; content:"nowhere"'),
    ("dcerpc.iface", "dcerpc", "dcerpc|dcerpc.iface:367abb81-9844-35f1-ad32-98f038001003",
     "dcerpc|dcerpc.iface:367abb81-9844-35f1-ad32-98f038001004"),
    ("dcerpc.opnum", "dcerpc", "dcerpc|dcerpc.iface:367abb81-9844-35f1-ad32-98f038001003; dcerpc.opnum:15",
     "dcerpc|dcerpc.iface:367abb81-9844-35f1-ad32-98f038001003; dcerpc.opnum:14444"),
    ("dcerpc.stub_data", "dcerpc", "dcerpc|dcerpc.stub_data; bsize:>0", 'dcerpc|dcerpc.stub_data; content:"never there"'),
    ("quic.version", "quic46", 'quic|quic.version; content:"Q046"', 'quic|quic.version; content:"Q050"'),
    ("quic.ua", "quic46", 'quic|quic.ua; content:"Chrome"', 'quic|quic.ua; content:"Opera"'),
    ("quic.sni", "quic", 'quic|quic.sni; content:"msquic.net"', 'quic|quic.sni; content:"nowhere"'),
    ("quic.cyu.hash", "quic46", 'quic|quic.cyu.hash; content:"a46560d4548108cf99308319b3b85346"',
     'quic|quic.cyu.hash; content:"0123456789abcdef0123456789abcdef"'),
    ("quic.cyu.string", "quic46", 'quic|quic.cyu.string; content:"46,PAD-SNI"', 'quic|quic.cyu.string; content:"never there"'),
    ("frame", "sip", 'ip|frame:sip.request.line; content:"INVITE"; startswith', 'ip|frame:sip.request.line; content:"BYE"; startswith'),
    ("frame", "nfs", 'ip|frame:nfs.rpc.creds; bsize:8', 'ip|frame:nfs.rpc.creds; bsize:9'),
    ("frame", "nfs", 'ip|frame:nfs.nfs.pdu; content:"handle77"; endswith', 'ip|frame:nfs.nfs.status; content:"handle77"'),
    ("frame", "nfs", 'nfs|frame:nfs.status; bsize:4', 'nfs|frame:nfs4.status; bsize:4'),
    ("pcre", "mqtt", 'mqtt|pcre:"/client7/"', 'mqtt|pcre:"/client8/"'),
    ("frame", "web", 'http1|frame:request; content:"POST"; startswith', 'http1|frame:request; content:"GET"; startswith'),
]

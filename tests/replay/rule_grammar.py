"""Rules made at random from the keywords of Suricata 7.0.10, about what a capture holds; used by `generated`.

A group is one or more rules that belong together (bits that one sets and another asks for); a rule is its head and
its options. Sids are given when they are written.
"""
import base64
import dataclasses

# Sticky buffer, protocols, legacy modifier, letter of pcre, where EVE records show what it holds.
BUFFERS = [line.split(None, 4) for line in """
http.uri            http    http_uri          U http.url
http.uri.raw        http    http_raw_uri      I http.url
http.method         http    http_method       M http.http_method
http.protocol       http    -                 - http.protocol
http.user_agent     http    http_user_agent   V http.http_user_agent
http.host           http    http_host         W http.hostname
http.host.raw       http    http_raw_host     Z http.hostname
http.referer        http    -                 - http.http_refer
http.content_type   http    -                 - http.http_content_type
http.stat_code      http    http_stat_code    S http.status
http.stat_msg       http    http_stat_msg     Y -
http.header         http    http_header       H http.headers
http.header.raw     http    http_raw_header   D http.headers
http.header_names   http    -                 - http.names
http.request_header http    -                 - http.lines
http.response_header http   -                 - http.lines
http.accept         http    -                 - http.header.accept
http.accept_enc     http    -                 - http.header.accept-encoding
http.accept_lang    http    -                 - http.header.accept-language
http.connection     http    -                 - http.header.connection
http.content_len    http    -                 - http.header.content-length
http.location       http    -                 - http.header.location
http.server         http    -                 - http.header.server
http.cookie         http    http_cookie       C http.header.cookie
http.request_line   http    -                 - http.request_line
http.response_line  http    -                 - http.response_line
http.start          http1   -                 - http.request_line
http.request_body   http    http_client_body  P payload
http.response_body  http    http_server_body  Q payload
file.data           files   -                 - payload
file.name           files   -                 - fileinfo.filename
file.magic          files   -                 - fileinfo.magic
http2.header_name   http2   -                 - http.names
dns.query           dns     -                 - dns.rrname
tls.sni             tls     -                 - tls.sni
tls.cert_subject    tls     -                 - tls.subject
tls.cert_issuer     tls     -                 - tls.issuerdn
tls.cert_serial     tls     -                 - tls.serial
tls.cert_fingerprint tls    -                 - tls.fingerprint
tls.certs           tls     -                 - payload
tls.random          tls     -                 - payload
tls.random_time     tls     -                 - payload
tls.random_bytes    tls     -                 - payload
ja3.hash            tls     -                 - tls.ja3.hash
ja3.string          tls     -                 - tls.ja3.string
ja3s.hash           tls     -                 - tls.ja3s.hash
ja3s.string         tls     -                 - tls.ja3s.string
ja4.hash            tls     -                 - tls.ja4
ssh.proto           ssh     -                 - ssh.client.proto_version
ssh.software        ssh     -                 - ssh.client.software_version
ssh.hassh           ssh     -                 - ssh.client.hassh.hash
ssh.hassh.string    ssh     -                 - ssh.client.hassh.string
ssh.hassh.server    ssh     -                 - ssh.server.hassh.hash
ssh.hassh.server.string ssh -                 - ssh.server.hassh.string
smb.named_pipe      smb     -                 - smb.named_pipe
smb.share           smb     -                 - smb.share
smb.ntlmssp_user    smb     -                 - smb.ntlmssp.user
smb.ntlmssp_domain  smb     -                 - smb.ntlmssp.domain
dcerpc.stub_data    dcerpc,smb -              - payload
krb5.cname          krb5    -                 - krb5.cname
krb5.sname          krb5    -                 - krb5.sname
snmp.community      snmp    -                 - snmp.community
snmp.usm            snmp    -                 - snmp.usm
sip.method          sip     -                 - sip.method
sip.uri             sip     -                 - sip.uri
sip.protocol        sip     -                 - sip.version
sip.stat_code       sip     -                 - sip.code
sip.stat_msg        sip     -                 - sip.reason
sip.request_line    sip     -                 - sip.request_line
sip.response_line   sip     -                 - sip.response_line
rfb.name            rfb     -                 - rfb.framebuffer.name
mqtt.connect.clientid mqtt  -                 - mqtt.connect.client_id
mqtt.connect.username mqtt  -                 - mqtt.connect.username
mqtt.connect.password mqtt  -                 - mqtt.connect.password
mqtt.connect.willtopic mqtt -                 - mqtt.connect.will.topic
mqtt.connect.willmessage mqtt -               - mqtt.connect.will.message
mqtt.publish.topic  mqtt    -                 - mqtt.publish.topic
mqtt.publish.message mqtt   -                 - mqtt.publish.message
mqtt.subscribe.topic mqtt   -                 - mqtt.subscribe.topics.topic
mqtt.unsubscribe.topic mqtt -                 - mqtt.unsubscribe.topics
quic.version        quic    -                 - quic.version
quic.sni            quic    -                 - quic.sni
quic.ua             quic    -                 - quic.ua
quic.cyu.hash       quic    -                 - quic.cyu.hash
quic.cyu.string     quic    -                 - quic.cyu.string
ike.init_spi        ike     -                 - ike.init_spi
ike.resp_spi        ike     -                 - ike.resp_spi
ike.vendor          ike     -                 - ike.ikev1.vendor_ids
ike.key_exchange_payload ike -                - ike.ikev1.client.key_exchange_payload
ike.nonce_payload   ike     -                 - ike.ikev1.client.nonce_payload
dnp3.data           dnp3    -                 - payload
ipv4.hdr            ip      -                 - header
ipv6.hdr            ip6     -                 - header
tcp.hdr             tcp     -                 - header
udp.hdr             udp     -                 - header
icmpv4.hdr          icmp    -                 - header
icmpv6.hdr          icmp    -                 - header
pkt_data            any     -                 - payload
""".strip().split("\n")]

CARRIERS = ("http", "smtp", "ftp-data", "smb", "nfs", "http2")
TRANSFORMS = ["strip_whitespace", "compress_whitespace", "to_lowercase", "to_uppercase", "url_decode", "dotprefix",
              "to_md5", "to_sha1", "to_sha256", "header_lowercase", "strip_pseudo_headers", 'xor:"%02x"',
              'pcrexform:"([a-zA-Z0-9]+)"', 'pcrexform:"/(.{2,8})$"']
HASHES = ("to_md5", "to_sha1", "to_sha256")
FRAMES = {"http": ["http1.request", "http1.response", "stream"], "dns": ["dns.pdu"], "rfb": ["rfb.pdu"],
          "mqtt": ["mqtt.pdu", "mqtt.header", "mqtt.data"], "telnet": ["telnet.pdu", "telnet.ctl", "telnet.data"],
          "nfs": ["nfs." + n for n in ("rpc.pdu", "rpc.hdr", "rpc.data", "rpc.creds", "nfs.pdu", "nfs.status")],
          "sip": ["sip." + n for n in ("pdu", "request.line", "request.headers", "request.body", "response.line",
                                       "response.headers", "response.body")],
          "smb": ["smb." + n for n in ("nbss.pdu", "nbss.hdr", "nbss.data", "smb1.pdu", "smb1.hdr", "smb1.data",
                                       "smb2.pdu", "smb2.hdr", "smb2.data", "stream")],
          "tls": ["tls." + n for n in ("pdu", "hdr", "data", "alert", "stream")]}
# Keywords of protocols with a number or a word: protocol, keyword, values; # is a number that EVE or chance gives.
PLAIN = [line.split(None, 2) for line in """
tls   tls.version       1.0|1.1|1.2|1.3|0x0303|0x0301
tls   ssl_version       tls1.0|tls1.2|tls1.2,tls1.3|!tls1.2|sslv3|!sslv2,!tls1.0
tls   ssl_state         client_hello|server_hello|client_keyx|unknown|!client_hello|client_hello|server_keyx
tls   tls.cert_chain_len 1|>0|<3|2|>2|1-3|!2
tls   tls_cert_expired  -
tls   tls_cert_valid    -
tls   tls_cert_notbefore <2030-01-01|>2010-01-01|2001-01-01<>2019-12-31|1980-01-01
tls   tls_cert_notafter >2015-06-07|<2019|2015<>2040
ssh   ssh.protoversion  2|2.0|1.99|2_compat
ssh   ssh.softwareversion OpenSSH|openssh|Putty|SSH
dns   dns.opcode        0|!0|4|2
dhcp  dhcp.leasetime    >0|#|<4000|3600|!3600
dhcp  dhcp.rebinding_time >0|#|<4000
dhcp  dhcp.renewal_time >0|#|<4000
snmp  snmp.version      1|2|3|>1|<3
snmp  snmp.pdu_type     0|1|2|3|4|5|6|7|8|get_request
krb5  krb5_msg_type     10|11|12|13|30
krb5  krb5_err_code     6|25|24|14|18
krb5  krb5.ticket_encryption weak|rc4-hmac|aes256-cts-hmac-sha1-96|!weak|23,18
rfb   rfb.sectype       1|2|>1|0
rfb   rfb.secresult     ok|fail|unknown|toomany
mqtt  mqtt.type         CONNECT|CONNACK|PUBLISH|SUBSCRIBE|SUBACK|PINGREQ|PUBACK|DISCONNECT|UNSUBSCRIBE|!PUBLISH
mqtt  mqtt.flags        dup|retain|!dup|!retain|!dup,retain
mqtt  mqtt.qos          0|1|2
mqtt  mqtt.protocol_version 3|4|5|>3|<5
mqtt  mqtt.reason_code  0|1|5|135|128
mqtt  mqtt.connect.flags username|password|username,password|clean_session|will|!will|!username
mqtt  mqtt.connack.session_present yes|no|true
ike   ike.exchtype      2|5|34|35|>30|<6
ike   ike.key_exchange_payload_length >0|#|<200|128-300
ike   ike.nonce_payload_length >0|#|<200|20|!20
ike   ike.chosen_sa_attribute alg_enc=7|alg_hash=2|alg_auth=1|sa_life_type=1|sa_key_length=128|alg_dh=2
nfs   nfs.version       2|3|4|>2|<4|2<>4
nfs   nfs_procedure     1|3|4|6|7|8|16|17|18|>5|<10|3<>8
smb   dcerpc.iface      4b324fc8-1670-01d3-1278-5a47bf6ee188|367abb81-9844-35f1-ad32-98f038001003,>1|!e1af8308-5d1f-11c9-91a4-08002b14a0fa
smb   dcerpc.opnum      0|1|0-20|15,17,36|!5|3
dcerpc dcerpc.iface     e1af8308-5d1f-11c9-91a4-08002b14a0fa|000001a0-0000-0000-c000-000000000046,any_frag
dcerpc dcerpc.opnum     0|1|2|3|4|0-9|4,5
modbus modbus           function 3|function !3|access read|access write coils|function diagnostics|unit 1|unit <5, function 3|access read holding, address <100
dnp3  dnp3_func         read|confirm|response|1|129|write
dnp3  dnp3_ind          device_restart|class_1_events|need_time
dnp3  dnp3_obj          60,1|1,2|30,1|60,2
enip  enip_command      99|101|111|112|100|4
enip  cip_service       1|14|75|10|76
http2 http2.frametype   HEADERS|DATA|SETTINGS|GOAWAY|WINDOWUPDATE|PRIORITY
http2 http2.errorcode   NO_ERROR|PROTOCOL_ERROR|CANCEL
http2 http2.priority    >0|<300|201
http2 http2.window      >0|#|<100000
http2 http2.size_update >0|1234|4096
http2 http2.settings    SETTINGS_MAX_CONCURRENT_STREAMS >10|SETTINGS_ENABLE_PUSH 0|SETTINGS_INITIAL_WINDOW_SIZE>1000
ftp   ftpbounce         -
ftp-data ftpdata_command stor|retr
http  urilen            #|<40|>3|3<>30|<40,raw|>20,norm|!=1|10
""".strip().split("\n")]
FLAGS = ["S", "A", "SA", "PA", "F", "+A", "*SR", "!S", "S,CE", "AP,12", "0", "!A", "FA", "+P", "R", "U"]
PCRE_RAW = ["/./", "/^./s", "/[a-z]{3}/i", "/\\d+/", "/^\\S+\\s/", "/[^a]$/s", "/\\x00/", "/(\\w)\\1/",
            "/^[A-Z]{2,}/", "/ /x", "/a.b/is", "/.{20}/s", "/e/", "/\\r\\n/m", "/^[a-z]/mi", "/[0-9a-f]{8}/G"]


@dataclasses.dataclass
class Values:
    """What a capture holds."""
    protos: set
    texts: dict      # path of an EVE record -> values
    payloads: list   # (to the server?, application protocol, bytes)
    flows: list      # (protocol, source, port, destination, port)
    numbers: list
    files: list      # fileinfo records
    events: dict     # kind -> names
    headers: list    # bytes of network headers


def quoted(data):
    """Bytes as a content: what is printable as it is, the rest in hexadecimal."""
    out, binary = "", []
    for b in data:
        if 32 < b < 127 and chr(b) not in '";|\\:$' or b == 32 and out and not binary:
            if binary:
                out += "|" + " ".join(binary) + "|"
                binary = []
            out += chr(b)
        else:
            binary.append(f"{b:02x}")
    return out + ("|" + " ".join(binary) + "|" if binary else "")


def regex_of(data):
    return "".join(chr(b) if chr(b).isalnum() and b < 128 else f"\\x{b:02x}" for b in data)


class Grammar:
    def __init__(self, random, values, tag):
        self.r, self.v, self.tag, self.n = random, values, tag, 0
        known = values.protos | ({"files"} if values.protos & set(CARRIERS) or values.files else set())
        known |= {"ip", "any", "tcp", "udp", "icmp"} | ({"http1"} if "http" in known else set())
        if {"http2"} & known:
            known.add("http")
        if {"quic"} & known:
            known.add("tls")
        self.buffers = [b for b in BUFFERS if set(b[1].split(",")) & known]
        self.app_buffers = [b for b in self.buffers if b[1] not in ("ip", "ip6", "tcp", "udp", "icmp", "any")]
        self.plain = [p for p in PLAIN if p[0] in known]

    # --- values ---

    def one(self, *choices):
        return self.r.choice(choices)

    def chance(self, share):
        return self.r.random() < share

    def piece(self, data, most=12):
        if not data:
            return b"ab"
        size = min(len(data), self.r.randint(1, most))
        at = self.one(0, len(data) - size, self.r.randint(0, len(data) - size))
        return data[at:at + size]

    def payload(self):
        return self.r.choice(self.v.payloads)[2] if self.v.payloads else b"GET / HTTP/1.1\r\n"

    def sample(self, path):
        """Bytes that the buffer may hold."""
        if path == "header":
            return self.r.choice(self.v.headers) if self.v.headers else b"\x45\0"
        found = [v for p in path.split("|") for v in self.v.texts.get(p, ())]
        if not found or self.chance(0.1):
            return self.payload()
        return self.r.choice(found)

    # --- contents and what is tried between them ---

    def spoil(self, data):
        """Often what is there, sometimes what is not."""
        if self.chance(0.1):
            return bytes(b ^ 1 for b in data)
        if self.chance(0.1):
            return data.swapcase()
        return data

    def content(self, sample, first, raw=False, at=None):
        data = self.spoil(self.piece(sample))
        options = [f'content:{"!" if self.chance(0.12) else ""}"{quoted(data)}"']
        negated = options[0].startswith("content:!")
        if self.chance(0.3):
            options.append("nocase")
        where = sample.find(data)
        what = self.r.random()
        if what < 0.12:
            options.append("startswith")
        elif what < 0.22:
            options.append("endswith")
        elif what < 0.26:
            options += ["startswith", "endswith"]
        elif what < 0.45:
            near = max(0, where + self.one(0, 0, -1, 1))
            if self.chance(0.7):
                options.append(f"offset:{near}")
                if self.chance(0.5):
                    options.append(f"depth:{len(data) + self.one(0, 0, 1, 5)}")
            else:
                options.append(f"depth:{max(len(data), where + len(data) + self.one(0, 0, -1, 3))}")
        elif not first and what < 0.85:
            if self.chance(0.6):
                options.append(f"distance:{self.one(0, 0, 1, 2, -4, -len(data), 5, self.r.randint(-20, 20))}")
            if self.chance(0.6):
                options.append(f"within:{len(data) + self.one(0, 1, 3, 10, 40)}")
        if raw and self.chance(0.05):
            options.append("rawbytes")
        if self.chance(0.08) and not negated:
            options.append(self.one("fast_pattern", "fast_pattern:only") if len(options) < 3 else "fast_pattern")
        return options

    def pcre(self, sample, letter="-", first=True):
        flags = self.one("", "", "i", "s", "m", "x", "is", "G", "A", "E", "im", "si")
        if not first and self.chance(0.5):
            flags += "R"
        if letter != "-" and self.chance(0.8):
            flags += letter
        text = regex_of(self.piece(sample, 6))
        text = self.one(text, f"^{text}", f"{text}$", f"[^x]{text}", f"{text}.", f"({text})", f"{text}?", f".{{1,5}}{text}",
                        f"\\w*{text}", f"(?:{text}|zz)", f"{text}[\\s\\S]*")
        if self.chance(0.3):
            body, _, more = self.r.choice(PCRE_RAW)[1:].rpartition("/")
            text, flags = body, more + flags
        return [f'pcre:{"!" if self.chance(0.12) else ""}"/{text}/{"".join(dict.fromkeys(flags))}"']

    def number(self, size):
        return self.one("0", "1", "10", "100", "1000", "0x41", "32", "255", str(self.r.randint(0, 256 ** size - 1)))

    def text_number(self):
        return ",string," + self.one("dec", "hex", "oct")

    def byte_keyword(self, first):
        kind = self.r.choice(["test", "test", "jump", "jump", "extract", "math", "isdataat", "isdataat"])
        size, at = self.one(1, 1, 2, 2, 4, 3, 8), self.one(0, 0, 1, 2, 4, 8, -2, 12, 20)
        relative = ",relative" if not first and self.chance(0.6) else ""
        if at < 0 and not relative:
            at = 0
        endian = self.one("", "", ",big", ",little")
        if kind == "test":
            operator = self.one("<", ">", "=", "!=", "&", "^", "!<", "!>", "!&", "!^", "<=", ">=")
            text = self.text_number() if self.chance(0.25) else ""
            mask = f",bitmask 0x{self.r.randint(1, 256 ** min(size, 4) - 1):x}" if not text and self.chance(0.15) else ""
            return [f"byte_test:{size},{operator},{self.number(size)},{at}{relative}{endian}{text}{mask}"]
        if kind == "jump":
            more = "".join(x for x in (",align", ",from_beginning", ",from_end", f",multiplier {self.one(2, 3, 4)}",
                                       f",post_offset {self.one(-3, 1, 4, -10)}") if self.chance(0.15))
            text = self.text_number() if self.chance(0.15) else ""
            out = [f"byte_jump:{self.one(size, size, 0)},{at}{relative}{endian}{text}{more}"]
            return out + self.one([], ["isdataat:1,relative"], ["isdataat:!1,relative"])
        if kind == "isdataat":
            rel = ",relative" if not first and self.chance(0.7) else ""
            return [f"isdataat:{self.one('', '', '!')}{self.one(0, 1, 2, 5, 10, 20, 50, 100)}{rel}{self.one('', '', ',rawbytes')}"]
        return self.variable(kind, min(size, 4), at, relative, endian)

    def variable(self, kind, size, at, relative, endian):
        self.n += 1
        name = f"v{self.n}"
        if kind == "extract":
            text = self.text_number() if self.chance(0.2) else ""
            more = f",multiplier {self.one(2, 3)}" if self.chance(0.15) else ""
            more += f",align {self.one(2, 4)}" if self.chance(0.1) else ""
            out = [f"byte_extract:{size},{at},{name}{relative}{endian}{text}{more}"]
        else:
            out = [f"byte_math:bytes {size},offset {at},oper {self.one('+', '-', '*', '/', '<<', '>>')},"
                   f"rvalue {self.one(1, 2, 3, 8, 100)},result {name}{relative}{endian and ',endian ' + endian[1:]}"]
        return out + self.one([f"byte_test:1,>,{name},0"], [f"byte_test:2,<,{name},0,relative"], [f"isdataat:{name},relative"],
                              [f"byte_jump:{name},0"], [f'content:"{quoted(self.piece(self.payload(), 2))}"', f"offset:{name}"],
                              [f'content:"{quoted(self.piece(self.payload(), 2))}"', f"within:{name}"],
                              [f'content:"{quoted(self.piece(self.payload(), 2))}"', f"distance:{name}"])

    def bsize(self, sample):
        n = len(sample)
        return [f"bsize:{self.one(n, n, f'>{n - 1}', f'<{n + 1}', f'{max(0, n - 2)}<>{n + 2}', f'<={n}', f'>={n}', f'!{n}', '>0', '<200', n + 1)}"]

    def inspected(self, sample, letter="-", raw=False):
        out, first = [], True
        for _ in range(self.one(1, 1, 1, 2, 2, 3)):
            what = self.r.random()
            if what < 0.68:
                out += self.content(sample, first, raw)
            elif what < 0.85:
                out += self.pcre(sample, letter, first)
            else:
                out += self.byte_keyword(first)
            first = False
        return out

    def transforms(self, sample):
        chosen = [self.r.choice(TRANSFORMS) for _ in range(self.one(1, 1, 2, 3))]
        chosen = [t % self.r.randint(0, 255) if "%" in t else t for t in chosen]
        for t in chosen:
            if t in ("to_lowercase", "to_uppercase"):
                sample = sample.lower() if t == "to_lowercase" else sample.upper()
            elif t == "strip_whitespace":
                sample = b"".join(sample.split())
            elif t == "dotprefix":
                sample = b"." + sample
            elif t in HASHES:
                sample = hash_of(t[3:], sample)
        return chosen, sample

    def sticky(self, buffer):
        """A sticky buffer and what is asked of it."""
        name, _, _, _, path = buffer
        sample = self.sample(path)
        out = [name]
        if name != "pkt_data" and self.chance(0.2):
            chosen, sample = self.transforms(sample)
            out += chosen
        what = self.r.random()
        if what < 0.12 and name != "pkt_data":
            out += self.bsize(sample)
        else:
            out += self.inspected(sample)
            if self.chance(0.06) and name != "pkt_data":
                out += self.bsize(sample)
        return out

    def legacy(self, buffer):
        name, _, legacy, letter, path = buffer
        sample = self.sample(path)
        if letter != "-" and self.chance(0.3):
            return self.pcre(sample, letter)
        if name == "http.uri" and self.chance(0.3):
            return [f'uricontent:"{quoted(self.spoil(self.piece(sample)))}"'] + self.one([], ["nocase"])
        out = []
        for k in range(self.one(1, 1, 2)):
            content = self.content(sample, k == 0)
            out += content[:1] + [legacy] + content[1:]
        return out

    # --- whole rules ---

    def head(self, proto, sides=None):
        action, arrow = "alert", "->"
        src, sport, dst, dport = "any", "any", "any", "any"
        if self.v.flows and self.chance(0.2):
            p, a, ap, b, bp = self.r.choice(self.v.flows)
            if self.chance(0.3):
                a, ap, b, bp = b, bp, a, ap
            dport = self.one(str(bp), f"[{bp},1:3]", f"!{bp}", f"{max(0, bp - 1)}:", f"[1:65535,!{bp}]") if bp else "any"
            dst = self.one("any", b, f"[{b}]", f"!{b}", f"[{b},10.255.0.0/16]", f"[{a},!{b}]")
            sport = self.one("any", "any", str(ap) if ap else "any")
            if self.chance(0.2):
                arrow = "<>"
        return f"{action} {proto} {src} {sport} {arrow} {dst} {dport}"

    def flow(self):
        if self.chance(0.6):
            return []
        return ["flow:" + self.one("established", "to_server", "to_client", "established,to_server", "to_client,established",
                                   "stateless", "not_established", "established,only_stream", "no_stream", "from_server",
                                   "from_client", "to_server,stateless", "no_frag", "only_frag")]

    def extras(self):
        out = []
        for k, make in ((0.04, self.threshold), (0.04, lambda: [f"priority:{self.one(1, 2, 3, 4)}"]), (0.03, self.flow_size),
                        (0.03, self.header_keyword), (0.02, lambda: ["app-layer-protocol:" + self.one("", "!") + self.proto()])):
            if self.chance(k):
                out += make()
        return out

    def proto(self):
        return self.one(*sorted(self.v.protos or {"http"}), *sorted(self.v.protos or {"http"}), "http", "tls", "dns", "smb", "failed")

    def carrier(self, protos):
        protos = protos.split(",")
        if protos[0] == "files":
            return self.one(*(sorted(self.v.protos & set(CARRIERS)) or ["http"]), "tcp", "ip")
        if protos[0] == "any":
            return self.one("tcp", "udp", "ip", *sorted(self.v.protos))
        if protos[0] in ("ip", "ip6"):
            return self.one("ip", "tcp", "udp")
        if protos[0] in ("tls",):
            return self.one("tls", "tcp", "ip", "quic") if "quic" in self.v.protos else self.one("tls", "tls", "tcp", "ip")
        name = protos[0]
        transport = "ip" if name in ("dns", "sip", "snmp", "krb5", "ike", "quic", "dhcp") else "tcp"
        return self.one(name, name, name, transport) if name not in ("tcp", "udp", "icmp") else name

    def raw_rule(self):
        sample = self.payload()
        proto = self.one("tcp", "udp", "ip", "tcp-pkt", "tcp-stream", "ip", *sorted(self.v.protos), *sorted(self.v.protos))
        out = self.flow() + self.inspected(sample, raw=True)
        if self.chance(0.12):
            out += self.dsize(len(sample))
        if self.chance(0.1):
            out += ["base64_decode" + self.one("", ":relative", ":bytes 8", ":offset 2,relative", ":bytes 12,offset 1,relative"),
                    "base64_data", 'content:"' + quoted(self.piece(sample, 2)) + '"']
        return [(self.head(proto), out + self.extras())]

    def dsize(self, n):
        return [f"dsize:{self.one(n, f'>{n - 1}' if n else '>0', f'<{n + 1}', f'{max(0, n - 2)}<>{n + 2}', f'!{n}', n + 1)}"]

    def buffer_rule(self):
        buffer = self.r.choice(self.app_buffers if self.app_buffers and self.chance(0.85) else self.buffers)
        out = self.flow()
        legacy = buffer[2] != "-" and self.chance(0.35)
        out += self.legacy(buffer) if legacy else self.sticky(buffer)
        if self.chance(0.25):
            other = self.r.choice([b for b in self.buffers if b[1] == buffer[1]])
            out += self.legacy(other) if legacy and other[2] != "-" else self.sticky(other) if not legacy else []
        if not legacy and self.chance(0.1):
            out = self.inspected(self.payload()) + out
        if not legacy and self.chance(0.06):
            out += ["base64_decode" + self.one("", ":relative", ":bytes 8", ":offset 2,relative"), "base64_data",
                    self.one('content:"a"', 'pcre:"/./"', "isdataat:2")]
        return [(self.head(self.carrier(buffer[1])), out + self.extras())]

    def frame_rule(self):
        names = [n for p, frames in FRAMES.items() if p in self.v.protos for n in frames]
        if not names:
            return self.raw_rule()
        name = self.r.choice(names)
        proto = self.one("tcp", "ip") if "." in name else self.r.choice(sorted(self.v.protos))
        if "." in name:
            proto = self.one("ip", {"http1": "http1"}.get(name.split(".")[0], name.split(".")[0]))
        sample = self.payload()
        what = self.one(self.bsize(sample), self.inspected(sample), self.inspected(sample))
        return [(self.head(proto), self.flow() + [f"frame:{name}"] + what)]

    def plain_rule(self):
        if not self.plain:
            return self.header_rule()
        proto, keyword, values = self.r.choice(self.plain)
        value = self.r.choice(values.split("|"))
        if value == "#":
            value = str(self.r.choice(self.v.numbers)) if self.v.numbers else "1"
        out = self.flow() + [keyword if value == "-" else f"{keyword}:{value}"]
        if self.chance(0.3):
            same = [b for b in self.app_buffers if proto in b[1].split(",")]
            if same:
                out += self.sticky(self.r.choice(same))
        if self.chance(0.1):
            out += self.inspected(self.payload())
        return [(self.head(self.carrier(proto)), out + self.extras())]

    def header_keyword(self):
        r = self.r
        return [self.one(
            f"ttl:{self.one('', '<', '>')}{self.one(64, 128, 63, 1, 255, 127)}", f"tos:{self.one('', '!')}{self.one(0, 8, 16, 184)}",
            f"id:{self.one(0, 1, 1234, r.randint(0, 65535))}", "ipopts:" + self.one("rr", "nop", "ts", "lsrr", "esec"),
            "fragbits:" + self.one("D", "M", "!D", "+D", "!M", "*MD", "R"), f"fragoffset:{self.one('', '<', '>', '!')}{self.one(0, 1, 10, 185)}",
            f"ip_proto:{self.one('', '!', '>', '<')}{self.one(6, 17, 1, 58, 47, 50)}", "ip_proto:" + self.one("tcp", "udp", "ICMP"),
            "tcp.flags:" + r.choice(FLAGS), "flags:" + r.choice(FLAGS), f"seq:{self.one(0, 1, r.choice(self.v.numbers or [1]))}",
            f"ack:{self.one(0, 1)}", f"window:{self.one('', '!')}{self.one(0, 8192, 65535, 512, 5840)}",
            f"tcp.mss:{self.one('>', '<', '')}{self.one(1000, 1460, 536)}", "tcp.mss:536-1460", f"itype:{self.one('', '<', '>')}{self.one(0, 3, 8, 11, 128, 135)}",
            f"icode:{self.one('', '<', '>')}{self.one(0, 1, 3)}", "icode:1<>5", f"icmp_id:{self.one(0, 1, 512, 768)}", f"icmp_seq:{self.one(0, 1, 2, 256)}",
            f"icmpv6.mtu:{self.one('>', '<', '')}1280", "sameip", "l3_proto:" + self.one("ipv4", "ipv6", "ip4"),
            f"{self.one('ip.src', 'ip.dst')}; bsize:{self.one(4, 16)}".split(";")[0], f"ttl:{self.one('1-64', '60-70')}",
            *[f"{k}-csum:{self.one('valid', 'invalid')}" for k in ("ipv4", "tcpv4", "udpv4", "tcpv6", "udpv6", "icmpv4", "icmpv6")])]

    def header_rule(self):
        out = self.flow()
        for _ in range(self.one(1, 1, 2)):
            out += self.header_keyword()
        if self.chance(0.2):
            out += self.dsize(self.one(0, 1, 20, len(self.payload())))
        if self.chance(0.15):
            out += self.inspected(self.payload(), raw=True)
        return [(self.head(self.one("ip", "tcp", "udp", "icmp", "ipv4", "ipv6", "tcp-pkt", "ip")), out + self.extras())]

    def flow_size(self):
        return [self.one(f"stream_size:{self.one('server', 'client', 'both', 'either')},{self.one('<', '>', '=', '<=', '>=', '!=')},{self.one(1, 2, 10, 100, 1000, 7)}",
                         f"flow.age:{self.one('>', '<', '')}{self.one(0, 1, 2, 10, 60)}")]

    def flow_rule(self):
        out = self.flow() + self.one(self.flow_size(), ["app-layer-protocol:" + self.one("", "!") + self.proto()],
                                     ["app-layer-protocol:" + self.one("", "!") + self.proto()] + self.flow_size(),
                                     ["flow:" + self.one("not_established", "only_frag", "established")][:0] + self.flow_size())
        if self.chance(0.4):
            out += self.inspected(self.payload(), raw=True)
        if self.chance(0.1):
            out += self.dsize(len(self.payload()))
        return [(self.head(self.one("tcp", "ip", "udp", "tcp-pkt", *sorted(self.v.protos))), out + self.extras())]

    def file_rule(self):
        f = self.r.choice(self.v.files) if self.v.files else {}
        name, size = f.get("filename", "a.txt"), f.get("size", 10)
        magic = f.get("magic", "data")
        base = name.rsplit("/", 1)[-1]
        out = []
        for _ in range(self.one(1, 1, 2)):
            out += self.one(
                [f'filename:{self.one("", "", "!")}"{quoted(self.spoil(self.piece(name.encode(), 20)))}"'],
                [f'fileext:{self.one("", "", "!")}"{quoted(base.rsplit(".", 1)[-1].encode()) or "x"}"'],
                [f'filemagic:{self.one("", "", "!")}"{quoted(self.spoil(self.piece(magic.encode(), 20)))}"'],
                [f"filesize:{self.one(size, f'>{max(0, size - 1)}', f'<{size + 1}', f'{max(0, size - 2)}<>{size + 2}', '>0', '<100000', f'!{size}')}"],
                [f"{self.one('filemd5', 'filesha1', 'filesha256')}:{self.one('', '', '!')}{{folder}}/{{hashes}}"],
                ["filestore"], ["filestore:" + self.one("both,file", "response,flow", "request", "both,tx", "to_client,file")],
                self.sticky(["file.data", 0, 0, 0, "payload"]), self.sticky(["file.name", 0, 0, 0, "fileinfo.filename"]),
                self.sticky(["file.magic", 0, 0, 0, "fileinfo.magic"]))
        for i, option in enumerate(out):
            kind = option.split(":")[0]
            out[i] = option.replace("{hashes}", kind + ".list")
        return [(self.head(self.carrier("files")), self.flow() + out + self.extras())]

    def event_rule(self):
        kind = self.one(*[k for k in self.v.events if self.v.events[k]])
        name = self.r.choice(self.v.events[kind])
        proto = "ip" if kind != "app-layer-event" else self.one(name.split(".")[0].replace("applayer_", "ip"), "ip")
        out = self.flow() + [f"{kind}:{name}"]
        if self.chance(0.1):
            out += self.inspected(self.payload(), raw=True)
        return [(self.head(proto if proto in self.v.protos else "ip"), out)]

    def threshold(self):
        track = self.one("by_src", "by_dst", "by_rule", "by_both")
        n, s = self.one(1, 2, 3, 5), self.one(1, 10, 60, 300)
        return [self.one(f"threshold:type {self.one('limit', 'threshold', 'both')}, track {track}, count {n}, seconds {s}",
                         f"detection_filter:track {self.one('by_src', 'by_dst')}, count {n}, seconds {s}")]

    def threshold_rule(self):
        (head, out), = self.one(self.raw_rule, self.buffer_rule, self.header_rule)()
        return [(head, [o for o in out if not o.startswith(("threshold", "detection_filter"))] + self.threshold())]

    def bits_rules(self):
        """One sets, another asks."""
        self.n += 1
        name, kind = f"{self.tag}b{self.n}", self.one("flowbits", "flowbits", "flowbits", "xbits", "hostbits", "flowint")
        (h1, first), = self.one(self.raw_rule, self.buffer_rule, self.plain_rule, self.header_rule)()
        (h2, second), = self.one(self.raw_rule, self.buffer_rule, self.plain_rule, self.header_rule)()
        track = self.one("ip_src", "ip_dst", "ip_pair")
        if kind == "flowbits":
            a, b = self.one("set", "set", "toggle", "unset"), self.one("isset", "isset", "isnotset")
            do, ask = f"flowbits:{a},{name}", f"flowbits:{b},{name}" + self.one("", "", f"|{name}x")
        elif kind == "xbits":
            do, ask = (f"xbits:{x},{name},track {track}{e}" for x, e in ((self.one("set", "toggle"), self.one("", ",expire 10")), (self.one("isset", "isnotset"), "")))
        elif kind == "hostbits":
            side = self.one("src", "dst")
            do, ask = f"hostbits:set,{name},{side}", f"hostbits:{self.one('isset', 'isnotset')},{name},{self.one(side, 'src', 'dst')}"
        else:
            do = f"flowint:{name},{self.one('+,1', '=,3', '+,2')}"
            ask = f"flowint:{name},{self.one('>,1', '==,3', 'isset', 'notset', '<,3', '>=,2', '!=,1')}"
        return [(h1, first + [do] + self.one([], [], ["noalert"])), (h2, second + [ask] if self.chance(0.6) else [ask] + second)]

    def dataset_rule(self):
        buffer = self.r.choice([b for b in self.app_buffers if b[4] not in ("payload", "-")] or [None])
        if not buffer:
            return self.raw_rule()
        self.n += 1
        kind = self.one("isset", "isset", "isnotset")
        md5 = self.chance(0.2)
        option = [f"dataset:{kind},{self.tag}d{self.n},type {'md5' if md5 else 'string'},load {{folder}}/{'md5' if md5 else 'strings'}.list"]
        return [(self.head(self.carrier(buffer[1])), self.flow() + [buffer[0]] + (["to_md5"] if md5 else []) + option + self.extras())]

    def rules(self, count):
        kinds = [(self.raw_rule, 18), (self.buffer_rule, 34), (self.plain_rule, 8), (self.header_rule, 8), (self.flow_rule, 5),
                 (self.file_rule, 6 if self.v.files else 1), (self.event_rule, 5), (self.threshold_rule, 4), (self.bits_rules, 6),
                 (self.frame_rule, 4), (self.dataset_rule, 2)]
        makers, weights = zip(*kinds)
        return [self.r.choices(makers, weights)[0]() for _ in range(count)]


def hash_of(name, data):
    import hashlib
    return getattr(hashlib, name)(data).digest()


def text_of(group, first, folder):
    """The rules of a group as text, from that sid on."""
    out = []
    for k, (head, options) in enumerate(group):
        body = "; ".join(options)
        out.append(f"{head} ({body}{'; ' if body else ''}sid:{first + k};)".replace("{folder}", str(folder)))
    return out


def base64_of(values):
    return "".join(base64.b64encode(v).decode() + "\n" for v in values if v)

"""The classic ways round a sensor (Ptacek and Newsham 1998, Paxson and Handley, Novak and Sturges), each
with the right answer and its reason. The sensor has to see what the receiving host makes of the frames:
/ATTACK where the host gets the attack, /HARMLES or nothing where it does not.

A case is a function that is given a Talk factory (its client has an address of its own, so that all
cases fit one capture) and returns frames; the decorator says what is right:
  uris    the requests the host gets, in order
  alerts  sids of RULES that fire for the client's address
  why     one sentence
  theirs  why Suricata 7.0.10 says something else, where it does
  ours    (uris, alerts, why) where we knowingly do not give the right answer
"""
from craft import *

RULES = """\
alert tcp any any -> any any (msg:"bytes of the stream"; flow:established,to_server,only_stream; content:"ATTACK"; sid:1;)
alert http any any -> any any (msg:"request"; http.uri; content:"ATTACK"; sid:2;)
alert udp any any -> any any (msg:"datagram"; content:"ATTACK"; sid:3;)
alert tcp any any -> any any (msg:"overlap that differs"; stream-event:reassembly_overlap_different_data; sid:10;)
"""
REQUEST = b"GET /ATTACK HTTP/1.1\r\nHost: a\r\n\r\n"
DECOY = b"GET /HARMLES HTTP/1.1\r\nHost:a\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
assert len(REQUEST) == len(DECOY)
CASES = []


class Case:
    def __init__(self, make, why, uris, alerts, server, theirs, ours):
        self.name, self.make, self.why = make.__name__, make, why
        self.uris, self.alerts = uris, set(alerts)
        self.server, self.theirs, self.ours = server, theirs, ours
        self.number = len(CASES) + 1
        self.client = f"10.{100 + self.number // 200}.{self.number % 200 + 1}.7"
        self.client6 = f"2001:db8:1:{self.number:x}::7"

    def talk(self, **more):
        return Talk(client=self.client, server=self.server, **more)

    def frames(self):
        made = self.make(self)
        return made.frames if isinstance(made, Talk) else made


# Hosts of these addresses overlap as their system does: tests/replay/evasion configures them.
HOSTS = {"windows": "192.0.2.80", "linux": "192.0.2.81", "old-linux": "192.0.2.82", "bsd": "192.0.2.83",
         "solaris": "192.0.2.84", "vista": "192.0.2.85", "last": "192.0.2.86", "bsd-right": "192.0.2.87",
         "macos": "192.0.2.88"}


def case(why, uris=("/ATTACK",), alerts=(1, 2), host="windows", theirs=None, ours=None):
    def add(make):
        CASES.append(Case(make, why, list(uris), alerts, HOSTS[host], theirs, ours))
        return make
    return add


def finish(t):
    t.send(1, ANSWER)
    t.close()
    return t


# --- what the host throws away ---

@case("A host drops a segment whose TCP checksum is wrong, whatever it says.")
def bad_tcp_checksum(c):
    t = c.talk()
    t.at(0, 0, DECOY, bad=True)
    t.send(0, REQUEST)
    return finish(t)


@case("A host drops a packet whose IP checksum is wrong.",
      theirs="it makes an event of it and takes the segment")
def bad_ip_checksum(c):
    t = c.talk()
    t.at(0, 0, DECOY, bad_ip=True)
    t.send(0, REQUEST)
    return finish(t)


@case("A reset with a wrong checksum ends nothing.")
def reset_bad_checksum(c):
    t = c.talk()
    t.put(0, RST, bad=True)
    t.send(0, REQUEST)
    return finish(t)


@case("A FIN with a wrong checksum ends nothing.")
def fin_bad_checksum(c):
    t = c.talk()
    t.put(0, FIN | ACK, bad=True)
    t.send(0, REQUEST)
    return finish(t)


@case("A SYN with a wrong checksum starts nothing: the sequence numbers are those of the next one.")
def syn_bad_checksum(c):
    t = c.talk(shake=False)
    t.put(0, SYN, seq=777777, bad=True)
    t.shake()
    t.send(0, REQUEST)
    return finish(t)


@case("A header length below five words is no TCP: the segment is dropped.")
def short_data_offset(c):
    t = c.talk()
    frame = bytearray(t.frame(0, PSH | ACK, DECOY))
    frame[14 + 20 + 12] = 4 << 4
    t.frames.append(bytes(frame))
    t.send(0, REQUEST)
    return finish(t)


@case("What follows the IP packet in its frame is padding, not data.", uris=["/HARMLES"], alerts=[])
def trailing_bytes(c):
    t = c.talk()
    t.send(0, DECOY)
    t.frames.append(t.frame(1, ACK) + b"GET /ATTACK HTTP/1.1\r\n\r\n")
    return finish(t)


@case("An IP length beyond the frame's end is a broken packet: nothing of it is data.")
def length_beyond_frame(c):
    t = c.talk()
    segment = tcp(c.client, c.server, 40000, 80, t.next[0], t.next[1], PSH | ACK, DECOY)
    t.frames.append(ether(ip(c.client, c.server, 6, segment, total=20 + len(segment) + 40)))
    t.send(0, REQUEST)
    return finish(t)


@case("IP version 5 is no IPv4: the packet is dropped.")
def wrong_ip_version(c):
    t = c.talk()
    segment = tcp(c.client, c.server, 40000, 80, t.next[0], t.next[1], PSH | ACK, DECOY)
    t.frames.append(b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00" + ip(c.client, c.server, 6, segment, version=5))
    t.send(0, REQUEST)
    return finish(t)


@case("How far a packet gets is not known here: the first bytes count, as with the receiver if they arrived.",
      uris=["/HARMLES"], alerts=[])
def low_ttl_decoy(c):
    t = c.talk()
    t.at(0, 0, DECOY, ttl=1)
    t.send(0, REQUEST)
    return finish(t)


@case("Another VLAN is another connection.")
def decoy_in_another_vlan(c):
    t = c.talk()
    frame = t.frame(0, PSH | ACK, DECOY)
    t.frames.append(frame[:12] + b"\x81\x00\x00\x07" + frame[12:])
    t.send(0, REQUEST)
    return finish(t)


# --- handshakes ---

@case("Bytes of a SYN without Fast Open are not taken by the host; they are sent again afterwards.")
def data_in_syn(c):
    t = c.talk(shake=False)
    t.put(0, SYN, DECOY[:8])
    t.next[0] += 1
    t.put(1, SYN | ACK)
    t.next[1] += 1
    t.put(0, ACK)
    t.send(0, REQUEST)
    return finish(t)


@case("The request may come with the handshake's last acknowledgement.")
def data_with_last_ack(c):
    t = c.talk(shake=False)
    t.put(0, SYN)
    t.next[0] += 1
    t.put(1, SYN | ACK)
    t.next[1] += 1
    t.send(0, REQUEST)
    return finish(t)


@case("The split handshake (SYN, SYN, SYN/ACK, ACK) opens a connection: RFC 9293 3.5.")
def split_handshake(c):
    t = c.talk(shake=False)
    t.put(0, SYN)
    t.next[0] += 1
    t.put(1, SYN)
    t.put(0, SYN | ACK, seq=t.isn[0], ack=t.isn[1] + 1)
    t.next[1] += 1
    t.put(1, ACK)
    t.send(0, REQUEST)
    return finish(t)


@case("A SYN/ACK that acknowledges something else is not the server's answer.")
def synack_wrong_ack(c):
    t = c.talk(shake=False)
    t.put(0, SYN)
    t.next[0] += 1
    t.put(1, SYN | ACK, seq=500000, ack=t.isn[0] + 77)
    t.put(1, SYN | ACK)
    t.next[1] += 1
    t.put(0, ACK)
    t.send(0, REQUEST)
    return finish(t)


@case("The SYN that the server answers counts, not the first one.",
      ours=([], [], "the first SYN's number is kept, as Suricata does, so that the SYN/ACK looks wrong"),
      theirs="it keeps the first SYN's number")
def two_syns(c):
    t = c.talk(shake=False)
    t.put(0, SYN, seq=424242)
    t.shake()
    t.send(0, REQUEST)
    return finish(t)


@case("A SYN within the connection does not begin a new one.")
def late_syn(c):
    t = c.talk()
    t.put(0, SYN, seq=99999999)
    t.send(0, REQUEST)
    return finish(t)


@case("Nothing is believed of a connection whose beginning was not seen, unless the operator says so.",
      uris=[], alerts=[])
def no_handshake(c):
    t = c.talk(shake=False)
    t.next = [5000, 6000]
    t.send(0, REQUEST)
    t.send(1, ANSWER)
    return t


@case("The same ports may be used again: the second connection is one of its own.",
      uris=["/HARMLES", "/ATTACK"])
def ports_used_again(c):
    t = c.talk()
    t.send(0, DECOY)
    finish(t)
    u = c.talk(isn=(7000000, 8000000))
    u.send(0, REQUEST)
    t.frames += [(u.frames[0], 2.0)] + finish(u).frames[1:]
    return t


@case("After a reset the ports may be used again at once.", uris=["/HARMLES", "/ATTACK"])
def ports_used_again_after_reset(c):
    t = c.talk()
    t.send(0, DECOY)
    t.send(1, ANSWER)
    t.put(0, RST | ACK)
    u = c.talk(isn=(7000000, 8000000))
    u.send(0, REQUEST)
    t.frames += finish(u).frames
    return t


# --- sequence numbers, windows, time ---

@case("Sequence numbers go round at 2^32.")
def sequence_wraps(c):
    t = c.talk(isn=(0xfffffff0, 0xffffffff))
    for i in range(0, len(REQUEST), 5):
        t.send(0, REQUEST[i:i + 5])
    return finish(t)


@case("Round the wrap order still holds: the later part may come first.")
def sequence_wraps_reordered(c):
    t = c.talk(isn=(0xfffffff0, 5))
    t.at(0, 20, REQUEST[20:])
    t.at(0, 0, REQUEST[:20])
    t.skip(0, len(REQUEST))
    return finish(t)


@case("A reset outside of the window is ignored (RFC 9293 3.10.7.4).")
def reset_beyond_window(c):
    t = c.talk()
    t.put(0, RST, seq=t.next[0] + 1000000)
    t.send(0, REQUEST)
    return finish(t)


@case("A reset before the window is ignored.")
def reset_before_window(c):
    t = c.talk()
    t.put(0, RST, seq=t.next[0] - 100000)
    t.send(0, REQUEST)
    return finish(t)


@case("A reset of the server's with a wrong sequence number is ignored.")
def server_reset_beyond_window(c):
    t = c.talk()
    t.put(1, RST, seq=t.next[1] + 1000000)
    t.send(0, REQUEST)
    return finish(t)


@case("Bytes far beyond the window are not taken.")
def data_beyond_window(c):
    t = c.talk()
    t.at(0, 200000, DECOY)
    t.send(0, REQUEST)
    return finish(t)


@case("Bytes before the window were taken long ago.")
def data_before_window(c):
    t = c.talk()
    t.at(0, -100000, DECOY)
    t.send(0, REQUEST)
    return finish(t)


@case("A FIN at a sequence number outside of the window ends nothing.")
def fin_beyond_window(c):
    t = c.talk()
    t.put(0, FIN | ACK, seq=t.next[0] + 500000)
    t.send(0, REQUEST)
    return finish(t)


@case("A server with a closed window takes nothing; it takes what comes when it opens.")
def zero_window(c):
    t = c.talk()
    t.put(1, ACK, window=0)
    t.at(0, 0, DECOY[:1])  # a probe: not acknowledged, not taken
    t.put(1, ACK, window=0)
    t.put(1, ACK)
    t.send(0, REQUEST)
    return finish(t)


@case("A keep-alive's byte is one before the next and is thrown away.")
def keep_alive(c):
    t = c.talk()
    t.send(0, REQUEST[:10])
    t.at(0, -1, b"\0", flags=ACK)
    t.put(1, ACK)
    t.send(0, REQUEST[10:])
    return finish(t)


@case("A time stamp older than the last one (PAWS, RFC 7323 5) throws the segment away.")
def paws(c):
    t = c.talk(stamps=(1000000, 5000000))
    t.stamps[0] += 10
    t.send(0, REQUEST[:4])
    kept = t.stamps[0]
    t.stamps[0] = 900000
    t.at(0, 0, DECOY[4:])
    t.stamps[0] = kept + 10
    t.send(0, REQUEST[4:])
    return finish(t)


@case("An acknowledgement of bytes that nobody sent moves nothing.")
def ack_of_unsent(c):
    t = c.talk()
    t.put(1, ACK, ack=t.next[0] + 300)
    t.send(0, REQUEST)
    return finish(t)


@case("Doubled acknowledgements change nothing.")
def duplicate_acks(c):
    t = c.talk()
    t.send(0, REQUEST[:12], answer=False)
    t.next[0] -= 12
    for _ in range(5):
        t.put(1, ACK)
    t.next[0] += 12
    t.send(0, REQUEST[12:])
    return finish(t)


# --- segments ---

@case("A request in segments of one byte is one request.")
def tiny_segments(c):
    t = c.talk()
    for i in range(len(REQUEST)):
        t.send(0, REQUEST[i:i + 1])
    return finish(t)


@case("Segments in reverse order are put in order.")
def reversed_segments(c):
    t = c.talk()
    for i in reversed(range(0, len(REQUEST), 4)):
        t.at(0, i, REQUEST[i:i + 4])
    t.skip(0, len(REQUEST))
    return finish(t)


@case("Each segment twice, in disorder: each byte counts once.")
def doubled_and_shuffled(c):
    t = c.talk()
    for i in [8, 0, 16, 8, 24, 0, 32, 16, 24, 32]:
        t.at(0, i, REQUEST[i:i + 8])
    t.skip(0, len(REQUEST))
    return finish(t)


@case("The word is cut between two segments and each half is in a large one.")
def cut_in_the_word(c):
    t = c.talk()
    head = b"POST /ATT"
    rest = b"ACK HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000
    t.send(0, head)
    for i in range(0, len(rest), 1400):
        t.send(0, rest[i:i + 1400])
    return finish(t)


@case("Bytes sent again after they were acknowledged have been read already.")
def different_after_ack(c):
    t = c.talk()
    t.send(0, REQUEST[:20])
    t.at(0, -20, DECOY[:20])
    t.send(0, REQUEST[20:])
    return finish(t)


@case("Data without ACK is not taken in a connection (RFC 9293 3.10.7.4, fifth).")
def data_without_ack_flag(c):
    t = c.talk()
    t.at(0, 0, DECOY, flags=PSH, ack=0)
    t.send(0, REQUEST)
    return finish(t)


@case("Data with SYN in the connection is not taken.")
def data_with_syn_flag(c):
    t = c.talk()
    t.at(0, 0, DECOY, flags=SYN | ACK)
    t.send(0, REQUEST)
    return finish(t)


@case("No flags at all: no host takes it.")
def null_segment(c):
    t = c.talk()
    t.at(0, 0, DECOY, flags=0, ack=0)
    t.send(0, REQUEST)
    return finish(t)


@case("The urgent byte does not stand in the stream that the program reads.",
      ours=(["/ATTXACK"], [], "urgent bytes stay in line, as in Suricata 7.0.10"),
      theirs="7.0.10 leaves urgent bytes in line")
def urgent_byte(c):
    t = c.talk()
    t.send(0, REQUEST[:8])
    t.put(0, PSH | ACK | URG, b"X", urgent=1)
    t.next[0] += 1
    t.put(1, ACK)
    t.send(0, REQUEST[8:])
    return finish(t)


# --- ends ---

@case("What comes behind a FIN is read by no program; rules on raw bytes still see the attempt.",
      uris=["/HARMLES"], alerts=[1])
def data_after_fin(c):
    t = c.talk()
    t.send(0, DECOY)
    t.put(0, FIN | ACK)
    t.next[0] += 1
    t.put(1, ACK)
    t.at(0, 0, REQUEST)
    t.send(1, ANSWER)
    t.put(1, FIN | ACK)
    t.next[1] += 1
    t.put(0, ACK)
    return t


@case("A FIN that overtakes the data waits for it.")
def fin_overtakes(c):
    t = c.talk()
    t.at(0, 10, REQUEST[10:], flags=FIN | PSH | ACK)
    t.at(0, 0, REQUEST[:10])
    t.skip(0, len(REQUEST) + 1)
    t.send(1, ANSWER)
    t.put(1, FIN | ACK)
    t.next[1] += 1
    t.put(0, ACK)
    return t


@case("A FIN within bytes that are still missing does not end the direction early.")
def fin_inside(c):
    t = c.talk()
    t.send(0, REQUEST[:6])
    t.put(0, FIN | ACK, seq=t.next[0] - 3)
    t.send(0, REQUEST[6:])
    return finish(t)


@case("After a valid reset the connection is over: what follows reaches nobody.", uris=["/HARMLES"],
      alerts=[])
def data_after_reset(c):
    t = c.talk()
    t.send(0, DECOY)
    t.send(1, ANSWER)
    t.put(0, RST | ACK)
    t.send(0, REQUEST)
    return t


@case("The client closes its half, the server still answers.")
def half_closed(c):
    t = c.talk()
    t.send(0, REQUEST)
    t.put(0, FIN | ACK)
    t.next[0] += 1
    t.put(1, ACK)
    t.send(1, ANSWER)
    t.put(1, FIN | ACK)
    t.next[1] += 1
    t.put(0, ACK)
    return t


# --- overlapping segments, by the receiver's system ---

def overlap_same(host, wins):
    @case(f"{host}: bytes at the same place, the {wins} ones win.", host=host,
          uris=["/ATTACK"] if wins == "new" else ["/HARMLES"],
          alerts=[1, 2] if wins == "new" else [])
    def make(c):
        t = c.talk()
        t.at(0, 4, DECOY[4:20])
        t.at(0, 4, REQUEST[4:20])
        t.at(0, 20, (REQUEST if wins == "new" else DECOY)[20:])
        t.at(0, 0, REQUEST[:4])
        t.skip(0, len(REQUEST))
        return finish(t)
    CASES[-1].name = f"overlap_same_{host}"


def overlap_from_before(host, wins):
    """The new segment begins before the old one and goes beyond it."""
    @case(f"{host}: a segment that begins earlier, the {wins} bytes win.", host=host,
          uris=["/ATTACK"] if wins == "new" else ["/HARMLES"],
          alerts=[1, 2, 10] if wins == "new" else [10])
    def make(c):
        t = c.talk()
        t.at(0, 5, DECOY[5:12])
        t.at(0, 4, REQUEST[4:5] + REQUEST[5:12] + (REQUEST if wins == "new" else DECOY)[12:24])
        t.at(0, 24, (REQUEST if wins == "new" else DECOY)[24:])
        t.at(0, 0, REQUEST[:4])
        t.skip(0, len(REQUEST))
        return finish(t)
    CASES[-1].name = f"overlap_before_{host}"


for _host, _wins in (("windows", "old"), ("bsd", "old"), ("linux", "old"), ("old-linux", "new"),
                     ("solaris", "new"), ("vista", "old"), ("last", "new")):
    overlap_same(_host, _wins)
for _host, _wins in (("windows", "new"), ("bsd", "new"), ("linux", "new"), ("old-linux", "new"),
                     ("solaris", "new"), ("vista", "old"), ("last", "new")):
    overlap_from_before(_host, _wins)


# --- fragments ---

def datagram(c, data):
    return udp(c.client, c.server, 40000, 7777, data)


def pieces(c, payload, cuts, ident=7, proto=17):
    """Fragments between the cuts (multiples of 8)."""
    cuts = [0] + list(cuts) + [len(payload)]
    return [ether(ip(c.client, c.server, proto, payload[a:b], ident=ident, offset=a, more=b < len(payload)))
            for a, b in zip(cuts, cuts[1:])]


TEXT = b"some harmless ATTACK text, padded to some length."
PLAIN = b"some harmless FLOWER text, padded to some length."


@case("Fragments in order make one datagram.", uris=[], alerts=[3])
def fragments(c):
    return pieces(c, datagram(c, TEXT), [8, 16, 24, 32])


@case("Fragments in reverse order make the same datagram.", uris=[], alerts=[3])
def fragments_reversed(c):
    return pieces(c, datagram(c, TEXT), [8, 16, 24, 32])[::-1]


@case("A fragment sent twice counts once.", uris=[], alerts=[3])
def fragments_doubled(c):
    made = pieces(c, datagram(c, TEXT), [16, 32])
    return [made[0], made[0], made[1], made[1], made[2]]


@case("Without the middle there is no datagram.", uris=[], alerts=[])
def fragments_with_hole(c):
    made = pieces(c, datagram(c, TEXT), [8, 24, 40])
    return [made[0], made[2], made[3]]


@case("Other fragments with the same number but another protocol are not of this datagram.", uris=[],
      alerts=[3])
def fragments_other_protocol(c):
    made = pieces(c, datagram(c, TEXT), [24])
    return [made[0], pieces(c, b"z" * 60, [24], proto=1)[1], made[1]]


@case("Fragments that wait for more than a minute are given up: the new ones make the datagram.", uris=[],
      alerts=[3], theirs="it looks at the age of a tracker only when it runs out of them")
def fragments_time_out(c):
    old = pieces(c, datagram(c, PLAIN), [24])
    new = pieces(c, datagram(c, TEXT), [24])
    return [old[1], (new[0], 75.0), new[1]]


@case("More than 65,535 bytes is no datagram (ping of death).", uris=[], alerts=[])
def fragments_too_long(c):
    made = pieces(c, datagram(c, TEXT), [24])
    big = ether(ip(c.client, c.server, 17, b"ATTACK" * 20, ident=7, offset=65528, more=False))
    return [made[0], big]


@case("The header in one fragment, the flags in another: it is a segment all the same.")
def tcp_header_cut(c):
    t = c.talk()
    segment = tcp(c.client, c.server, 40000, 80, t.next[0], t.next[1], PSH | ACK, REQUEST)
    t.frames += pieces(c, segment, [8, 16, 24], ident=99, proto=6)
    t.skip(0, len(REQUEST))
    return finish(t)


def fragment_overlap(host, wins):
    @case(f"{host}: fragments at the same place, the {wins} one wins.", uris=[], host=host,
          alerts=[3] if wins == "new" else [])
    def make(c):
        old, new = datagram(c, PLAIN), datagram(c, TEXT)
        want = new if wins == "new" else old
        return [ether(ip(c.client, c.server, 17, want[:16], ident=7, more=True)),
                ether(ip(c.client, c.server, 17, old[16:40], ident=7, offset=16, more=True)),
                ether(ip(c.client, c.server, 17, new[16:40], ident=7, offset=16, more=True)),
                ether(ip(c.client, c.server, 17, want[40:], ident=7, offset=40))]
    CASES[-1].name = f"fragment_overlap_{host}"


for _host, _wins in (("windows", "old"), ("linux", "new"), ("bsd", "old"), ("bsd-right", "new"),
                     ("solaris", "old"), ("macos", "old"), ("last", "new")):
    fragment_overlap(_host, _wins)


def pieces6(c, payload, cuts, proto=17, ident=77):
    cuts = [0] + list(cuts) + [len(payload)]
    return [ether(ip6(c.client6, "2001:db8::80", 44,
                      fragment6(proto, payload[a:b], a, b < len(payload), ident)))
            for a, b in zip(cuts, cuts[1:])]


def datagram6(c, data):
    head = struct.pack(">HHHH", 40000, 7777, 8 + len(data), 0)
    pseudo = address(c.client6) + address("2001:db8::80") + struct.pack(">II", len(head) + len(data), 17)
    return head[:6] + struct.pack(">H", checksum(pseudo + head + data) or 0xffff) + data


@case("IPv6 fragments in reverse order make one datagram.", uris=[], alerts=[3])
def ipv6_fragments(c):
    return pieces6(c, datagram6(c, TEXT), [8, 16, 32])[::-1]


@case("A fragment that is the whole (RFC 6946) is a datagram.", uris=[], alerts=[3])
def ipv6_atomic_fragment(c):
    return pieces6(c, datagram6(c, TEXT), [])

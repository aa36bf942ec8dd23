"""What the box meets in a trial: a centre behind the management cable, traffic behind the mirror port."""
import ctypes
import json
import socket
import struct
import subprocess
import threading
import time

import boot
from common import Trouble
from machine import HERE, MIRROR


class Centre:
    """A real banken-centre with a folder of its own."""

    def __init__(self, network, folder, programs):
        self.network, self.folder, self.programs, self.process = network, folder / "centre", programs, None
        self.folder.mkdir()
        self.cli = programs / "control/cli/banken"
        self.program = programs / "control/centre/banken-centre"
        for path in (self.cli, self.program):
            if not path.exists():
                raise Trouble(f"{path} is missing; board/image/build makes it")

    def code(self, name, seconds=120):
        """An enrolment code for a sensor, as the vendor's operator makes one."""
        end = time.time() + seconds
        while time.time() < end:
            answer = self.ask("enrol", "code", "--site", "trial", "--role", "sensor", "--name", name)
            if answer and answer.get("code"):
                return answer["code"]
            time.sleep(0.5)
        raise Trouble(f"the centre gives no enrolment code: {(self.folder / 'log').read_text()[-500:]}")

    def start(self):
        log = open(self.folder / "log", "ab")
        values = {"listen": f"{HERE}:7444", "state-folder": self.folder / "state",
                  "keys-folder": self.folder / "keys", "ca-folder": self.folder / "ca", "run-folder": self.folder / "run",
                  "report-folder": self.folder / "reports", "zone": "UTC"}
        (self.folder / "run").mkdir(exist_ok=True)
        config = self.folder / "centre.yaml"
        config.write_text("".join(f"{k}: \"{v}\"\n" for k, v in values.items()) + "pages: {listen: \"\"}\n")
        self.process = subprocess.Popen(self.network.words(self.program, "-c", config), stdout=log, stderr=log)

    def ask(self, *words):
        done = subprocess.run([self.cli, "--run-folder", self.folder / "run", "--json", *words], capture_output=True, text=True)
        try:
            return json.loads(done.stdout)
        except ValueError:
            return None

    def linked(self, seconds):
        """Until a sensor has its link."""
        end = time.time() + seconds
        while not ((self.ask("status") or {}).get("banken-centre") or {}).get("peers"):
            if time.time() > end:
                raise Trouble(f"no sensor came to the centre in {seconds} s")
            time.sleep(0.5)

    def alert(self, sid, seconds):
        """The first alert with that number, when it arrives in time."""
        end = time.time() + seconds
        while time.time() < end:
            if self.process.poll() is not None:
                raise Trouble(f"the centre ended: {(self.folder / 'log').read_text()[-500:]}")
            text = json.dumps(self.ask("alerts", "--most", "200"))
            if f'{sid}' in text:
                return text
            time.sleep(0.5)
        raise Trouble(f"no alert {sid} reached the centre in {seconds} s")

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()


def stick(path, work, box_conf, files=None, label="BANKEN-CONF", mib=16):
    """A USB stick with box.conf and more files (place -> source)."""
    files = dict(files or {})
    if box_conf:
        files["box.conf"] = work / "box.conf"
        files["box.conf"].write_text(box_conf)
    return boot.fat(path, mib, label, files, int(time.time()))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tcp(source, target, ports, numbers, flags, payload=b""):
    """One frame between two hosts of the site that is mirrored. source, target: last byte of the address."""
    a, b = bytes((192, 168, 7, source)), bytes((203, 0, 113, target)) if target > 200 else bytes((192, 168, 7, target))
    if source > 200:
        a = bytes((203, 0, 113, source))
    segment = struct.pack(">HHIIBBHHH", *ports, *numbers, 0x50, flags, 64240, 0, 0) + payload
    pseudo = a + b + struct.pack(">BBH", 0, 6, len(segment))
    segment = segment[:16] + struct.pack(">H", checksum(pseudo + segment)) + segment[18:]
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 1, 0x4000, 64, 6, 0, a, b)
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return bytes((2, 0, 0, 0, 7, target)) + bytes((2, 0, 0, 0, 7, source)) + b"\x08\x00" + head + segment


def conversation(port, payload):
    """A whole HTTP request with its answer, as a mirror port shows it."""
    here, there, p = 20, 210, (port, 80)
    q = (80, port)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    n, m = 1001 + len(payload), 5001 + len(answer)
    return [tcp(here, there, p, (1000, 0), 2), tcp(there, here, q, (5000, 1001), 0x12), tcp(here, there, p, (1001, 5001), 0x10),
            tcp(here, there, p, (1001, 5001), 0x18, payload), tcp(there, here, q, (5001, n), 0x18, answer),
            tcp(here, there, p, (n, m), 0x11), tcp(there, here, q, (m, n + 1), 0x11), tcp(here, there, p, (n + 1, m + 1), 0x10)]


class Sender(threading.Thread):
    """Sends on one cable until closed, by the run() of its kind; counts what the box itself says there."""

    def __init__(self, network, tap):
        super().__init__(daemon=True)
        self.socket, self.going, self.heard = opened(network, tap), True, 0

    def listen(self):
        while True:
            try:
                _, (_, _, kind, *_) = self.socket.recvfrom(64)
            except BlockingIOError:
                return
            self.heard += kind != 4  # 4: our own, on its way out

    def close(self):
        self.going = False
        self.join(5)
        self.socket.close()


class Traffic(Sender):
    """Everyday conversations on the mirror cable; attack() adds one that a rule knows."""

    def __init__(self, network):
        super().__init__(network, MIRROR)
        self.sent, self.port = 0, 20000

    def play(self, payload):
        self.port = 20000 + (self.port + 1) % 40000
        for frame in conversation(self.port, payload):
            self.socket.send(frame)
            self.sent += 1

    def run(self):
        while self.going:
            self.play(b"GET /everyday HTTP/1.1\r\nHost: example.org\r\n\r\n")
            self.listen()
            time.sleep(0.2)

    def attack(self):
        self.play(b"GET /banken-trial HTTP/1.1\r\nHost: example.org\r\n\r\n")


def opened(network, iface):
    """A raw socket in the namespace: made by a thread that visits it."""
    made = {}

    def visit():
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{network.name}") as space:
            if libc.setns(space.fileno(), 0x40000000):
                return
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind((iface, 3))
            s.setblocking(False)
            made["socket"] = s

    thread = threading.Thread(target=visit)
    thread.start()
    thread.join()
    if "socket" not in made:
        raise Trouble(f"{network.name}: {iface} could not be opened")
    return made["socket"]

"""A dataplane that was built with ThreadSanitizer, live for some seconds: two workers behind a distributor, rules
swapped under traffic, files opened and searched, packets kept. Called by tests/lint/threads.

usage: threads_live.py BUILD"""
import io
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/smoke"), str(ROOT / "tests/replay")]
import craft  # noqa: E402
import wire  # noqa: E402

SPACE = f"bk-threads-{os.getpid()}"
RULES = 'alert udp any any -> any 7777 (msg:"set {0}"; content:"number"; sid:{0};)\n' \
        'alert http any any -> any any (msg:"file"; filestore; filemagic:"Zip"; sid:10;)\n'
YARA = 'rule marked { strings: $a = "a mark" condition: $a }\n'
SETS, SECONDS_A_SET, START_S = 3, 4, 300


def run(*command):
    subprocess.run([str(c) for c in command], check=True, capture_output=True)


def talks():
    """frames of downloads, each of its own host"""
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("in.txt", "here is a mark")
    body = box.getvalue()
    for n in range(40):
        t = craft.Talk(client=f"10.1.{n}.2", server="10.2.0.1", sport=20000 + n)
        t.send(0, b"GET /a%d.zip HTTP/1.1\r\nHost: a\r\n\r\n" % n)
        t.send(1, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        t.close()
        yield from t.frames


def rule_sets(folder):
    for n in range(SETS):
        (folder / f"rules/{n}").mkdir(parents=True)
        (folder / f"rules/{n}/effective.rules").write_text(RULES.format(n + 1))
        (folder / f"rules/{n}/threshold.config").write_text("")


def switch(folder, n):
    (folder / "rules/new").symlink_to(str(n))
    (folder / "rules/new").rename(folder / "rules/current")


def start(build, folder):
    words = ["-p", "net_af_packet0,iface=in0"]
    for pair in ("worker.count=2", "eal.hugepages=no", f"run-folder={folder}/run", f"rules.folder={folder}/rules",
                 "files.archives=yes", f"files.yara={folder}/marked.yar", "file-store.enabled=yes",
                 "evidence.enabled=yes", "evidence.after-seconds=1", "evidence.min-free-mb=0", "evidence.ring-mb=2"):
        words += ["--set", pair]
    options = f"halt_on_error=0:report_signal_unsafe=0:exitcode=66:suppressions={ROOT}/tests/lint/threads.suppressions"
    return subprocess.Popen(["ip", "netns", "exec", SPACE, str(build / "dataplane/worker/banken-dataplane"), *words],
                            env=dict(os.environ, TSAN_OPTIONS=options), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=open(folder / "log", "wb"))


def wait_for(plane, what, condition, seconds):
    end = time.time() + seconds
    while not condition():
        if time.time() > end or plane.poll() is not None:
            raise SystemExit(f"{what} did not happen")
        time.sleep(0.2)


def traffic(seconds):
    s, end = wire.raw_socket(SPACE, "out0"), time.time() + seconds
    everything = [*wire.frames(False), *talks()]
    while time.time() < end:
        for n, frame in enumerate(everything):
            s.send(frame)
            if n % 16 == 0:
                time.sleep(0.005)
    s.close()


def session(build, folder):
    rule_sets(folder)
    switch(folder, 0)
    (folder / "marked.yar").write_text(YARA)
    plane, log = start(build, folder), folder / "log"
    try:
        wait_for(plane, "the start", lambda: b"2 workers" in log.read_bytes(), START_S)
        for n in range(1, 2 * SETS):
            traffic(SECONDS_A_SET)
            switch(folder, n % SETS)
        traffic(SECONDS_A_SET)
        kept = list((folder / "run/filestore").glob("??/*"))
        plane.terminate()
        status = plane.wait(300)
    finally:
        if plane.poll() is None:
            plane.kill()
            plane.wait()
    return status, len(kept)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if os.geteuid() != 0 or not shutil.which("ip"):
        print("live: left out, needs root: a network namespace")
        return 0
    random.seed(1)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="banken-threads-"))
    status, kept = 1, 0
    try:
        run("ip", "netns", "add", SPACE)
        run("ip", "-n", SPACE, "link", "add", "out0", "type", "veth", "peer", "in0")
        for name in ("in0", "out0"):
            run("ip", "-n", SPACE, "link", "set", name, "up", "arp", "off")
        status, kept = session(build, folder)
    finally:
        text = (folder / "log").read_text(errors="replace") if (folder / "log").exists() else ""
        races = text.count("WARNING: ThreadSanitizer")
        if races or status or not kept:
            print(text[:20000])
        subprocess.run(["ip", "netns", "del", SPACE], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"live: {2 * SETS} rule sets, {kept} files kept, {races} races, exit {status}")
    return 1 if races or status or not kept else 0


sys.exit(main())

"""What can go wrong with a program, its disk, its clock, its link, its memory and its files. Each fault is
put right again before it returns; `site` (chaos_site.py) keeps the account."""
import os
import pathlib
import random
import re
import signal
import subprocess
import time

from chaos_site import Group, run

PROGRAMS = ("dataplane", "control", "mitigator", "enforcer", "centre")
KEEPERS = ("control", "mitigator", "enforcer", "centre")  # of state on a disk
DATABASES = {"control": ("spool.db",), "mitigator": ("mitigator.db", "spool.db"), "enforcer": ("held.db", "spool.db"),
             "centre": ("centre.db",)}
LINK = {"control": "m-sensor", "dataplane": "m-sensor", "enforcer": "m-gateway"}


def killed(site, r, name):
    site.kill(name)
    time.sleep(r.choice((0, 0.1, 0.5, 1.5)))
    site.revive(name)


def killed_twice(site, r, name):
    """Again while it starts."""
    site.kill(name)
    site.start(name)
    time.sleep(r.uniform(0.005, 0.3))
    site.kill(name)
    site.revive(name)


def ended(site, r, name):
    site.kill(name, signal.SIGTERM)
    site.revive(name)


def helper_killed(site, r, name):
    """A process that it forked; its supervisor or the program itself starts anew."""
    pids = run("pgrep", "-P", str(site.pid(name)), check=False).split()
    inner = [p for pid in pids for p in run("pgrep", "-P", pid, check=False).split()]
    if inner:
        try:
            os.kill(int(r.choice(inner)), signal.SIGKILL)
        except ProcessLookupError:
            pass
    time.sleep(1)


def stopped(site, r, name):
    # 2,048 frames wait for a dataplane that stands still.
    pid, seconds = site.pid(name), r.uniform(0.5, 2.0 if name == "dataplane" else 4.0)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
    if name == "dataplane":
        time.sleep(1)  # what waits in the kernel's ring would die with it if it were killed now


def switch_killed(site, r, name):
    site.kill_switch()
    time.sleep(r.choice((0, 0.5)))
    site.revive_switch()


def disk_full(site, r, name):
    path = site.net.folder / f"state-{name}" / "somebody-elses"
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * (1 << 16))
        except OSError:
            pass
    time.sleep(r.uniform(1, 4))
    if r.random() < 0.4:  # and it starts on a full disk
        site.expected_end.add(name)
        site.kill(name)
        site.start(name)
        time.sleep(1.5)
    path.unlink()
    if site.programs.process[name].poll() is not None or not site.is_ready(name):
        if site.programs.process[name].poll() is not None:
            site.note_end(name)
            site.revive(name)
        else:
            site.net.wait(lambda: site.is_ready(name), f"banken-{name} on a disk with room again", 20)
    site.expected_end.discard(name)


def disk_read_only(site, r, name):
    """Found at the start: it says so and ends, or works on; with the disk back it serves."""
    folder = site.net.folder / f"state-{name}"
    site.expected_end.add(name)
    site.kill(name)
    run("mount", "-o", "remount,ro", folder)
    site.start(name)
    time.sleep(r.uniform(0.5, 2))
    ended_itself = site.programs.process[name].poll() is not None
    word = site.last_line(name)
    if ended_itself:
        site.note_end(name)
        if not word or "no word" in word:
            site.died.append(f"banken-{name} on a read-only disk ended without a word")
    run("mount", "-o", "remount,rw", folder, check=False)
    if not ended_itself:
        site.kill(name)
    site.revive(name)
    site.expected_end.discard(name)


def clock_set(site, r, name):
    """Steps while it runs, and back."""
    step = r.choice((-30, 30, -300, 300, 3600, -3600, 86400))
    site.clock_file(name).write_text(f"{step:+d}\n")
    time.sleep(r.uniform(1.5, 4))
    site.clock_file(name).write_text("+0\n")
    time.sleep(1.2)


def link_down(site, r, name):
    link = LINK[name]
    site.net.inside("management", "ip", "link", "set", link, "down")
    time.sleep(r.uniform(0.5, 5))
    site.net.inside("management", "ip", "link", "set", link, "up")


def packets_lost(site, r, name):
    """Whole stretches, and a share of packets, to the ports of mitigator and centre."""
    drop = r.choice(("tcp dport {7443, 7444} drop", "numgen random mod 100 < 30 drop"))
    table = f"add table inet chaos\nadd chain inet chaos in {{ type filter hook input priority 0; }}\n" \
            f"add rule inet chaos in iifname brm {drop}\n"
    site.net.inside("management", "sh", "-c", f"printf '%s' '{table}' | nft -f -")
    time.sleep(r.uniform(1, 4))
    site.net.inside("management", "nft", "delete", "table", "inet", "chaos")


def slow_link(site, r, name):
    link = LINK[name]
    site.net.inside("management", "tc", "qdisc", "add", "dev", link, "root", "tbf", "rate",
                    r.choice(("16kbit", "128kbit")), "burst", "2kb", "latency", "800ms")
    time.sleep(r.uniform(2, 5))
    site.net.inside("management", "tc", "qdisc", "del", "dev", link, "root")


def limit_space(pid, size):
    """As the program's own user: root may not without CAP_SYS_RESOURCE."""
    try:
        owner = os.stat(f"/proc/{pid}")
        subprocess.run(["prlimit", "--pid", str(pid), f"--as={size}:"], user=owner.st_uid, group=owner.st_gid,
                       extra_groups=[], capture_output=True, check=True)
    except (OSError, subprocess.SubprocessError) as e:
        if pathlib.Path(f"/proc/{pid}").exists():
            raise OSError(f"prlimit: {e}") from e


def memory_short(site, r, name):
    """No more address space than it has: every growth is refused. It may end with a sentence."""
    pid = site.pid(name)
    size = int(re.search(r"VmSize:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024
    limit_space(pid, size + r.choice((0, 65536, 1 << 20)))
    site.expected_end.add(name)
    time.sleep(r.uniform(1, 3))
    limit_space(pid, "unlimited")
    site.look()
    site.expected_end.discard(name)


def memory_pressure(site, r, name):
    """The kernel has no page left for it: pages are taken back from it, and when that is not enough the kernel
    ends it, or one of its helpers, with no word at all."""
    group = site.groups[name]
    site.killed_by_kernel.add(name)
    try:
        group.limit(group.used() + r.choice((0, 16, 256, 1024)) * 1024)
        time.sleep(r.uniform(1, 4))
    finally:
        group.limit(-1)
        site.look()
        site.killed_by_kernel.discard(name)


def memory_pressure_start(site, r, name):
    """The same from its first page on; then it starts with all the memory it wants."""
    group = site.groups[name]
    site.expected_end.add(name)
    site.killed_by_kernel.add(name)
    try:
        site.kill(name)
        group.limit(r.choice((2, 6, 16, 48)) << 20)
        site.start(name)
        time.sleep(r.uniform(1, 3))
    finally:
        group.limit(-1)
    if site.programs.process[name].poll() is None:
        site.kill(name)
    else:
        site.note_end(name)
    site.revive(name)
    site.expected_end.discard(name)
    site.killed_by_kernel.discard(name)


def flip_bits(path, r, most):
    with open(path, "r+b") as f:
        size = f.seek(0, 2)
        for _ in range(r.randint(1, most)):
            at = r.randrange(size) if r.random() < 0.7 else r.randrange(min(size, 4096))
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1 << r.randrange(8)]))


def database_damaged(site, r, name):
    """Bits turned over while it does not run. It starts, and says what it put aside, or ends with a
    sentence; it never dies of it. Then the file comes back from the back-up, as the manual says."""
    database = r.choice(DATABASES[name])
    path = site.net.folder / f"state-{name}" / database
    os.kill(site.client.pid, signal.SIGSTOP)
    try:
        time.sleep(1.2)  # what is on its way
        wait_until_sent(site)
        site.kill(name, signal.SIGTERM)
        backup = {p: p.read_bytes() for p in path.parent.glob(path.name + "*") if "ballast" not in p.name and p.is_file()}
        flip_bits(path, r, 40)
        site.expected_end.add(name)
        site.start(name)
        end = time.monotonic() + 6
        while time.monotonic() < end and site.programs.process[name].poll() is None and not site.is_ready(name):
            time.sleep(0.05)
        time.sleep(r.uniform(0.3, 2))
        if site.programs.process[name].poll() is not None:
            site.note_end(name)
            if site.last_line(name) == "no word":
                site.died.append(f"banken-{name}: {database} damaged, and not a word")
        else:
            site.kill(name)
        for p in list(path.parent.glob(path.name + "*")):
            if "ballast" not in p.name and p.is_file():
                p.unlink()
        for p, data in backup.items():
            p.write_bytes(data)
            owner = path.parent.stat()
            os.chown(p, owner.st_uid, owner.st_gid)
        site.revive(name)
        site.expected_end.discard(name)
    finally:
        os.kill(site.client.pid, signal.SIGCONT)


def rings_damaged(site, r, name):
    """What dataplane and control share in memory, turned over while neither runs."""
    os.kill(site.client.pid, signal.SIGSTOP)
    try:
        time.sleep(1.2)  # what is on its way
        wait_until_sent(site)
        site.kill("dataplane")
        site.kill("control")
        folder = site.programs.run_folder
        files = [p for p in folder.iterdir() if p.is_file() and p.stat().st_size > 0]
        flip_bits(r.choice(files), r, 200)
        # Control first meets the damaged file, then a dataplane that makes it anew.
        if r.random() < 0.5:
            site.revive("control")
            site.revive("dataplane")
        else:
            site.revive("dataplane")
            site.revive("control")
    finally:
        os.kill(site.client.pid, signal.SIGCONT)


def cache_damaged(site, r, name):
    """The compiled rules on disk: bits turned over, cut short, emptied, made a folder. It compiles anew."""
    folder = site.net.folder / "state-dataplane"
    files = [p for p in folder.glob("plan-*.hs") if p.is_file()]
    site.kill(name)
    if not files:  # this fault has made it a folder before: the next start keeps them again
        site.revive(name)
        site.kill(name)
        files = [p for p in folder.glob("plan-*.hs") if p.is_file()]
    if not files:
        site.died.append("the dataplane keeps no compiled rules")
        site.revive(name)
        return
    path, size = files[0], files[0].stat().st_size
    how = r.choice(("bits", "head", "short", "empty", "zeros", "folder", "other's"))
    if how == "bits":
        flip_bits(path, r, 40)
    elif how == "head":
        with open(path, "r+b") as f:
            f.seek(r.randrange(0, 32))
            f.write(bytes(r.randrange(256) for _ in range(8)))
    elif how in ("short", "empty"):
        os.truncate(path, 0 if how == "empty" else r.randrange(size))
    elif how == "zeros":
        path.write_bytes(bytes(size))
    else:
        path.unlink()
        if how == "folder":
            path.mkdir()
        else:
            path.symlink_to("/etc/passwd")
    site.revive(name)
    if how == "folder":
        path.rmdir()


def wait_until_sent(site, seconds=30):
    """Nothing waits for a receiver any more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        site.look()
        if site.waiting() == 0:
            return True
        time.sleep(0.1)
    return False


def catalogue():
    """(name, function, program) of every fault there is."""
    faults = []
    for f in (killed, killed_twice, ended, stopped, memory_short):
        faults += [(f.__name__, f, p) for p in PROGRAMS]
    faults += [("helper_killed", helper_killed, p) for p in ("mitigator", "enforcer", "centre")]
    for f in (disk_full, disk_read_only, clock_set, database_damaged):
        faults += [(f.__name__, f, p) for p in KEEPERS]
    if Group.is_there():
        faults += [(f.__name__, f, p) for f in (memory_pressure, memory_pressure_start) for p in PROGRAMS]
    faults += [("cache_damaged", cache_damaged, "dataplane")] * 3
    faults += [(f.__name__, f, p) for f in (link_down, slow_link) for p in ("control", "enforcer")]
    faults += [("packets_lost", packets_lost, "control"), ("switch_killed", switch_killed, "switch"),
               ("switch_killed", switch_killed, "switch"), ("rings_damaged", rings_damaged, "dataplane")]
    return faults


def choose(seed, count):
    """A shuffled walk through the catalogue, so that few faults differ from each other as well."""
    r, chosen = random.Random(seed), []
    while len(chosen) < count:
        more = catalogue()
        r.shuffle(more)
        chosen += more
    return r, chosen[:count]

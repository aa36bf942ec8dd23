"""board/quickstart: the lab with all programs, one story, its time line in words."""
import argparse
import datetime
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import programs as programs_module  # noqa: E402
import site_net  # noqa: E402
from net import LabError  # noqa: E402
from story import Cast, rules  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS = 1e9


def options():
    p = argparse.ArgumentParser(prog="board/quickstart", description=__doc__)
    p.add_argument("capture", nargs="?", help="analyse this capture file instead of running the lab")
    p.add_argument("--once", action="store_true", help="one story, then end: exit status 0 or 1")
    p.add_argument("--seed", type=int, default=1, help="chooses addresses and names (default 1)")
    p.add_argument("--found-by", choices=("both", "rule", "behaviour"), default="both",
                   help="what the infected machine does")
    p.add_argument("--build", default=str(ROOT / "build"), help="folder of the built programs")
    p.add_argument("-S", "--rules", help="rule file for the capture")
    p.add_argument("--mode", choices=("monitor", "notify", "approve", "automatic"), default="automatic",
                   help="the mitigator's mode (default automatic)")
    p.add_argument("--method", action="append", choices=tuple(programs_module.METHODS),
                   help="cut only by this method (may repeat; default: all, in their order)")
    p.add_argument("--keep", action="store_true", help="keep logs and state of the run")
    return p.parse_args()


def story_log(path):
    """The lines of a part of the story as dictionaries."""
    rows = []
    for line in path.read_text(errors="replace").splitlines() if path.exists() else []:
        row = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "at" in row:
            rows.append(row)
    return rows


class Lab:
    def __init__(self, opts):
        self.opts = opts
        self.cast = Cast.from_seed(opts.seed)
        self.net = self.programs = self.page = None
        self.approved = 0  # when a person said yes, in mode approve

    # --- set-up ---
    def up(self):
        print(f"site {self.cast.lan}: client {self.cast.client}, colleague {self.cast.colleague}, "
              f"file server {self.cast.files}, gateway {self.cast.gateway}")
        self.net = site_net.build(self.cast)
        self.page = self.net.uplink("management", "page0")
        self.programs = programs_module.Programs(self.net, self.cast, self.opts.build)
        protected = [self.cast.gateway, *site_net.MANAGEMENT.values()]
        self.programs.configure(rules(self.cast), protected, self.opts.mode,
                                self.opts.method or tuple(programs_module.METHODS))
        self.programs.enrol()
        self.programs.start_all()
        print("switch, mirror port and five programs are up")

    def part(self, name, *words):
        self.net.start(name, [sys.executable, HERE / "story.py", name, *words],
                       self.net.folder / f"{name}.story")

    # --- story ---
    def begin(self):
        c = self.cast
        self.part("colleague", c.gateway, c.good_name, c.good, c.files)
        time.sleep(1.5)
        self.part("client", c.gateway, c.bad_name, c.bad, c.path, self.opts.found_by)

    def cut_of(self, address):
        answer = self.programs.ask("quarantine", "list") or {}
        cuts = [q for q in answer.get("quarantines", []) if q.get("ip") == address]
        return cuts[-1] if cuts else None

    def wait_for_cut(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.programs.check()
            cut = self.cut_of(self.cast.client) or {}
            if cut.get("verified") or cut.get("state") == self.expected() != "verified":
                return cut
            if cut.get("state") == "held" and not self.approved:
                self.approved = time.time()
                print(f"mode {self.opts.mode}: the mitigator asks, and a person says yes "
                      f"(banken quarantine approve {cut['command_id']})")
                self.programs.ask("quarantine", "approve", cut["command_id"])
            time.sleep(0.1)
        return self.cut_of(self.cast.client)

    def expected(self):
        """The state in which the client's cut comes to rest."""
        if self.opts.mode in ("monitor", "notify"):
            return "outside-policy"
        # A reset ends a connection, but the next one may be answered before its own reset comes.
        return "still-seen" if self.opts.method == ["reset"] else "verified"

    def guilty_gateway(self):
        """The gateway looks as guilty as it can and must stay on the net."""
        c = self.cast
        try:
            self.net.inside("gateway", sys.executable, "-c",
                            f"import sys; sys.path.insert(0, {str(HERE)!r}); import story; "
                            f"import socket\n"
                            f"s = socket.socket(); s.bind(({c.gateway!r}, 0)); s.settimeout(2)\n"
                            f"s.connect(({c.files!r}, 80))\n"
                            f"story.http({c.files!r}, story.post({c.bad_name!r}, '/gate.php', 'labbot/1'), 2, s)",
                            timeout=10)
        except LabError as e:
            print(f"  (the gateway's part failed: {e})")
        time.sleep(2.0)
        return self.cut_of(c.gateway)

    # --- words ---
    def time_line(self, cut):
        rows = story_log(self.net.folder / "client.story")
        first = next((float(r["at"]) for r in rows if r["did"] in ("start", "lookup", "download")), None)
        last_home = max((float(r["at"]) for r in rows if r["did"] == "home"), default=None)
        print("\ntime line, seconds after the first bad packet:")
        print(f"   0.000  first bad packet from {self.cast.client}")
        words = (("detected", "detected"), ("reported", "reported to the mitigator"),
                 ("ordered", "cut ordered"), ("acked", f"cut by {cut.get('method', '?')}"),
                 ("verified", "VERIFIED on the wire: it keeps trying, nobody answers"))
        moments = [(cut[key] / SECONDS - first, text) for key, text in words if cut.get(key)]
        if last_home:
            moments.append((last_home - first, "its last call home that was answered"))
        for at, text in sorted(moments, key=lambda m: m[0]):
            print(f"{at:8.3f}  {text}")
        return cut["verified"] / SECONDS - first if cut.get("verified") else None

    def judge(self, cut):
        """Prints what went right and wrong; True when all of it is right."""
        checks = []
        if not cut:
            checks.append((False, "the infected client was not cut"))
        else:
            took, state = self.time_line(cut), cut.get("state")
            checks.append((state == self.expected() or took is not None, {
                "outside-policy": f"mode {self.opts.mode}: told, and nothing was cut",
                "still-seen": "resets alone: the client is STILL-SEEN, which the next method of the ladder would end",
            }.get(state, f"the cut is verified (state {state})")))
            if took is not None and not self.approved:
                # How long depends on who else is at work here: it is told, and decides nothing.
                checks.append((True, f"first bad packet to VERIFIED in {took:.2f} s " + (
                    "(under 3 s)" if took < 3.0 else f"(over 3 s, at a load of {os.getloadavg()[0]:.0f})")))
        rows = story_log(self.net.folder / "colleague.story")
        broken = [r for r in rows if r["did"] in ("session-broken", "web-failed")]
        done = int(rows[-1].get("done", 0)) if rows and rows[-1]["did"] == "count" else 0
        checks.append((not broken and done > 0,
                       f"the colleague lost {len(broken)} of {done} exchanges"))
        guilty = self.guilty_gateway()
        cut_it = guilty and guilty.get("state") in ("sent", "acked", "verified", "still-seen", "quiet")
        checks.append((not cut_it, "the gateway looked guilty and was not cut"
                       if not cut_it else "the gateway was cut"))
        print()
        for right, text in checks:
            print(f"  {'ok  ' if right else 'FAIL'}  {text}")
        return all(right for right, _ in checks)

    def report(self):
        answer = self.programs.ask("report", "daily") or {}
        if answer.get("path"):
            kept = pathlib.Path(tempfile.gettempdir()) / pathlib.Path(answer["path"]).name
            for language in ("en", "ja"):
                source = pathlib.Path(answer["path"].replace(".en.", f".{language}."))
                if source.exists():
                    shutil.copy(source, str(kept).replace(".en.", f".{language}."))
            print(f"\ndaily report, so far: {kept}")
        else:
            print("\nno daily report: is banken-centre running?")

    def run(self):
        self.up()
        self.begin()
        cut = self.wait_for_cut()
        right = self.judge(cut)
        self.report()
        if self.opts.once:
            return 0 if right else 1
        password = secrets.token_urlsafe(12)
        self.programs.account("admin", "administrator", password)
        self.programs.account("admin", "vendor-administrator", password, of=("centre", "account"))
        print(f"\nthe site's pages (approve, release, undo, policies): https://{self.page}:{programs_module.PAGES_PORT}/\n"
              f"      log in as admin with the password {password}\n"
              "      (the certificate was made here, so the browser asks once; banken account adds others)")
        print(f"the centre's pages (all sites, reports): https://{self.page}:{programs_module.CENTRE_PORT}/   (the same log-in)")
        print(f"try:  BANKEN_RUN={self.programs.run_folder} {self.programs.binary('banken')} quarantine list")
        print("Ctrl-C ends the lab and removes it.")
        while True:
            self.programs.check()
            time.sleep(0.5)

    def down(self, keep):
        if self.net:
            self.net.close(keep_folder=keep)
        if self.programs:
            self.programs.close()
        if keep and self.net:
            print(f"logs and state are kept in {self.net.folder}")


def capture(opts):
    """The same kind of answer from a capture file."""
    banken = pathlib.Path(opts.build) / programs_module.BINARIES["banken"]
    words = [str(banken), "replay", opts.capture] + (["-S", opts.rules] if opts.rules else [])
    return subprocess.run(words).returncode


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    opts = options()
    if opts.capture:
        return capture(opts)
    if os.geteuid() != 0:
        print("board/quickstart: the lab needs root (namespaces, a switch); run it with sudo", file=sys.stderr)
        return 1
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    lab, status = Lab(opts), 1
    try:
        status = lab.run()
    except KeyboardInterrupt:
        print()
        status = 0 if not opts.once else 1
    except (LabError, OSError, subprocess.SubprocessError) as e:
        print(f"board/quickstart: {e}", file=sys.stderr)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        lab.down(opts.keep or (status != 0 and opts.once))
    return status


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Builds, runs all parts of the tests, counts. Called by tests/run.

A part is either tests of meson (unit, fuzz, lint, some of replay) or the executable files of a folder
(replay, smoke, e2e): exit status 0 is passed, 77 skipped (the last line says why), everything else failed.
Two of these files run at a time, each with namespaces, folders and ports of its own; one whose head has a line
"# runs alone: WHY" runs when the others are done.
"""
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD, SANITIZED = ROOT / "build", ROOT / "build-sanitized"
MESON_PARTS = ("lint", "unit", "fuzz")
FOLDER_PARTS = ("replay", "smoke", "e2e")
SECONDS = {"replay": 1200, "smoke": 300, "e2e": 900}
SKIPPED = 77
AT_ONCE = 2
ALONE = "# runs alone: "
HEAD = 30  # lines in which it is looked for


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.lock = threading.Lock()

    def add(self, name, result, seconds, detail="", log=""):
        line = f"{result:7} {seconds:7.1f} s  {name}"
        with self.lock:
            setattr(self, result, getattr(self, result) + 1)
            if result == "failed":
                self.failures.append(name)
                print(log[-4000:])
            print(line + (f"  ({detail})" if detail else ""), flush=True)


def build(folder, *options):
    begin = time.time()
    if not (folder / "build.ninja").exists():
        run = ["meson", "setup", str(folder), *options]
        done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout[-4000:], done.stderr[-4000:], sep="\n")
            sys.exit(f"{folder.name}: meson setup failed")
    done = subprocess.run(["ninja", "-C", str(folder)], capture_output=True, text=True)
    if done.returncode:
        print(done.stdout[-8000:], done.stderr[-2000:], sep="\n")
        sys.exit(f"{folder.name}: does not build")
    print(f"built   {time.time() - begin:7.1f} s  {folder.name}", flush=True)


def meson_part(tally, folder, part):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=1",
               UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
    subprocess.run(["meson", "test", "-C", str(folder), "--no-rebuild", "--suite", part,
                    "--timeout-multiplier", "6" if folder == SANITIZED else "3"],
                   capture_output=True, env=env)
    log = folder / "meson-logs" / "testlog.json"
    results = {"OK": "passed", "SKIP": "skipped"}
    for line in log.read_text().splitlines():
        test = json.loads(line)
        result = results.get(test["result"], "failed")
        name = f"{part}/{test['name'].split(' / ')[-1]}"
        if folder == SANITIZED:
            name += " (sanitized)"
        tally.add(name, result, test["duration"], log=test.get("stdout", "") + test.get("stderr", ""))


def script(tally, path):
    part = path.parent.name
    name = f"{part}/{path.name}"
    begin = time.time()
    env = dict(os.environ, BANKEN_BUILD=str(BUILD), BANKEN_ROOT=str(ROOT))
    child = subprocess.Popen([str(path)], cwd=ROOT, env=env, text=True, errors="replace",
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
    try:
        out, _ = child.communicate(timeout=SECONDS[part])
        status = child.returncode
    except subprocess.TimeoutExpired:
        # First kindly, so that its traps remove namespaces and folders.
        os.killpg(child.pid, signal.SIGTERM)
        try:
            out, _ = child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, _ = child.communicate()
        status = "timeout"
    lines = [line for line in (out or "").splitlines() if line.strip()]
    last = lines[-1][:160] if lines else ""
    result = "passed" if status == 0 else "skipped" if status == SKIPPED else "failed"
    if result == "failed":
        last = f"exit {status}"
    tally.add(name, result, time.time() - begin, last, out or "")


def runs_alone(path):
    with open(path, errors="replace") as f:
        return any(line.startswith(ALONE) for _, line in zip(range(HEAD), f))


def run_scripts(tally, paths):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(script, tally, p) for p in paths if not runs_alone(p)]:
            done.result()
    for path in paths:
        if runs_alone(path):
            script(tally, path)


def scripts(part):
    folder = ROOT / "tests" / part
    if not folder.is_dir():
        return []
    # What meson runs with arguments is counted there.
    build_file = folder / "meson.build"
    by_meson = build_file.read_text() if build_file.exists() else ""
    return sorted(p for p in folder.iterdir() if p.is_file() and os.access(p, os.X_OK)
                  and f"'{p.name}'" not in by_meson)


def main():
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")]
    known = MESON_PARTS + FOLDER_PARTS
    for part in wanted:
        if part.split("/")[0] not in known:
            sys.exit(f"there is no part \"{part}\"; there are {', '.join(known)}")
    if "--list" in sys.argv:
        for part in FOLDER_PARTS:
            print(*(f"{part}/{p.name}" for p in scripts(part)), sep="\n")
        return 0
    parts = [p for p in known if not wanted or any(w.split("/")[0] == p for w in wanted)]
    tally = Tally()
    build(BUILD)
    if any(p in parts for p in ("unit", "fuzz")):
        build(SANITIZED, "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dpages=false",
              "--buildtype=debugoptimized")
    for part in parts:
        if part in MESON_PARTS:
            meson_part(tally, BUILD, part)
            if part != "lint":
                meson_part(tally, SANITIZED, part)
        elif part == "replay" and (not wanted or part in wanted):
            meson_part(tally, BUILD, part)
    run_scripts(tally, [p for part in parts if part in FOLDER_PARTS for p in scripts(part)
                        if not wanted or part in wanted or f"{part}/{p.name}" in wanted])
    for name in tally.failures:
        print(f"failed: {name}")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed or not tally.passed else 0


sys.exit(main())

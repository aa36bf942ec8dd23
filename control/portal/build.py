#!/usr/bin/env python3
"""Builds the pages with npm and Vite in a folder of the build, never in the source.

build.py SOURCE WORK OUT STAMP DEPFILE: OUT/site and OUT/centre get the pages, each file beside its
gzip. Where npm or its registry is missing, a page that says so stands there instead and the build
goes on: programs and their HTTP API need no pages.
"""
import gzip
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ENTRIES = ("site", "centre")
MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Banken</title>
<p>The pages were not built here: {why} The HTTP API is described at
<a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p></html>
"""


def sources(source):
    for pattern in ("package*.json", ".npmrc", "vite.config.mjs", "tsconfig.json", "entries/**/*", "src/**/*"):
        yield from (p for p in sorted(source.glob(pattern)) if p.is_file())


def copy(source, work):
    wanted = set()
    for path in sources(source):
        target = work / path.relative_to(source)
        wanted.add(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for old in list(sources(work)):
        if old not in wanted:
            old.unlink()


def run(words, work, **env):
    done = subprocess.run(words, cwd=work, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=dict(os.environ, **env))
    return done.returncode, done.stdout


def install(work):
    """None, or why there are no packages."""
    lock = hashlib.sha256((work / "package-lock.json").read_bytes()).hexdigest()
    mark = work / "node_modules/.banken-lock"
    if mark.exists() and mark.read_text() == lock:
        return None
    if not shutil.which("npm"):
        return "npm is not installed (apt-get install npm)."
    status, out = run(["npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"], work)
    if status:
        print(out[-2000:], file=sys.stderr)
        return "npm ci could not get the packages of package-lock.json."
    mark.write_text(lock)
    return None


def build(work, out, entry):
    status, text = run(["node", "node_modules/vite/bin/vite.js", "build"], work, BANKEN_ENTRY=entry,
                       BANKEN_OUT=str(out / entry))
    if status:
        sys.exit(f"pages of {entry}:\n{text[-4000:]}")
    for path in sorted((out / entry).rglob("*")):
        if path.is_file():
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def main():
    source, work, out, stamp, depfile = map(pathlib.Path, sys.argv[1:])
    work.mkdir(parents=True, exist_ok=True)
    copy(source, work)
    why = install(work)
    for entry in ENTRIES:
        shutil.rmtree(out / entry, ignore_errors=True)
        if why:
            (out / entry).mkdir(parents=True)
            (out / entry / "index.html").write_text(MISSING.format(why=why))
        else:
            build(work, out, entry)
    if why:
        print(f"the pages are not built: {why}", file=sys.stderr)
    stamp.write_text(why or "built")
    needs = [str(p) for p in sources(source)]
    if why:
        needs.append(str(work / "not-built"))  # is never there, so that the next build tries again
    depfile.write_text(f"{stamp.name}: " + " ".join(n.replace(" ", "\\ ") for n in needs) + "\n")


main()

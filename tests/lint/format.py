#!/usr/bin/env python3
"""Every C file looks as clang-format makes it."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()


def main():
    files = [str(p) for top in ("dataplane", "signatures", "control", "tests")
             for p in sorted((ROOT / top).rglob("*.[ch]"))]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=ROOT,
                          capture_output=True, text=True)
    bad = sorted({line.split(":")[0] for line in done.stderr.splitlines() if ": error:" in line})
    for path in bad:
        print(f"{pathlib.Path(path).relative_to(ROOT)}: clang-format -i would change it")
    print(f"{len(files)} files, {len(bad)} not formatted")
    return 1 if bad or done.returncode else 0


sys.exit(main())

#!/usr/bin/env python3
"""TypeScript has nothing to say against the pages (Vite itself only leaves the types out)."""
import pathlib
import subprocess
import sys

work = pathlib.Path(sys.argv[1])
tsc = work / "node_modules/typescript/bin/tsc"
if not tsc.exists():
    print("skipped: npm or its registry was not there when the pages were built")
    sys.exit(77)
sys.exit(subprocess.run(["node", str(tsc), "--noEmit", "-p", str(work)]).returncode)

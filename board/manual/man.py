#!/usr/bin/env python3
"""A page of the manual as a man page: man.py LOWDOWN PAGE.md SECTION OUT

The page's first heading becomes its NAME, as man -k looks for it, with its first sentence; what follows is
the DESCRIPTION. lowdown makes roff of it."""
import pathlib
import re
import subprocess
import sys


def main():
    lowdown, page, section, out = sys.argv[1:]
    text = pathlib.Path(page).read_text()
    title, body = re.match(r"# (.+?)\n+(.*)", text, re.S).groups()
    name = pathlib.Path(out).name.rsplit(".", 1)[0]
    paragraph = " ".join(body.split("\n\n")[0].split())
    summary = title.split(": ", 1)[1] if ": " in title else \
        title if body.startswith(("#", "|")) else re.split(r"(?<=[.:;]) ", paragraph)[0].rstrip(".:;")
    text = f"## NAME\n\n{name} - {summary}\n\n## DESCRIPTION\n\n{body}"
    roff = subprocess.run([lowdown, "-s", "-Tman", "-M", f"title={name}", "-M", f"section={section}", "-M", "source=Banken"],
                          input=text, capture_output=True, text=True, check=True).stdout
    pathlib.Path(out).write_text(roff)


main()

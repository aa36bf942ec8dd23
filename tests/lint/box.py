#!/usr/bin/env python3
"""The appliance's scripts: shell by shellcheck, Python compiles with short lines, lists have reasons."""
import ast
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
LINE = 130


def scripts():
    for folder in ("board/image", "board/provision"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def kind(path):
    first = path.read_bytes()[:60].split(b"\n")[0]
    if path.suffix == ".py" or b"python3" in first:
        return "python"
    return "shell" if first.startswith(b"#!/bin/sh") or first.startswith(b"#!/bin/bash") else ""


def python(path, problems):
    try:
        tree = ast.parse(path.read_text())
    except SyntaxError as error:
        problems.append(f"{path.relative_to(ROOT)}:{error.lineno}: {error.msg}")
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > 60:
            problems.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has more than 60 lines")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if len(line) > LINE:
            problems.append(f"{path.relative_to(ROOT)}:{number}: more than {LINE} characters")


def lists(problems):
    for name in ("packages.txt", "root-packages.txt"):
        for number, line in enumerate((ROOT / "board/image" / name).read_text().splitlines(), 1):
            if line and not line.startswith("#") and "# " not in line:
                problems.append(f"board/image/{name}:{number}: {line.split()[0]} has no reason")


def main():
    problems, counts = [], {"python": 0, "shell": 0}
    shellcheck = shutil.which("shellcheck")
    for path in scripts():
        which = kind(path)
        if which:
            counts[which] += 1
        if which == "python":
            python(path, problems)
        elif which == "shell" and shellcheck:
            # SC3045, SC3003 ...: the early root's shell is busybox, the hook's dash; both have local use only.
            done = subprocess.run([shellcheck, "-s", "dash", "-f", "gcc", "-S", "warning", path], capture_output=True, text=True)
            problems += done.stdout.splitlines()
    lists(problems)
    print(*problems, sep="\n")
    print(f"{counts['python']} Python files, {counts['shell']} shell scripts "
          f"({'checked' if shellcheck else 'shellcheck is not installed'}), {len(problems)} problems")
    return 1 if problems or not counts["python"] or not counts["shell"] else 0


sys.exit(main())

"""The root folder: Debian packages, the kernel with the modules a sensor needs, Banken, our files."""
import os
import pathlib
import re
import shutil
import stat
import subprocess

from common import HERE, ROOT, Trouble, fresh, run, say, unmount_below, words_of

PROGRAMS = ("banken-dataplane", "banken-control", "banken-mitigator", "banken")
# A sensor's box is no centre and no gateway.
NOT_HERE = ("usr/bin/banken-centre", "usr/bin/banken-enforcer", "usr/share/banken/pages/centre",
            "usr/lib/systemd/system/banken-centre.service", "usr/lib/systemd/system/banken-enforcer.service")
EXCLUDED = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/doc/*", "/usr/share/lintian/*",
            "/usr/share/bash-completion/*", "/usr/share/pixmaps/*", "/usr/share/applications/*")
# Made by installing, different each time or of no use on a root that is read only.
WASTE = ("usr/lib/x86_64-linux-gnu/perl", "usr/share/perl", "var/cache", "var/log", "var/lib/apt", "var/lib/systemd",
         "var/lib/dbus", "usr/lib/udev/hwdb.d", "boot",
         "etc/hostname", "etc/resolv.conf", "etc/machine-id", "etc/.pwd.lock", "etc/apt", "usr/share/gcc",
         "usr/lib/python3.11/test", "usr/share/zsh", "usr/lib/python3.11/pydoc_data", "usr/lib/python3.11/idlelib",
         "etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/subuid-", "etc/subgid-")


def sources():
    """apt's lines of Debian's own archive, as this machine has them; its backports are not wanted."""
    codename = re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.M)[1]
    lines = run("apt-get", "indextargets", "--format",
                "$(CREATED_BY)|$(ORIGIN)|$(CODENAME)|deb $(REPO_URI) $(CODENAME) $(COMPONENT)").splitlines()
    found = set()
    for line in lines:
        by, origin, suite, text = line.split("|", 3)
        if by == "Packages" and origin == "Debian" and suite in (codename, f"{codename}-updates",
                                                                 f"{codename}-security"):
            found.add(text)
    if not found:
        raise Trouble("apt knows no Debian archive; see /etc/apt/sources.list, then run apt-get update")
    return codename, sorted(found)


def libraries(stage):
    """Debian packages of the libraries that our programs are linked with."""
    paths = set()
    for program in PROGRAMS:
        paths.update(re.findall(r"=> (/\S+)", run("ldd", stage / "usr/bin" / program)))
    # dpkg calls a file what its package called it, on a machine whose usr is merged too.
    forms = {form for path in paths for real in (path, os.path.realpath(path))
             for form in (real, real.removeprefix("/usr"), "/usr" + real)}
    done = subprocess.run(["dpkg", "-S", *sorted(forms)], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    names = {line.split(":")[0] for line in done.stdout.splitlines() if ": /" in line and not line.startswith("diversion")}
    if "libc6" not in names:
        raise Trouble("dpkg does not know whose the libraries of our programs are")
    return names


def programs(build, stage):
    """Builds a release and installs it, stripped, into an empty folder."""
    if not (build / "build.ninja").exists():
        run("meson", "setup", build, "--prefix=/usr", cwd=ROOT)
    say("building the programs")
    run("ninja", "-C", build)
    run("meson", "install", "-C", build, "--no-rebuild", "--strip", "--destdir", fresh(stage), "--skip-subprojects")
    for name in NOT_HERE:
        remove(stage / name)
    return stage


def unpack(folder, packages, codename, lines, when):
    """Root folder from Debian packages, and the kernel beside it: its scripts would only make an initrd."""
    hook = f"{HERE}/make/kernel-hook"
    options = [f"--dpkgopt=path-exclude={p}" for p in EXCLUDED]
    run("mmdebstrap", "--mode=root", "--variant=essential", "--format=directory",
        '--aptopt=APT::Install-Recommends "false"', *options,
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        f"--include={','.join(sorted(packages))}", f"--customize-hook={hook} \"$1\"", codename, folder, "-",
        input="\n".join(lines) + "\n",
        env={**os.environ, "SOURCE_DATE_EPOCH": str(when), "LC_ALL": "C.UTF-8"})


def module_closure(names, folder):
    """Files of the modules and of all they depend on, relative to the modules' folder."""
    depends = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, needs = line.partition(":")
        depends[path] = needs.split()
    by_name = {pathlib.Path(p).name.split(".")[0].replace("-", "_"): p for p in depends}
    wanted, todo = set(), [by_name[n] for n in names if n in by_name]
    built_in = (folder / "modules.builtin").read_text().replace("-", "_")
    lost = [n for n in names if n not in by_name and f"/{n}.ko" not in built_in]
    while todo:
        path = todo.pop()
        if path not in wanted:
            wanted.add(path)
            todo += depends[path]
    return wanted, lost


def module_names():
    """(all names, those of the early root)"""
    every, early = [], []
    for line in words_of(HERE / "modules.txt"):
        every.append(line[-1])
        if line[0] == "EARLY":
            early.append(line[-1])
    return every, early


def prune_modules(root):
    """Keeps the kernel modules that modules.txt names; says how much went."""
    folder = next((root / "usr/lib/modules").iterdir())
    every, _ = module_names()
    wanted, lost = module_closure(every, folder)
    before = after = 0
    for path in sorted(folder.rglob("*.ko*")):
        size = path.stat().st_size
        before += size
        if path.relative_to(folder).as_posix() in wanted:
            after += size
        else:
            path.unlink()
    for line in sorted(folder.rglob("*"), reverse=True):
        if line.is_dir() and not any(line.iterdir()):
            line.rmdir()
    run("depmod", "-b", root, folder.name)
    if lost:
        say(f"kernel {folder.name} has no module {', '.join(lost)}")
    return folder.name, before, after


def copy_tree(source, target):
    """Files and links over a tree; modes are the source's, the owner is root."""
    for path in sorted(source.rglob("*")):
        to = target / path.relative_to(source)
        if path.is_symlink():
            to.unlink(missing_ok=True)
            to.symlink_to(os.readlink(path))
        elif path.is_dir():
            to.mkdir(exist_ok=True)
        else:
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
            to.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def remove(path):
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        unmount_below(path)
        shutil.rmtree(path)


def settle(root):
    """Places that a read-only root needs, and nothing that differs from one build to the next."""
    (root / "usr/share/banken").mkdir(parents=True, exist_ok=True)
    shutil.copy(root / "var/lib/dpkg/status", root / "usr/share/banken/dpkg-status")
    for name in WASTE:
        remove(root / name)
    for path in (root / "var").iterdir():
        remove(path)
    for path in root.rglob("__pycache__"):
        shutil.rmtree(path)
    for name in ("data", "var", "etc/banken", "boot/env", "media", "mnt", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").write_text("banken\n")
    for name, target in (("etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf"),
                         ("etc/localtime", "/data/box/localtime"),
                         ("etc/mtab", "/proc/self/mounts")):
        remove(root / name)
        (root / name).symlink_to(target)
    for path in sorted(root.rglob("*")):
        if path.is_socket() or stat.S_ISCHR(path.lstat().st_mode) or stat.S_ISBLK(path.lstat().st_mode):
            path.unlink()


def compile_python(root):
    """Byte code that is the same each time and is not looked for in vain on a read-only root."""
    run("python3", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", "/",
        root / "usr/lib/python3.11", root / "usr/lib/banken")


def units(root):
    """Enables ours and what they need; presets hold on a root that is never changed."""
    run("systemctl", f"--root={root}", "preset-all", "--preset-mode=full")


def loads(root):
    """Every program finds all its libraries in the root."""
    for program in PROGRAMS:
        out = run("chroot", root, "ldd", f"/usr/bin/{program}")
        gone = re.findall(r"(\S+) => not found", out)
        if gone:
            raise Trouble(f"{program} misses {', '.join(gone)} in the image")


def make(folder, build, when, version, cert, keep):
    """The root folder, whole; returns what the report says of it."""
    stage = programs(build, folder.parent / "stage")
    packages = {line[0] for line in words_of(HERE / "root-packages.txt")} | libraries(stage)
    codename, lines = sources()
    debian = folder.parent / "debian"
    if not (keep and debian.exists()):
        say(f"unpacking {len(packages)} Debian packages and what they need (a minute or two)")
        remove(debian)
        unpack(debian, packages, codename, lines, when)
    remove(folder)
    run("cp", "-a", debian, folder)
    kernel, before, after = prune_modules(folder)
    settle(folder)
    copy_tree(stage, folder)
    copy_tree(HERE / "files", folder)
    for source, target in ((ROOT / "board/provision", "usr/lib/banken/provision"),
                           (ROOT / "board/profiles", "usr/share/banken/profiles"),
                           (ROOT / "board/units/dropins", "usr/share/banken/dropins")):
        (folder / target).mkdir(parents=True, exist_ok=True)
        copy_tree(source, folder / target)
    (folder / "usr/share/banken/packs").mkdir()
    for path in sorted((ROOT / "signatures/packs").glob("*/*.rules")):
        shutil.copyfile(path, folder / "usr/share/banken/packs" / path.name)
    shutil.copy(cert, folder / "usr/share/banken/update-key.pem")
    # Numbers of accounts stand in sysusers.d: files on the data partition outlive an update.
    run("systemd-sysusers", f"--root={folder}")
    loads(folder)
    (folder / "usr/lib/os-release").write_text(
        f'NAME="Banken"\nID=banken\nID_LIKE=debian\nVERSION_ID="{version}"\nPRETTY_NAME="Banken {version}"\n')
    units(folder)
    compile_python(folder)
    return {"kernel": kernel, "modules-before": before, "modules-after": after}

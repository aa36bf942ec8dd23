"""Keys, configuration and processes of the five programs, each as a user of its own."""
import grp
import json
import os
import pathlib
import pwd
import shutil
import subprocess

from net import LabError, run
from site_net import MANAGEMENT

USERS = {"dataplane": "banken-dp", "control": "banken-control", "mitigator": "banken-mitigator",
         "enforcer": "banken-enforcer", "centre": "banken-centre"}
GROUP = "banken"
ROLES = {"control": ("sensor", "sensor-1"), "mitigator": ("mitigator", "mitigator-1"),
         "enforcer": ("enforcer", "enforcer-1"), "centre": ("centre", "centre-1")}
BINARIES = {"dataplane": "dataplane/worker/banken-dataplane", "control": "control/sensor/banken-control",
            "mitigator": "control/mitigator/banken-mitigator",
            "enforcer": "control/enforcer/banken-enforcer", "centre": "control/centre/banken-centre",
            "banken": "control/cli/banken"}
SITE = "lab"
PAGES_PORT, CENTRE_PORT = 8443, 8444
# The ladder: the next one is taken when the one before has no effect.
METHODS = {"openvswitch": "{{type: openvswitch, bridge: br0, folder: {ovs}}}", "enforcer": "{{type: enforcer}}",
           "reset": "{{type: reset}}"}


class Accounts:
    """System users of the programs; those made here are removed again."""

    def __init__(self):
        self.made_users, self.made_group = [], False
        try:
            grp.getgrnam(GROUP)
        except KeyError:
            run("groupadd", "--system", GROUP)
            self.made_group = True
        for user in USERS.values():
            try:
                pwd.getpwnam(user)
            except KeyError:
                run("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
                    "--shell", "/usr/sbin/nologin", "--gid", GROUP, user)
                self.made_users.append(user)

    def remove(self):
        for user in self.made_users:
            run("userdel", user, check=False)
        if self.made_group:
            run("groupdel", GROUP, check=False)
        self.made_users, self.made_group = [], False


class Programs:
    def __init__(self, net, cast, build):
        self.net, self.cast, self.build = net, cast, pathlib.Path(build)
        self.run_folder = net.folder / "run"
        self.accounts = Accounts()
        self.process = {}
        for name in BINARIES:
            if not self.binary(name).exists():
                raise LabError(f"{self.binary(name)} is missing; build first: ninja -C build")

    def binary(self, name):
        return self.build / BINARIES[name]

    def folder(self, name, mode=0o750, owner=None):
        path = self.net.folder / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if owner:
            os.chown(path, pwd.getpwnam(owner).pw_uid, grp.getgrnam(GROUP).gr_gid)
        return path

    def keys(self):
        ca = self.folder("ca", 0o700)
        run(self.binary("banken"), "keys", "init", ca, "--site", SITE)
        for name, (role, label) in ROLES.items():
            out = self.net.folder / f"keys-{name}"
            run(self.binary("banken"), "keys", "issue", ca, "--role", role, "--name", label, "--out", out)
            for path in (out, *out.iterdir()):
                os.chown(path, pwd.getpwnam(USERS[name]).pw_uid, grp.getgrnam(GROUP).gr_gid)

    def enrol(self):
        """Certificates as on a site: the centre makes its CA when it starts, each other program gets its own by a
        code. The enforcer's machine does not reach the centre; its keys are made in the management's."""
        self.start("centre")
        self.net.wait(lambda: self.ready("centre"), "banken-centre")
        for name, (role, label) in ROLES.items():
            if name == "centre":
                continue
            code = self.ask("enrol", "code", "--site", SITE, "--role", role, "--name", label)
            if not code:
                raise LabError(f"no enrolment code for {label}; see {self.log('centre')}")
            self.net.inside("management", self.binary("banken"), "enrol", code["code"], "--centre",
                            f"{MANAGEMENT['management']}:7444", "--keys",
                            self.folder(f"keys-{name}", 0o750, USERS[name]))

    def config(self, name, text):
        path = self.net.folder / f"{name}.yaml"
        path.write_text(text)
        path.chmod(0o644)
        return path

    def common(self, name):
        return (f"run-folder: {self.run_folder}\n"
                f"state-folder: {self.folder('state-' + name, 0o750, USERS[name])}\n"
                f"keys-folder: {self.net.folder}/keys-{name}\n"
                f"user: {USERS[name]}\ngroup: {GROUP}\n")

    def bundle(self):
        """The packs that the product ships, as a bundle signed by a key of this lab, installed as on a first boot."""
        f, banken = self.net.folder, self.binary("banken")
        if (f / "bundle").exists():
            return  # configured a second time
        run(banken, "bundle", "key", f / "bundle-secret", "lab")
        keys = self.folder("bundle-keys", 0o755)
        shutil.copy(f / "bundle-secret/lab.pem", keys)
        run(banken, "bundle", "build", f / "packs.bundle", "--key", f / "bundle-secret/lab.key", "--name", "banken-rules",
            "--version", "1", "--packs", pathlib.Path(__file__).resolve().parents[2] / "signatures/packs")
        run(banken, "--run-folder", self.run_folder, "bundle", "install", f / "packs.bundle", "--folder", f / "bundle",
            "--keys", keys, "--lists", f / "lists", "--wait", "0")
        for path in (f / "bundle", f / "lists"):
            path.mkdir(exist_ok=True)
            run("chown", "-R", f"{USERS['control']}:{GROUP}", path)
            path.chmod(0o750)

    def configure(self, rules, protected, mode="automatic", methods=tuple(METHODS)):
        """Configuration files of all programs. `protected`: addresses that are never cut."""
        place = MANAGEMENT
        self.folder("run", 0o2770, USERS["dataplane"])
        self.folder("reports", 0o755, USERS["centre"])
        (self.net.folder / "lab.rules").write_text(rules)
        self.bundle()
        self.config("dataplane", f"run-folder: {self.run_folder}\nuser: {USERS['dataplane']}\n"
                    "response-port: \"net_af_packet1,iface=reset0\"\n"
                    f"rules.folder: {self.net.folder}/bundle\n"
                    f"vars:\n  HOME_NET: \"[{self.cast.lan}]\"\n")
        self.config("control", self.common("control") +
                    f"mitigator:\n  address: {place['management']}:7443\n"
                    f"centre:\n  address: {place['management']}:7444\n"
                    f"networks: [\"{self.cast.lan}\"]\nhealth-seconds: 1\n"
                    f"bundle: {{folder: {self.net.folder}/bundle, keys: {self.net.folder}/bundle-keys, "
                    f"lists: {self.net.folder}/lists}}\n")
        self.config("mitigator", self.common("mitigator") +
                    f"listen: {place['management']}:7443\ncentre:\n  address: {place['management']}:7444\n"
                    f"policy: {self.net.folder}/policy.yaml\n"
                    f"kill-switch: {self.net.folder}/stop\n"
                    f"pages: {{listen: \"0.0.0.0:{PAGES_PORT}\", folder: \"{self.pages('site')}\"}}\n"
                    "drivers:\n" + "".join(f"  - {METHODS[m].format(ovs=self.net.ovs)}\n" for m in methods))
        self.config("policy", "name: lab\nlevels:\n"
                    "  - {severity: high, level: danger}\n"
                    "  - {severity: medium, level: warning}\n"
                    "  - {severity: low, level: caution}\n"
                    f"scopes:\n  - {{name: lab, networks: [\"{self.cast.lan}\"], mode: {mode},\n"
                    "     cut-at: danger}\nfuse-share: 50\nprotected:\n" +
                    "".join(f"  - {{address: \"{a}\", role: gateway}}\n" for a in protected))
        self.config("enforcer", self.common("enforcer") +
                    f"mitigator:\n  address: {place['management']}:7443\n")
        self.config("centre", self.common("centre") +
                    f"ca-folder: {self.net.folder}/ca\n"
                    f"listen: {place['management']}:7444\n"
                    f"pages: {{listen: \"0.0.0.0:{CENTRE_PORT}\", folder: \"{self.pages('centre')}\"}}\n"
                    f"report-folder: {self.net.folder}/reports\n")

    def pages(self, entry):
        """The built pages where the programs' users may read them; "" when they are not built."""
        built, place = self.build / "control/portal" / entry, self.net.folder / f"pages-{entry}"
        if not built.is_dir():
            return ""
        shutil.copytree(built, place, dirs_exist_ok=True)
        return place

    def account(self, name, role, password, of=("account",)):
        """Somebody who may log in to the pages, made as the operator does it; of the centre: ("centre", "account")."""
        done = subprocess.run([str(self.binary("banken")), "--run-folder", str(self.run_folder), *of, "add",
                               name, "--role", role], input=password + "\n", capture_output=True, text=True, timeout=20)
        if done.returncode:
            raise LabError(done.stderr.strip())

    PLACE = {"dataplane": "sensor", "control": "sensor", "mitigator": "management",
             "enforcer": "gateway", "centre": "management"}

    def words(self, name):
        words = [self.binary(name), "-c", self.net.folder / f"{name}.yaml"]
        if name == "dataplane":
            words += ["-p", "net_af_packet0,iface=mirror0", "-S", self.net.folder / "lab.rules"]
        return words

    def start(self, name):
        self.process[name] = self.net.start(self.PLACE[name], self.words(name), self.log(name))

    def log(self, name):
        return self.net.folder / f"{name}.log"

    def check(self):
        for name, process in self.process.items():
            if process.poll() is not None:
                lines = self.log(name).read_text(errors="replace").strip().splitlines()
                raise LabError(f"banken-{name} ended by itself: {lines[-1] if lines else 'no word'}")

    def ready(self, name):
        self.check()
        if name == "dataplane":
            return "listening" in self.log(name).read_text(errors="replace")
        return (self.run_folder / f"banken-{name}.sock").exists()

    def start_all(self):
        for name in ("centre", "mitigator", "enforcer", "dataplane", "control"):
            if name not in self.process:
                self.start(name)
        for name in self.process:
            self.net.wait(lambda: self.ready(name), f"banken-{name}")

    def ask(self, *words):
        """The CLI's answer as JSON, or None."""
        done = subprocess.run([str(self.binary("banken")), "--run-folder", str(self.run_folder),
                               "--json", *words], capture_output=True, text=True, timeout=20)
        try:
            return json.loads(done.stdout)
        except ValueError:
            return None

    def close(self):
        self.accounts.remove()

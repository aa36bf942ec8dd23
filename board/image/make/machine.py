"""The box under qemu: an emulated machine with UEFI, an IOMMU, a watchdog, two NICs, and its serial console."""
import os
import pathlib
import queue
import re
import shutil
import subprocess
import threading
import time

from common import Trouble, run

FIRMWARE = pathlib.Path("/usr/share/OVMF")
ESCAPES = re.compile(rb"\x1b\[[0-9;?=]*[A-Za-z]|\r")
MANAGEMENT, MIRROR = "mgmt0", "mirror0"
BOX, HERE = "10.99.0.2", "10.99.0.1"
IOMMU = "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on"
VIRTIO = "virtio-net-pci,iommu_platform=on,ats=on,disable-legacy=on"


class Network:
    """A network namespace: one tap is the management cable, the other comes from the mirror port."""

    def __init__(self):
        self.name = f"bk-box{os.getpid()}"
        run("ip", "netns", "add", self.name)
        self.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        self.run("ip", "link", "set", "lo", "up")
        for name in (MANAGEMENT, MIRROR):
            self.tap(name)
        self.run("ip", "link", "set", MIRROR, "arp", "off", "multicast", "off")
        self.run("ip", "addr", "add", f"{HERE}/24", "dev", MANAGEMENT)

    def tap(self, name):
        self.run("ip", "tuntap", "add", name, "mode", "tap")
        self.run("ip", "link", "set", name, "up")

    def words(self, *command):
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def run(self, *command):
        return run(*self.words(*command))

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


def overlay(image, disk, mib=2048):
    """A disk that keeps its changes apart from the image, as large as a box's would be."""
    disk.unlink(missing_ok=True)
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", image.resolve(), "-F", "raw", disk, f"{mib}M")
    return disk


class Machine:
    """One start of the emulated box. nic: one model for all ports, or a list of them."""

    taps = (MANAGEMENT, MIRROR)

    def __init__(self, folder, disk, network=None, stick=None, nic="virtio", memory=2048):
        self.folder, self.disk, self.network, self.stick = folder, disk, network, stick
        self.nic, self.memory, self.qemu = nic, memory, None
        self.lines, self.text = queue.Queue(), []
        self.begin = time.time()
        self.store = folder / "firmware.fd"
        if not self.store.exists():
            shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", self.store)

    def command(self, console):
        words = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", self.memory,
                 "-machine", "q35,kernel-irqchip=split", "-display", "none", "-monitor", "none",
                 *(("-device", IOMMU) if self.network else ()),
                 "-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE}/OVMF_CODE_4M.fd",
                 "-drive", f"if=pflash,format=raw,file={self.store}",
                 "-drive", f"file={self.disk},if=none,id=disk,format=qcow2", "-device", "virtio-blk-pci,drive=disk,bootindex=1",
                 "-device", "virtio-rng-pci", "-device", "i6300esb", "-watchdog-action", "reset", "-nic", "none",
                 *console]
        if self.stick:
            words += ["-device", "qemu-xhci", "-drive", f"file={self.stick},if=none,id=stick,format=raw,readonly=on",
                      "-device", "usb-storage,drive=stick"]
        for n, tap in enumerate(self.taps if self.network else ()):
            model = self.nic if isinstance(self.nic, str) else self.nic[n]
            model = VIRTIO if model == "virtio" else model
            words += ["-netdev", f"tap,id=n{n},ifname={tap},script=no,downscript=no",
                      "-device", f"{model},netdev=n{n},mac=02:00:00:00:00:{16 + n},bus=pcie.0,addr={16 + n:#x}"]
        return self.network.words(*words) if self.network else [str(w) for w in words]

    def start(self):
        self.begin = time.time()
        self.qemu = subprocess.Popen(self.command(["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]),
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self.listen, args=(self.qemu,), daemon=True).start()
        return self

    def listen(self, qemu):
        with open(self.folder / "console.log", "ab") as log:
            for line in qemu.stdout:
                line = ESCAPES.sub(b"", line)
                log.write(line)
                log.flush()
                self.lines.put((time.time() - self.begin, line.decode(errors="replace").strip()))
        self.lines.put((time.time() - self.begin, None))

    def wait(self, pattern, seconds, never=None):
        """(seconds since the start, match) of the first line with that pattern since forget()."""
        end, at = time.time() + seconds, 0
        while True:
            while at < len(self.text):
                moment, line = self.text[at]
                at += 1
                if never and re.search(never, line):
                    raise self.silent(f"it said: {line}")
                found = re.search(pattern, line)
                if found:
                    return moment, found
            try:
                moment, line = self.lines.get(timeout=max(0.01, end - time.time()))
            except queue.Empty:
                raise self.silent(f"waited {seconds} s in vain for \"{pattern}\"") from None
            if line is None:
                raise self.silent(f"the machine ended before it said \"{pattern}\"")
            self.text.append((moment, line))

    def forget(self):
        """What was said up to now is not looked at any more."""
        while not self.lines.empty():
            self.lines.get()
        self.text = []

    def silent(self, why):
        return Trouble("\n  ".join([why + "; its last words:", *[t for _, t in self.text if t][-15:]]))

    def say(self, text):
        self.qemu.stdin.write(text.encode())
        self.qemu.stdin.flush()

    def power_cut(self):
        """What was not written is lost: qemu ends at once."""
        if self.qemu and self.qemu.poll() is None:
            self.qemu.kill()
        if self.qemu:
            self.qemu.wait()

    close = power_cut

"""How the mirror port reaches the dataplane: its own driver where the NIC can be had whole, else the kernel's."""
import os
import pathlib
import pwd
import subprocess

PCI = pathlib.Path("/sys/bus/pci/devices")
# NICs that DPDK drives (board/image/root-packages.txt); mlx5 stays with the kernel's driver.
OWN_DRIVER = ("e1000", "e1000e", "igb", "igc", "ixgbe", "ixgbevf", "i40e", "iavf", "ice", "bnxt_en", "ena", "virtio-pci",
              "virtio_net", "vmxnet3")
BESIDE_KERNEL = ("mlx5_core",)


def ways(driver, pci, iommu, wanted, order):
    """Ways to try, best first. Pure. driver: the kernel's; iommu: the NIC is in an IOMMU group."""
    if wanted != "auto":
        return [wanted]
    able = []
    for way in order:
        if way == "vfio" and pci and iommu and driver in OWN_DRIVER:
            able.append(way)
        elif way == "uio" and pci and not iommu and driver in OWN_DRIVER:
            able.append(way)
        elif way == "beside" and pci and driver in BESIDE_KERNEL:
            able.append(way)
        elif way in ("af_xdp", "af_packet"):
            able.append(way)
    return able or ["af_packet"]


def device(way, port):
    """What the dataplane is told with -p. Pure."""
    if way in ("vfio", "uio", "beside"):
        return port.pci
    return f"net_{way}0,iface={port.iface}"


def in_group(pci):
    return (PCI / pci / "iommu_group").exists() if pci else False


def write(path, text):
    path.write_text(text)


def bind(pci, driver):
    """Gives a NIC to vfio-pci or uio_pci_generic; a sentence when that fails, else ""."""
    subprocess.run(["modprobe", driver.replace("-", "_")], capture_output=True)
    here = PCI / pci
    now = (here / "driver").resolve().name if (here / "driver").exists() else ""
    if now == driver:
        return ""
    try:
        write(here / "driver_override", driver)
        if now:
            write(here / "driver" / "unbind", pci)
        write(pathlib.Path("/sys/bus/pci/drivers_probe"), pci)
    except OSError as error:
        return f"{pci}: {error.strerror}"
    now = (here / "driver").resolve().name if (here / "driver").exists() else "no driver"
    return "" if now == driver else f"{pci} is bound to {now}, not to {driver}"


def give_back(pci):
    """The kernel's own driver takes the NIC again."""
    try:
        write(PCI / pci / "driver_override", "\n")
        if (PCI / pci / "driver").exists():
            write(PCI / pci / "driver" / "unbind", pci)
        write(pathlib.Path("/sys/bus/pci/drivers_probe"), pci)
    except OSError:
        pass


def hand_over(pci, user):
    """The dataplane's account may open the NIC's group."""
    group = (PCI / pci / "iommu_group").resolve().name
    node = pathlib.Path("/dev/vfio") / group
    account = pwd.getpwnam(user)
    os.chown(node, account.pw_uid, account.pw_gid)
    node.chmod(0o600)


def take(way, port, user="banken-dp"):
    """Makes a way passable; a sentence when it is not, else ""."""
    if way == "vfio":
        problem = bind(port.pci, "vfio-pci")
        if not problem:
            hand_over(port.pci, user)
        return problem
    if way == "uio":
        return bind(port.pci, "uio_pci_generic")
    return ""

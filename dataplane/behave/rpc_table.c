/* Interfaces and operations: MS-SCMR, MS-TSCH, MS-WMI, MS-DCOM, MS-OAUT, MS-RRP, MS-DRSR, MS-NRPC,
 * MS-RPRN, MS-PAR, MS-EFSR, MS-DFSNM, MS-FSRVP, MS-EVEN, MS-EVEN6, MS-SRVS, MS-WKST, MS-SAMR,
 * C706 (endpoint mapper), MS-RSP, MS-BKRP, MS-LSAT. */
#include <string.h>

#include "dataplane/behave/behave.h"
#include "dataplane/behave/rpc.h"

const char *const rpc_interface_names[RPC_INTERFACES + 1] = {
	"service control",
	"at scheduler",
	"task scheduler",
	"WMI services",
	"WMI login",
	"COM activation",
	"COM activation",
	"COM dispatch",
	"registry",
	"directory replication",
	"Netlogon",
	"print spooler",
	"print spooler",
	"encrypting file system",
	"encrypting file system",
	"distributed file system",
	"shadow copies",
	"event log",
	"event log",
	"server service",
	"workstation service",
	"account manager",
	"endpoint mapper",
	"shutdown",
	"backup keys",
	"local security authority",
	"an interface that was not seen being bound",
};

static const uint8_t uuids[RPC_INTERFACES][16] = {
	[RPC_SVCCTL] = "\x36\x7a\xbb\x81\x98\x44\x35\xf1\xad\x32\x98\xf0\x38\x00\x10\x03",
	[RPC_ATSVC] = "\x1f\xf7\x06\x82\x0a\x51\x30\xe8\x07\x6d\x74\x0b\xe8\xce\xe9\x8b",
	[RPC_TASKS] = "\x86\xd3\x59\x49\x83\xc9\x40\x44\xb4\x24\xdb\x36\x32\x31\xfd\x0c",
	[RPC_WBEM_SERVICES] = "\x95\x56\xdc\x99\x82\x8c\x11\xcf\xa3\x7e\x00\xaa\x00\x32\x40\xc7",
	[RPC_WBEM_LOGIN] = "\xf3\x09\xad\x18\xd8\x6a\x11\xd0\xa0\x75\x00\xc0\x4f\xb6\x88\x20",
	[RPC_ACTIVATOR] = "\x00\x00\x01\xa0\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46",
	[RPC_ACTIVATION] = "\x4d\x9f\x4a\xb8\x7d\x1c\x11\xcf\x86\x1e\x00\x20\xaf\x6e\x7c\x57",
	[RPC_DISPATCH] = "\x00\x02\x04\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46",
	[RPC_WINREG] = "\x33\x8c\xd0\x01\x22\x44\x31\xf1\xaa\xaa\x90\x00\x38\x00\x10\x03",
	[RPC_DRSUAPI] = "\xe3\x51\x42\x35\x4b\x06\x11\xd1\xab\x04\x00\xc0\x4f\xc2\xdc\xd2",
	[RPC_NETLOGON] = "\x12\x34\x56\x78\x12\x34\xab\xcd\xef\x00\x01\x23\x45\x67\xcf\xfb",
	[RPC_SPOOLSS] = "\x12\x34\x56\x78\x12\x34\xab\xcd\xef\x00\x01\x23\x45\x67\x89\xab",
	[RPC_WINSPOOL] = "\x76\xf0\x3f\x96\xcd\xfd\x44\xfc\xa2\x2c\x64\x95\x0a\x00\x12\x09",
	[RPC_EFS] = "\xc6\x81\xd4\x88\xd8\x50\x11\xd0\x8c\x52\x00\xc0\x4f\xd9\x0f\x7e",
	[RPC_EFS_LSA] = "\xdf\x19\x41\xc5\xfe\x89\x4e\x79\xbf\x10\x46\x36\x57\xac\xf4\x4d",
	[RPC_DFS] = "\x4f\xc7\x42\xe0\x4a\x10\x11\xcf\x82\x73\x00\xaa\x00\x4a\xe6\x73",
	[RPC_FSRVP] = "\xa8\xe0\x65\x3c\x27\x44\x43\x89\xa6\x1d\x73\x73\xdf\x8b\x22\x92",
	[RPC_EVENTLOG] = "\x82\x27\x3f\xdc\xe3\x2a\x18\xc3\x3f\x78\x82\x79\x29\xdc\x23\xea",
	[RPC_EVENTLOG6] = "\xf6\xbe\xaf\xf7\x1e\x19\x4f\xbb\x9f\x8f\xb8\x9e\x20\x18\x33\x7c",
	[RPC_SRVSVC] = "\x4b\x32\x4f\xc8\x16\x70\x01\xd3\x12\x78\x5a\x47\xbf\x6e\xe1\x88",
	[RPC_WKSSVC] = "\x6b\xff\xd0\x98\xa1\x12\x36\x10\x98\x33\x46\xc3\xf8\x7e\x34\x5a",
	[RPC_SAMR] = "\x12\x34\x57\x78\x12\x34\xab\xcd\xef\x00\x01\x23\x45\x67\x89\xac",
	[RPC_EPM] = "\xe1\xaf\x83\x08\x5d\x1f\x11\xc9\x91\xa4\x08\x00\x2b\x14\xa0\xfa",
	[RPC_SHUTDOWN] = "\x89\x4d\xe0\xc0\x0d\x55\x11\xd3\xa3\x22\x00\xc0\x4f\xa3\x21\xa1",
	[RPC_BACKUP_KEY] = "\x3d\xde\x7c\x30\x16\x5d\x11\xd1\xab\x8f\x00\x80\x5f\x14\xdb\x40",
	[RPC_LSA] = "\x12\x34\x57\x78\x12\x34\xab\xcd\xef\x00\x01\x23\x45\x67\x89\xab",
};

struct operation {
	uint8_t interface, opnum, meaning;
	const char *name;
};

static const struct operation operations[] = {
	{RPC_SVCCTL, 12, RPC_SERVICE, "CreateService"},
	{RPC_SVCCTL, 24, RPC_SERVICE, "CreateService"},
	{RPC_SVCCTL, 44, RPC_SERVICE, "CreateServiceWOW64"},
	{RPC_SVCCTL, 45, RPC_SERVICE, "CreateServiceWOW64"},
	{RPC_SVCCTL, 60, RPC_SERVICE, "CreateWowService"},
	{RPC_SVCCTL, 11, RPC_SERVICE, "ChangeServiceConfig"},
	{RPC_SVCCTL, 23, RPC_SERVICE, "ChangeServiceConfig"},
	{RPC_SVCCTL, 19, RPC_SERVICE, "StartService"},
	{RPC_SVCCTL, 31, RPC_SERVICE, "StartService"},
	{RPC_ATSVC, 0, RPC_TASK, "NetrJobAdd"},
	{RPC_TASKS, 1, RPC_TASK, "SchRpcRegisterTask"},
	{RPC_TASKS, 12, RPC_TASK, "SchRpcRun"},
	{RPC_WBEM_SERVICES, 24, RPC_WMI, "ExecMethod"},
	{RPC_WBEM_SERVICES, 25, RPC_WMI, "ExecMethodAsync"},
	{RPC_WBEM_SERVICES, 12, RPC_WMI, "PutInstance"},
	{RPC_ACTIVATOR, 3, RPC_ACTIVATE, "RemoteGetClassObject"},
	{RPC_ACTIVATOR, 4, RPC_ACTIVATE, "RemoteCreateInstance"},
	{RPC_ACTIVATION, 0, RPC_ACTIVATE, "RemoteActivation"},
	{RPC_DISPATCH, 6, RPC_INVOKE, "Invoke"},
	{RPC_WINREG, 6, RPC_REGISTRY, "BaseRegCreateKey"},
	{RPC_WINREG, 22, RPC_REGISTRY, "BaseRegSetValue"},
	{RPC_WINREG, 20, RPC_HIVE, "BaseRegSaveKey"},
	{RPC_WINREG, 31, RPC_HIVE, "BaseRegSaveKeyEx"},
	{RPC_DRSUAPI, 3, RPC_REPLICATE, "DRSGetNCChanges"},
	{RPC_DRSUAPI, 5, RPC_SHADOW, "DRSReplicaAdd"},
	{RPC_DRSUAPI, 17, RPC_SHADOW, "DRSAddEntry"},
	{RPC_NETLOGON, 15, RPC_AUTHENTICATE, "NetrServerAuthenticate2"},
	{RPC_NETLOGON, 26, RPC_AUTHENTICATE, "NetrServerAuthenticate3"},
	{RPC_SPOOLSS, 62, RPC_COERCE, "RpcRemoteFindFirstPrinterChangeNotification"},
	{RPC_SPOOLSS, 65, RPC_COERCE, "RpcRemoteFindFirstPrinterChangeNotificationEx"},
	{RPC_SPOOLSS, 9, RPC_DRIVER, "RpcAddPrinterDriver"},
	{RPC_SPOOLSS, 89, RPC_DRIVER, "RpcAddPrinterDriverEx"},
	{RPC_WINSPOOL, 39, RPC_DRIVER, "RpcAsyncAddPrinterDriver"},
	{RPC_EFS, 0, RPC_COERCE, "EfsRpcOpenFileRaw"},
	{RPC_EFS, 4, RPC_COERCE, "EfsRpcEncryptFileSrv"},
	{RPC_EFS, 5, RPC_COERCE, "EfsRpcDecryptFileSrv"},
	{RPC_EFS, 6, RPC_COERCE, "EfsRpcQueryUsersOnFile"},
	{RPC_EFS, 7, RPC_COERCE, "EfsRpcQueryRecoveryAgents"},
	{RPC_EFS, 8, RPC_COERCE, "EfsRpcRemoveUsersFromFile"},
	{RPC_EFS, 9, RPC_COERCE, "EfsRpcAddUsersToFile"},
	{RPC_EFS, 12, RPC_COERCE, "EfsRpcFileKeyInfo"},
	{RPC_EFS, 13, RPC_COERCE, "EfsRpcDuplicateEncryptionInfoFile"},
	{RPC_EFS, 15, RPC_COERCE, "EfsRpcAddUsersToFileEx"},
	{RPC_EFS, 16, RPC_COERCE, "EfsRpcFileKeyInfoEx"},
	{RPC_EFS_LSA, 0, RPC_COERCE, "EfsRpcOpenFileRaw"},
	{RPC_EFS_LSA, 4, RPC_COERCE, "EfsRpcEncryptFileSrv"},
	{RPC_EFS_LSA, 5, RPC_COERCE, "EfsRpcDecryptFileSrv"},
	{RPC_EFS_LSA, 6, RPC_COERCE, "EfsRpcQueryUsersOnFile"},
	{RPC_EFS_LSA, 7, RPC_COERCE, "EfsRpcQueryRecoveryAgents"},
	{RPC_EFS_LSA, 8, RPC_COERCE, "EfsRpcRemoveUsersFromFile"},
	{RPC_EFS_LSA, 9, RPC_COERCE, "EfsRpcAddUsersToFile"},
	{RPC_EFS_LSA, 12, RPC_COERCE, "EfsRpcFileKeyInfo"},
	{RPC_EFS_LSA, 13, RPC_COERCE, "EfsRpcDuplicateEncryptionInfoFile"},
	{RPC_EFS_LSA, 15, RPC_COERCE, "EfsRpcAddUsersToFileEx"},
	{RPC_EFS_LSA, 16, RPC_COERCE, "EfsRpcFileKeyInfoEx"},
	{RPC_DFS, 12, RPC_COERCE, "NetrDfsAddStdRoot"},
	{RPC_DFS, 13, RPC_COERCE, "NetrDfsRemoveStdRoot"},
	{RPC_FSRVP, 8, RPC_COERCE, "IsPathSupported"},
	{RPC_FSRVP, 9, RPC_COERCE, "IsPathShadowCopied"},
	{RPC_EVENTLOG, 9, RPC_COERCE, "ElfrOpenBELW"},
	{RPC_EVENTLOG, 0, RPC_LOG_CLEARED, "ElfrClearELFW"},
	{RPC_EVENTLOG, 12, RPC_LOG_CLEARED, "ElfrClearELFA"},
	{RPC_EVENTLOG6, 6, RPC_LOG_CLEARED, "EvtRpcClearLog"},
	{RPC_SRVSVC, 12, RPC_ENUMERATE, "NetrSessionEnum"},
	{RPC_SRVSVC, 15, RPC_ENUMERATE, "NetrShareEnum"},
	{RPC_SRVSVC, 36, RPC_ENUMERATE, "NetrShareEnumSticky"},
	{RPC_SRVSVC, 8, RPC_ENUMERATE, "NetrConnectionEnum"},
	{RPC_WKSSVC, 2, RPC_ENUMERATE, "NetrWkstaUserEnum"},
	{RPC_SAMR, 11, RPC_ENUMERATE, "SamrEnumerateGroupsInDomain"},
	{RPC_SAMR, 13, RPC_ENUMERATE, "SamrEnumerateUsersInDomain"},
	{RPC_SAMR, 15, RPC_ENUMERATE, "SamrEnumerateAliasesInDomain"},
	{RPC_SAMR, 33, RPC_ENUMERATE, "SamrGetMembersInAlias"},
	{RPC_EPM, 2, RPC_LOOK_UP, "ept_lookup"},
	{RPC_SHUTDOWN, 0, RPC_SWITCH_OFF, "BaseInitiateShutdown"},
	{RPC_SHUTDOWN, 2, RPC_SWITCH_OFF, "BaseInitiateShutdownEx"},
	{RPC_BACKUP_KEY, 0, RPC_KEYS, "BackuprKey"},
	{RPC_LSA, 15, RPC_NAMES, "LsarLookupSids"},
	{RPC_LSA, 57, RPC_NAMES, "LsarLookupSids2"},
	{RPC_LSA, 76, RPC_NAMES, "LsarLookupSids3"},
};

enum rpc_interface rpc_interface_of(const uint8_t uuid[16])
{
	for (unsigned i = 0; i < RPC_INTERFACES; i++) {
		if (memcmp(uuids[i], uuid, 16) == 0)
			return (enum rpc_interface)i;
	}
	return RPC_UNKNOWN;
}

enum rpc_meaning rpc_meaning_of(enum rpc_interface interface, uint16_t opnum, const char **ret_name)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		if (operations[i].interface == interface && operations[i].opnum == opnum) {
			*ret_name = operations[i].name;
			return (enum rpc_meaning)operations[i].meaning;
		}
	}
	*ret_name = "";
	return RPC_NOTHING;
}

#define EXECUTION "Remote execution"

static const struct behave_sign signs[RPC_MEANINGS] = {
	[RPC_SERVICE] = {2230, "BANKEN service made or started on another host", "TA0002",
			 "T1569.002", EXECUTION, BEHAVE_HIGH, true},
	[RPC_TASK] = {2231, "BANKEN task scheduled on another host", "TA0002", "T1053.005",
		      EXECUTION, BEHAVE_HIGH, true},
	[RPC_WMI] = {2232, "BANKEN program started on another host by WMI", "TA0002", "T1047",
		     EXECUTION, BEHAVE_HIGH, true},
	[RPC_INVOKE] = {2233, "BANKEN COM object used on another host", "TA0008", "T1021.003",
			EXECUTION, BEHAVE_HIGH, false},
	[RPC_REGISTRY] = {2234, "BANKEN registry changed on another host", "TA0005", "T1112",
			  EXECUTION, BEHAVE_MEDIUM, true},
	[RPC_REPLICATE] = {2235,
			   "BANKEN directory secrets replicated by a host that is no domain "
			   "controller (DCSync)",
			   "TA0006", "T1003.006", "Successful Credential Theft Detected",
			   BEHAVE_HIGH, true},
	[RPC_SHADOW] = {2236, "BANKEN host makes itself a domain controller (DCShadow)", "TA0005",
			"T1207", "Targeted Malicious Activity was Detected", BEHAVE_HIGH, true},
	[RPC_AUTHENTICATE] = {2237,
			      "BANKEN Netlogon authentication tried again and again "
			      "(Zerologon)",
			      "TA0004", "T1210", "Attempted Administrator Privilege Gain",
			      BEHAVE_HIGH, true},
	[RPC_COERCE] = {2238, "BANKEN host made to log in elsewhere (coerced authentication)",
			"TA0006", "T1187", "Successful Credential Theft Detected", BEHAVE_HIGH,
			false},
	[RPC_ENUMERATE] = {2239, "BANKEN shares, sessions or accounts of another host listed",
			   "TA0007", "T1135", "Network discovery", BEHAVE_LOW, true},
	[RPC_LOOK_UP] = {2240, "BANKEN endpoint mapper read entry by entry", "TA0007", "T1046",
			 "Network scan", BEHAVE_MEDIUM, true},
	[RPC_DRIVER] = {2241, "BANKEN printer driver put on another host", "TA0004", "T1068",
			"Attempted Administrator Privilege Gain", BEHAVE_HIGH, false},
	[RPC_LOG_CLEARED] = {2242, "BANKEN event log cleared on another host", "TA0005",
			     "T1070.001", EXECUTION, BEHAVE_HIGH, true},
	[RPC_SWITCH_OFF] = {2243, "BANKEN another host told to shut down", "TA0040", "T1529",
			    EXECUTION, BEHAVE_MEDIUM, true},
	[RPC_HIVE] = {2244, "BANKEN registry hive saved on another host", "TA0006", "T1003.002",
		      "Successful Credential Theft Detected", BEHAVE_HIGH, true},
	[RPC_KEYS] = {2245, "BANKEN domain's backup keys asked for", "TA0006", "T1552.004",
		      "Successful Credential Theft Detected", BEHAVE_LOW, false},
};

const struct behave_sign *rpc_sign(enum rpc_meaning meaning)
{
	return signs[meaning].id ? &signs[meaning] : NULL;
}

static const char *const words[RPC_MEANINGS][2] = {
	[RPC_SERVICE] = {"which makes or starts a program there as a service",
			 "相手側でプログラムがサービスとして作成または起動されます"},
	[RPC_TASK] = {"which has a program run there by the scheduler",
		      "相手側でプログラムがタスクとして実行されます"},
	[RPC_WMI] = {"which starts programs or changes settings there",
		     "相手側でプログラムの起動や設定変更が行われます"},
	[RPC_INVOKE] = {"which makes programs there do what the caller wants",
			"相手側のプログラムが呼び出し元の指示で動作します"},
	[RPC_REGISTRY] = {"which changes the registry there", "相手側のレジストリが変更されます"},
	[RPC_REPLICATE] =
		{"which hands over the password hashes of the domain, and is known as no "
		 "domain controller",
		 "ドメインのパスワードハッシュが渡されますが、呼び出し元はドメインコントローラー"
		 "として知られていません"},
	[RPC_SHADOW] =
		{"which adds a server to the domain's replication, and is known as no "
		 "domain controller",
		 "ドメインの複製にサーバーが追加されますが、呼び出し元はドメインコントローラー"
		 "として知られていません"},
	[RPC_COERCE] = {"which makes that host log in wherever the caller wants",
			"相手側のホストが呼び出し元の指定する場所へログインさせられます"},
	[RPC_ENUMERATE] = {"which lists what there is to be had there",
			   "相手側の共有やセッション、アカウントが一覧されます"},
	[RPC_DRIVER] = {"which loads a library there with the highest rights",
			"相手側で最高権限でライブラリが読み込まれます"},
	[RPC_LOG_CLEARED] = {"which removes traces there", "相手側の記録が消去されます"},
	[RPC_SWITCH_OFF] = {"which turns that host off", "相手側のホストが停止します"},
	[RPC_HIVE] = {"which writes password hashes to a file there",
		      "相手側でパスワードハッシュがファイルに書き出されます"},
	[RPC_KEYS] = {"which may hand over the key to everybody's stored secrets",
		      "全員の保存済み秘密情報の鍵が渡される可能性があります"},
};

const char *rpc_words_en(enum rpc_meaning meaning)
{
	return words[meaning][0] ? words[meaning][0] : "";
}

const char *rpc_words_ja(enum rpc_meaning meaning)
{
	return words[meaning][1] ? words[meaning][1] : "";
}

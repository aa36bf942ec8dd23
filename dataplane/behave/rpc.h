/* What remote calls mean: interfaces and operations of Windows that attackers use (published in the
 * MS-* protocol documents). Private to behave/. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct behave_sign;

enum rpc_interface { /* index into rpc_interfaces */
		     RPC_SVCCTL,
		     RPC_ATSVC,
		     RPC_TASKS,
		     RPC_WBEM_SERVICES,
		     RPC_WBEM_LOGIN,
		     RPC_ACTIVATOR,
		     RPC_ACTIVATION,
		     RPC_DISPATCH,
		     RPC_WINREG,
		     RPC_DRSUAPI,
		     RPC_NETLOGON,
		     RPC_SPOOLSS,
		     RPC_WINSPOOL,
		     RPC_EFS,
		     RPC_EFS_LSA,
		     RPC_DFS,
		     RPC_FSRVP,
		     RPC_EVENTLOG,
		     RPC_EVENTLOG6,
		     RPC_SRVSVC,
		     RPC_WKSSVC,
		     RPC_SAMR,
		     RPC_EPM,
		     RPC_SHUTDOWN,
		     RPC_BACKUP_KEY,
		     RPC_LSA,
		     RPC_INTERFACES,
		     RPC_UNKNOWN = RPC_INTERFACES,
};

enum rpc_meaning {
	RPC_NOTHING,
	RPC_SERVICE,
	RPC_TASK,
	RPC_WMI,
	RPC_ACTIVATE, /* a COM object is made */
	RPC_INVOKE,   /* and its methods called */
	RPC_REGISTRY,
	RPC_HIVE,
	RPC_REPLICATE,
	RPC_SHADOW,
	RPC_AUTHENTICATE,
	RPC_COERCE,
	RPC_DRIVER,
	RPC_LOG_CLEARED,
	RPC_ENUMERATE,
	RPC_LOOK_UP,
	RPC_SWITCH_OFF,
	RPC_KEYS,
	RPC_NAMES, /* account numbers made names; listed like the rest when they are many */
	RPC_MEANINGS,
};

extern const char *const rpc_interface_names[RPC_INTERFACES + 1];

enum rpc_interface rpc_interface_of(const uint8_t uuid[16]);
enum rpc_meaning rpc_meaning_of(enum rpc_interface interface, uint16_t opnum,
				const char **ret_name);
/* NULL for those that give no hit at once. */
const struct behave_sign *rpc_sign(enum rpc_meaning meaning);
/* What follows "A called X of Y at B", in both languages. */
const char *rpc_words_en(enum rpc_meaning meaning);
const char *rpc_words_ja(enum rpc_meaning meaning);

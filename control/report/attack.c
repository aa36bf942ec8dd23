#include "control/report/attack.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/slice.h"

static const struct {
	const char *id, *name[REPORT_LANGUAGES];
} tactics[ATTACK_TACTICS] = {
	{"TA0043", {"Reconnaissance", "偵察"}},
	{"TA0042", {"Resource Development", "攻撃準備"}},
	{"TA0001", {"Initial Access", "初期侵入"}},
	{"TA0002", {"Execution", "実行"}},
	{"TA0003", {"Persistence", "永続化"}},
	{"TA0004", {"Privilege Escalation", "権限昇格"}},
	{"TA0005", {"Defense Evasion", "防御回避"}},
	{"TA0006", {"Credential Access", "認証情報の窃取"}},
	{"TA0007", {"Discovery", "内部探索"}},
	{"TA0008", {"Lateral Movement", "横展開"}},
	{"TA0009", {"Collection", "情報収集"}},
	{"TA0011", {"Command and Control", "遠隔操作"}},
	{"TA0010", {"Exfiltration", "持ち出し"}},
	{"TA0040", {"Impact", "影響"}},
};

static const struct {
	const char *id, *name;
} techniques[] = {
	{"T1001", "Data Obfuscation"},
	{"T1003", "OS Credential Dumping"},
	{"T1005", "Data from Local System"},
	{"T1018", "Remote System Discovery"},
	{"T1021", "Remote Services"},
	{"T1027", "Obfuscated Files or Information"},
	{"T1029", "Scheduled Transfer"},
	{"T1036", "Masquerading"},
	{"T1040", "Network Sniffing"},
	{"T1041", "Exfiltration Over C2 Channel"},
	{"T1046", "Network Service Discovery"},
	{"T1047", "Windows Management Instrumentation"},
	{"T1048", "Exfiltration Over Alternative Protocol"},
	{"T1053", "Scheduled Task/Job"},
	{"T1059", "Command and Scripting Interpreter"},
	{"T1068", "Exploitation for Privilege Escalation"},
	{"T1070", "Indicator Removal"},
	{"T1071", "Application Layer Protocol"},
	{"T1078", "Valid Accounts"},
	{"T1082", "System Information Discovery"},
	{"T1083", "File and Directory Discovery"},
	{"T1087", "Account Discovery"},
	{"T1090", "Proxy"},
	{"T1095", "Non-Application Layer Protocol"},
	{"T1102", "Web Service"},
	{"T1105", "Ingress Tool Transfer"},
	{"T1110", "Brute Force"},
	{"T1112", "Modify Registry"},
	{"T1135", "Network Share Discovery"},
	{"T1187", "Forced Authentication"},
	{"T1189", "Drive-by Compromise"},
	{"T1190", "Exploit Public-Facing Application"},
	{"T1204", "User Execution"},
	{"T1207", "Rogue Domain Controller"},
	{"T1210", "Exploitation of Remote Services"},
	{"T1219", "Remote Access Software"},
	{"T1222", "File and Directory Permissions Modification"},
	{"T1485", "Data Destruction"},
	{"T1486", "Data Encrypted for Impact"},
	{"T1490", "Inhibit System Recovery"},
	{"T1496", "Resource Hijacking"},
	{"T1498", "Network Denial of Service"},
	{"T1505", "Server Software Component"},
	{"T1529", "System Shutdown/Reboot"},
	{"T1552", "Unsecured Credentials"},
	{"T1557", "Adversary-in-the-Middle"},
	{"T1558", "Steal or Forge Kerberos Tickets"},
	{"T1566", "Phishing"},
	{"T1567", "Exfiltration Over Web Service"},
	{"T1568", "Dynamic Resolution"},
	{"T1569", "System Services"},
	{"T1570", "Lateral Tool Transfer"},
	{"T1571", "Non-Standard Port"},
	{"T1572", "Protocol Tunneling"},
	{"T1573", "Encrypted Channel"},
	{"T1583", "Acquire Infrastructure"},
	{"T1587", "Develop Capabilities"},
	{"T1590", "Gather Victim Network Information"},
	{"T1593", "Search Open Websites/Domains"},
	{"T1595", "Active Scanning"},
	{"T1665", "Hide Infrastructure"},
};

const char *attack_tactic(unsigned at)
{
	return at < ATTACK_TACTICS ? tactics[at].id : "";
}

const char *attack_tactic_name(enum report_language language, const char *tactic)
{
	for (size_t i = 0; i < ATTACK_TACTICS; i++) {
		if (strcmp(tactics[i].id, tactic) == 0)
			return tactics[i].name[language];
	}
	return tactic;
}

static int by_id(const void *key, const void *entry)
{
	const char *const *id = entry;

	return strncmp(key, *id, 5);
}

const char *attack_technique_name(const char *technique)
{
	const char *const *found = bsearch(technique, techniques, ARRAY_SIZE(techniques),
					   sizeof(techniques[0]), by_id);

	return found ? found[1] : "";
}

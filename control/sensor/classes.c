#include "control/sensor/classes.h"

#include <stddef.h>
#include <string.h>

#include "dataplane/base/slice.h"

/* Names and texts as every rule set for this language uses them. */
static const struct {
	const char *category, *name;
} classes[] = {
	{"Not Suspicious Traffic", "not-suspicious"},
	{"Unknown Traffic", "unknown"},
	{"Potentially Bad Traffic", "bad-unknown"},
	{"Attempted Information Leak", "attempted-recon"},
	{"Information Leak", "successful-recon-limited"},
	{"Large Scale Information Leak", "successful-recon-largescale"},
	{"Attempted Denial of Service", "attempted-dos"},
	{"Denial of Service", "successful-dos"},
	{"Attempted User Privilege Gain", "attempted-user"},
	{"Unsuccessful User Privilege Gain", "unsuccessful-user"},
	{"Successful User Privilege Gain", "successful-user"},
	{"Attempted Administrator Privilege Gain", "attempted-admin"},
	{"Successful Administrator Privilege Gain", "successful-admin"},
	{"Decode of an RPC Query", "rpc-portmap-decode"},
	{"Executable code was detected", "shellcode-detect"},
	{"A suspicious string was detected", "string-detect"},
	{"A suspicious filename was detected", "suspicious-filename-detect"},
	{"An attempted login using a suspicious username was detected", "suspicious-login"},
	{"A system call was detected", "system-call-detect"},
	{"A TCP connection was detected", "tcp-connection"},
	{"A Network Trojan was detected", "trojan-activity"},
	{"A client was using an unusual port", "unusual-client-port-connection"},
	{"Detection of a Network Scan", "network-scan"},
	{"Detection of a Denial of Service Attack", "denial-of-service"},
	{"Detection of a non-standard protocol or event", "non-standard-protocol"},
	{"Generic Protocol Command Decode", "protocol-command-decode"},
	{"access to a potentially vulnerable web application", "web-application-activity"},
	{"Web Application Attack", "web-application-attack"},
	{"Misc activity", "misc-activity"},
	{"Misc Attack", "misc-attack"},
	{"Generic ICMP event", "icmp-event"},
	{"Potential Corporate Privacy Violation", "policy-violation"},
	{"Attempt to login by a default username and password", "default-login-attempt"},
	{"Targeted Malicious Activity was Detected", "targeted-activity"},
	{"Exploit Kit Activity Detected", "exploit-kit"},
	{"Device Retrieving External IP Address Detected", "external-ip-check"},
	{"Domain Observed Used for C2 Detected", "domain-c2"},
	{"Possibly Unwanted Program Detected", "pup-activity"},
	{"Successful Credential Theft Detected", "credential-theft"},
	{"Possible Social Engineering Attempted", "social-engineering"},
	{"Crypto Currency Mining Activity Detected", "coin-mining"},
	{"Malware Command and Control Activity Detected", "command-and-control"},
};

const char *class_of_category(const char *category)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strcmp(classes[i].category, category) == 0)
			return classes[i].name;
	}
	return "";
}

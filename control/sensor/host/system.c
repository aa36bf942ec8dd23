#include "control/sensor/host/system.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/base/slice.h"

struct mark {
	const char *mark, *system;
};

static const char *find(const struct mark *marks, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strstr(text, marks[i].mark))
			return marks[i].system;
	}
	return NULL;
}

/* Parameter lists as each system's own client sends them (seen on machines of those kinds; the
 * order is the system's). */
static const struct {
	const char *parameters, *system;
} lists[] = {
	{"1,3,6,15,31,33,43,44,46,47,119,121,249,252", "Windows 10 or 11"},
	{"1,15,3,6,44,46,47,31,33,121,249,43,252", "Windows 7 or 8"},
	{"1,15,3,6,44,46,47,31,33,249,43", "Windows XP"},
	{"1,121,3,6,15,119,252,95,44,46", "macOS"},
	{"1,121,3,6,15,108,114,119,252,95,44,46", "macOS"},
	{"1,121,3,6,15,119,252", "iOS"},
	{"1,121,3,6,15,108,114,119,252", "iOS"},
	{"1,3,6,15,26,28,51,58,59,43", "Android"},
	{"1,3,6,15,26,28,51,58,59,43,114,108", "Android"},
	{"1,28,2,3,15,6,119,12,44,47,26,121,42", "Linux (dhclient)"},
	{"1,2,6,12,15,26,28,121,3,33,40,41,42,119,249,252,17", "Linux (NetworkManager)"},
	{"1,3,12,15,6,33,121,42,120,119", "Linux (systemd)"},
};

static const struct mark vendors[] = {
	{"MSFT", "Windows"},
	{"android-dhcp", "Android"},
	{"dhcpcd", "Linux (dhcpcd)"},
	{"udhcp", "Linux (embedded)"},
	{"Cisco AP", "access point"},
	{"Cisco", "Cisco device"},
	{"Hewlett-Packard JetDirect", "printer (HP)"},
};

const char *system_of_dhcp(const char *parameters, const char *vendor_class)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (strcmp(parameters, lists[i].parameters) == 0)
			return lists[i].system;
	}
	return find(vendors, ARRAY_SIZE(vendors), vendor_class);
}

/* [MS-NLMP] 2.2.2.10; builds as Microsoft lists its releases. */
const char *system_of_ntlm(const char *version)
{
	unsigned major = 0, minor = 0, build = 0;

	if (sscanf(version, "%u.%u build %u", &major, &minor, &build) != 3 || build == 0)
		return NULL;
	if (major == 10)
		return build >= 22000 ? "Windows 11 or Server 2022 and later"
				      : "Windows 10 or Server 2016 and later";
	if (major == 6 && minor == 3)
		return "Windows 8.1 or Server 2012 R2";
	if (major == 6 && minor == 2)
		return "Windows 8 or Server 2012";
	/* Also what many other programs claim to be. */
	if (major == 6 && minor == 1)
		return build == 7600 || build == 7601 ? "Windows 7 or Server 2008 R2" : NULL;
	if (major == 5)
		return "Windows XP or Server 2003";
	return NULL;
}

static const struct mark agents[] = {
	{"Windows NT 10.0", "Windows 10 or 11"},
	{"Windows NT 6.3", "Windows 8.1"},
	{"Windows NT 6.2", "Windows 8"},
	{"Windows NT 6.1", "Windows 7"},
	{"Windows NT 5", "Windows XP"},
	{"iPhone", "iOS"},
	{"iPad", "iPadOS"},
	{"Mac OS X", "macOS"},
	{"Android", "Android"},
	{"CrOS", "ChromeOS"},
	{"Debian APT", "Debian"},
	{"X11; Ubuntu", "Ubuntu"},
	{"X11; Linux", "Linux"},
	{"Windows-Update-Agent", "Windows"},
	{"Microsoft-CryptoAPI/10", "Windows 10 or 11"},
	{"Microsoft-CryptoAPI", "Windows"},
};

const char *system_of_agent(const char *user_agent)
{
	return find(agents, ARRAY_SIZE(agents), user_agent);
}

static const struct mark ssh_marks[] = {
	{"Debian", "Debian"},
	{"Ubuntu", "Ubuntu"},
	{"Raspbian", "Raspbian"},
	{"FreeBSD", "FreeBSD"},
	{"Windows", "Windows"},
	{"Cisco", "Cisco IOS"},
	{"dropbear", "Linux (embedded)"},
	{"ROSSSH", "MikroTik RouterOS"},
};

const char *system_of_ssh(const char *software)
{
	return find(ssh_marks, ARRAY_SIZE(ssh_marks), software);
}

static const struct mark models[] = {
	{"Mac", "macOS"},
	{"iPhone", "iOS"},
	{"iPad", "iPadOS"},
	{"AppleTV", "tvOS"},
	{"AudioAccessory", "HomePod"},
	{"Watch", "watchOS"},
};

const char *system_of_model(const char *model)
{
	return find(models, ARRAY_SIZE(models), model);
}

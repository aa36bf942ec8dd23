#include "control/sensor/conf.h"

#include <stdlib.h>
#include <string.h>

#include "control/sensor/sample/sample_type.h"
#include "dataplane/base/addr.h"

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

/* "10.0.0.0/8", "fc00::/7", "192.0.2.1" */
static const char *check_network(const char *value)
{
	const char *slash = strchr(value, '/');
	size_t len = slash ? (size_t)(slash - value) : strlen(value);
	char text[IP_ADDR_TEXT];
	struct ip_addr a;
	char *end;
	long bits;

	if (len >= sizeof(text))
		return "must be an address or prefix";
	memcpy(text, value, len);
	text[len] = '\0';
	if (ip_addr_parse(text, &a))
		return "must be an address or prefix";
	if (!slash)
		return NULL;
	bits = strtol(slash + 1, &end, 10);
	if (end == slash + 1 || *end || bits < 0 || bits > (ip_addr_is_v4(&a) ? 32 : 128))
		return "must be an address or prefix";
	return NULL;
}

static const char *check_vlan(const char *value)
{
	char *end;
	long id = strtol(value, &end, 10);

	return end == value || *end || id < 1 || id > 4094 ? "must be a VLAN from 1 to 4094" : NULL;
}

static const struct config_key peer_keys[] = {
	{"address", CONFIG_TEXT, offsetof(struct conf_peer, address), "", .max = 255,
	 .help = "host:port; empty: there is none"},
	{0},
};

static const struct config_key spool_keys[] = {
	{"max-mb", CONFIG_UINT, offsetof(struct conf_spool, max_mb), "1024", 8, 1 << 20,
	 .help = "MiB of messages kept while nobody takes them"},
	{"urgent-percent", CONFIG_UINT, offsetof(struct conf_spool, urgent_percent), "50", 1, 99,
	 .help = "percent of it that only alerts may fill"},
	{"ballast-mb", CONFIG_UINT, offsetof(struct conf_spool, ballast_mb), "8", 4, 1024,
	 .help = "MiB of the disk kept for alerts for when it is full"},
	{0},
};

static const struct config_key forward_keys[] = {
	{"to", CONFIG_TEXT, offsetof(struct conf_forward, to), "", .max = 1023,
	 .help = "alerts go there, too, by syslog: eve=, cef= or leef= with tls://HOST:6514 or "
		 "tcp://HOST:514, up to four with a space between"},
	{"ca-file", CONFIG_TEXT, offsetof(struct conf_forward, ca_file), "", .max = 255,
	 .help = "who vouches for those servers, empty = the system's"},
	{0},
};

static const struct config_key eve_keys[] = {
	{"enabled", CONFIG_BOOL, offsetof(struct conf_eve, enabled), "false",
	 .help = "write every record to eve.json and banken.json as well"},
	{"folder", CONFIG_TEXT, offsetof(struct conf_eve, folder), "/var/log/banken", .max = 255,
	 .help = "folder of eve.json and banken.json"},
	{0},
};

static const struct config_key search_keys[] = {
	{"max-mb", CONFIG_UINT, offsetof(struct conf_search, max_mb), "2048", 0, 1 << 20,
	 .help = "MiB of records kept for 'banken search' and new lists; 0: none"},
	{"disk-percent", CONFIG_UINT, offsetof(struct conf_search, disk_percent), "20", 1, 90,
	 .help = "nor more than this share of the disk"},
	{"folder", CONFIG_TEXT, offsetof(struct conf_search, folder), "", .max = 255,
	 .help = "of these records; empty: 'records' in state-folder"},
	{"lists", CONFIG_TEXT, offsetof(struct conf_search, lists),
	 "/var/lib/banken/lists/compiled", .max = 255,
	 .help = "compiled known-bad lists; when they change, kept records are searched"},
	{0},
};

static const char *const gives[] = {"nobody", "customer", "vendor", NULL};

static const struct config_key evidence_keys[] = {
	{"folder", CONFIG_TEXT, offsetof(struct conf_evidence, folder),
	 "/var/lib/banken/dataplane/evidence", .max = 255,
	 .help = "the dataplane's evidence.dir; empty: pieces are not given away"},
	{"give", CONFIG_WORD, offsetof(struct conf_evidence, give), "customer", .words = gives,
	 .help = "who gets packets of an alert through the centre: nobody, the customer's people, "
		 "the vendor's as well"},
	{0},
};

static const struct config_key behave_keys[] = {
	{"enabled", CONFIG_BOOL, offsetof(struct conf_behave, enabled), "true",
	 .help = "detectors with hours and weeks of memory"},
	{"memory-mb", CONFIG_UINT, offsetof(struct conf_behave, memory_mb), "64", 8, 4096,
	 .help = "MiB that they may take, and of their file; 64 for some 3,000 hosts"},
	{"save-seconds", CONFIG_UINT, offsetof(struct conf_behave, save_seconds), "900", 10, 86400,
	 .help = "so often what they know is written to disk"},
	{"learn-days", CONFIG_UINT, offsetof(struct conf_behave, learn_days), "3", 0, 365,
	 .help = "regular calls that began in that time are proposed, not told"},
	{"history-days", CONFIG_UINT, offsetof(struct conf_behave, history_days), "7", 1, 365,
	 .help = "what a host does not do in that time it does not do"},
	{0},
};

static const struct config_key firmware_keys[] = {
	{"answer", CONFIG_TEXT, offsetof(struct conf_firmware, answer), "", .max = 255,
	 .help = "where banken-box says what became of firmware from the centre; empty: none is "
		 "taken"},
	{0},
};

static const char *check_type(const char *value)
{
	return sample_type_known(value)
		       ? NULL
		       : "must be a type that content shows: exe, dll, js, pdf ... "
			 "(banken-control.md has them)";
}

static const struct config_key sample_keys[] = {
	{"file-types", CONFIG_TEXTS, offsetof(struct conf_samples, types), "", .max = 64,
	 .check = check_type,
	 .help = "types, by content, of carved files that leave on an order; none: nothing does"},
	{"key", CONFIG_TEXT, offsetof(struct conf_samples, key), "", .max = 255,
	 .help = "public key that they are sealed for ('banken sample key'); empty: nothing "
		 "leaves"},
	{"folder", CONFIG_TEXT, offsetof(struct conf_samples, folder), "/var/log/banken/filestore",
	 .max = 255, .help = "the dataplane's file-store.dir"},
	{"max-mb", CONFIG_UINT, offsetof(struct conf_samples, max_mb), "16", 1, 64,
	 .help = "MiB of a file that leaves"},
	{0},
};

static const struct config_key bundle_keys[] = {
	{"folder", CONFIG_TEXT, offsetof(struct conf_bundle, folder), "/var/lib/banken/bundle",
	 .max = 255, .help = "where signature bundles are installed; the dataplane reads it too"},
	{"keys", CONFIG_TEXT, offsetof(struct conf_bundle, keys), "/etc/banken/bundle-keys",
	 .max = 255, .help = "public keys of who may sign them: the vendor's and the owner's"},
	{"lists", CONFIG_TEXT, offsetof(struct conf_bundle, lists), "/var/lib/banken/lists",
	 .max = 255, .help = "folder of known-bad lists, for those that bundles carry"},
	{0},
};

const struct config_key conf_keys[] = {
	{"run-folder", CONFIG_TEXT, offsetof(struct conf, rundir), "/run/banken", .max = 90,
	 .help = "folder shared with banken-dataplane, and of the local socket"},
	{"state-folder", CONFIG_TEXT, offsetof(struct conf, statedir), "/var/lib/banken/control",
	 .max = 255, .help = "folder of the spool"},
	{"keys-folder", CONFIG_TEXT, offsetof(struct conf, keys), "/etc/banken/keys/sensor",
	 .max = 255,
	 .help = "folder with ca.crt, own.crt and own.key ('banken keys issue --role sensor')"},
	{"user", CONFIG_TEXT, offsetof(struct conf, user), "", .max = 32,
	 .help = "user to become when started as root; empty: stay"},
	{"group", CONFIG_TEXT, offsetof(struct conf, group), "", .max = 32,
	 .help = "group that may use the local socket; empty: root and our own user only"},
	{"log-level", CONFIG_WORD, offsetof(struct conf, log_level), "info", .words = levels,
	 .help = "error, warn, info or debug"},
	{"mitigator", CONFIG_GROUP, offsetof(struct conf, mitigator), .keys = peer_keys,
	 .help = "where alerts and watch results go, and orders come from"},
	{"centre", CONFIG_GROUP, offsetof(struct conf, centre), .keys = peer_keys,
	 .help = "where everything goes"},
	{"networks", CONFIG_TEXTS, offsetof(struct conf, networks),
	 "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 fc00::/7 fe80::/10",
	 .max = 1024, .check = check_network, .help = "addresses that are inside"},
	{"spool", CONFIG_GROUP, offsetof(struct conf, spool), .keys = spool_keys,
	 .help = "what waits for its receiver"},
	{"forward", CONFIG_GROUP, offsetof(struct conf, forward), .keys = forward_keys,
	 .help = "alerts to other systems of the site"},
	{"eve", CONFIG_GROUP, offsetof(struct conf, eve), .keys = eve_keys,
	 .help = "local EVE files"},
	{"search", CONFIG_GROUP, offsetof(struct conf, search), .keys = search_keys,
	 .help = "records kept for search"},
	{"evidence", CONFIG_GROUP, offsetof(struct conf, evidence), .keys = evidence_keys,
	 .help = "packets before and after an alert"},
	{"bundle", CONFIG_GROUP, offsetof(struct conf, bundle), .keys = bundle_keys,
	 .help = "signature bundles"},
	{"firmware", CONFIG_GROUP, offsetof(struct conf, firmware), .keys = firmware_keys,
	 .help = "releases of the box itself"},
	{"behave", CONFIG_GROUP, offsetof(struct conf, behave), .keys = behave_keys,
	 .help = "behaviour over hours and weeks"},
	{"samples", CONFIG_GROUP, offsetof(struct conf, samples), .keys = sample_keys,
	 .help = "files that are handed over on a person's order"},
	{"enrolment-code", CONFIG_TEXT, offsetof(struct conf, enrolment_code), "", .max = 64,
	 .help = "of the centre, for the first start: gets the certificate in keys-folder"},
	{"sites", CONFIG_TEXTS, offsetof(struct conf, sites), "", .max = 64,
	 .help = "further sites whose mitigator may order this sensor; its own always may"},
	{"health-seconds", CONFIG_UINT, offsetof(struct conf, health_seconds), "10", 1, 3600,
	 .help = "seconds between two health reports"},
	{"mirror-window-seconds", CONFIG_UINT, offsetof(struct conf, mirror_window_seconds), "60",
	 2, 3600, .help = "seconds over which the mirror port is judged"},
	{"vlans", CONFIG_TEXTS, offsetof(struct conf, vlans), "", .max = 64, .check = check_vlan,
	 .help = "VLANs that the mirror port must show; empty: as learnt"},
	{"records-to-centre", CONFIG_BOOL, offsetof(struct conf, records_to_centre), "true",
	 .help = "send flow, dns, http, tls and other records to the centre"},
	{"community-id", CONFIG_BOOL, offsetof(struct conf, community_id), "true",
	 .help = "put the Community ID into records"},
	{"version", CONFIG_TEXT, offsetof(struct conf, version), "", .max = 64,
	 .help = "name of this configuration, shown in health reports"},
	{0},
};

#include "dataplane/worker/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dataplane/base/limits.h"

enum kind {
	KIND_BOOL,
	KIND_UINT,
	KIND_UINT32,
	KIND_UINT16,
	KIND_SIZE_MB,
	KIND_INT,
	KIND_TEXT,
	KIND_HASHES,
	KIND_MAGIC,
	KIND_BYPASS
};

struct option {
	const char *key;
	enum kind kind;
	size_t offset;
	int64_t min, max; /* of numbers; TEXT: max = room */
	const char *help;
};

#define AT(member) offsetof(struct options, member)

/* Suricata's names where it has them, so that its users need not learn others. */
static const struct option table[] = {
	{"stream.midstream", KIND_BOOL, AT(pipeline.stream.midstream), 0, 1,
	 "pick up connections whose handshake was not seen"},
	{"stream.async-oneside", KIND_BOOL, AT(pipeline.stream.async_oneside), 0, 1,
	 "the mirror port shows one direction only"},
	{"stream.inline", KIND_BOOL, AT(pipeline.stream.inline_mode), 0, 1,
	 "inspect bytes at once, not when they are acknowledged"},
	{"stream.reassembly.depth", KIND_UINT32, AT(pipeline.stream.depth), 0, 1 << 30,
	 "bytes of each direction that are reassembled, 0 = all"},
	{"stream.reassembly.toserver-chunk-size", KIND_UINT32, AT(pipeline.stream.raw_chunk[0]), 1,
	 1 << 20, "bytes gathered before raw inspection, to the server"},
	{"stream.reassembly.toclient-chunk-size", KIND_UINT32, AT(pipeline.stream.raw_chunk[1]), 1,
	 1 << 20, "the same to the client"},
	{"stream.bypass", KIND_BOOL, AT(pipeline.stream.bypass), 0, 1,
	 "packets of connections that nobody looks at any more cost their look-up only"},
	{"flow.max", KIND_UINT, AT(pipeline.flow.max), 64, 1 << 26, "flows a worker keeps"},
	{"flow.use-vlan", KIND_BOOL, AT(pipeline.flow.use_vlan), 0, 1,
	 "the same addresses in another VLAN are another flow"},
	{"decode.checksums", KIND_BOOL, AT(pipeline.decode.checksums), 0, 1,
	 "verify checksums (-k)"},
	{"decode.vxlan.enabled", KIND_BOOL, AT(pipeline.decode.vxlan), 0, 1, "look into VXLAN"},
	{"decode.vxlan.port", KIND_UINT16, AT(pipeline.decode.vxlan_port), 1, 65535,
	 "its UDP port"},
	{"decode.geneve.enabled", KIND_BOOL, AT(pipeline.decode.geneve), 0, 1, "look into Geneve"},
	{"decode.geneve.port", KIND_UINT16, AT(pipeline.decode.geneve_port), 1, 65535,
	 "its UDP port"},
	{"decode.teredo.enabled", KIND_BOOL, AT(pipeline.decode.teredo), 0, 1, "look into Teredo"},
	{"decode.erspan.typeI.enabled", KIND_BOOL, AT(pipeline.decode.erspan1), 0, 1,
	 "look into ERSPAN type I"},
	{"decode.ipv4-in-ipv4.enabled", KIND_BOOL, AT(pipeline.decode.ip4_in_ip4), 0, 1,
	 "look into IPv4 in IPv4, which Suricata 7.0.10 does not"},
	{"app-layer.protocols.http.request-body-limit", KIND_UINT32,
	 AT(pipeline.app.limits.http_request_body_limit), 0, 1 << 30,
	 "bytes of a request body kept, 0 = all"},
	{"app-layer.protocols.http.response-body-limit", KIND_UINT32,
	 AT(pipeline.app.limits.http_response_body_limit), 0, 1 << 30,
	 "bytes of a response body, 0 = all"},
	{"app-layer.protocols.http.libhtp.default-config.lzma-enabled", KIND_BOOL,
	 AT(pipeline.app.limits.http_lzma), 0, 1, "take Content-Encoding: lzma off"},
	{"app-layer.protocols.http.libhtp.default-config.lzma-memlimit", KIND_UINT32,
	 AT(pipeline.app.limits.http_lzma_memory), 4096, 3 << 20, "most bytes of its dictionary"},
	{"app-layer.protocols.tls.encryption-handling", KIND_BYPASS,
	 AT(pipeline.app.limits.tls_bypass), 0, 0,
	 "bypass: no further look once data is encrypted; default: records are followed"},
	{"app-layer.protocols.http.byterange.memcap", KIND_UINT32,
	 AT(pipeline.app.limits.part_memory), 0, 1 << 30,
	 "memory of files that come in parts (range requests), a worker"},
	{"app-layer.protocols.http.byterange.timeout", KIND_UINT32,
	 AT(pipeline.app.limits.part_seconds), 1, 86400,
	 "seconds after its last part that one is given up"},
	{"traffic-names.enabled", KIND_BOOL, AT(pipeline.app.naming), 0, 1,
	 "flows of unknown protocols get a name from libndpi 4.2, where it is installed"},
	{"behave.enabled", KIND_BOOL, AT(pipeline.behave.enabled), 0, 1,
	 "detectors that need no rules"},
	{"behave.memory-mb", KIND_UINT, AT(pipeline.behave.memory_mb), 3, 4096,
	 "memory of their tables of seconds and minutes, a worker"},
	{"behave.past-mb", KIND_UINT, AT(pipeline.behave.past_mb), 1, 4096,
	 "memory of their tables of hours, a worker"},
#define X(field, help)                                                                             \
	{"behave." #field, KIND_BOOL, AT(pipeline.behave.detectors.field), 0, 1, help},
	BEHAVE_DETECTORS(X)
#undef X
#define X(field, name, value, least, most, help)                                                   \
	{"behave." name, KIND_UINT32, AT(pipeline.behave.limits.field), least, most, help},
		BEHAVE_THRESHOLDS(X)
#undef X
			{"file-store.enabled", KIND_BOOL, AT(desk.store), 0, 1,
			 "keep files that rules (filestore) or force-filestore ask for"},
	{"file-store.dir", KIND_TEXT, AT(desk.dir), 0, STORE_PATH / 2,
	 "their folder, by SHA-256; relative to the log folder offline"},
	{"file-store.force-filestore", KIND_BOOL, AT(force_store), 0, 1, "keep every file"},
	{"file-store.write-fileinfo", KIND_BOOL, AT(desk.write_fileinfo), 0, 1,
	 "write the fileinfo record beside each file"},
	{"file-store.max-mb", KIND_UINT, AT(store_mb), 0, 1 << 30,
	 "space of all kept files: the oldest go, 0 = no limit"},
	{"file-store.max-file-mb", KIND_UINT, AT(store_file_mb), 0, 1 << 20,
	 "larger files are not kept, 0 = no limit"},
	{"file-store.max-days", KIND_UINT, AT(store_days), 0, 36500,
	 "a file goes so long after it was last seen, 0 = never"},
	{"file-store.min-free-mb", KIND_UINT, AT(store_free_mb), 0, 1 << 30,
	 "nothing is kept while the disk has less free"},
	{"evidence.enabled", KIND_BOOL, AT(evidence), 0, 1, "keep packets before and after alerts"},
	{"evidence.dir", KIND_TEXT, AT(keeper.dir), 0, STORE_PATH / 2,
	 "their folder; relative to the log folder offline, to the run folder live"},
	{"evidence.ring-mb", KIND_UINT, AT(tape_mb), 1, 1 << 16,
	 "memory of the last frames, a worker"},
	{"evidence.before-seconds", KIND_UINT, AT(keeper.before_s), 0, 3600,
	 "seconds before the alert"},
	{"evidence.after-seconds", KIND_UINT, AT(keeper.after_s), 0, 600, "seconds after it"},
	{"evidence.encrypted-bytes", KIND_UINT32, AT(keeper.encrypted_max), 64, 32768,
	 "bytes kept of frames whose payload is encrypted or no longer looked at"},
	{"evidence.piece-kb", KIND_UINT, AT(piece_kb), 64, 1 << 20, "most of one piece"},
	{"evidence.whole-host", KIND_BOOL, AT(keeper.whole_host), 0, 1,
	 "the host's other traffic too, not only the flow"},
	{"evidence.per-rule", KIND_UINT, AT(keeper.per_rule), 0, 1000000,
	 "pieces a rule may have an hour, 0 = no limit"},
	{"evidence.per-host", KIND_UINT, AT(keeper.per_host), 0, 1000000,
	 "pieces a host may have an hour, 0 = no limit"},
	{"evidence.max-mb", KIND_UINT, AT(evidence_mb), 0, 1 << 30,
	 "space of all pieces: the oldest go, 0 = no limit"},
	{"evidence.min-free-mb", KIND_UINT, AT(evidence_free_mb), 0, 1 << 30,
	 "what the disk must keep free"},
	{"files.force-hash", KIND_HASHES, AT(pipeline.app.limits.file_wanted), 0, 0,
	 "digests of every file, a list of md5, sha1, sha256"},
	{"files.force-magic", KIND_MAGIC, AT(pipeline.app.limits.file_wanted), 0, 0,
	 "the type of every file by content"},
	{"files.archives", KIND_BOOL, AT(desk.archives), 0, 1,
	 "look into archives, their members are listed in banken.json"},
	{"files.yara", KIND_TEXT, AT(desk.yara), 0, STORE_PATH / 2,
	 "YARA rules tried on every file and archive member"},
	{"files.memory-mb", KIND_UINT, AT(desk_memory_mb), 1, 1 << 16,
	 "most memory of files on their way to the disk or under inspection"},
	{"files.ring-kb", KIND_UINT, AT(desk_ring_kb), 64, 1 << 20,
	 "size of the pipe from each worker to the file desk"},
	{"eve.community-id", KIND_BOOL, AT(community_id), 0, 1, "write community_id"},
	{"eve.ethernet", KIND_BOOL, AT(pipeline.event.ether), 0, 1, "write MAC addresses"},
	{"eve.utc-offset-minutes", KIND_INT, AT(utc_offset_minutes), -840, 840,
	 "time zone of timestamps"},
	{"rules.lang", KIND_UINT, AT(lang), 7, 8, "8: also keywords of later releases than 7.0.10"},
	{"rules.folder", KIND_TEXT, AT(rules_folder), 0, OPTIONS_TEXT,
	 "folder of the installed signature bundles ('banken bundle install'); live it is "
	 "/var/lib/banken/bundle unless said otherwise, \"none\" = none"},
	{"rules.cache", KIND_TEXT, AT(cache), 0, OPTIONS_TEXT,
	 "folder of compiled pattern databases"},
	{"rules.data", KIND_TEXT, AT(rule_data), 0, OPTIONS_TEXT,
	 "folder where datasets keep what `state` and `save` say"},
	{"packet-alert-max", KIND_UINT32, AT(alerts_per_packet), 1, 1024,
	 "alerts of one packet, the first in the rules' order; what is over is counted"},
	{"classification-file", KIND_TEXT, AT(classes), 0, OPTIONS_TEXT,
	 "classes of rules with description and priority, over those that are built in"},
	{"threshold-file", KIND_TEXT, AT(thresholds), 0, OPTIONS_TEXT,
	 "suppress, threshold and rate_filter statements"},
	{"reputation-categories-file", KIND_TEXT, AT(reputation_categories), 0, OPTIONS_TEXT,
	 "categories that iprep knows"},
	{"default-reputation-path", KIND_TEXT, AT(reputation_folder), 0, OPTIONS_TEXT,
	 "folder of the reputation files"},
	{"reputation-files", KIND_TEXT, AT(reputation_files), 0, OPTIONS_TEXT,
	 "files of addresses with category and score, separated by commas"},
	{"geoip-database", KIND_TEXT, AT(geoip_database), 0, OPTIONS_TEXT,
	 "country database in MaxMind's form"},
	{"rules.load-threads", KIND_UINT, AT(load_threads), 1, 64, "threads that compile"},
	{"mirror.remove-duplicates", KIND_BOOL, AT(remove_duplicates), 0, 1,
	 "take out the second of two copies of a packet always; live that is done by itself while "
	 "one packet in twenty comes twice"},
	{"mirror.keep-duplicates", KIND_BOOL, AT(keep_duplicates), 0, 1,
	 "never take them out, only count them"},
	{"lists.file", KIND_TEXT, AT(lists), 0, OPTIONS_TEXT,
	 "compiled known-bad lists ('banken lists add'); live they are "
	 "/var/lib/banken/lists/compiled "
	 "unless said otherwise, and taken anew whenever they change"},
	{"lists.repeat-seconds", KIND_UINT, AT(pipeline.list_repeat), 0, 86400,
	 "a host's hit on the same indicator is told so seldom, 0 = each"},
	{"worker.memory-mb", KIND_SIZE_MB, AT(pipeline.memory), 16, 1 << 20,
	 "most memory of streams and parsers, a worker"},
	{"worker.count", KIND_UINT, AT(workers), 1, 64, "workers (live)"},
	{"worker.first-core", KIND_UINT, AT(cores_first), 0, 1023, "core of the first one (live)"},
	{"run-folder", KIND_TEXT, AT(run_folder), 0, OPTIONS_TEXT,
	 "where banken-control meets the dataplane (live)"},
	{"ring-kb", KIND_UINT, AT(ring_kb), 64, 1 << 20, "size of each record ring (live)"},
	{"eal.memory-mb", KIND_UINT, AT(memory_mb), 32, 1 << 20, "packet buffers (live)"},
	{"eal.hugepages", KIND_BOOL, AT(hugepages), 0, 1,
	 "use huge pages when there are any (live)"},
	{"eal.verbose", KIND_BOOL, AT(eal_verbose), 0, 1, "DPDK's own messages too (live)"},
	{"promiscuous", KIND_BOOL, AT(promiscuous), 0, 1, "take frames for every address (live)"},
	{"response-port", KIND_TEXT, AT(response_port), 0, OPTIONS_TEXT,
	 "DPDK device that resets leave by, never the mirror port (live)"},
	{"user", KIND_TEXT, AT(user), 0, 64, "account to become once the ports are open (live)"},
};

/* Switches a protocol on or off: for the parsers, and for rules, which may not name one that is
 * off. */
static void switch_protocol(struct options *o, unsigned index, bool on)
{
	const char *name = app_protocols[index]->name;
	uint64_t bit = 1ULL << index;
	unsigned kept = 0;

	for (unsigned i = 0; i < o->disabled_count; i++) {
		if (strcmp(o->disabled[i], name) != 0)
			o->disabled[kept++] = o->disabled[i];
	}
	if (!on && kept < OPTIONS_DISABLED)
		o->disabled[kept++] = name;
	o->disabled[kept] = NULL;
	o->disabled_count = kept;
	o->pipeline.app.disabled =
		on ? o->pipeline.app.disabled & ~bit : o->pipeline.app.disabled | bit;
	o->pipeline.app.enabled =
		on ? o->pipeline.app.enabled | bit : o->pipeline.app.enabled & ~bit;
}

void options_init(struct options *o)
{
	const struct lang_vars *vars = lang_vars_default();

	memset(o, 0, sizeof(*o));
	o->pipeline = pipeline_config_default();
	for (size_t i = 0; i < vars->naddrs && o->addr_count < OPTIONS_VARS; i++)
		o->addrs[o->addr_count++] = vars->addrs[i];
	for (size_t i = 0; i < vars->nports && o->port_count < OPTIONS_VARS; i++)
		o->ports[o->port_count++] = vars->ports[i];
	for (unsigned i = 0; app_protocols[i]; i++) {
		if (!app_protocols[i]->enabled_by_default)
			switch_protocol(o, i, false);
	}
	o->lang = 7;
	o->load_threads = 2;
	o->alerts_per_packet = LIMIT_ALERTS_PER_PACKET;
	o->log_folder = ".";
	o->community_id = true;
	snprintf(o->run_folder, sizeof(o->run_folder), "/run/banken");
	snprintf(o->desk.dir, sizeof(o->desk.dir), "filestore");
	o->store_mb = 1024;
	o->store_file_mb = 64;
	o->store_days = 30;
	o->store_free_mb = 256;
	o->desk_memory_mb = 128;
	o->desk_ring_kb = 4096;
	snprintf(o->keeper.dir, sizeof(o->keeper.dir), "evidence");
	o->tape_mb = 32;
	o->keeper.before_s = 10;
	o->keeper.after_s = 5;
	o->keeper.encrypted_max = 256;
	o->piece_kb = 4096;
	o->keeper.per_rule = 60;
	o->keeper.per_host = 120;
	o->evidence_mb = 2048;
	o->evidence_free_mb = 256;
	o->workers = 1;
	o->memory_mb = 128;
	o->ring_kb = 8192;
	o->hugepages = true;
	o->promiscuous = true;
}

void options_done(struct options *o)
{
	while (o->owned_count > 0)
		free(o->owned[--o->owned_count]);
}

static char *own(struct options *o, const char *text)
{
	char *copy;

	if (o->owned_count == ARRAY_SIZE(o->owned))
		return NULL;
	copy = strdup(text);
	if (copy)
		o->owned[o->owned_count++] = copy;
	return copy;
}

static int parse_bool(const char *value, bool *ret)
{
	static const char *const yes[] = {"yes", "true", "on", "1", "enabled"};
	static const char *const no[] = {"no", "false", "off", "0", "disabled"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			*ret = strcasecmp(value, yes[i]) == 0;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}

/* A number with an optional kb, mb or gb as in Suricata's configuration. */
static int parse_number(const char *value, int64_t *ret)
{
	static const struct {
		const char *unit;
		int shift;
	} units[] = {{"", 0},	  {"kb", 10}, {"kib", 10}, {"mb", 20},
		     {"mib", 20}, {"gb", 30}, {"gib", 30}};
	char *end;

	errno = 0;
	*ret = strtoll(value, &end, 10);
	if (errno || end == value)
		return ERR_INVALID;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcasecmp(end, units[i].unit) == 0)
			return __builtin_mul_overflow(*ret, 1LL << units[i].shift, ret)
				       ? ERR_INVALID
				       : ERR_OK;
	}
	return ERR_INVALID;
}

static void store_number(void *at, enum kind kind, int64_t number)
{
	switch (kind) {
	case KIND_UINT:
		*(unsigned *)at = (unsigned)number;
		break;
	case KIND_UINT32:
		*(uint32_t *)at = (uint32_t)number;
		break;
	case KIND_UINT16:
		*(uint16_t *)at = (uint16_t)number;
		break;
	case KIND_SIZE_MB:
		*(size_t *)at = (size_t)number << 20;
		break;
	default:
		*(int64_t *)at = number;
	}
}

/* "md5,sha256" or "[md5, sha256]" -> the mask's digests; the rest of the mask stays. */
static int set_hashes(uint8_t *mask, const char *key, const char *value, struct errmsg *err)
{
	static const struct {
		const char *name;
		uint8_t bit;
	} hashes[] = {{"md5", APP_FILE_MD5}, {"sha1", APP_FILE_SHA1}, {"sha256", APP_FILE_SHA256}};
	uint8_t found = 0;

	for (value += strspn(value, "[ ,]"); *value; value += strspn(value, "[ ,]")) {
		size_t n = strcspn(value, "[ ,]"), i = 0;

		while (i < ARRAY_SIZE(hashes) &&
		       (strlen(hashes[i].name) != n || strncmp(hashes[i].name, value, n) != 0))
			i++;
		if (i == ARRAY_SIZE(hashes))
			return errmsg_set(err, ERR_INVALID,
					  "%s: \"%.*s\" is none of md5, sha1, sha256", key, (int)n,
					  value);
		found |= hashes[i].bit;
		value += n;
	}
	*mask = (uint8_t)((*mask & ~(APP_FILE_MD5 | APP_FILE_SHA1 | APP_FILE_SHA256)) | found);
	return ERR_OK;
}

static int set_magic(uint8_t *mask, const char *key, const char *value, struct errmsg *err)
{
	bool on;

	if (parse_bool(value, &on) != ERR_OK)
		return errmsg_set(err, ERR_INVALID, "%s: \"%s\" is neither yes nor no", key, value);
	*mask = (uint8_t)(on ? *mask | APP_FILE_MAGIC : *mask & ~APP_FILE_MAGIC);
	return ERR_OK;
}

static int set_option(struct options *o, const struct option *opt, const char *value,
		      struct errmsg *err)
{
	void *at = (char *)o + opt->offset;
	int64_t number;

	if (opt->kind == KIND_BOOL) {
		if (parse_bool(value, at) != ERR_OK)
			return errmsg_set(err, ERR_INVALID, "%s: \"%s\" is neither yes nor no",
					  opt->key, value);
		return ERR_OK;
	}
	if (opt->kind == KIND_HASHES)
		return set_hashes(at, opt->key, value, err);
	if (opt->kind == KIND_MAGIC)
		return set_magic(at, opt->key, value, err);
	if (opt->kind == KIND_BYPASS) {
		bool bypass = strcmp(value, "bypass") == 0;

		if (!bypass && strcmp(value, "default") != 0)
			return errmsg_set(err, ERR_INVALID,
					  "%s: \"%s\" is neither default nor bypass", opt->key,
					  value);
		*(bool *)at = bypass;
		return ERR_OK;
	}
	if (opt->kind == KIND_TEXT) {
		if (strlen(value) >= (size_t)opt->max)
			return errmsg_set(err, ERR_INVALID, "%s: longer than %lld characters",
					  opt->key, (long long)opt->max - 1);
		snprintf(at, (size_t)opt->max, "%s", value);
		return ERR_OK;
	}
	if (parse_number(value, &number) != ERR_OK || number < opt->min || number > opt->max)
		return errmsg_set(err, ERR_INVALID, "%s: \"%s\" is not a number from %lld to %lld",
				  opt->key, value, (long long)opt->min, (long long)opt->max);
	store_number(at, opt->kind, number);
	return ERR_OK;
}

static const char *strip_prefix(const char *key, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(key, prefix, n) == 0 ? key + n : NULL;
}

/* vars.NAME, vars.address-groups.NAME, vars.port-groups.NAME; _PORTS tells ports from addresses. */
static int set_var(struct options *o, const char *name, const char *value, struct errmsg *err)
{
	size_t len = strlen(name);
	bool port = len > 6 && strcmp(name + len - 6, "_PORTS") == 0;
	struct lang_var *vars;
	unsigned *count;

	if (strip_prefix(name, "address-groups.")) {
		name = strip_prefix(name, "address-groups.");
		port = false;
	} else if (strip_prefix(name, "port-groups.")) {
		name = strip_prefix(name, "port-groups.");
		port = true;
	}
	if (!name[0])
		return errmsg_set(err, ERR_INVALID,
				  "vars.: a name is missing, as in vars.HOME_NET");
	vars = port ? o->ports : o->addrs;
	count = port ? &o->port_count : &o->addr_count;
	for (unsigned i = 0; i < *count; i++) {
		if (strcmp(vars[i].name, name) == 0) {
			vars[i].value = own(o, value);
			return vars[i].value ? ERR_OK
					     : errmsg_set(err, ERR_LIMIT, "too many variables");
		}
	}
	if (*count == OPTIONS_VARS)
		return errmsg_set(err, ERR_LIMIT, "vars.%s: more than %d variables", name,
				  OPTIONS_VARS);
	vars[*count] = (struct lang_var){own(o, name), own(o, value)};
	if (!vars[*count].name || !vars[*count].value)
		return errmsg_set(err, ERR_LIMIT, "too many variables");
	++*count;
	return ERR_OK;
}

/* app-layer.protocols.NAME.enabled */
static int set_protocol(struct options *o, const char *rest, const char *value, struct errmsg *err)
{
	size_t len = strcspn(rest, ".");
	bool enabled;

	if (strcmp(rest + len, ".enabled") != 0)
		return ERR_NOTFOUND;
	if (parse_bool(value, &enabled) != ERR_OK)
		return errmsg_set(err, ERR_INVALID,
				  "app-layer.protocols.%s: \"%s\" is neither yes nor no", rest,
				  value);
	for (unsigned i = 0; app_protocols[i]; i++) {
		const char *name = app_protocols[i]->name;

		if (strlen(name) != len || strncmp(name, rest, len) != 0)
			continue;
		switch_protocol(o, i, enabled);
		return ERR_OK;
	}
	return errmsg_set(err, ERR_INVALID,
			  "app-layer.protocols.%s: there is no protocol of that name", rest);
}

int options_set(struct options *o, const char *key, const char *value, struct errmsg *err)
{
	const char *rest;
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].key, key) == 0)
			return set_option(o, &table[i], value, err);
	}
	if ((rest = strip_prefix(key, "vars.")))
		return set_var(o, rest, value, err);
	if ((rest = strip_prefix(key, "host-os-policy.")))
		return options_set_hosts(o, rest, value, err);
	if ((rest = strip_prefix(key, "app-layer.protocols."))) {
		rc = set_protocol(o, rest, value, err);
		if (rc != ERR_NOTFOUND)
			return rc;
	}
	if (strcmp(key, "lang") == 0)
		return options_set(o, "rules.lang", value, err);
	if (strcmp(key, "eve.types") == 0) {
		char bad[64];

		if (event_types_parse(value, &o->pipeline.event.types, bad, sizeof(bad)) == ERR_OK)
			return ERR_OK;
		return errmsg_set(
			err, ERR_INVALID,
			"eve.types: there is no record type \"%s\"; use all, alert, flow, app, "
			"fileinfo, anomaly, anomaly.decode, anomaly.stream, stats or a protocol",
			bad);
	}
	return errmsg_set(err, ERR_INVALID,
			  "there is no option \"%s\"; banken-dataplane --help-options lists them",
			  key);
}

int options_set_pair(struct options *o, const char *pair, struct errmsg *err)
{
	const char *equals = strchr(pair, '=');
	char key[128];

	if (!equals || equals == pair || (size_t)(equals - pair) >= sizeof(key))
		return errmsg_set(err, ERR_INVALID, "--set %s: write it as KEY=VALUE", pair);
	snprintf(key, sizeof(key), "%.*s", (int)(equals - pair), pair);
	return options_set(o, key, equals + 1, err);
}

static void print_value(const struct options *o, const struct option *opt, FILE *out)
{
	const void *at = (const char *)o + opt->offset;

	switch (opt->kind) {
	case KIND_BOOL:
		fprintf(out, "%s", *(const bool *)at ? "yes" : "no");
		break;
	case KIND_UINT:
		fprintf(out, "%u", *(const unsigned *)at);
		break;
	case KIND_UINT32:
		fprintf(out, "%u", *(const uint32_t *)at);
		break;
	case KIND_UINT16:
		fprintf(out, "%u", *(const uint16_t *)at);
		break;
	case KIND_SIZE_MB:
		fprintf(out, "%zu", *(const size_t *)at >> 20);
		break;
	case KIND_INT:
		fprintf(out, "%lld", (long long)*(const int64_t *)at);
		break;
	case KIND_TEXT:
		fprintf(out, "\"%s\"", (const char *)at);
		break;
	case KIND_HASHES:
		fprintf(out, "\"%s%s%s\"", *(const uint8_t *)at & APP_FILE_MD5 ? "md5," : "",
			*(const uint8_t *)at & APP_FILE_SHA1 ? "sha1," : "",
			*(const uint8_t *)at & APP_FILE_SHA256 ? "sha256" : "");
		break;
	case KIND_MAGIC:
		fprintf(out, "%s", *(const uint8_t *)at & APP_FILE_MAGIC ? "yes" : "no");
		break;
	case KIND_BYPASS:
		fprintf(out, "%s", *(const bool *)at ? "bypass" : "default");
		break;
	}
}

void options_print(const struct options *o, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		fprintf(out, "%s: ", table[i].key);
		print_value(o, &table[i], out);
		fprintf(out, "\n");
	}
	options_print_hosts(o, out);
	for (unsigned i = 0; i < o->addr_count; i++)
		fprintf(out, "vars.address-groups.%s: \"%s\"\n", o->addrs[i].name,
			o->addrs[i].value);
	for (unsigned i = 0; i < o->port_count; i++)
		fprintf(out, "vars.port-groups.%s: \"%s\"\n", o->ports[i].name, o->ports[i].value);
}

void options_help(FILE *out)
{
	struct options defaults;

	options_init(&defaults);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct option *opt = &table[i];

		fprintf(out, "  %-46s %s (default ", opt->key, opt->help);
		print_value(&defaults, opt, out);
		if (opt->kind < KIND_TEXT && opt->kind != KIND_BOOL)
			fprintf(out, ", %lld to %lld", (long long)opt->min, (long long)opt->max);
		fprintf(out, ")\n");
	}
	fprintf(out, "  %-46s %s\n", "vars.NAME",
		"address or port group of rules, e.g. vars.HOME_NET=[10.0.0.0/8]");
	fprintf(out, "  %-46s %s\n", "app-layer.protocols.NAME.enabled", "yes or no");
	options_help_hosts(out);
	fprintf(out, "  %-46s %s\n", "eve.types",
		"all, or a list such as alert,flow,dns (default all)");
	options_done(&defaults);
}

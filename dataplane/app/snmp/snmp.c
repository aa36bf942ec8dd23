#include "dataplane/app/snmp/snmp.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/compile.h"

static const char *const event_names[SNMP_EVENTS] = {
	[SNMP_EVENT_MALFORMED_DATA] = "malformed_data",
	[SNMP_EVENT_UNKNOWN_SECURITY_MODEL] = "unknown_security_model",
	[SNMP_EVENT_VERSION_MISMATCH] = "version_mismatch",
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct snmp_tx *t = container_of(tx, struct snmp_tx, tx);

	kept_free(io->slab, &t->community);
	kept_free(io->slab, &t->user);
	kept_free(io->slab, &t->vars);
}

/* --- messages --- */

static struct snmp_tx *tx_new(struct app_io *io, const struct snmp_state *s, enum dir dir)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct snmp_tx));
	struct snmp_tx *t = tx ? container_of(tx, struct snmp_tx, tx) : NULL;

	if (!t)
		return NULL;
	t->version = s->version;
	tx->only_one_way[dir_other(dir)] = true;
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = 1;
	return t;
}

static bool tx_fill(struct app_io *io, struct snmp_tx *t, const struct snmp_message *m)
{
	t->encrypted = m->encrypted;
	t->has_pdu = m->has_pdu;
	t->pdu = m->pdu;
	if (m->version != t->version)
		app_tx_event(&t->tx, SNMP_EVENT_VERSION_MISMATCH);
	if (m->unknown_model)
		app_tx_event(&t->tx, SNMP_EVENT_UNKNOWN_SECURITY_MODEL);
	if (m->has_community && !kept_set(io->slab, &t->community, m->community))
		return false;
	if (m->has_user && !kept_set(io->slab, &t->user, m->user))
		return false;
	return !m->has_pdu || kept_set(io->slab, &t->vars, m->vars);
}

/* A message that cannot be read ends parsing, as in Suricata. */
static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct snmp_state *s = state;
	struct snmp_message m;
	struct snmp_tx *t;

	if (s->version == 0)
		s->version = snmp_version(input.data);
	if (!snmp_read(input.data, &m)) {
		struct app_tx *last = app_tx_last(io);

		if (last)
			app_tx_event(last, SNMP_EVENT_MALFORMED_DATA);
		return APP_RESULT_BAD;
	}
	t = tx_new(io, s, dir);
	if (!t || !tx_fill(io, t, &m))
		return APP_RESULT_BAD;
	return APP_RESULT_OK(input.data.len);
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	return snmp_version(data) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* --- for rules --- */

static bool get_community(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&container_of(tx, const struct snmp_tx, tx)->community, ret);
}

static bool get_user(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&container_of(tx, const struct snmp_tx, tx)->user, ret);
}

static bool match_version(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return text_range_match(compiled, container_of(tx, const struct snmp_tx, tx)->version);
}

static void *compile_pdu(struct slice argument, char *why, size_t cap)
{
	uint64_t *n = compile_new(sizeof(*n));

	if (!text_number(text_trim(argument), INT32_MAX, n))
		return compile_refuse(n, why, cap, "a number is expected");
	return n;
}

static bool match_pdu(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct snmp_tx *t = container_of(tx, const struct snmp_tx, tx);

	return t->has_pdu && t->pdu == *(const uint64_t *)compiled;
}

/* --- records --- */

bool snmp_log(const struct app_tx *tx, const void *state, struct record *r)
{
	static const char *const names[SNMP_PDUS] = {
		"get_request",	    "get_next_request", "response", "set_request", "trap_v1",
		"get_bulk_request", "inform_request",	"trap_v2",  "report",
	};
	const struct snmp_tx *t = container_of(tx, const struct snmp_tx, tx);
	struct cursor vars = cursor_of(kept_slice(&t->vars));
	char name[1024];

	record_uint(r, "version", t->version);
	if (t->encrypted) {
		record_text(r, "pdu_type", "encrypted");
		return true;
	}
	if (t->has_pdu)
		record_text(r, "pdu_type", names[t->pdu]);
	if (t->has_pdu && t->vars.len) {
		record_array(r, "vars");
		for (unsigned i = 0;
		     i < SNMP_VARS_SHOWN && snmp_next_var(&vars, name, sizeof(name)); i++)
			record_text(r, NULL, name);
		record_end(r);
	}
	if (t->community.data)
		text_log(r, "community", kept_slice(&t->community));
	if (t->user.data)
		text_log(r, "usm", kept_slice(&t->user));
	return true;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_UDP, .ports = "161,162", .dir = DIR_TS, .probe = probe},
};

static const struct app_buffer buffers[] = {
	{.name = "snmp.community", .dir = {true, true}, .get = get_community},
	{.name = "snmp.usm", .dir = {true, true}, .get = get_user},
};

static const struct app_keyword keywords[] = {
	{"snmp.version", {true, true}, {0, 0}, compile_range_u32, match_version},
	{"snmp.pdu_type", {true, true}, {0, 0}, compile_pdu, match_pdu},
};

const struct app_proto snmp_proto = {
	.name = "snmp",
	.event_prefix = "snmp",
	.transport = APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct snmp_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {1, 1},
	.unidirectional = true,
	.events = event_names,
	.event_count = SNMP_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "snmp",
	.eve_key = "snmp",
	.log = snmp_log,
	.log_sender_first = true,
};

#include "dataplane/app/smb/smb.h"

#include "dataplane/app/dcerpc/match.h"
#include "dataplane/app/smb/stream.h"
#include "dataplane/app/smb/tx.h"

enum { RECORD_LEAST = 36 /* NBSS and SMB1 headers */ };

static const char *const event_names[SMB_EVENTS] = {
	[SMB_EVENT_INTERNAL_ERROR] = "internal_error",
	[SMB_EVENT_MALFORMED_DATA] = "malformed_data",
	[SMB_EVENT_RECORD_OVERFLOW] = "record_overflow",
	[SMB_EVENT_MALFORMED_NTLMSSP_REQUEST] = "malformed_ntlmssp_request",
	[SMB_EVENT_MALFORMED_NTLMSSP_RESPONSE] = "malformed_ntlmssp_response",
	[SMB_EVENT_DUPLICATE_NEGOTIATE] = "duplicate_negotiate",
	[SMB_EVENT_NEGOTIATE_MALFORMED_DIALECTS] = "negotiate_malformed_dialects",
	[SMB_EVENT_FILE_OVERLAP] = "file_overlap",
	[SMB_EVENT_RESPONSE_TO_SERVER] = "response_to_server",
	[SMB_EVENT_REQUEST_TO_CLIENT] = "request_to_client",
	[SMB_EVENT_MAX_READ_SIZE] = "negotiate_max_read_size_too_large",
	[SMB_EVENT_MAX_WRITE_SIZE] = "negotiate_max_write_size_too_large",
	[SMB_EVENT_READ_REQUEST_SIZE] = "read_request_too_large",
	[SMB_EVENT_READ_RESPONSE_SIZE] = "read_response_too_large",
	[SMB_EVENT_READ_QUEUE_SIZE] = "read_queue_size_exceeded",
	[SMB_EVENT_READ_QUEUE_COUNT] = "read_queue_cnt_exceeded",
	[SMB_EVENT_WRITE_REQUEST_SIZE] = "write_request_too_large",
	[SMB_EVENT_WRITE_QUEUE_SIZE] = "write_queue_size_exceeded",
	[SMB_EVENT_WRITE_QUEUE_COUNT] = "write_queue_cnt_exceeded",
	[SMB_EVENT_UNUSUAL_NTLMSSP_ORDER] = "unusual_ntlmssp_order",
	[SMB_EVENT_TOO_MANY_TRANSACTIONS] = "too_many_transactions",
};

static const char *const frame_names[] = {
	[SMB_FRAME_NBSS_PDU] = "nbss.pdu",    [SMB_FRAME_NBSS_HEADER] = "nbss.hdr",
	[SMB_FRAME_NBSS_DATA] = "nbss.data",  [SMB_FRAME_SMB1_PDU] = "smb1.pdu",
	[SMB_FRAME_SMB1_HEADER] = "smb1.hdr", [SMB_FRAME_SMB1_DATA] = "smb1.data",
	[SMB_FRAME_SMB2_PDU] = "smb2.pdu",    [SMB_FRAME_SMB2_HEADER] = "smb2.hdr",
	[SMB_FRAME_SMB2_DATA] = "smb2.data",  [SMB_FRAME_SMB3_PDU] = "smb3.pdu",
	[SMB_FRAME_SMB3_HEADER] = "smb3.hdr", [SMB_FRAME_SMB3_DATA] = "smb3.data",
};

static void state_begin(struct app_io *io, void *state)
{
	struct smb_state *s = state;

	s->key = s->table.key = io->key;
	s->side[DIR_TS].gap = s->side[DIR_TC].gap = io->midstream;
}

static void state_end(struct app_io *io, void *state)
{
	struct smb_state *s = state;

	smb_table_free(io, &s->table);
	dce_ifaces_free(io->slab, &s->ifaces);
	kept_free(io->slab, &s->dialect_name);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct smb_state *s = state;

	s->io = io;
	smb_tx_free(s, container_of(tx, struct smb_tx, tx));
}

/* --- for rules --- */

static bool get_share(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);

	return t->type == SMB_TX_TREE && !t->tree.pipe && kept_get(&t->tree.name, ret);
}

static bool get_named_pipe(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);

	return t->type == SMB_TX_TREE && t->tree.pipe && kept_get(&t->tree.name, ret);
}

static bool get_user(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);

	return t->type == SMB_TX_SESSION && t->session.has_ntlmssp &&
	       kept_get(&t->session.user, ret);
}

static bool get_domain(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);

	return t->type == SMB_TX_SESSION && t->session.has_ntlmssp &&
	       kept_get(&t->session.domain, ret);
}

static bool get_stub(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);

	return t->type == SMB_TX_DCERPC && kept_get(&t->dcerpc.stub[dir], ret);
}

static bool little(const struct app_tx *tx, enum dir dir)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);

	return t->type == SMB_TX_DCERPC && t->dcerpc.little;
}

static bool is_request(const struct smb_tx *t)
{
	return t->type == SMB_TX_DCERPC && t->dcerpc.request == DCE_REQUEST;
}

static bool match_opnum(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);

	return is_request(t) && dce_match_opnum(compiled, t->dcerpc.opnum);
}

/* Of whatever context: that is how Suricata 7 looks at pipes. */
static bool match_iface(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);
	const struct dce_ifaces *l = &t->state->ifaces;

	for (unsigned i = 0; is_request(t) && i < l->count; i++) {
		const struct dce_iface *f = &l->list[i];

		if (f->acked && f->result == 0 && dce_match_uuid(compiled, f))
			return true;
	}
	return false;
}

/* --- identification --- */

/* An NBSS message with a record, perhaps behind a small one without (a session request). */
static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	enum { SMALL = 256 };
	struct cursor c = cursor_of(data);
	uint8_t type = cursor_u8(&c), version;
	uint32_t len = cursor_u24(&c);
	struct slice rest = cursor_rest(&c);

	if (!smb_is_nbss(type))
		return APP_PROBE_NO;
	if (smb_magic(rest, &version) && version >= 0xfd)
		return APP_PROBE_YES;
	if (type == SMB_NBSS_MESSAGE)
		return APP_PROBE_NO;
	if (rest.len < (size_t)len + SMB_NBSS_HEADER + 4)
		return len < SMALL ? APP_PROBE_MORE : APP_PROBE_NO;
	rest = slice_sub(rest, len, rest.len);
	return smb_is_nbss(rest.data[0]) &&
			       smb_magic(slice_sub(rest, SMB_NBSS_HEADER, rest.len), &version) &&
			       version >= 0xfd
		       ? APP_PROBE_YES
		       : APP_PROBE_NO;
}

/* An encrypted record says nothing of its direction: the port does. */
static enum app_probe probe_encrypted(const struct app_tuple *tuple, enum dir dir,
				      struct slice data)
{
	enum { PORT = 445 };
	enum app_probe p = probe(tuple, dir, data);

	if (p == APP_PROBE_YES && tuple->port[DIR_TS] == PORT && tuple->port[DIR_TC] != PORT)
		return APP_PROBE_REVERSED;
	return p;
}

#define PATTERN(way, text, ask)                                                                    \
	{                                                                                          \
		way, APP_TCP, text, 4, 4, 8, false, ask, RECORD_LEAST, RECORD_LEAST, false         \
	}

static const struct app_pattern patterns[] = {
	PATTERN(DIR_TS, "\xffSMB", probe),	     PATTERN(DIR_TC, "\xffSMB", probe),
	PATTERN(DIR_TS, "\xfeSMB", probe),	     PATTERN(DIR_TC, "\xfeSMB", probe),
	PATTERN(DIR_TS, "\xfdSMB", probe_encrypted), PATTERN(DIR_TC, "\xfdSMB", probe_encrypted),
};

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP, .ports = "139,445", .min_len = RECORD_LEAST, .probe = probe},
};

static const struct app_buffer buffers[] = {
	{.name = "smb.share", .dir = {true, false}, .get = get_share},
	{.name = "smb.named_pipe", .dir = {true, false}, .get = get_named_pipe},
	{.name = "smb.ntlmssp_user", .dir = {true, false}, .get = get_user},
	{.name = "smb.ntlmssp_domain", .dir = {true, false}, .get = get_domain},
	{.name = "dcerpc.stub_data", .dir = {true, true}, .get = get_stub},
};

static const struct app_keyword keywords[] = {
	{"dcerpc.iface", {true, true}, {0, 0}, dce_compile_iface, match_iface},
	{"dcerpc.opnum", {true, true}, {0, 0}, dce_compile_opnum, match_opnum},
};

const struct app_proto smb_proto = {
	.name = "smb",
	.event_prefix = "smb",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct smb_state),
	.state_begin = state_begin,
	.state_end = state_end,
	.parse = smb_parse,
	.gap = smb_gap,
	.tx_free = tx_free,
	.complete = {SMB_COMPLETE, SMB_COMPLETE},
	.events = event_names,
	.event_count = SMB_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "smb",
	.eve_key = "smb",
	.log = smb_log,
	.whole_stream = true,
	.frames = frame_names,
	.frame_count = ARRAY_SIZE(frame_names),
	.little = little,
};

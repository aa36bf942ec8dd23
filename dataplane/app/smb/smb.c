/* The stream: NBSS messages with records of SMB inside, whole or piece by piece, and gaps. */
#include "dataplane/app/smb/smb.h"

#include "dataplane/app/dcerpc/match.h"
#include "dataplane/app/smb/smb1.h"
#include "dataplane/app/smb/smb2.h"

enum {
	NBSS_HEADER = 4,
	NBSS_MESSAGE = 0x00,
	PARTIAL_LEAST = 512,	/* so much of a read or write is looked at before it is whole */
	RECORD_LEAST = 36,	/* NBSS and SMB1 headers */
	SMB3_HEADER = 52,	/* MS-SMB2 2.2.41 */
	AFTER_GAP_SECONDS = 60, /* a file has so long to go on behind a gap */
	/* A longer message is looked at when so much of it is there; the rest is passed over. */
	MESSAGE_MAX = LIMIT_APP_BUFFERED - 16,
};

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

enum {
	FRAME_NBSS_PDU,
	FRAME_NBSS_HEADER,
	FRAME_NBSS_DATA,
	FRAME_SMB1_PDU,
	FRAME_SMB1_HEADER,
	FRAME_SMB1_DATA,
	FRAME_SMB2_PDU,
	FRAME_SMB2_HEADER,
	FRAME_SMB2_DATA,
	FRAME_SMB3_PDU,
	FRAME_SMB3_HEADER,
	FRAME_SMB3_DATA,
};

static const char *const frame_names[] = {
	[FRAME_NBSS_PDU] = "nbss.pdu",	  [FRAME_NBSS_HEADER] = "nbss.hdr",
	[FRAME_NBSS_DATA] = "nbss.data",  [FRAME_SMB1_PDU] = "smb1.pdu",
	[FRAME_SMB1_HEADER] = "smb1.hdr", [FRAME_SMB1_DATA] = "smb1.data",
	[FRAME_SMB2_PDU] = "smb2.pdu",	  [FRAME_SMB2_HEADER] = "smb2.hdr",
	[FRAME_SMB2_DATA] = "smb2.data",  [FRAME_SMB3_PDU] = "smb3.pdu",
	[FRAME_SMB3_HEADER] = "smb3.hdr", [FRAME_SMB3_DATA] = "smb3.data",
};

/* Announces a unit, its head and what follows it; `pdu` is its type, the others are next to it.
 * `len` are its bytes, of which `there` have come. */
static void frames(struct smb_state *s, unsigned pdu, struct slice there, size_t header, size_t len)
{
	app_frame(s->io, pdu, there.data, (int64_t)len);
	app_frame(s->io, pdu + 1, there.data, (int64_t)header);
	if (there.len > header && len >= header)
		app_frame(s->io, pdu + 2, there.data + header, (int64_t)(len - header));
}

static void *state_new(struct app_io *io)
{
	struct smb_state *s = slab_zalloc(io->slab, sizeof(*s));

	if (!s)
		return NULL;
	s->key = s->table.key = io->key;
	s->side[DIR_TS].gap = s->side[DIR_TC].gap = io->midstream;
	return s;
}

static void state_free(struct app_io *io, void *state)
{
	struct smb_state *s = state;

	smb_table_free(io, &s->table);
	dce_ifaces_free(io->slab, &s->ifaces);
	kept_free(io->slab, &s->dialect_name);
	slab_free(io->slab, s, sizeof(*s));
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct smb_state *s = state;

	s->io = io;
	smb_tx_free(s, container_of(tx, struct smb_tx, tx));
}

/* --- one message --- */

static bool magic(struct slice data, uint8_t *ret_version)
{
	if (data.len < 4 || !slice_eq(slice_sub(data, 1, 3), SLICE_LIT("SMB")))
		return false;
	*ret_version = data.data[0];
	return true;
}

static bool records1(struct smb_state *s, enum dir dir, struct slice data)
{
	struct smb1_record r;

	if (!smb1_record_read(data, &r))
		return false;
	frames(s, FRAME_SMB1_PDU, data, SMB1_HEADER, data.len);
	/* What goes the wrong way is not followed. */
	if (dir == DIR_TS && !r.response)
		smb1_request(s, &r);
	else if (dir == DIR_TC && r.response)
		smb1_response(s, &r);
	return true;
}

static bool records2(struct smb_state *s, enum dir dir, struct slice data)
{
	struct smb2_record r;

	while (data.len > 0) {
		if (!smb2_record_read(data, dir, &r))
			return false;
		frames(s, FRAME_SMB2_PDU, data, r.header_len, r.len);
		if (dir == DIR_TS && !r.response)
			smb2_request(s, &r);
		else if (dir == DIR_TC && r.response)
			smb2_response(s, &r);
		data = slice_sub(data, r.len, data.len);
	}
	return true;
}

/* Encrypted: only the frame is there to be seen. */
static bool records3(struct smb_state *s, struct slice data)
{
	while (data.len > 0) {
		struct cursor c = cursor_of(data);
		uint32_t len;

		if (!slice_eq(cursor_take(&c, 4), SLICE_LIT("\xfdSMB")))
			return false;
		cursor_skip(&c, 32);
		len = cursor_u32_le(&c);
		cursor_skip(&c, SMB3_HEADER - 40);
		cursor_skip(&c, len);
		if (c.bad)
			return false;
		frames(s, FRAME_SMB3_PDU, data, SMB3_HEADER, cursor_offset(&c));
		data = cursor_rest(&c);
	}
	return true;
}

/* `whole`: all of it is there. False: broken, nothing further makes sense. */
static bool message(struct smb_state *s, enum dir dir, struct slice data, bool whole)
{
	uint8_t version;
	bool ok = true;

	if (!magic(data, &version)) {
		/* A server's empty message is let pass, as Suricata 7 does. */
		ok = dir == DIR_TC && data.len < 4 &&
		     (data.len < 2 || slice_eq(slice_sub(data, 1, data.len),
					       slice_sub(SLICE_LIT("SMB"), 0, data.len - 1)));
	} else if (version == 0xff) {
		ok = records1(s, dir, data);
	} else if (version == 0xfe) {
		ok = records2(s, dir, data);
	} else if (version == 0xfd) {
		ok = records3(s, data);
	}
	if (!ok && whole)
		smb_event(s, SMB_EVENT_MALFORMED_DATA);
	return ok || !whole;
}

/* --- messages that are not all there --- */

static bool partial1(struct smb_state *s, enum dir dir, struct slice there, uint32_t len)
{
	struct slice data = slice_sub(there, NBSS_HEADER, there.len);
	struct smb1_record r;

	if (!smb1_record_read(data, &r) ||
	    r.first != (dir == DIR_TS ? SMB1_WRITE_ANDX : SMB1_READ_ANDX) || smb1_in_pipe(s, &r))
		return false;
	frames(s, FRAME_NBSS_PDU, there, NBSS_HEADER, NBSS_HEADER + (size_t)len);
	frames(s, FRAME_SMB1_PDU, data, SMB1_HEADER, len);
	if (dir == DIR_TS)
		smb1_asked(s, &r, smb1_write(s, &r));
	else
		smb1_answered(s, &r, smb1_read(s, &r));
	return true;
}

static bool partial2(struct smb_state *s, enum dir dir, struct slice there, uint32_t len)
{
	struct slice data = slice_sub(there, NBSS_HEADER, there.len);
	struct smb2_record r;

	if (!smb2_record_read(data, dir, &r) ||
	    r.command != (dir == DIR_TS ? SMB2_WRITE : SMB2_READ) || smb2_in_pipe(s, &r))
		return false;
	frames(s, FRAME_NBSS_PDU, there, NBSS_HEADER, NBSS_HEADER + (size_t)len);
	frames(s, FRAME_SMB2_PDU, data, r.header_len, len);
	if (dir == DIR_TS)
		smb2_write(s, &r);
	else
		smb2_read(s, &r);
	return true;
}

/* Reads and writes of files need not be whole. True when it was one; all of it is used. `len`:
 * bytes of the message behind the NBSS header. */
static bool partial(struct smb_state *s, enum dir dir, struct slice there, uint32_t len)
{
	uint8_t version;

	if (!magic(slice_sub(there, NBSS_HEADER, there.len), &version))
		return false;
	if (version == 0xff)
		return partial1(s, dir, there, len);
	return version == 0xfe && partial2(s, dir, there, len);
}

static bool is_nbss(uint8_t type)
{
	return type == NBSS_MESSAGE || (type >= 0x81 && type <= 0x85);
}

/* No sense in this direction any more: what was open waits for nothing. */
static void cut(struct smb_state *s, enum dir dir)
{
	struct smb_tx *next;

	s->side[dir].cut = true;
	for (struct smb_tx *t = s->open_first; t; t = next) {
		next = t->open_next;
		if (dir == DIR_TS)
			smb_tx_request_done(s, t);
		else
			smb_tx_response_done(s, t);
	}
}

/* The message at `at` of `len` bytes is not all there. */
static struct app_result incomplete(struct smb_state *s, enum dir dir, size_t at,
				    struct slice there, uint32_t len)
{
	size_t need = NBSS_HEADER + (size_t)len - there.len;
	struct slice data = slice_sub(there, NBSS_HEADER, there.len);
	uint8_t version;

	if (there.len < PARTIAL_LEAST) {
		if (NBSS_HEADER + (size_t)len >= PARTIAL_LEAST)
			return APP_RESULT_MORE(at, PARTIAL_LEAST - there.len);
		if (there.len > 8 && !(is_nbss(there.data[0]) && magic(data, &version)))
			cut(s, dir);
		return APP_RESULT_MORE(at, need);
	}
	if (there.data[0] == NBSS_MESSAGE && partial(s, dir, there, len))
		return APP_RESULT_OK(at + there.len);
	if (NBSS_HEADER + (size_t)len <= MESSAGE_MAX)
		return APP_RESULT_MORE(at, need);
	if (there.len < MESSAGE_MAX)
		return APP_RESULT_MORE(at, MESSAGE_MAX - there.len);
	app_limit_met(s->io);
	frames(s, FRAME_NBSS_PDU, there, NBSS_HEADER, NBSS_HEADER + (size_t)len);
	if (there.data[0] == NBSS_MESSAGE)
		message(s, dir, data, false);
	s->side[dir].skip = need;
	return APP_RESULT_OK(at + there.len);
}

/* --- gaps --- */

/* The NBSS header in front of the next record; false: not in these bytes, of which the last ones
 * may be the start of it. */
static bool resync(struct cursor *c)
{
	while (cursor_left(c) >= NBSS_HEADER + 4) {
		const uint8_t *p = c->pos;

		if (p[0] == NBSS_MESSAGE && p[4] >= 0xfd && p[5] == 'S' && p[6] == 'M' &&
		    p[7] == 'B')
			return true;
		cursor_skip(c, 1);
	}
	return false;
}

/* Behind a gap requests in front of it are over; files may go on for a while. */
static void after_gap(struct smb_state *s, enum dir dir)
{
	struct smb_tx *next;

	for (struct smb_tx *t = s->open_first; t; t = next) {
		next = t->open_next;
		if (&t->tx == app_tx_last(s->io))
			break;
		if (t->type == SMB_TX_FILE) {
			if (t->file.gap_until_ns == 0)
				t->file.gap_until_ns =
					s->io->now_ns + AFTER_GAP_SECONDS * 1000000000ULL;
			s->files_behind_gap = true;
		} else if (dir == DIR_TS) {
			smb_tx_request_done(s, t);
		} else {
			smb_tx_done(s, t);
		}
	}
}

static void files_after_gap(struct smb_state *s)
{
	uint64_t second = s->io->now_ns / 1000000000;
	struct smb_tx *next;

	if (!s->files_behind_gap || second == s->files_checked)
		return;
	s->files_checked = second;
	s->files_behind_gap = false;
	for (struct smb_tx *t = s->open_first; t; t = next) {
		next = t->open_next;
		if (t->type != SMB_TX_FILE || t->file.gap_until_ns == 0)
			continue;
		if (s->io->now_ns > t->file.gap_until_ns) {
			smb_file_cut(s, t);
			smb_tx_done(s, t);
		} else {
			s->files_behind_gap = true;
		}
	}
}

static uint64_t take_skip(struct smb_side *side, uint64_t there)
{
	uint64_t n = side->skip < there ? side->skip : there;

	side->skip -= n;
	return n;
}

static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct smb_state *s = state;
	struct smb_side *side = &s->side[dir];

	s->io = io;
	len -= take_skip(side, len);
	len -= smb_file_more(s, dir, SLICE(NULL, 0), len);
	side->holed = true;
	/* A gap inside of what is passed over or of a file loses nothing of the frame. */
	side->gap |= len > 0;
	return true;
}

/* --- the stream --- */

static struct app_result messages(struct smb_state *s, enum dir dir, struct cursor *c)
{
	while (cursor_left(c) > 0) {
		size_t at = cursor_offset(c);
		struct slice there = cursor_rest(c), data;
		uint8_t type;
		uint32_t len;

		if (there.len < NBSS_HEADER)
			return APP_RESULT_MORE(at, NBSS_HEADER - there.len);
		type = cursor_u8(c);
		len = cursor_u24(c);
		if (cursor_left(c) < len)
			return incomplete(s, dir, at, there, len);
		data = cursor_take(c, len);
		frames(s, FRAME_NBSS_PDU, there, NBSS_HEADER, NBSS_HEADER + (size_t)len);
		if (type == NBSS_MESSAGE && !message(s, dir, data, true))
			return APP_RESULT_BAD;
	}
	return APP_RESULT_OK(cursor_offset(c));
}

/* The direction ends: so do files in it. */
static void end(struct smb_state *s, enum dir dir)
{
	struct smb_tx *next;

	for (struct smb_tx *t = s->open_first; t; t = next) {
		next = t->open_next;
		if (t->type == SMB_TX_FILE && t->file.dir == dir) {
			smb_file_cut(s, t);
			t->file.open = false;
		}
	}
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct smb_state *s = state;
	struct smb_side *side = &s->side[dir];
	struct cursor c = cursor_of(input.data);
	struct app_result r;

	s->io = io;
	cursor_skip(&c, take_skip(side, cursor_left(&c)));
	cursor_skip(&c, smb_file_more(s, dir, cursor_rest(&c), 0));
	if (side->gap && cursor_left(&c) > 0) {
		if (!resync(&c)) {
			r = APP_RESULT_MORE(cursor_offset(&c), 1);
			if (input.eof)
				end(s, dir);
			return r;
		}
		side->gap = false;
	}
	r = messages(s, dir, &c);
	if (side->holed)
		after_gap(s, dir);
	files_after_gap(s);
	if (input.eof)
		end(s, dir);
	return r;
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

	if (!is_nbss(type))
		return APP_PROBE_NO;
	if (magic(rest, &version) && version >= 0xfd)
		return APP_PROBE_YES;
	if (type == NBSS_MESSAGE)
		return APP_PROBE_NO;
	if (rest.len < (size_t)len + NBSS_HEADER + 4)
		return len < SMALL ? APP_PROBE_MORE : APP_PROBE_NO;
	rest = slice_sub(rest, len, rest.len);
	return is_nbss(rest.data[0]) && magic(slice_sub(rest, NBSS_HEADER, rest.len), &version) &&
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
	.state_new = state_new,
	.state_free = state_free,
	.parse = parse,
	.gap = gap,
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

#include "dataplane/app/smb/stream.h"

#include "dataplane/app/smb/smb1.h"
#include "dataplane/app/smb/smb2.h"

enum {
	PARTIAL_LEAST = 512,	/* so much of a read or write is looked at before it is whole */
	SMB3_HEADER = 52,	/* MS-SMB2 2.2.41 */
	AFTER_GAP_SECONDS = 60, /* a file has so long to go on behind a gap */
	/* A longer message is looked at when so much of it is there; the rest is passed over. */
	MESSAGE_MAX = LIMIT_APP_BUFFERED - 16,
};

bool smb_magic(struct slice data, uint8_t *ret_version)
{
	if (data.len < 4 || !slice_eq(slice_sub(data, 1, 3), SLICE_LIT("SMB")))
		return false;
	*ret_version = data.data[0];
	return true;
}

bool smb_is_nbss(uint8_t type)
{
	return type == SMB_NBSS_MESSAGE || (type >= 0x81 && type <= 0x85);
}

/* Announces a unit, its head and what follows it; `pdu` is its type, the others are next to it.
 * `len` are its bytes, of which `there` have come. */
static void frames(struct smb_state *s, unsigned pdu, struct slice there, size_t header, size_t len)
{
	if (s->framed)
		return;
	app_frame(s->io, pdu, there.data, (int64_t)len);
	app_frame(s->io, pdu + 1, there.data, (int64_t)header);
	if (there.len > header && len >= header)
		app_frame(s->io, pdu + 2, there.data + header, (int64_t)(len - header));
}

/* --- one message --- */

static bool records1(struct smb_state *s, enum dir dir, struct slice data)
{
	struct smb1_record r;

	if (!smb1_record_read(data, &r))
		return false;
	frames(s, SMB_FRAME_SMB1_PDU, data, SMB1_HEADER, data.len);
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
		frames(s, SMB_FRAME_SMB2_PDU, data, r.header_len, r.len);
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
		frames(s, SMB_FRAME_SMB3_PDU, data, SMB3_HEADER, cursor_offset(&c));
		data = cursor_rest(&c);
	}
	return true;
}

/* `whole`: all of it is there. False: broken, nothing further makes sense. */
static bool message(struct smb_state *s, enum dir dir, struct slice data, bool whole)
{
	uint8_t version;
	bool ok = true;

	if (!smb_magic(data, &version)) {
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
	struct slice data = slice_sub(there, SMB_NBSS_HEADER, there.len);
	struct smb1_record r;

	if (!smb1_record_read(data, &r) ||
	    r.first != (dir == DIR_TS ? SMB1_WRITE_ANDX : SMB1_READ_ANDX) || smb1_in_pipe(s, &r))
		return false;
	frames(s, SMB_FRAME_NBSS_PDU, there, SMB_NBSS_HEADER, SMB_NBSS_HEADER + (size_t)len);
	frames(s, SMB_FRAME_SMB1_PDU, data, SMB1_HEADER, len);
	if (dir == DIR_TS)
		smb1_asked(s, &r, smb1_write(s, &r));
	else
		smb1_answered(s, &r, smb1_read(s, &r));
	return true;
}

static bool partial2(struct smb_state *s, enum dir dir, struct slice there, uint32_t len)
{
	struct slice data = slice_sub(there, SMB_NBSS_HEADER, there.len);
	struct smb2_record r;

	if (!smb2_record_read(data, dir, &r) ||
	    r.command != (dir == DIR_TS ? SMB2_WRITE : SMB2_READ))
		return false;
	s->framed = s->side[dir].framed;
	frames(s, SMB_FRAME_NBSS_PDU, there, SMB_NBSS_HEADER, SMB_NBSS_HEADER + (size_t)len);
	frames(s, SMB_FRAME_SMB2_PDU, data, r.header_len, len);
	s->framed = false;
	/* A pipe's is read when it is whole; its frames are there from now on. */
	s->side[dir].framed = smb2_in_pipe(s, &r);
	if (s->side[dir].framed)
		return false;
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

	if (!smb_magic(slice_sub(there, SMB_NBSS_HEADER, there.len), &version))
		return false;
	if (version == 0xff)
		return partial1(s, dir, there, len);
	return version == 0xfe && partial2(s, dir, there, len);
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
	size_t need = SMB_NBSS_HEADER + (size_t)len - there.len;
	struct slice data = slice_sub(there, SMB_NBSS_HEADER, there.len);
	uint8_t version;

	if (there.len < PARTIAL_LEAST) {
		if (SMB_NBSS_HEADER + (size_t)len >= PARTIAL_LEAST)
			return APP_RESULT_MORE(at, PARTIAL_LEAST - there.len);
		if (there.len > 8 && !(smb_is_nbss(there.data[0]) && smb_magic(data, &version)))
			cut(s, dir);
		return APP_RESULT_MORE(at, need);
	}
	if (there.data[0] == SMB_NBSS_MESSAGE && partial(s, dir, there, len))
		return APP_RESULT_OK(at + there.len);
	if (SMB_NBSS_HEADER + (size_t)len <= MESSAGE_MAX)
		return APP_RESULT_MORE(at, need);
	if (there.len < MESSAGE_MAX)
		return APP_RESULT_MORE(at, MESSAGE_MAX - there.len);
	app_limit_met(s->io);
	s->framed = s->side[dir].framed;
	frames(s, SMB_FRAME_NBSS_PDU, there, SMB_NBSS_HEADER, SMB_NBSS_HEADER + (size_t)len);
	if (there.data[0] == SMB_NBSS_MESSAGE)
		message(s, dir, data, false);
	s->framed = s->side[dir].framed = false;
	s->side[dir].skip = need;
	return APP_RESULT_OK(at + there.len);
}

/* --- gaps --- */

/* The NBSS header in front of the next record; false: not in these bytes, of which the last ones
 * may be the start of it. */
static bool resync(struct cursor *c)
{
	while (cursor_left(c) >= SMB_NBSS_HEADER + 4) {
		const uint8_t *p = c->pos;

		if (p[0] == SMB_NBSS_MESSAGE && p[4] >= 0xfd && p[5] == 'S' && p[6] == 'M' &&
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

bool smb_gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct smb_state *s = state;
	struct smb_side *side = &s->side[dir];

	s->io = io;
	side->framed = false;
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
		bool ok;

		if (there.len < SMB_NBSS_HEADER)
			return APP_RESULT_MORE(at, SMB_NBSS_HEADER - there.len);
		type = cursor_u8(c);
		len = cursor_u24(c);
		if (cursor_left(c) < len)
			return incomplete(s, dir, at, there, len);
		data = cursor_take(c, len);
		s->framed = s->side[dir].framed;
		frames(s, SMB_FRAME_NBSS_PDU, there, SMB_NBSS_HEADER,
		       SMB_NBSS_HEADER + (size_t)len);
		ok = type != SMB_NBSS_MESSAGE || message(s, dir, data, true);
		s->framed = s->side[dir].framed = false;
		if (!ok)
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

struct app_result smb_parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
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

#include "dataplane/base/cursor.h"
#include "dataplane/behave/segment.h"

enum { /* MS-SMB2 2.2.1 */
       HEADER = 64,
       SESSION_SETUP = 1,
       TREE_CONNECT = 3,
       CREATE = 5,
       WRITE = 9,
       IOCTL = 11,
       IS_RESPONSE = 1,
       PIPE_TRANSCEIVE = 0x11c017,
       WRITING = 0x2 | 0x4 | 0x10000000 | 0x40000000, /* access that can change a file */
};

struct message {
	uint32_t status, flags, next;
	uint16_t command;
	struct slice all; /* from the header on: offsets count from there */
	struct cursor body;
};

/* UTF-16 as far as it is ASCII. */
static struct slice narrow(struct slice wide, uint8_t buf[SEGMENT_NAME])
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < wide.len && n < SEGMENT_NAME; i += 2)
		buf[n++] = wide.data[i + 1] ? '?' : wide.data[i];
	return SLICE(buf, n);
}

/* The user of an NTLM AUTHENTICATE message (MS-NLMP 2.2.1.3) somewhere in it. */
static struct slice ntlm_user(struct slice s, uint8_t buf[SEGMENT_NAME])
{
	static const uint8_t mark[12] = "NTLMSSP\0\3\0\0";
	size_t end = s.len < 512 ? s.len : 512;
	struct cursor c;
	uint32_t len, at;

	for (size_t i = 0; i + sizeof(mark) <= end; i++) {
		if (memcmp(s.data + i, mark, sizeof(mark)) != 0)
			continue;
		c = cursor_of(slice_sub(s, i, s.len));
		cursor_skip(&c, 36);
		len = cursor_u16_le(&c);
		cursor_skip(&c, 2);
		at = cursor_u32_le(&c);
		return c.bad ? SLICE(buf, 0) : narrow(slice_sub(s, i + at, len), buf);
	}
	return SLICE(buf, 0);
}

static enum behave_outcome outcome_of(uint32_t status)
{
	switch (status) {
	case 0:
		return BEHAVE_LET_IN;
	case 0xc0000064: /* NO_SUCH_USER */
		return BEHAVE_NO_USER;
	case 0xc000006d: /* LOGON_FAILURE */
	case 0xc000006a: /* WRONG_PASSWORD */
	case 0xc0000234: /* ACCOUNT_LOCKED_OUT */
	case 0xc0000072: /* ACCOUNT_DISABLED */
	case 0xc0000071: /* PASSWORD_EXPIRED */
		return BEHAVE_DENIED;
	default:
		return BEHAVE_ASKED;
	}
}

static void session(const struct segment_reader *r, const struct message *m)
{
	struct behave_event e = segment_event(r, BEHAVE_LOGIN, !(m->flags & IS_RESPONSE));
	uint8_t buf[SEGMENT_NAME];

	e.login.service = "smb";
	if (m->flags & IS_RESPONSE) {
		e.login.outcome = outcome_of(m->status);
		e.login.user = SLICE(buf, 0);
		if (e.login.outcome != BEHAVE_ASKED)
			behave_event(r->b, &e);
		return;
	}
	e.login.user = ntlm_user(m->all, buf);
	if (e.login.user.len == 0)
		return;
	behave_event(r->b, &e);
	e.kind = BEHAVE_SHARE;
	e.share = (struct behave_share){.what = BEHAVE_SHARE_LOGIN};
	behave_event(r->b, &e);
}

static void tree(const struct segment_reader *r, struct message *m)
{
	struct behave_event e = segment_event(r, BEHAVE_SHARE, true);
	uint8_t buf[SEGMENT_NAME];
	uint16_t at, len;

	cursor_skip(&m->body, 4);
	at = cursor_u16_le(&m->body);
	len = cursor_u16_le(&m->body);
	if (m->body.bad)
		return;
	e.share.what = BEHAVE_SHARE_TREE;
	e.share.share = narrow(slice_sub(m->all, at, len), buf);
	behave_event(r->b, &e);
}

static void create(const struct segment_reader *r, struct message *m)
{
	struct behave_event e = segment_event(r, BEHAVE_SHARE, true);
	uint8_t buf[SEGMENT_NAME];
	uint32_t access, disposition;
	uint16_t at, len;

	cursor_skip(&m->body, 24);
	access = cursor_u32_le(&m->body);
	cursor_skip(&m->body, 8);
	disposition = cursor_u32_le(&m->body);
	cursor_skip(&m->body, 4);
	at = cursor_u16_le(&m->body);
	len = cursor_u16_le(&m->body);
	if (m->body.bad)
		return;
	/* FILE_OPEN (1) finds what is there, everything else makes or replaces. */
	e.share.what =
		(access & WRITING) && disposition != 1 ? BEHAVE_SHARE_FILE : BEHAVE_SHARE_PIPE;
	e.share.file = narrow(slice_sub(m->all, at, len), buf);
	behave_event(r->b, &e);
}

static uint64_t pipe_word(struct cursor *c)
{
	uint64_t first = cursor_u64(c);

	return hash_mix(first, cursor_u64(c)) | 1;
}

static void write_data(const struct segment_reader *r, struct message *m)
{
	struct behave_event e = segment_event(r, BEHAVE_SHARE, true);
	struct slice data;
	uint64_t pipe, offset;
	uint16_t at;
	uint32_t len;

	cursor_skip(&m->body, 2);
	at = cursor_u16_le(&m->body);
	len = cursor_u32_le(&m->body);
	offset = cursor_u64_le(&m->body);
	pipe = pipe_word(&m->body);
	if (m->body.bad)
		return;
	data = slice_sub(m->all, at, len);
	if (data.len >= 24 && data.data[0] == 5 && data.data[1] <= 1 && data.data[2] <= 19) {
		segment_rpc(r, pipe, data);
	} else if (offset == 0 && data.len > 0) {
		e.share.what = BEHAVE_SHARE_WRITE;
		e.share.head = data;
		behave_event(r->b, &e);
	}
}

static void ioctl(const struct segment_reader *r, struct message *m)
{
	uint32_t at, len;
	uint64_t pipe;

	cursor_skip(&m->body, 4);
	if (cursor_u32_le(&m->body) != PIPE_TRANSCEIVE)
		return;
	pipe = pipe_word(&m->body);
	if (m->flags & IS_RESPONSE)
		cursor_skip(&m->body, 8);
	at = cursor_u32_le(&m->body);
	len = cursor_u32_le(&m->body);
	if (!m->body.bad)
		segment_rpc(r, pipe, slice_sub(m->all, at, len));
}

static void message(const struct segment_reader *r, struct message *m)
{
	bool answer = m->flags & IS_RESPONSE;

	if (m->command == SESSION_SETUP)
		session(r, m);
	else if (m->command == TREE_CONNECT && !answer)
		tree(r, m);
	else if (m->command == CREATE && !answer)
		create(r, m);
	else if (m->command == WRITE && !answer)
		write_data(r, m);
	else if (m->command == IOCTL && (!answer || m->status == 0))
		ioctl(r, m);
}

/* The messages of one NetBIOS session message. */
static void messages(const struct segment_reader *r, struct slice bytes)
{
	for (unsigned i = 0; i < SEGMENT_MESSAGES && bytes.len >= HEADER; i++) {
		struct message m = {.all = bytes, .body = cursor_of(bytes)};

		if (bytes.data[0] != 0xfe)
			return;
		cursor_skip(&m.body, 8);
		m.status = cursor_u32_le(&m.body);
		m.command = cursor_u16_le(&m.body);
		cursor_skip(&m.body, 2);
		m.flags = cursor_u32_le(&m.body);
		m.next = cursor_u32_le(&m.body);
		cursor_skip(&m.body, HEADER - 24);
		message(r, &m);
		if (m.next < HEADER)
			return;
		bytes = slice_sub(bytes, m.next, bytes.len);
	}
}

void segment_smb2(const struct segment_reader *r, struct slice bytes)
{
	struct cursor c = cursor_of(bytes);

	for (unsigned i = 0; i < SEGMENT_MESSAGES && cursor_left(&c) >= 4 + HEADER; i++) {
		uint32_t type = cursor_u8(&c), len = cursor_u24(&c);
		size_t here = len < cursor_left(&c) ? len : cursor_left(&c);

		if (type != 0)
			return;
		messages(r, cursor_take(&c, here));
	}
}

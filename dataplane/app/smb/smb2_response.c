/* Answers of SMB2. */
#include "dataplane/app/smb/smb2.h"

enum {
	SHARE_PIPE = 2,
	FUNCTION_PIPE = 0x0011c017,
};

struct smb_header smb2_header(const struct smb2_record *r, enum smb_match match)
{
	return (struct smb_header){.match = (uint8_t)match,
				   .ssn = r->ssn,
				   .tree = match == SMB_MATCH_TREE ? 0 : r->tree,
				   .msg = r->msg};
}

void smb2_guid(struct cursor *c, struct smb_id *ret)
{
	struct slice s = cursor_take(c, SMB_GUID);

	*ret = (struct smb_id){.len = SMB_GUID};
	if (s.len == SMB_GUID)
		memcpy(ret->bytes, s.data, SMB_GUID);
}

struct slice smb2_file_name(struct smb_state *s, const struct smb_id *id)
{
	struct smb_key key = {.kind = SMB_ENTRY_NAME, .id = *id};
	struct smb_entry *e = smb_table_get(&s->table, &key);

	return e ? kept_slice(&e->bytes) : SLICE(NULL, 0);
}

struct smb_key smb2_tree_key(const struct smb2_record *r)
{
	return (struct smb_key){.kind = SMB_ENTRY_TREE, .ssn = r->ssn, .tree = r->tree};
}

struct smb_key smb2_read_key(const struct smb2_record *r)
{
	return (struct smb_key){.kind = SMB_ENTRY_READ, .ssn = r->ssn, .msg = r->msg};
}

/* What the record says of its transaction: true when it is taken care of. Otherwise the plain one
 * gets the status. */
enum outcome { PLAIN, DONE, BROKEN };

/* --- negotiate --- */

static void negotiated(struct smb_state *s, struct smb_tx *t, const struct smb2_record *r,
		       struct slice guid)
{
	if (guid.len == SMB_GUID) {
		t->negotiate.has_server = true;
		memcpy(t->negotiate.server, guid.data, SMB_GUID);
	}
	smb_tx_status(t, r->status, false);
	smb_tx_response_done(s, t);
}

static enum outcome negotiate(struct smb_state *s, const struct smb2_record *r)
{
	enum { MAX_SIZE = 16 << 20 };
	struct cursor c = cursor_of(r->data);
	uint16_t dialect = 0;
	uint32_t max_read = 0, max_write = 0;
	struct slice guid = SLICE(NULL, 0);
	struct smb_tx *t = s->negotiate[1] ? s->negotiate[1] : s->negotiate[0];

	cursor_skip(&c, 4);
	if (r->status == SMB_STATUS_SUCCESS) {
		dialect = cursor_u16_le(&c);
		cursor_skip(&c, 2);
		guid = cursor_take(&c, SMB_GUID);
		cursor_skip(&c, 8);
		max_read = cursor_u32_le(&c);
		max_write = cursor_u32_le(&c);
	}
	if (c.bad)
		return BROKEN;
	if (max_read > MAX_SIZE)
		smb_event(s, SMB_EVENT_MAX_READ_SIZE);
	if (max_write > MAX_SIZE)
		smb_event(s, SMB_EVENT_MAX_WRITE_SIZE);
	s->dialect = dialect;
	s->max_read = max_read;
	s->max_write = max_write;
	if (!t)
		return PLAIN;
	negotiated(s, t, r, guid);
	return DONE;
}

/* --- sessions and trees --- */

static enum outcome session_setup(struct smb_state *s, const struct smb2_record *r)
{
	struct smb_header h = smb2_header(r, SMB_MATCH_HEADER);
	struct smb_tx *t = r->ssn ? smb_tx_find_type(s, h, SMB_TX_SESSION) : NULL;

	if (!t) { /* the first step: the client had no session yet */
		h.ssn = 0;
		t = smb_tx_find_type(s, h, SMB_TX_SESSION);
	}
	if (!t)
		return DONE;
	smb_tx_header(s, t, smb2_header(r, SMB_MATCH_HEADER));
	smb_tx_status(t, r->status, false);
	smb_tx_response_done(s, t);
	return DONE;
}

static enum outcome tree_connect(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	struct smb_key key = smb2_tree_key(r);
	struct smb_tx *t;
	struct smb_entry *e;
	uint8_t type;

	cursor_skip(&c, 2);
	type = cursor_u8(&c);
	cursor_skip(&c, 12);
	if (r->status == SMB_STATUS_SUCCESS && c.bad)
		return BROKEN;
	t = smb_tx_find_type(s, smb2_header(r, SMB_MATCH_TREE), SMB_TX_TREE);
	if (!t)
		return r->status == SMB_STATUS_SUCCESS ? DONE : PLAIN;
	smb_tx_status(t, r->status, false);
	smb_tx_response_done(s, t);
	if (r->status != SMB_STATUS_SUCCESS)
		return DONE;
	t->tree.share_type = type;
	t->tree.pipe = type == SHARE_PIPE;
	smb_tx_header(s, t, smb2_header(r, SMB_MATCH_HEADER));
	e = smb_table_put(s->io, &s->table, &key, kept_slice(&t->tree.name));
	if (e)
		e->pipe = t->tree.pipe;
	return DONE;
}

static enum outcome tree_disconnect(struct smb_state *s, const struct smb2_record *r)
{
	struct smb_key key = smb2_tree_key(r);

	smb_table_drop(s->io, &s->table, smb_table_get(&s->table, &key));
	return PLAIN;
}

/* --- files --- */

static bool created_read(const struct smb2_record *r, struct smb_created *ret)
{
	struct cursor c = cursor_of(r->data);

	cursor_skip(&c, 8);
	for (unsigned i = 0; i < 4; i++)
		ret->times[i] = cursor_u64_le(&c);
	cursor_skip(&c, 8);
	ret->size = cursor_u64_le(&c);
	cursor_skip(&c, 8);
	smb2_guid(&c, &ret->id);
	cursor_skip(&c, 8);
	return !c.bad;
}

static enum outcome create(struct smb_state *s, const struct smb2_record *r)
{
	struct smb_key key = {.kind = SMB_ENTRY_CREATE, .ssn = r->ssn, .msg = r->msg};
	struct smb_created n;
	struct smb_tx *t;

	if (r->status != SMB_STATUS_SUCCESS)
		return PLAIN;
	if (!created_read(r, &n))
		return BROKEN;
	smb_name_opened(s, &key, &n.id);
	t = smb_tx_find(s, smb2_header(r, SMB_MATCH_GENERIC), (struct smb_command){2, SMB2_CREATE});
	if (!t)
		return DONE;
	smb_tx_status(t, r->status, false);
	smb_tx_response_done(s, t);
	if (t->type == SMB_TX_CREATE)
		smb_created_keep(t, &n);
	return DONE;
}

/* The end of the file was read: it is whole. */
static void end_of_file(struct smb_state *s, const struct smb2_record *r)
{
	struct smb_key key = smb2_read_key(r);
	struct smb_entry *e = smb_table_get(&s->table, &key);
	struct smb_tx *t;

	if (!e)
		return;
	t = smb_tx_find_file(s, &e->id, DIR_TC, false);
	smb_table_drop(s->io, &s->table, e);
	if (!t)
		return;
	smb_file_close(s, t);
	smb_tx_status(t, r->status, false);
	smb_tx_request_done(s, t);
}

static enum outcome read_response(struct smb_state *s, const struct smb2_record *r)
{
	if (r->status == SMB_STATUS_SUCCESS || r->status == SMB_STATUS_BUFFER_OVERFLOW)
		smb2_read(s, r);
	else if (r->status == SMB_STATUS_END_OF_FILE)
		end_of_file(s, r);
	return PLAIN;
}

static void ioctl_status(struct smb_state *s, const struct smb2_record *r, bool broken)
{
	struct smb_tx *t = smb_tx_find(s, smb2_header(r, SMB_MATCH_HEADER),
				       (struct smb_command){2, SMB2_IOCTL});

	if (!t)
		return;
	smb_tx_status(t, r->status, false);
	if (r->status != SMB_STATUS_PENDING)
		smb_tx_response_done(s, t);
	if (broken && r->status == SMB_STATUS_SUCCESS)
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
}

static enum outcome ioctl(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	uint32_t function, in, out;
	struct slice data;
	struct smb_id id;

	cursor_skip(&c, 4);
	function = cursor_u32_le(&c);
	smb2_guid(&c, &id);
	cursor_skip(&c, 4);
	in = cursor_u32_le(&c);
	cursor_skip(&c, 4);
	out = cursor_u32_le(&c);
	cursor_skip(&c, 8);
	cursor_skip(&c, in);
	data = cursor_take(&c, out);
	if (c.bad || function != FUNCTION_PIPE || !smb_pipe_speaks(smb2_file_name(s, &id))) {
		ioctl_status(s, r, c.bad);
		return DONE;
	}
	smb_pipe_response(s,
			  &(struct smb_answer){.command = {2, SMB2_IOCTL},
					       .header = smb2_header(r, SMB_MATCH_HEADER),
					       .status = r->status},
			  data);
	return DONE;
}

/* --- all --- */

static enum outcome response(struct smb_state *s, const struct smb2_record *r)
{
	switch (r->command) {
	case SMB2_NEGOTIATE:
		return negotiate(s, r);
	case SMB2_SESSION_SETUP:
		return session_setup(s, r);
	case SMB2_TREE_CONNECT:
		return tree_connect(s, r);
	case SMB2_TREE_DISCONNECT:
		return tree_disconnect(s, r);
	case SMB2_CREATE:
		return create(s, r);
	case SMB2_READ:
		return read_response(s, r);
	case SMB2_IOCTL:
		return ioctl(s, r);
	default:
		return PLAIN;
	}
}

void smb2_response(struct smb_state *s, const struct smb2_record *r)
{
	enum outcome o = response(s, r);
	struct smb_tx *t;

	if (o == DONE)
		return;
	t = smb_tx_find(s, smb2_header(r, SMB_MATCH_GENERIC), (struct smb_command){2, r->command});
	if (!t)
		return;
	if (r->status != SMB_STATUS_PENDING)
		smb_tx_response_done(s, t);
	smb_tx_status(t, r->status, false);
	if (o == BROKEN)
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
}

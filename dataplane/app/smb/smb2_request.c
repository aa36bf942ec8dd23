/* Requests of SMB2. */
#include "dataplane/app/smb/smb2.h"

enum {
	OPTION_DIRECTORY = 0x0001,
	OPTION_DELETE = 0x1000,
	FUNCTION_PIPE = 0x0011c017, /* FSCTL_PIPE_TRANSCEIVE */
	CLASS_FILE = 1,
	LEVEL_RENAME = 10,
	LEVEL_DISPOSITION = 13,
};

bool smb2_record_read(struct slice chain, enum dir dir, struct smb2_record *ret)
{
	enum { FLAG_RESPONSE = 1, FLAG_ASYNC = 2 };
	struct cursor c = cursor_of(chain);
	uint32_t flags, next;

	*ret = (struct smb2_record){0};
	if (!slice_eq(cursor_take(&c, 4), SLICE_LIT("\xfeSMB")))
		return false;
	ret->header_len = cursor_u16_le(&c);
	cursor_skip(&c, 2);
	ret->status = cursor_u32_le(&c); /* of a request: channel */
	ret->command = cursor_u16_le(&c);
	cursor_skip(&c, 2);
	flags = cursor_u32_le(&c);
	next = cursor_u32_le(&c);
	ret->msg = cursor_u64_le(&c);
	cursor_skip(&c, 4);
	ret->tree = cursor_u32_le(&c);
	if (dir == DIR_TC && flags & FLAG_ASYNC)
		ret->tree = 0;
	ret->ssn = cursor_u64_le(&c);
	cursor_skip(&c, 16);
	ret->response = flags & FLAG_RESPONSE;
	if (dir == DIR_TS)
		ret->status = 0;
	if (next > ret->header_len)
		ret->data = cursor_take(&c, next - ret->header_len);
	else
		ret->data = cursor_take(&c, cursor_left(&c));
	ret->len = cursor_offset(&c);
	return !c.bad;
}

static void malformed(struct smb_tx *t)
{
	if (t)
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
}

static struct smb_tx *tx_new(struct smb_state *s, const struct smb2_record *r, enum smb_type type,
			     enum smb_match match)
{
	return smb_tx_new(s, type, smb2_header(r, match), (struct smb_command){2, r->command});
}

/* All below: false when the record is broken. */

static bool negotiate(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	struct slice guid;
	struct smb_tx *t;
	uint16_t count;

	cursor_skip(&c, 2);
	count = cursor_u16_le(&c);
	cursor_skip(&c, 8);
	guid = cursor_take(&c, SMB_GUID);
	cursor_skip(&c, 8);
	if (c.bad || cursor_left(&c) < count * 2U)
		return false;
	if (s->negotiate[1])
		return true;
	t = smb_tx_new(s, SMB_TX_NEGOTIATE, (struct smb_header){0},
		       (struct smb_command){2, SMB2_NEGOTIATE});
	if (!t)
		return true;
	t->negotiate.version = 2;
	s->negotiate[1] = t;
	t->negotiate.has_client = true;
	memcpy(t->negotiate.client, guid.data, SMB_GUID);
	while (count-- > 0) {
		uint8_t raw[2] = {cursor_u8(&c), cursor_u8(&c)};

		if (!text_list_add(s->io->slab, &t->negotiate.dialects, SLICE(raw, 2),
				   SMB_LIST_MAX))
			break;
	}
	return true;
}

static bool session_setup(struct smb_state *s, const struct smb2_record *r)
{
	enum { BEFORE_BLOB = 24 };
	struct smb_tx *t;

	if (r->data.len < BEFORE_BLOB)
		return true;
	t = tx_new(s, r, SMB_TX_SESSION, SMB_MATCH_HEADER);
	if (t)
		smb_session_blob(s, &t->session, slice_sub(r->data, BEFORE_BLOB, r->data.len));
	return true;
}

static bool tree_connect(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	struct smb_text name;
	struct smb_tx *t;

	cursor_skip(&c, 8);
	if (c.bad)
		return false;
	smb_text_utf16(&name, cursor_rest(&c));
	t = tx_new(s, r, SMB_TX_TREE, SMB_MATCH_TREE);
	if (t)
		smb_text_keep(s, &t->tree.name, &name);
	return true;
}

static bool create(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	struct smb_key key = {.kind = SMB_ENTRY_CREATE, .ssn = r->ssn, .msg = r->msg};
	uint32_t disposition, options;
	struct smb_text name;
	struct smb_tx *t;
	uint16_t len;

	cursor_skip(&c, 36);
	disposition = cursor_u32_le(&c);
	options = cursor_u32_le(&c);
	cursor_skip(&c, 2);
	len = cursor_u16_le(&c);
	cursor_skip(&c, 8);
	smb_text_utf16(&name, cursor_take(&c, len));
	if (c.bad)
		return false;
	smb_table_put(s->io, &s->table, &key, smb_text_slice(&name));
	t = tx_new(s, r, SMB_TX_CREATE, SMB_MATCH_GENERIC);
	if (!t)
		return true;
	t->create.disposition = disposition;
	t->create.delete_on_close = options & OPTION_DELETE;
	t->create.directory = options & OPTION_DIRECTORY;
	smb_text_keep(s, &t->create.name, &name);
	return true;
}

static bool read_request(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	struct smb_key key = smb2_read_key(r);
	struct smb_entry *e;
	struct smb_id id;
	uint64_t offset;
	uint32_t len;

	cursor_skip(&c, 4);
	len = cursor_u32_le(&c);
	offset = cursor_u64_le(&c);
	smb2_guid(&c, &id);
	cursor_skip(&c, 16);
	if (c.bad)
		return false;
	/* Suricata 7 has an event for it that it never sets. */
	if (len > 16 << 20 || (s->max_read && len > s->max_read))
		return true;
	e = smb_table_put(s->io, &s->table, &key, SLICE(NULL, 0));
	if (e) {
		e->id = id;
		e->offset = offset;
	}
	return true;
}

static void close_in(struct smb_state *s, const struct smb_id *id, enum dir dir)
{
	struct smb_tx *t = smb_tx_find_file(s, id, dir, false);

	if (!t)
		return;
	smb_file_close(s, t);
	smb_tx_status(t, SMB_STATUS_SUCCESS, false);
	smb_tx_done(s, t);
}

static bool close(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	struct smb_id id;

	cursor_skip(&c, 8);
	smb2_guid(&c, &id);
	if (c.bad)
		return false;
	close_in(s, &id, DIR_TS);
	close_in(s, &id, DIR_TC);
	return true;
}

static bool ioctl(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	uint32_t function, len;
	struct smb_id id;
	struct slice data;
	struct smb_tx *t;

	cursor_skip(&c, 4);
	function = cursor_u32_le(&c);
	smb2_guid(&c, &id);
	cursor_skip(&c, 4);
	len = cursor_u32_le(&c);
	cursor_skip(&c, 24);
	data = cursor_take(&c, len);
	if (c.bad) {
		malformed(tx_new(s, r, SMB_TX_GENERIC, SMB_MATCH_HEADER));
		return true;
	}
	if (function == FUNCTION_PIPE && smb_pipe_speaks(smb2_file_name(s, &id))) {
		smb_pipe_request(s, (struct smb_command){2, r->command},
				 smb2_header(r, SMB_MATCH_HEADER), data);
		return true;
	}
	t = tx_new(s, r, SMB_TX_IOCTL, SMB_MATCH_HEADER);
	if (t)
		t->function = function;
	return true;
}

/* --- SET_INFO --- */

static void keep_old_name(struct smb_state *s, struct kept *k, const struct smb2_record *r,
			  const struct smb_id *id, bool chained)
{
	struct slice name = smb2_file_name(s, id);
	struct smb_key key = {.kind = SMB_ENTRY_CREATE, .ssn = r->ssn, .msg = r->msg - 1};
	struct smb_entry *e;

	/* In a chain the file was opened by the record before. */
	if (name.len == 0 && chained && r->msg > 0) {
		e = smb_table_get(&s->table, &key);
		if (e)
			name = kept_slice(&e->bytes);
	}
	kept_set(s->io->slab, k, name.len > 0 ? name : SLICE_LIT("<unknown>"));
}

static bool rename_file(struct smb_state *s, const struct smb2_record *r, const struct smb_id *id,
			struct cursor c)
{
	struct smb_text name;
	struct smb_tx *t;
	uint32_t len;

	cursor_skip(&c, 16);
	len = cursor_u32_le(&c);
	smb_text_utf16(&name, cursor_take(&c, len));
	if (c.bad)
		return false;
	t = tx_new(s, r, SMB_TX_RENAME, SMB_MATCH_GENERIC);
	if (!t)
		return true;
	t->rename.id = *id;
	smb_text_keep(s, &t->rename.to, &name);
	keep_old_name(s, &t->rename.from, r, id, false);
	return true;
}

static bool disposition(struct smb_state *s, const struct smb2_record *r, const struct smb_id *id,
			struct cursor c)
{
	uint8_t info = cursor_u8(&c);
	struct smb_tx *t;

	if (c.bad)
		return false;
	t = tx_new(s, r, SMB_TX_SET_INFO, SMB_MATCH_GENERIC);
	if (!t)
		return true;
	t->set_info.id = *id;
	t->set_info.subcommand = CLASS_FILE;
	t->set_info.level = LEVEL_DISPOSITION;
	t->set_info.delete_on_close = info & 1;
	keep_old_name(s, &t->set_info.name, r, id, true);
	return true;
}

static bool set_info(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data), data;
	uint8_t class, level;
	struct smb_id id;
	uint32_t size;

	cursor_skip(&c, 2);
	class = cursor_u8(&c);
	level = cursor_u8(&c);
	size = cursor_u32_le(&c);
	cursor_skip(&c, 8);
	smb2_guid(&c, &id);
	data = cursor_child(&c, size);
	if (c.bad)
		return false;
	if (class == CLASS_FILE && level == LEVEL_RENAME)
		return rename_file(s, r, &id, data);
	if (class == CLASS_FILE && level == LEVEL_DISPOSITION)
		return disposition(s, r, &id, data);
	return true;
}

/* --- all --- */

static bool tree_disconnect(struct smb_state *s, const struct smb2_record *r)
{
	struct smb_key key = smb2_tree_key(r);

	smb_table_drop(s->io, &s->table, smb_table_get(&s->table, &key));
	return true;
}

static const struct {
	bool (*read)(struct smb_state *s, const struct smb2_record *r);
	bool plain;	   /* makes no transaction itself */
	bool plain_broken; /* a broken one becomes a plain transaction */
} requests[SMB2_SET_INFO + 1] = {
	[SMB2_NEGOTIATE] = {negotiate, false, true},
	[SMB2_SESSION_SETUP] = {session_setup, false, true},
	[SMB2_LOGOFF] = {NULL, true, true},
	[SMB2_TREE_CONNECT] = {tree_connect, false, true},
	[SMB2_TREE_DISCONNECT] = {tree_disconnect, true, true},
	[SMB2_CREATE] = {create, false, true},
	[SMB2_CLOSE] = {close, true, true},
	[7] = {NULL, true, true},
	[SMB2_READ] = {read_request, false, false},
	[10] = {NULL, true, true},
	[SMB2_IOCTL] = {ioctl, false, true},
	[12] = {NULL, true, true},
	[13] = {NULL, true, true},
	[14] = {NULL, true, true},
	[15] = {NULL, true, true},
	[SMB2_QUERY_INFO] = {NULL, false, false},
	[SMB2_SET_INFO] = {set_info, false, false},
};

void smb2_request(struct smb_state *s, const struct smb2_record *r)
{
	bool ok = true, plain = true;

	if (r->command == SMB2_WRITE) {
		smb2_write(s, r);
		return;
	}
	if (r->command < ARRAY_SIZE(requests)) {
		if (requests[r->command].read)
			ok = requests[r->command].read(s, r);
		plain = ok ? requests[r->command].plain : requests[r->command].plain_broken;
	}
	if (plain) {
		struct smb_tx *t = tx_new(s, r, SMB_TX_GENERIC, SMB_MATCH_GENERIC);

		if (!ok)
			malformed(t);
	}
}

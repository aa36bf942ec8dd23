/* Requests of SMB1. */
#include "dataplane/app/smb/smb1.h"

enum {
	OPTION_DIRECTORY = 0x0001,
	OPTION_DELETE = 0x1000,
};

/* What reading a part came to. */
enum made {
	MADE,	/* its transaction is there, or none is wanted */
	PLAIN,	/* a plain transaction is wanted */
	SILENT, /* one that nobody answers */
	BROKEN,
};

static struct smb_tx *tx_new(struct smb_state *s, const struct smb1_record *r, enum smb_type type,
			     enum smb_match match)
{
	return smb_tx_new(s, type, smb1_header(r, match), smb1_command(r->command));
}

static enum made negotiate(struct smb_state *s, const struct smb1_record *r)
{
	struct cursor c = smb1_part(r);
	struct smb_text dialect;
	struct smb_tx *t = s->negotiate[0];
	bool strange = false, some = false;

	cursor_skip(&c, 3);
	if (c.bad || cursor_left(&c) == 0)
		return BROKEN;
	if (t) {
		app_tx_event(&t->tx, SMB_EVENT_DUPLICATE_NEGOTIATE);
		return MADE;
	}
	t = smb_tx_new(s, SMB_TX_NEGOTIATE, (struct smb_header){0}, smb1_command(SMB1_NEGOTIATE));
	if (!t)
		return MADE;
	t->negotiate.version = 1;
	s->negotiate[0] = t;
	/* A byte that says it is a dialect, the dialect, NUL. */
	while (smb_text_next(&dialect, &c, false, 0)) {
		struct slice name = slice_sub(smb_text_slice(&dialect), 1, SMB_NAME_MAX);

		some = true;
		strange |= dialect.len < 2;
		if (dialect.len > 0 &&
		    !text_list_add(s->io->slab, &t->negotiate.dialects, name, SMB_LIST_MAX))
			break;
	}
	if (strange || !some)
		app_tx_event(&t->tx, SMB_EVENT_NEGOTIATE_MALFORMED_DIALECTS);
	return MADE;
}

static enum made session_setup(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_header h = smb1_header(r, SMB_MATCH_HEADER);
	struct cursor c = smb1_part(r);
	struct slice blob;
	struct smb_tx *t;
	uint16_t len;

	cursor_skip(&c, 15);
	len = cursor_u16_le(&c);
	cursor_skip(&c, 10);
	blob = cursor_take(&c, len);
	if (c.bad)
		return MADE;
	h.tree = 0;
	t = smb_tx_new(s, SMB_TX_SESSION, h, smb1_command(r->command));
	if (!t)
		return MADE;
	smb_session_blob(s, &t->session, blob);
	smb1_host_read(s, &t->session.request, &c, r);
	return MADE;
}

static enum made tree_connect(struct smb_state *s, const struct smb1_record *r)
{
	struct cursor c = smb1_part(r);
	struct smb_text path, service;
	struct slice name;
	struct smb_tx *t;
	uint16_t password;

	cursor_skip(&c, 7);
	password = cursor_u16_le(&c);
	cursor_skip(&c, 2 + (size_t)password);
	if (c.bad || !smb_text_next(&path, &c, r->unicode, r->at) ||
	    !smb_text_next(&service, &c, false, 0))
		return BROKEN;
	t = tx_new(s, r, SMB_TX_TREE, SMB_MATCH_TREE);
	if (!t)
		return MADE;
	name = smb_text_slice(&path);
	if (name.len > 1) /* as Suricata 7 has it: "\server\share" */
		name = slice_sub(name, 1, name.len);
	kept_set(s->io->slab, &t->tree.name, name);
	t->tree.has_request = true;
	smb_text_keep(s, &t->tree.request, &service);
	return MADE;
}

static enum made nt_create(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_key(r, SMB_ENTRY_CREATE);
	struct cursor c = smb1_part(r);
	uint32_t disposition, options;
	uint16_t len, bytes;
	struct smb_text name;
	struct smb_tx *t;

	name.len = 0;
	cursor_skip(&c, 6);
	len = cursor_u16_le(&c);
	cursor_skip(&c, 28);
	disposition = cursor_u32_le(&c);
	options = cursor_u32_le(&c);
	cursor_skip(&c, 5);
	bytes = cursor_u16_le(&c);
	if (c.bad || (bytes >= len && !smb_text_next(&name, &c, r->unicode, r->at)))
		return BROKEN;
	smb_table_put(s->io, &s->table, &key, smb_text_slice(&name));
	t = tx_new(s, r, SMB_TX_CREATE, SMB_MATCH_GENERIC);
	if (!t)
		return MADE;
	t->create.disposition = disposition;
	t->create.delete_on_close = options & OPTION_DELETE;
	t->create.directory = options & OPTION_DIRECTORY;
	smb_text_keep(s, &t->create.name, &name);
	return MADE;
}

static enum made read_andx(struct smb_state *s, const struct smb1_record *r)
{
	enum { WORDS_64 = 12 };
	struct smb_key key = smb1_key(r, SMB_ENTRY_READ);
	struct cursor c = smb1_part(r);
	uint8_t words = cursor_u8(&c);
	struct smb_entry *e;
	struct smb_id id;
	uint64_t offset;

	cursor_skip(&c, 4);
	id = smb1_fid(&c, r);
	offset = cursor_u32_le(&c);
	cursor_skip(&c, 10);
	if (words == WORDS_64)
		offset |= (uint64_t)cursor_u32_le(&c) << 32;
	if (c.bad)
		return MADE;
	e = smb_table_put(s->io, &s->table, &key, SLICE(NULL, 0));
	if (e) {
		e->id = id;
		e->offset = offset;
	}
	return MADE;
}

static enum made rename_file(struct smb_state *s, const struct smb1_record *r)
{
	struct cursor c = smb1_part(r);
	struct smb_text from, to;
	struct smb_tx *t;

	cursor_skip(&c, 6); /* words, attributes, byte count, format */
	if (c.bad || !smb_text_next(&from, &c, r->unicode, r->at))
		return BROKEN;
	cursor_skip(&c, 1);
	if (c.bad || !smb_text_next(&to, &c, r->unicode, r->at))
		return BROKEN;
	t = tx_new(s, r, SMB_TX_RENAME, SMB_MATCH_GENERIC);
	if (!t)
		return MADE;
	smb_text_keep(s, &t->rename.from, &from);
	smb_text_keep(s, &t->rename.to, &to);
	return MADE;
}

static enum made close_file(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_key(r, SMB_ENTRY_HANDLE);
	struct cursor c = smb1_part(r);
	struct smb_entry *e;
	struct smb_id id;

	cursor_skip(&c, 1);
	id = smb1_fid(&c, r);
	if (c.bad)
		return BROKEN;
	e = smb_table_put(s->io, &s->table, &key, SLICE(NULL, 0));
	if (e)
		e->id = id;
	smb1_close_file(s, &id, DIR_TS);
	return PLAIN;
}

static enum made tree_disconnect(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_tree_key(r);

	smb_table_drop(s->io, &s->table, smb_table_get(&s->table, &key));
	return PLAIN;
}

static enum made trans2(struct smb_state *s, const struct smb1_record *r)
{
	bool made;

	/* Suricata 7 makes no transaction of a broken one. */
	smb1_trans2(s, r, &made);
	return MADE;
}

/* Those that bring their plain transaction with them. */
static enum made with_plain(struct smb_state *s, const struct smb1_record *r, bool ok)
{
	smb1_asked(s, r, ok);
	return MADE;
}

static enum made request(struct smb_state *s, const struct smb1_record *r)
{
	switch (r->command) {
	case SMB1_RENAME:
		return rename_file(s, r);
	case SMB1_TRANS2:
		return trans2(s, r);
	case SMB1_READ_ANDX:
		return read_andx(s, r);
	case SMB1_WRITE_ANDX:
	case SMB1_WRITE:
	case SMB1_WRITE_AND_CLOSE:
		return with_plain(s, r, smb1_write(s, r));
	case SMB1_TRANS:
		return with_plain(s, r, smb1_trans_request(s, r));
	case SMB1_NEGOTIATE:
		return negotiate(s, r);
	case SMB1_NT_CREATE_ANDX:
		return nt_create(s, r);
	case SMB1_SESSION_SETUP_ANDX:
		return session_setup(s, r);
	case SMB1_TREE_CONNECT_ANDX:
		return tree_connect(s, r);
	case SMB1_TREE_DISCONNECT:
		return tree_disconnect(s, r);
	case SMB1_CLOSE:
		return close_file(s, r);
	case SMB1_NT_CANCEL:
	case SMB1_TRANS2_SECONDARY:
	case SMB1_LOCKING_ANDX:
		return SILENT;
	default:
		return PLAIN;
	}
}

void smb1_asked(struct smb_state *s, const struct smb1_record *r, bool ok)
{
	struct smb_tx *t;

	/* By the header's command: that is what the answer will have. */
	if (ok && (r->first == SMB1_READ_ANDX || r->first == SMB1_WRITE_ANDX ||
		   r->first == SMB1_TRANS || r->first == SMB1_TRANS2))
		return;
	t = smb_tx_new(s, SMB_TX_GENERIC, smb1_header(r, SMB_MATCH_GENERIC),
		       smb1_command(r->first));
	if (t && !ok)
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
}

void smb1_request_part(struct smb_state *s, const struct smb1_record *r)
{
	enum made m = request(s, r);
	struct smb_tx *t;

	if (m == MADE)
		return;
	t = tx_new(s, r, SMB_TX_GENERIC, SMB_MATCH_GENERIC);
	if (!t)
		return;
	if (m == BROKEN)
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
	if (m == SILENT)
		smb_tx_response_done(s, t);
}

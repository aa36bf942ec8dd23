/* Answers of SMB1. */
#include "dataplane/app/smb/smb1.h"

enum made { MADE, PLAIN, BROKEN };

static void status(struct smb_tx *t, const struct smb1_record *r)
{
	smb_tx_status(t, r->status, r->dos_error);
}

static bool negotiate_read(const struct smb1_record *r, uint16_t *ret_dialect,
			   struct slice *ret_guid)
{
	struct cursor c = smb1_part(r);
	uint8_t words = cursor_u8(&c);
	uint16_t bytes;

	*ret_guid = SLICE(NULL, 0);
	*ret_dialect = 0;
	if (words == 0)
		return cursor_skip(&c, 2);
	*ret_dialect = cursor_u16_le(&c);
	cursor_skip(&c, 32);
	bytes = cursor_u16_le(&c);
	if (bytes >= SMB_GUID)
		*ret_guid = cursor_take(&c, SMB_GUID);
	return !c.bad;
}

static enum made negotiate(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_tx *t = s->negotiate[0];
	struct slice guid, name;
	uint16_t dialect;
	uint32_t at = 0;

	if (!negotiate_read(r, &dialect, &guid))
		return BROKEN;
	if (!t)
		return PLAIN;
	status(t, r);
	smb_tx_response_done(s, t);
	if (guid.len == SMB_GUID) {
		t->negotiate.has_server = true;
		memcpy(t->negotiate.server, guid.data, SMB_GUID);
	}
	do {
		if (!text_list_next(&t->negotiate.dialects, &at, &name)) {
			app_tx_event(&t->tx, SMB_EVENT_NEGOTIATE_MALFORMED_DIALECTS);
			return MADE;
		}
	} while (dialect-- > 0);
	kept_set(s->io->slab, &s->dialect_name, name);
	return MADE;
}

static bool session_host(struct smb_state *s, const struct smb1_record *r, struct smb_host *h)
{
	enum { WORDS_ERROR = 0, WORDS_OLD = 3 };
	struct cursor c = smb1_part(r);
	uint8_t words = cursor_u8(&c);
	uint16_t blob = 0;

	if (words == WORDS_ERROR) {
		cursor_skip(&c, 2);
	} else {
		cursor_skip(&c, 6);
		if (words != WORDS_OLD)
			blob = cursor_u16_le(&c);
		cursor_skip(&c, 2 + (size_t)blob);
	}
	if (c.bad)
		return false;
	kept_free(s->io->slab, &h->os);
	kept_free(s->io->slab, &h->lm);
	smb1_host_read(s, h, &c, r);
	return true;
}

static enum made session_setup(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_header h = smb1_header(r, SMB_MATCH_HEADER);
	struct smb_tx *t = r->user ? smb_tx_find_type(s, h, SMB_TX_SESSION) : NULL;

	if (!t) { /* the first step: the client had no session yet */
		h.ssn = 0;
		t = smb_tx_find_type(s, h, SMB_TX_SESSION);
	}
	if (!t)
		return MADE;
	if (!session_host(s, r, &t->session.response))
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
	smb_tx_header(s, t, smb1_header(r, SMB_MATCH_HEADER));
	status(t, r);
	smb_tx_response_done(s, t);
	return MADE;
}

static bool tree_read(const struct smb1_record *r, struct smb_text *ret_service)
{
	struct cursor c = smb1_part(r);
	uint8_t words = cursor_u8(&c);

	cursor_skip(&c, 4);
	if (words >= 3)
		cursor_skip(&c, 2);
	if (words == 7)
		cursor_skip(&c, 8);
	cursor_skip(&c, 2);
	return !c.bad && smb_text_next(ret_service, &c, false, 0);
}

static enum made tree_connect(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_tx *t = smb_tx_find_type(s, smb1_header(r, SMB_MATCH_TREE), SMB_TX_TREE);
	struct smb_key key = smb1_tree_key(r);
	struct smb_text service;
	struct smb_entry *e;

	if (r->status != SMB_STATUS_SUCCESS) {
		if (t) {
			status(t, r);
			smb_tx_response_done(s, t);
		}
		return MADE;
	}
	if (!tree_read(r, &service))
		return BROKEN;
	if (!t)
		return PLAIN;
	t->tree.pipe = slice_eq(smb_text_slice(&service), SLICE_LIT("IPC"));
	t->tree.has_response = true;
	smb_text_keep(s, &t->tree.response, &service);
	smb_tx_header(s, t, smb1_header(r, SMB_MATCH_HEADER));
	status(t, r);
	smb_tx_response_done(s, t);
	e = smb_table_put(s->io, &s->table, &key, kept_slice(&t->tree.name));
	if (e)
		e->pipe = t->tree.pipe;
	return MADE;
}

static enum made tree_disconnect(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_tree_key(r);

	smb_table_drop(s->io, &s->table, smb_table_get(&s->table, &key));
	return PLAIN;
}

static bool created_read(const struct smb1_record *r, struct smb_created *ret)
{
	struct cursor c = smb1_part(r);

	cursor_skip(&c, 6);
	ret->id = smb1_fid(&c, r);
	cursor_skip(&c, 4);
	for (unsigned i = 0; i < 4; i++)
		ret->times[i] = cursor_u64_le(&c);
	cursor_skip(&c, 4);
	ret->size = cursor_u64_le(&c);
	cursor_skip(&c, 8 + 5 + 2);
	return !c.bad;
}

static enum made nt_create(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_key(r, SMB_ENTRY_CREATE);
	struct smb_created n;
	struct smb_tx *t;

	if (r->status != SMB_STATUS_SUCCESS)
		return PLAIN;
	if (!created_read(r, &n))
		return BROKEN;
	smb_name_opened(s, &key, &n.id);
	t = smb_tx_find(s, smb1_header(r, SMB_MATCH_GENERIC), smb1_command(r->command));
	if (!t)
		return MADE;
	smb_tx_status(t, r->status, false);
	smb_tx_response_done(s, t);
	if (t->type != SMB_TX_CREATE)
		return MADE;
	smb_created_keep(t, &n);
	t->create.id.len = 2;
	return MADE;
}

static enum made close_file(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_key(r, SMB_ENTRY_HANDLE);
	struct smb_entry *e = smb_table_get(&s->table, &key);

	if (e) {
		smb1_close_file(s, &e->id, DIR_TC);
		smb_table_drop(s->io, &s->table, e);
	}
	return PLAIN;
}

/* It has no number that tells which request it answers: the newest transaction. */
static enum made logoff(struct smb_state *s, const struct smb1_record *r)
{
	struct app_tx *tx = app_tx_last(s->io);
	struct smb_tx *t = tx ? container_of(tx, struct smb_tx, tx) : NULL;

	if (t && t->version == 1 && t->command == SMB1_LOGOFF_ANDX) {
		smb_tx_response_done(s, t);
		status(t, r);
	}
	return MADE;
}

void smb1_answered(struct smb_state *s, const struct smb1_record *r, bool ok)
{
	struct smb_header h = smb1_header(r, SMB_MATCH_GENERIC);
	struct smb_tx *t = smb_tx_find(s, h, smb1_command(r->first));

	if (!t && !ok)
		t = smb_tx_new(s, SMB_TX_GENERIC, h, smb1_command(r->first));
	if (!t)
		return;
	smb_tx_done(s, t);
	status(t, r);
	if (!ok)
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
}

static enum made with_plain(struct smb_state *s, const struct smb1_record *r, bool ok)
{
	smb1_answered(s, r, ok);
	return MADE;
}

static enum made response(struct smb_state *s, const struct smb1_record *r)
{
	switch (r->command) {
	case SMB1_READ_ANDX:
		return with_plain(s, r, smb1_read(s, r));
	case SMB1_TRANS:
		return with_plain(s, r, smb1_trans_response(s, r));
	case SMB1_NEGOTIATE:
		return negotiate(s, r);
	case SMB1_SESSION_SETUP_ANDX:
		return session_setup(s, r);
	case SMB1_TREE_CONNECT_ANDX:
		return tree_connect(s, r);
	case SMB1_TREE_DISCONNECT:
		return tree_disconnect(s, r);
	case SMB1_NT_CREATE_ANDX:
		return nt_create(s, r);
	case SMB1_CLOSE:
		return close_file(s, r);
	case SMB1_LOGOFF_ANDX:
		return logoff(s, r);
	case SMB1_WRITE_ANDX:
		return MADE;
	default:
		return PLAIN;
	}
}

void smb1_response_part(struct smb_state *s, const struct smb1_record *r)
{
	enum made m = response(s, r);
	struct smb_tx *t;

	if (m == MADE)
		return;
	t = smb_tx_find(s, smb1_header(r, SMB_MATCH_GENERIC), smb1_command(r->command));
	if (!t)
		return;
	smb_tx_done(s, t);
	status(t, r);
	if (m == BROKEN)
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
}

#include "dataplane/app/smb/pipe.h"

enum { SMB1_TRANS = 0x25 };

enum { PIECE_MAX = UINT16_MAX + 1 }; /* no PDU is longer */

/* As in Suricata 7. */
static const char *const services[] = {"svcctl", "srvsvc",  "atsvc",  "lsarpc",
				       "samr",	 "spoolss", "winreg", "suricata::dcerpc"};

bool smb_pipe_speaks(struct slice name)
{
	if (name.len > 1 && name.data[0] == '\\')
		name = slice_sub(name, 1, name.len);
	for (unsigned i = 0; i < ARRAY_SIZE(services); i++) {
		if (slice_eq(name, SLICE_STR(services[i])))
			return true;
	}
	return false;
}

bool smb_pipe_probe(struct slice data)
{
	struct cursor c = cursor_of(data);
	struct dce_header h;

	return dce_header_read(&c, &h) && h.version == 5 && h.minor < 3 && h.frag_len > 0 &&
	       h.type < DCE_TYPES;
}

static void stub(struct smb_state *s, struct smb_tx *t, enum dir dir, struct slice data)
{
	t->dcerpc.fragments[dir]++;
	if (data.len > 0 && !kept_append(s->io->slab, &t->dcerpc.stub[dir], data, LIMIT_DCE_STUB))
		app_limit_met(s->io);
}

static struct smb_tx *call_new(struct smb_state *s, struct smb_command command,
			       struct smb_header header, const struct dce_header *h)
{
	struct smb_tx *t = smb_tx_new(s, SMB_TX_DCERPC, header, command);

	if (!t)
		return NULL;
	t->dcerpc.call_id = h->call_id;
	t->dcerpc.little = h->little;
	smb_tx_index_call(s, t);
	smb_tx_request_open(t);
	return t;
}

/* --- requests --- */

static void further_fragment(struct smb_state *s, struct smb_command command,
			     struct smb_header header, const struct dce_header *h, struct cursor c)
{
	struct dce_request r;
	struct smb_tx *t;

	if (!dce_request_read(c, h, &r)) {
		smb_event(s, SMB_EVENT_MALFORMED_DATA);
		return;
	}
	t = smb_tx_find_call(s, header, command, h->call_id);
	if (!t)
		return;
	stub(s, t, DIR_TS, r.stub);
	if (h->flags & DCE_LAST)
		smb_tx_request_done(s, t);
}

static void first_fragment(struct smb_state *s, struct smb_tx *t, const struct dce_header *h,
			   struct cursor c)
{
	struct dce_request r;

	if (!dce_request_read(c, h, &r)) {
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
		smb_tx_request_done(s, t);
		return;
	}
	t->dcerpc.opnum = r.opnum;
	t->dcerpc.context = r.context;
	stub(s, t, DIR_TS, r.stub);
	if (h->flags & DCE_LAST)
		smb_tx_request_done(s, t);
}

static void bind(struct smb_state *s, struct smb_tx *t, const struct dce_header *h, struct cursor c)
{
	dce_ifaces_free(s->io->slab, &s->ifaces);
	switch (dce_bind_read(s->io->slab, c, h, &s->ifaces)) {
	case DCE_BIND_BAD:
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
		break;
	case DCE_BIND_FULL:
		app_limit_met(s->io);
		break;
	default:
		break;
	}
	smb_tx_request_done(s, t);
}

void smb_pipe_request(struct smb_state *s, struct smb_command command, struct smb_header header,
		      struct slice data)
{
	struct cursor c = cursor_of(data);
	struct dce_header h;
	struct smb_tx *t;

	if (!dce_header_read(&c, &h)) {
		smb_event(s, SMB_EVENT_MALFORMED_DATA);
		return;
	}
	if (h.type == DCE_REQUEST && !(h.flags & DCE_FIRST)) {
		further_fragment(s, command, header, &h, c);
		return;
	}
	t = call_new(s, command, header, &h);
	if (!t)
		return;
	t->dcerpc.asked = true;
	t->dcerpc.request = h.type;
	if (command.version == 1 && command.command != SMB1_TRANS)
		smb_tx_status(t, SMB_STATUS_SUCCESS, false); /* as Suricata 7 has it */
	if (h.type == DCE_REQUEST) {
		first_fragment(s, t, &h, c);
	} else if (h.type == DCE_BIND) {
		bind(s, t, &h, c);
	} else {
		if (h.type >= DCE_TYPES)
			app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
		smb_tx_request_done(s, t);
	}
}

/* --- answers --- */

static void set_status(struct smb_tx *t, const struct smb_answer *a)
{
	smb_tx_status(t, a->status, false);
}

static void bindack(struct smb_state *s, const struct smb_answer *a, const struct dce_header *h,
		    struct cursor c)
{
	struct smb_tx *t = smb_tx_find_call(s, a->header, a->command, h->call_id);
	struct dce_ifaces nobody = {0};

	if (!dce_bindack_read(c, h, t ? &s->ifaces : &nobody, true)) {
		smb_event(s, SMB_EVENT_MALFORMED_DATA);
		return;
	}
	if (!t)
		return;
	t->dcerpc.answered = true;
	t->dcerpc.response = DCE_BINDACK;
	set_status(t, a);
	smb_tx_response_done(s, t);
}

static void answer(struct smb_state *s, struct smb_tx *t, const struct smb_answer *a,
		   const struct dce_header *h, struct cursor c)
{
	struct slice data;

	if (h->type == DCE_RESPONSE && !dce_response_read(c, h, &data)) {
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
		return;
	}
	t->dcerpc.answered = true;
	t->dcerpc.response = h->type;
	set_status(t, a);
	if (h->type == DCE_RESPONSE) {
		stub(s, t, DIR_TC, data);
		if (h->flags & DCE_LAST)
			smb_tx_response_done(s, t);
		return;
	}
	if (h->type >= DCE_TYPES)
		app_tx_event(&t->tx, SMB_EVENT_MALFORMED_DATA);
	smb_tx_response_done(s, t);
}

static struct smb_key piece_key(const struct smb_answer *a)
{
	return (struct smb_key){
		.kind = SMB_ENTRY_PIECE, .ssn = a->header.ssn, .tree = a->header.tree, .id = a->id};
}

void smb_pipe_piece(struct smb_state *s, const struct smb_answer *a, struct slice data)
{
	struct smb_key key = piece_key(a);

	if (data.len <= PIECE_MAX)
		smb_table_put(s->io, &s->table, &key, data);
	else
		app_limit_met(s->io);
}

/* False: the PDU goes on in the next answer. */
static bool whole(struct smb_state *s, const struct smb_answer *a, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct dce_header h;
	struct smb_tx *t;

	if (!dce_header_read(&c, &h)) {
		smb_event(s, SMB_EVENT_MALFORMED_DATA);
		return true;
	}
	if (a->status == SMB_STATUS_BUFFER_OVERFLOW && data.len < h.frag_len)
		return false;
	if (h.type == DCE_BINDACK) {
		bindack(s, a, &h, c);
		return true;
	}
	t = smb_tx_find_call(s, a->header, a->command, h.call_id);
	if (!t)
		t = call_new(s, a->command, a->header, &h);
	if (t)
		answer(s, t, a, &h, c);
	return true;
}

void smb_pipe_response(struct smb_state *s, const struct smb_answer *a, struct slice data)
{
	struct smb_key key = piece_key(a);
	struct smb_entry *e;
	struct kept joined;
	struct smb_tx *t;

	if (a->status != SMB_STATUS_SUCCESS && a->status != SMB_STATUS_BUFFER_OVERFLOW) {
		t = smb_tx_find(s, a->header, a->command);
		if (t) {
			set_status(t, a);
			smb_tx_response_done(s, t);
		}
		return;
	}
	e = smb_table_get(&s->table, &key);
	if (!e) {
		if (data.len > 0 && !whole(s, a, data))
			smb_pipe_piece(s, a, data);
		return;
	}
	s->table.bytes -= e->bytes.len;
	joined = e->bytes;
	e->bytes = (struct kept){0};
	smb_table_drop(s->io, &s->table, e);
	if (!kept_append(s->io->slab, &joined, data, PIECE_MAX + LIMIT_APP_BUFFERED))
		app_limit_met(s->io);
	if (joined.len > 0 && !whole(s, a, kept_slice(&joined)))
		smb_pipe_piece(s, a, kept_slice(&joined));
	kept_free(s->io->slab, &joined);
}

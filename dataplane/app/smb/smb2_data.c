/* Reads and writes of SMB2: pieces of files, or what goes through pipes. */
#include "dataplane/app/smb/smb2.h"

enum { MAX_SIZE = 16 << 20 }; /* of a read or write: more is not followed */

static const char unknown_pipe[] = "suricata::dcerpc";

/* Where the bytes of a file or pipe go. */
struct target {
	struct slice share;
	bool pipe, rpc;
};

/* Nobody has seen the tree connect, but the bytes speak DCE/RPC: from now on it is a pipe. */
static void learn_pipe(struct smb_state *s, const struct smb2_record *r, const struct smb_id *id,
		       bool named)
{
	struct smb_key tree = smb2_tree_key(r), name = {.kind = SMB_ENTRY_NAME, .id = *id};
	struct smb_entry *e = smb_table_put(s->io, &s->table, &tree, slice_of(unknown_pipe));

	if (e)
		e->pipe = true;
	if (!named)
		smb_table_put(s->io, &s->table, &name, slice_of(unknown_pipe));
}

static struct target target_of(struct smb_state *s, const struct smb2_record *r, enum dir dir,
			       const struct smb_id *id, struct slice data)
{
	struct smb_key key = smb2_tree_key(r);
	struct smb_entry *e = smb_table_get(&s->table, &key);
	struct target t = {.pipe = e && e->pipe};

	if (e)
		t.share = kept_slice(&e->bytes);
	/* What was taken for a file stays one. */
	if (smb_tx_find_file(s, id, dir, true)) {
		t.pipe = false;
		return t;
	}
	if (t.pipe || t.share.len == 0)
		t.rpc = smb_pipe_speaks(smb2_file_name(s, id));
	if (t.share.len == 0 && !t.pipe && smb_pipe_probe(data)) {
		learn_pipe(s, r, id, t.rpc);
		t.pipe = t.rpc = true;
	}
	return t;
}

bool smb2_in_pipe(struct smb_state *s, const struct smb2_record *r)
{
	struct smb_key key = smb2_tree_key(r);
	struct smb_entry *e = smb_table_get(&s->table, &key);

	return e && e->pipe;
}

static bool too_large(uint32_t len, uint32_t agreed)
{
	return len > MAX_SIZE || (agreed != 0 && len > agreed);
}

/* The rest of the record is passed over. */
static void pass_over(struct smb_state *s, enum dir dir, uint32_t len, struct slice data)
{
	s->side[dir].skip = len > data.len ? len - data.len : 0;
}

static void file_piece(struct smb_state *s, enum dir dir, const struct smb2_record *r,
		       struct smb_piece *p)
{
	p->header = smb2_header(r, SMB_MATCH_HEADER);
	p->header.msg = 0;
	p->command = (struct smb_command){2, r->command};
	p->data = slice_sub(p->data, 0, p->len);
	smb_file_piece(s, dir, p);
	s->side[dir].left = p->len > p->data.len ? p->len - (uint32_t)p->data.len : 0;
	s->side[dir].id = p->id;
}

void smb2_write(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	struct smb_piece p = {0};
	struct target to;

	cursor_skip(&c, 4);
	p.len = cursor_u32_le(&c);
	p.offset = cursor_u64_le(&c);
	smb2_guid(&c, &p.id);
	cursor_skip(&c, 16); /* channel, remaining bytes, channel's place, flags */
	p.data = slice_sub(cursor_rest(&c), 0, p.len);
	if (c.bad) {
		smb_event(s, SMB_EVENT_MALFORMED_DATA);
		return;
	}
	if (too_large(p.len, s->max_write)) {
		smb_event(s, SMB_EVENT_WRITE_REQUEST_SIZE);
		pass_over(s, DIR_TS, p.len, p.data);
		return;
	}
	to = target_of(s, r, DIR_TS, &p.id, p.data);
	if (to.pipe) {
		if (to.rpc)
			smb_pipe_request(s, (struct smb_command){2, r->command},
					 smb2_header(r, SMB_MATCH_HEADER), p.data);
		pass_over(s, DIR_TS, p.len, p.data);
		return;
	}
	p.name = smb2_file_name(s, &p.id);
	file_piece(s, DIR_TS, r, &p);
}

/* The request that asked for it; false: not seen. */
static bool asked(struct smb_state *s, const struct smb2_record *r, struct smb_piece *p)
{
	struct smb_key key = smb2_read_key(r);
	struct smb_entry *e = smb_table_get(&s->table, &key);

	if (!e)
		return false;
	p->id = e->id;
	p->offset = e->offset;
	smb_table_drop(s->io, &s->table, e);
	return true;
}

static void read_into(struct smb_state *s, const struct smb2_record *r, struct smb_piece *p)
{
	struct target from = target_of(s, r, DIR_TC, &p->id, p->data);
	struct smb_answer a = {.command = {2, r->command},
			       .header = smb2_header(r, SMB_MATCH_HEADER),
			       .status = r->status,
			       .id = p->id};

	if (from.pipe) {
		if (from.rpc)
			smb_pipe_response(s, &a, p->data);
		pass_over(s, DIR_TC, p->len, p->data);
		return;
	}
	p->share = from.share;
	p->name = smb2_file_name(s, &p->id);
	if (p->name.len == 0)
		p->name = SLICE_LIT("<unknown>");
	file_piece(s, DIR_TC, r, p);
}

void smb2_read(struct smb_state *s, const struct smb2_record *r)
{
	struct cursor c = cursor_of(r->data);
	struct smb_piece p = {0};

	cursor_skip(&c, 4); /* sizes and place */
	p.len = cursor_u32_le(&c);
	cursor_skip(&c, 8);
	p.data = slice_sub(cursor_rest(&c), 0, p.len);
	if (c.bad) {
		smb_event(s, SMB_EVENT_MALFORMED_DATA);
		return;
	}
	if (r->status != SMB_STATUS_SUCCESS && r->status != SMB_STATUS_BUFFER_OVERFLOW) {
		pass_over(s, DIR_TC, p.len, p.data);
	} else if (too_large(p.len, s->max_read)) {
		smb_event(s, SMB_EVENT_READ_RESPONSE_SIZE);
		pass_over(s, DIR_TC, p.len, p.data);
	} else if (!asked(s, r, &p)) {
		pass_over(s, DIR_TC, p.len, p.data);
	} else {
		read_into(s, r, &p);
	}
}

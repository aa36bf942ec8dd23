/* Writes, reads and pipes of SMB1. */
#include "dataplane/app/smb/smb1.h"

/* From `offset` of the record on; false when that lies in front of `c` or behind the end. */
static bool data_at(const struct smb1_record *r, const struct cursor *c, uint32_t offset,
		    struct slice *ret)
{
	if (offset < r->at + cursor_offset(c) || offset > r->all.len)
		return false;
	*ret = slice_sub(r->all, offset, r->all.len);
	return true;
}

struct io_part {
	struct smb_id id;
	uint64_t offset;
	uint32_t len;
	struct slice data;
};

static bool write_andx_read(const struct smb1_record *r, struct io_part *ret)
{
	enum { WORDS_64 = 14, DATA_LEAST = 0x3b };
	struct cursor c = smb1_part(r);
	uint8_t words = cursor_u8(&c);
	uint16_t high, low, at;

	cursor_skip(&c, 4);
	ret->id = smb1_fid(&c, r);
	ret->offset = cursor_u32_le(&c);
	cursor_skip(&c, 8); /* timeout, mode, remaining */
	high = cursor_u16_le(&c);
	low = cursor_u16_le(&c);
	at = cursor_u16_le(&c);
	if (words == WORDS_64)
		ret->offset |= (uint64_t)cursor_u32_le(&c) << 32;
	cursor_skip(&c, 2);
	ret->len = (uint32_t)high << 16 | low;
	return !c.bad && at >= DATA_LEAST && data_at(r, &c, at, &ret->data);
}

static bool write_read(const struct smb1_record *r, struct io_part *ret)
{
	struct cursor c = smb1_part(r);

	cursor_skip(&c, 1);
	ret->id = smb1_fid(&c, r);
	cursor_skip(&c, 2);
	ret->offset = cursor_u32_le(&c);
	cursor_skip(&c, 5); /* remaining, byte count, format */
	ret->len = cursor_u16_le(&c);
	ret->data = cursor_take(&c, ret->len);
	return !c.bad;
}

static bool write_and_close_read(const struct smb1_record *r, struct io_part *ret)
{
	struct cursor c = smb1_part(r);
	uint16_t bytes;

	cursor_skip(&c, 1);
	ret->id = smb1_fid(&c, r);
	ret->len = cursor_u16_le(&c);
	ret->offset = cursor_u32_le(&c);
	cursor_skip(&c, 4);
	bytes = cursor_u16_le(&c);
	if (bytes > ret->len)
		cursor_skip(&c, bytes - ret->len);
	ret->data = cursor_take(&c, ret->len);
	return !c.bad;
}

static struct smb_entry *tree_of(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_tree_key(r);

	return smb_table_get(&s->table, &key);
}

bool smb1_in_pipe(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_entry *e = tree_of(s, r);

	return e && e->pipe;
}

/* Nothing of a file's header but its handle is told. */
static void file_piece(struct smb_state *s, enum dir dir, const struct io_part *io,
		       const struct smb_entry *tree, struct slice name, uint8_t command)
{
	struct smb_piece p = {.id = io->id,
			      .offset = io->offset,
			      .len = io->len,
			      .data = slice_sub(io->data, 0, io->len),
			      .name = name,
			      .command = smb1_command(command)};

	if (tree)
		p.share = kept_slice(&tree->bytes);
	smb_file_piece(s, dir, &p);
	s->side[dir].left = p.len > p.data.len ? p.len - (uint32_t)p.data.len : 0;
	s->side[dir].id = p.id;
}

bool smb1_write(struct smb_state *s, const struct smb1_record *r)
{
	struct io_part io = {0};
	struct smb_entry *tree;
	bool ok;

	if (r->command == SMB1_WRITE_ANDX)
		ok = write_andx_read(r, &io);
	else if (r->command == SMB1_WRITE)
		ok = write_read(r, &io);
	else
		ok = write_and_close_read(r, &io);
	if (!ok)
		return false;
	tree = tree_of(s, r);
	if (tree && tree->pipe)
		smb_pipe_request(s, smb1_command(r->command), smb1_header(r, SMB_MATCH_HEADER),
				 slice_sub(io.data, 0, io.len));
	else
		file_piece(s, DIR_TS, &io, tree, smb1_file_name(s, &io.id), SMB1_WRITE_ANDX);
	if (r->command == SMB1_WRITE_AND_CLOSE)
		smb1_close_file(s, &io.id, DIR_TS);
	return true;
}

static bool read_andx_read(const struct smb1_record *r, struct io_part *ret)
{
	struct cursor c = smb1_part(r);
	uint16_t low, high, at;

	cursor_skip(&c, 5 + 6);
	low = cursor_u16_le(&c);
	at = cursor_u16_le(&c);
	high = cursor_u16_le(&c);
	cursor_skip(&c, 8 + 2);
	ret->len = (uint32_t)high << 16 | low;
	if (ret->len == 0) {
		ret->data = SLICE(c.end, 0);
		return !c.bad;
	}
	return !c.bad && data_at(r, &c, at, &ret->data);
}

bool smb1_read(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_key(r, SMB_ENTRY_READ);
	struct io_part io = {0};
	struct smb_entry *asked, *tree;

	if (r->status != SMB_STATUS_SUCCESS)
		return true;
	if (!read_andx_read(r, &io))
		return false;
	asked = smb_table_get(&s->table, &key);
	if (!asked) {
		s->side[DIR_TC].skip = io.len > io.data.len ? io.len - io.data.len : 0;
		return true;
	}
	io.id = asked->id;
	io.offset = asked->offset;
	smb_table_drop(s->io, &s->table, asked);
	tree = tree_of(s, r);
	if (tree && tree->pipe) {
		struct smb_answer a = {.command = smb1_command(SMB1_READ_ANDX),
				       .header = smb1_header(r, SMB_MATCH_HEADER),
				       .id = {.len = 2, .bytes = {io.id.bytes[0], io.id.bytes[1]}}};

		smb_pipe_response(s, &a, slice_sub(io.data, 0, io.len));
		return true;
	}
	file_piece(s, DIR_TC, &io, tree, smb1_file_name(s, &io.id), SMB1_READ_ANDX);
	return true;
}

void smb1_close_file(struct smb_state *s, const struct smb_id *id, enum dir dir)
{
	struct smb_tx *t = smb_tx_find_file(s, id, dir, false);

	if (!t || t->tx.progress[DIR_TS] == SMB_COMPLETE)
		return;
	smb_file_close(s, t);
	smb_tx_done(s, t);
}

/* --- TRANS: a call through a pipe --- */

bool smb1_trans_request(struct smb_state *s, const struct smb1_record *r)
{
	enum { WORDS_PIPE = 16 };
	struct smb_key key = smb1_key(r, SMB_ENTRY_HANDLE);
	struct cursor c = smb1_part(r);
	uint8_t words = cursor_u8(&c), setup;
	uint16_t count, at;
	struct smb_entry *e;
	struct slice data;
	struct smb_id id;

	cursor_skip(&c, 18 + 4);
	count = cursor_u16_le(&c);
	at = cursor_u16_le(&c);
	setup = cursor_u8(&c);
	cursor_skip(&c, 1);
	if (words != WORDS_PIPE || setup != 2 || count == 0)
		return !c.bad;
	cursor_skip(&c, 2);
	id = smb1_fid(&c, r);
	cursor_skip(&c, 2);
	if (c.bad || !data_at(r, &c, at, &data) || data.len < count)
		return false;
	e = smb_table_put(s->io, &s->table, &key, SLICE(NULL, 0));
	if (e)
		e->id = id;
	if (smb_pipe_speaks(smb1_file_name(s, &id)))
		smb_pipe_request(s, smb1_command(r->command), smb1_header(r, SMB_MATCH_HEADER),
				 slice_sub(data, 0, count));
	return true;
}

static bool trans_data(const struct smb1_record *r, struct slice *ret)
{
	struct cursor c = smb1_part(r);
	uint8_t words = cursor_u8(&c);
	uint16_t count, at;

	*ret = SLICE(c.end, 0);
	if (words == 0)
		return !c.bad;
	cursor_skip(&c, 12);
	count = cursor_u16_le(&c);
	at = cursor_u16_le(&c);
	cursor_skip(&c, 6);
	if (c.bad || count == 0)
		return !c.bad;
	if (!data_at(r, &c, at, ret) || ret->len < count)
		return false;
	*ret = slice_sub(*ret, 0, count);
	return true;
}

bool smb1_trans_response(struct smb_state *s, const struct smb1_record *r)
{
	struct smb_key key = smb1_key(r, SMB_ENTRY_HANDLE);
	struct smb_answer a = {.command = smb1_command(r->command),
			       .header = smb1_header(r, SMB_MATCH_HEADER),
			       .status = r->status};
	struct smb_entry *e = smb_table_get(&s->table, &key);
	struct slice data, name;

	if (!trans_data(r, &data))
		return false;
	if (!e)
		return true;
	a.id = (struct smb_id){.len = 2, .bytes = {e->id.bytes[0], e->id.bytes[1]}};
	name = smb1_file_name(s, &e->id);
	smb_table_drop(s->io, &s->table, e);
	if (r->status == SMB_STATUS_BUFFER_OVERFLOW)
		smb_pipe_piece(s, &a, data);
	else if (smb_pipe_speaks(name))
		smb_pipe_response(s, &a, data);
	return true;
}

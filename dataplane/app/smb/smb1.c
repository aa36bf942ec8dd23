/* Records of SMB1, their chains, what the rest of it shares. */
#include "dataplane/app/smb/smb1.h"

bool smb1_record_read(struct slice record, struct smb1_record *ret)
{
	enum { FLAG_RESPONSE = 0x80, FLAG2_UNICODE = 0x8000, FLAG2_NT_STATUS = 0x4000 };
	struct cursor c = cursor_of(record);
	uint8_t flags;
	uint16_t flags2;

	*ret = (struct smb1_record){.all = record, .at = SMB1_HEADER};
	if (!slice_eq(cursor_take(&c, 4), SLICE_LIT("\xffSMB")))
		return false;
	ret->first = ret->command = cursor_u8(&c);
	ret->status = cursor_u32_le(&c);
	flags = cursor_u8(&c);
	flags2 = cursor_u16_le(&c);
	cursor_skip(&c, 12); /* process, signature, reserved */
	ret->tree = cursor_u16_le(&c);
	cursor_skip(&c, 2);
	ret->user = cursor_u16_le(&c);
	ret->msg = cursor_u16_le(&c);
	ret->response = flags & FLAG_RESPONSE;
	ret->unicode = flags2 & FLAG2_UNICODE;
	ret->dos_error = !(flags2 & FLAG2_NT_STATUS);
	return !c.bad;
}

struct cursor smb1_part(const struct smb1_record *r)
{
	return cursor_of(slice_sub(r->all, r->at, r->all.len));
}

struct smb_header smb1_header(const struct smb1_record *r, enum smb_match match)
{
	return (struct smb_header){.match = (uint8_t)match,
				   .ssn = r->user,
				   .tree = match == SMB_MATCH_TREE ? 0 : r->tree,
				   .msg = r->msg};
}

struct smb_key smb1_key(const struct smb1_record *r, enum smb_entry_kind kind)
{
	return (struct smb_key){.kind = kind, .ssn = r->user, .tree = r->tree, .msg = r->msg};
}

struct smb_key smb1_tree_key(const struct smb1_record *r)
{
	return (struct smb_key){.kind = SMB_ENTRY_TREE, .ssn = r->user, .tree = r->tree};
}

struct smb_command smb1_command(uint8_t command)
{
	return (struct smb_command){1, command};
}

struct smb_id smb1_fid(struct cursor *c, const struct smb1_record *r)
{
	uint8_t low = cursor_u8(c), high = cursor_u8(c);

	return (struct smb_id){
		.len = 6, .bytes = {low, high, 0, 0, (uint8_t)(r->user >> 8), (uint8_t)r->user}};
}

struct slice smb1_file_name(struct smb_state *s, const struct smb_id *id)
{
	struct smb_key key = {.kind = SMB_ENTRY_NAME, .id = *id};
	struct smb_entry *e = smb_table_get(&s->table, &key);

	return e ? kept_slice(&e->bytes) : SLICE_LIT("<unknown>");
}

static bool is_andx(uint8_t command)
{
	switch (command) {
	case SMB1_LOCKING_ANDX:
	case SMB1_OPEN_ANDX:
	case SMB1_READ_ANDX:
	case SMB1_SESSION_SETUP_ANDX:
	case SMB1_LOGOFF_ANDX:
	case SMB1_TREE_CONNECT_ANDX:
	case SMB1_NT_CREATE_ANDX:
	case SMB1_WRITE_ANDX:
		return true;
	default:
		return false;
	}
}

/* The next part of a chain; each lies behind the one before. */
static bool next_part(struct smb1_record *r)
{
	struct cursor c = smb1_part(r);
	uint8_t command;
	uint16_t offset;

	if (!is_andx(r->command))
		return false;
	cursor_skip(&c, 1);
	command = cursor_u8(&c);
	cursor_skip(&c, 1);
	offset = cursor_u16_le(&c);
	if (c.bad || command == SMB1_NONE || offset <= r->at || offset >= r->all.len)
		return false;
	r->command = command;
	r->at = offset;
	return true;
}

void smb1_request(struct smb_state *s, struct smb1_record *r)
{
	unsigned parts = 0;

	do
		smb1_request_part(s, r);
	while (++parts < SMB1_PARTS_MAX && next_part(r));
}

void smb1_response(struct smb_state *s, struct smb1_record *r)
{
	unsigned parts = 0;

	do
		smb1_response_part(s, r);
	while (++parts < SMB1_PARTS_MAX && next_part(r));
}

void smb1_host_read(struct smb_state *s, struct smb_host *h, struct cursor *c,
		    const struct smb1_record *r)
{
	struct smb_text t;

	h->is_there = true;
	if (!smb_text_next(&t, c, r->unicode, r->at))
		t.len = 0;
	smb_text_keep(s, &h->os, &t);
	if (!smb_text_next(&t, c, r->unicode, r->at))
		t.len = 0;
	smb_text_keep(s, &h->lm, &t);
}

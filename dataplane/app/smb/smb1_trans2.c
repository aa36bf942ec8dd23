/* TRANS2 of SMB1: names and marks set on files. */
#include "dataplane/app/smb/smb1.h"

enum {
	SET_PATH_INFO = 6,
	SET_FILE_INFO = 8,
	LEVEL_RENAME = 1010,
	LEVEL_DISPOSITION = 1013,
};

struct trans2 {
	uint16_t subcommand;
	struct cursor params, data;
};

/* `len` bytes from `offset` of the record on. */
static bool at(const struct smb1_record *r, uint16_t offset, uint16_t len, struct cursor *ret)
{
	struct cursor c = cursor_of(r->all);

	cursor_skip(&c, offset);
	*ret = cursor_child(&c, len);
	return !c.bad;
}

static bool trans2_read(const struct smb1_record *r, struct trans2 *ret)
{
	struct cursor c = smb1_part(r);
	uint16_t params, params_at, data, data_at;

	cursor_skip(&c, 1 + 18);
	params = cursor_u16_le(&c);
	params_at = cursor_u16_le(&c);
	data = cursor_u16_le(&c);
	data_at = cursor_u16_le(&c);
	cursor_skip(&c, 2);
	ret->subcommand = cursor_u16_le(&c);
	return !c.bad && at(r, params_at, params, &ret->params) && at(r, data_at, data, &ret->data);
}

/* The file: by its path, or by its handle. */
struct named {
	struct smb_text name;
	struct smb_id id;
	uint16_t level;
};

static bool path_read(struct cursor c, struct named *ret)
{
	ret->level = cursor_u16_le(&c);
	cursor_skip(&c, 4);
	return !c.bad && smb_text_next(&ret->name, &c, true, 0);
}

static bool handle_read(struct smb_state *s, const struct smb1_record *r, struct cursor c,
			struct named *ret)
{
	ret->id = smb1_fid(&c, r);
	ret->level = cursor_u16_le(&c);
	if (c.bad)
		return false;
	smb_text_bytes(&ret->name, smb1_file_name(s, &ret->id));
	ret->id.len = 2;
	return true;
}

static bool set_disposition(struct smb_state *s, const struct smb1_record *r,
			    const struct trans2 *t2, const struct named *n)
{
	struct cursor c = t2->data;
	uint8_t mark = cursor_u8(&c);
	struct smb_tx *t;

	if (c.bad)
		return false;
	t = smb_tx_new(s, SMB_TX_SET_INFO, smb1_header(r, SMB_MATCH_GENERIC),
		       smb1_command(SMB1_TRANS2));
	if (!t)
		return true;
	smb_text_keep(s, &t->set_info.name, &n->name);
	t->set_info.id = n->id;
	t->set_info.subcommand = t2->subcommand;
	t->set_info.level = n->level;
	t->set_info.delete_on_close = mark & 1;
	return true;
}

static bool set_name(struct smb_state *s, const struct smb1_record *r, const struct trans2 *t2,
		     const struct named *n)
{
	struct cursor c = t2->data;
	struct smb_text to;
	struct smb_tx *t;
	uint32_t len;

	cursor_skip(&c, 8);
	len = cursor_u32_le(&c);
	smb_text_utf16(&to, cursor_take(&c, len));
	if (c.bad)
		return false;
	t = smb_tx_new(s, SMB_TX_RENAME, smb1_header(r, SMB_MATCH_GENERIC),
		       smb1_command(SMB1_TRANS2));
	if (!t)
		return true;
	t->rename.id = n->id;
	smb_text_keep(s, &t->rename.from, &n->name);
	smb_text_keep(s, &t->rename.to, &to);
	return true;
}

bool smb1_trans2(struct smb_state *s, const struct smb1_record *r, bool *ret_made)
{
	struct trans2 t2;
	struct named n;

	*ret_made = false;
	n.level = 0;
	n.id = (struct smb_id){0};
	if (!trans2_read(r, &t2))
		return false;
	if (t2.subcommand == SET_PATH_INFO) {
		if (!path_read(t2.params, &n))
			return false;
	} else if (t2.subcommand == SET_FILE_INFO) {
		if (!handle_read(s, r, t2.params, &n))
			return false;
	}
	*ret_made = n.level == LEVEL_DISPOSITION || n.level == LEVEL_RENAME;
	if (n.level == LEVEL_DISPOSITION)
		return set_disposition(s, r, &t2, &n);
	if (n.level == LEVEL_RENAME)
		return set_name(s, r, &t2, &n);
	return true;
}

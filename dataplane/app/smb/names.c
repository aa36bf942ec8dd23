#include "dataplane/app/smb/names.h"

#include "dataplane/app/text/utf16.h"

static void add(struct smb_text *t, uint32_t byte)
{
	if (t->len < sizeof(t->bytes))
		t->bytes[t->len++] = (uint8_t)byte;
}

/* The next code point; false at its end. A NUL is not kept. */
static bool add_point(struct smb_text *t, struct cursor *c, bool *ret_nul)
{
	uint8_t utf8[UTF16_POINT];
	unsigned len = utf16_next(c, utf8);

	*ret_nul = len == 1 && utf8[0] == 0;
	if (!*ret_nul && sizeof(t->bytes) - t->len >= UTF16_POINT) {
		memcpy(t->bytes + t->len, utf8, len);
		t->len = (uint16_t)(t->len + len);
	}
	return len > 0;
}

void smb_text_utf16(struct smb_text *t, struct slice raw)
{
	struct cursor c = cursor_of(raw);

	bool nul;

	t->len = 0;
	while (add_point(t, &c, &nul))
		;
	if (cursor_left(&c) && cursor_peek(&c))
		add(t, cursor_u8(&c));
}

void smb_text_bytes(struct smb_text *t, struct slice raw)
{
	t->len = 0;
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.data[i])
			add(t, raw.data[i]);
	}
}

static bool next_bytes(struct smb_text *t, struct cursor *c)
{
	while (cursor_left(c) > 0) {
		uint8_t b = cursor_u8(c);

		if (b == 0)
			return true;
		add(t, b);
	}
	return false;
}

bool smb_text_next(struct smb_text *t, struct cursor *c, bool unicode, size_t base)
{
	bool nul;

	t->len = 0;
	if (!unicode)
		return next_bytes(t, c);
	if ((base + cursor_offset(c)) % 2 == 1)
		cursor_skip(c, 1);
	while (add_point(t, c, &nul)) {
		if (nul)
			return true;
	}
	/* At the end of a record one NUL will do. */
	return cursor_left(c) == 1 && cursor_u8(c) == 0;
}

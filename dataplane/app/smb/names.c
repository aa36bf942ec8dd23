#include "dataplane/app/smb/names.h"

static void add(struct smb_text *t, uint32_t byte)
{
	if (t->len < sizeof(t->bytes))
		t->bytes[t->len++] = (uint8_t)byte;
}

static void add_point(struct smb_text *t, uint32_t p)
{
	if (t->len + 4U > sizeof(t->bytes))
		return;
	if (p < 0x80) {
		add(t, p);
	} else if (p < 0x800) {
		add(t, 0xc0 | p >> 6);
		add(t, 0x80 | (p & 0x3f));
	} else if (p < 0x10000) {
		add(t, 0xe0 | p >> 12);
		add(t, 0x80 | (p >> 6 & 0x3f));
		add(t, 0x80 | (p & 0x3f));
	} else {
		add(t, 0xf0 | p >> 18);
		add(t, 0x80 | (p >> 12 & 0x3f));
		add(t, 0x80 | (p >> 6 & 0x3f));
		add(t, 0x80 | (p & 0x3f));
	}
}

static bool is_high(uint32_t u)
{
	return (u & 0xfc00) == 0xd800;
}

static bool is_low(uint32_t u)
{
	return (u & 0xfc00) == 0xdc00;
}

/* The code point of a unit and, for a pair, of the one behind it (RFC 2781). */
static uint32_t point(struct cursor *c, uint32_t unit)
{
	struct cursor ahead = *c;
	uint32_t low;

	if (!is_high(unit))
		return is_low(unit) ? 0xfffd : unit;
	low = cursor_u16_le(&ahead);
	if (ahead.bad || !is_low(low))
		return 0xfffd;
	*c = ahead;
	return 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff));
}

void smb_text_utf16(struct smb_text *t, struct slice raw)
{
	struct cursor c = cursor_of(raw);

	t->len = 0;
	while (cursor_left(&c) >= 2) {
		uint32_t unit = cursor_u16_le(&c);

		if (unit)
			add_point(t, point(&c, unit));
	}
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
	t->len = 0;
	if (!unicode)
		return next_bytes(t, c);
	if ((base + cursor_offset(c)) % 2 == 1)
		cursor_skip(c, 1);
	while (cursor_left(c) >= 2) {
		uint32_t unit = cursor_u16_le(c);

		if (unit == 0)
			return true;
		add_point(t, point(c, unit));
	}
	/* At the end of a record one NUL will do. */
	return cursor_left(c) == 1 && cursor_u8(c) == 0;
}

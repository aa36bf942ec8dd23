#include "dataplane/evidence/finding.h"

#include <string.h>

#include "dataplane/base/cursor.h"

/* --- writing --- */

struct writer {
	uint8_t *at, *end;
	bool full;
};

static void put(struct writer *w, uint64_t value, unsigned bytes)
{
	if ((size_t)(w->end - w->at) < bytes) {
		w->full = true;
		return;
	}
	while (bytes-- > 0)
		*w->at++ = (uint8_t)(value >> 8 * bytes);
}

/* Length, bytes, and the NUL by which the reader can use it in place. */
static void put_slice(struct writer *w, struct slice text)
{
	size_t len = text.len < FINDING_TEXT ? text.len : FINDING_TEXT;

	if ((size_t)(w->end - w->at) < len + 2) {
		w->full = true;
		return;
	}
	*w->at++ = (uint8_t)len;
	memcpy(w->at, text.data, len);
	w->at[len] = 0;
	w->at += len + 1;
}

static void put_text(struct writer *w, const char *text)
{
	put_slice(w, slice_of(text));
}

static void put_maybe(struct writer *w, const char *text)
{
	put(w, text != NULL, 1);
	if (text)
		put_text(w, text);
}

static void put_hit(struct writer *w, const struct finding *f)
{
	const struct file_yara_hit *h = &f->hit;

	put_maybe(w, f->member);
	put_text(w, h->rule);
	put_text(w, h->space);
	put_maybe(w, h->description);
	put(w, h->sid, 4);
	put(w, h->severity, 4);
	put(w, h->tag_count, 1);
	for (unsigned i = 0; i < h->tag_count; i++)
		put_text(w, h->tags[i]);
	put(w, h->string_count, 1);
	for (unsigned i = 0; i < h->string_count; i++) {
		put_text(w, h->strings[i].name);
		put(w, h->strings[i].offset, 8);
	}
}

static void put_member(struct writer *w, const struct finding *f)
{
	const struct file_archive_member *m = &f->of_archive;

	put_text(w, m->name);
	put_maybe(w, f->type);
	put(w, m->size, 8);
	put(w, m->depth, 4);
	put(w, m->encrypted, 1);
	put(w, m->cut, 1);
}

static void put_sum(struct writer *w, const struct file_archive_sum *s)
{
	put(w, s->end, 1);
	put(w, s->members, 4);
	put(w, s->depth, 4);
	put(w, s->bytes, 8);
	put_slice(w, SLICE(s->format, strnlen(s->format, sizeof(s->format))));
}

size_t finding_write(const struct finding *f, uint8_t *buf, size_t cap)
{
	struct writer w = {buf, buf + cap, false};

	switch (f->kind) {
	case FINDING_SCANNED:
		put(&w, f->scanned, 1);
		break;
	case FINDING_HIT:
		put_hit(&w, f);
		break;
	case FINDING_MEMBER:
		put_member(&w, f);
		break;
	case FINDING_ARCHIVE:
		put_sum(&w, &f->sum);
		break;
	default:
		return 0;
	}
	return w.full ? 0 : (size_t)(w.at - buf);
}

bool finding_say(const struct finding *f, struct inspector_out *out)
{
	uint8_t buf[INSPECTOR_MESSAGE];
	size_t len = finding_write(f, buf, sizeof(buf));

	return len && inspector_say(out, f->kind, SLICE(buf, len));
}

/* --- reading --- */

static const char *text(struct cursor *c)
{
	struct slice s = cursor_take(c, cursor_u8(c) + 1U);

	if (c->bad || s.data[s.len - 1] || memchr(s.data, 0, s.len - 1)) {
		c->bad = true;
		return "";
	}
	return (const char *)s.data;
}

static const char *maybe_text(struct cursor *c)
{
	return cursor_u8(c) ? text(c) : NULL;
}

static void read_hit(struct cursor *c, struct finding *f)
{
	struct file_yara_hit *h = &f->hit;

	f->member = maybe_text(c);
	h->rule = text(c);
	h->space = text(c);
	h->description = maybe_text(c);
	h->sid = cursor_u32(c);
	h->severity = cursor_u32(c);
	h->tag_count = cursor_u8(c);
	c->bad |= h->severity < 1 || h->severity > 4 || h->tag_count > FILE_YARA_TAGS;
	for (unsigned i = 0; !c->bad && i < h->tag_count; i++)
		h->tags[i] = text(c);
	h->string_count = cursor_u8(c);
	c->bad |= h->string_count > FILE_YARA_STRINGS;
	for (unsigned i = 0; !c->bad && i < h->string_count; i++) {
		h->strings[i].name = text(c);
		h->strings[i].offset = cursor_u64(c);
	}
}

static void read_member(struct cursor *c, struct finding *f)
{
	struct file_archive_member *m = &f->of_archive;

	m->name = text(c);
	m->format = "";
	f->type = maybe_text(c);
	m->size = cursor_u64(c);
	m->depth = cursor_u32(c);
	m->encrypted = cursor_u8(c);
	m->cut = cursor_u8(c);
}

static void read_sum(struct cursor *c, struct file_archive_sum *s)
{
	unsigned end = cursor_u8(c);
	const char *format;

	c->bad |= end >= FILE_ARCHIVE_ENDS;
	s->end = c->bad ? FILE_ARCHIVE_NONE : (enum file_archive_end)end;
	s->members = cursor_u32(c);
	s->depth = cursor_u32(c);
	s->bytes = cursor_u64(c);
	format = text(c);
	memcpy(s->format, format, strnlen(format, sizeof(s->format) - 1));
}

bool finding_read(uint16_t kind, struct slice message, struct finding *ret)
{
	struct cursor c = cursor_of(message);
	unsigned result;

	*ret = (struct finding){.kind = kind};
	switch (kind) {
	case FINDING_SCANNED:
		result = cursor_u8(&c);
		c.bad |= result > FILE_YARA_FAILED;
		ret->scanned = c.bad ? FILE_YARA_FAILED : (enum file_yara_result)result;
		break;
	case FINDING_HIT:
		read_hit(&c, ret);
		break;
	case FINDING_MEMBER:
		read_member(&c, ret);
		break;
	case FINDING_ARCHIVE:
		read_sum(&c, &ret->sum);
		break;
	default:
		return false;
	}
	return !c.bad && cursor_left(&c) == 0;
}

#include "signatures/lang/check.h"

#include <ctype.h>
#include <string.h>

#include "signatures/lang/text.h"

enum letter_case { AS_IS, LOWER, UPPER };

/* Buffers whose contents must look in a certain way; not when transformed. */
struct form {
	const char *buffer;
	enum letter_case letters; /* contents are brought into */
	bool (*ok)(const struct rule_content *c);
	const char *wanted;
	bool first; /* only the first content must look so */
};

/* ---- how many bytes contents need ---- */

static int64_t number_of(const struct rule_value *v)
{
	return v->set && !v->var ? v->number : 0;
}

/* The least length a list's contents need, counted as Suricata does. */
static int64_t needed(const struct build_list *list, int64_t most)
{
	int64_t total = 0, offset = 0;
	bool first = true;

	for (uint32_t i = 0; i < list->count; i++) {
		const struct rule_content *c = list->items[i].content;
		int64_t distance;

		if (list->items[i].kind != RULE_ITEM_CONTENT)
			continue;
		distance = number_of(&c->distance);
		if (!first && !rule_content_relative(c))
			continue;
		if (!first && c->flags & RULE_CONTENT_NEGATED) {
			if (most < total + distance + number_of(&c->within))
				return total + distance + number_of(&c->within);
			continue;
		}
		total += (int64_t)c->bytes.len + distance;
		if (number_of(&c->offset) > offset)
			offset = number_of(&c->offset);
		first = false;
	}
	return total + offset;
}

static int check_dsize(struct lang_build *b)
{
	int64_t need = needed(&b->payload, b->dsize_most);

	if (b->flags & BUILD_DSIZE && b->payload.count && b->dsize_most >= 0 &&
	    need > b->dsize_most)
		return lang_fail(b, "the contents need %lld bytes, but dsize allows %lld",
				 (long long)need, (long long)b->dsize_most);
	return ERR_OK;
}

static int check_bsize(struct lang_build *b, const struct build_buffer *buf)
{
	int64_t need;

	if (!buf->bsize_given || buf->bsize_most < 0)
		return ERR_OK;
	need = needed(&buf->items, buf->bsize_most);
	if (need > buf->bsize_most)
		return lang_fail(b, "the contents need %lld bytes, but bsize allows %lld",
				 (long long)need, (long long)buf->bsize_most);
	return ERR_OK;
}

static int check_urilen(struct lang_build *b, const struct build_list *list)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		const struct rule_uint *u = list->items[i].uint;

		if (list->items[i].kind != RULE_ITEM_URILEN)
			continue;
		if (!u->negated && u->max < UINT16_MAX)
			most = u->max; /* the last one counts */
	}
	for (uint32_t i = 0; most && i < list->count; i++) {
		const struct rule_item *item = &list->items[i];

		if (item->kind == RULE_ITEM_CONTENT && item->content->bytes.len > most)
			return lang_fail(b, "a content has %zu bytes, but urilen allows %llu",
					 item->content->bytes.len, (unsigned long long)most);
	}
	return ERR_OK;
}

/* ---- how contents must look ---- */

static bool has_byte(struct slice s, char c)
{
	return memchr(s.data, c, s.len) != NULL;
}

static bool is_md5(const struct rule_content *c)
{
	return c->bytes.len == 32;
}

static bool is_hex_md5(const struct rule_content *c)
{
	for (size_t i = 0; i < c->bytes.len; i++) {
		if (lang_hex((char)c->bytes.data[i]) < 0)
			return false;
	}
	return c->bytes.len == 32;
}

static bool is_fingerprint(const struct rule_content *c)
{
	return c->bytes.len == 59 && has_byte(c->bytes, ':');
}

static bool is_serial(const struct rule_content *c)
{
	return c->bytes.len <= 2 || has_byte(c->bytes, ':');
}

static bool is_host(const struct rule_content *c)
{
	for (size_t i = 0; i < c->bytes.len; i++) {
		if (c->bytes.data[i] >= 'A' && c->bytes.data[i] <= 'Z')
			return false;
	}
	return !(c->flags & RULE_CONTENT_NOCASE);
}

static bool is_method(const struct rule_content *c)
{
	char first = (char)c->bytes.data[0], last = (char)c->bytes.data[c->bytes.len - 1];

	return !lang_blank(first) && !lang_blank(last);
}

static const struct form forms[] = {
	{"http.host", AS_IS, is_host, "lower case without nocase, as the buffer always is"},
	{"http.method", AS_IS, is_method, "no blank at its ends"},
	{"ja3.hash", LOWER, is_md5, "32 digits", true},
	{"ja3s.hash", LOWER, is_md5, "32 digits", true},
	{"quic.cyu.hash", AS_IS, is_hex_md5, "32 hexadecimal digits"},
	{"ssh.hassh", LOWER, is_hex_md5, "32 hexadecimal digits"},
	{"ssh.hassh.server", LOWER, is_hex_md5, "32 hexadecimal digits"},
	{"tls.cert_fingerprint", LOWER, is_fingerprint, "20 bytes of two digits with : between"},
	{"tls.cert_serial", UPPER, is_serial, "bytes of two digits with : between", true},
};

static void change_case(struct slice s, enum letter_case letters)
{
	uint8_t *bytes = (uint8_t *)s.data; /* the rule's own */

	for (size_t i = 0; i < s.len; i++)
		bytes[i] = (uint8_t)(letters == LOWER ? tolower(bytes[i]) : toupper(bytes[i]));
}

static int check_form(struct lang_build *b, const struct build_buffer *buf)
{
	const struct form *f = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(forms) && buf->buffer && !buf->ntransforms; i++) {
		if (strcmp(forms[i].buffer, buf->buffer->name) == 0)
			f = &forms[i];
	}
	for (uint32_t i = 0, nth = 0; f && i < buf->items.count; i++) {
		const struct rule_content *c = buf->items.items[i].content;

		if (buf->items.items[i].kind != RULE_ITEM_CONTENT)
			continue;
		if (!(f->first && nth++ > 0) && !f->ok(c))
			return lang_fail(b, "a content of %s must have %s", f->buffer, f->wanted);
		if (f->letters != AS_IS)
			change_case(c->bytes, f->letters);
	}
	return ERR_OK;
}

int build_check_lists(struct lang_build *b)
{
	const struct rule *r = b->rule;

	if (check_dsize(b) != ERR_OK)
		return ERR_INVALID;
	for (uint32_t i = 0; i < b->nbuffers; i++) {
		const struct build_buffer *buf = &b->buffers[i];

		if (buf->items.count == 0)
			return lang_fail(b, "nothing is matched in the buffer %s", buf->name);
		if (buf->buffer && strcmp(buf->buffer->name, "http.header.raw") == 0 &&
		    r->to_server && r->to_client)
			return lang_fail(b,
					 "http.header.raw needs flow:to_server or flow:to_client");
		if (check_form(b, buf) != ERR_OK || check_bsize(b, buf) != ERR_OK ||
		    check_urilen(b, &buf->items) != ERR_OK)
			return ERR_INVALID;
	}
	return ERR_OK;
}

int build_check_whole(struct lang_build *b)
{
	static const char with_files[] = "http|http1|http2|smtp|ftp-data|smb|nfs";

	if (b->flags & BUILD_JA && b->app && !lang_one_of("tls|quic", b->app))
		return lang_fail(b, "ja3 and ja4 belong to tls and quic, but the rule is for %s",
				 b->app);
	if (b->flags & BUILD_FILE && b->app && !lang_one_of(with_files, b->app))
		return lang_fail(b, "%s carries no files", b->app);
	if (b->flags & BUILD_FILENAME && b->app && strcmp(b->app, "http2") == 0)
		return lang_fail(b, "files of http2 have no name");
	return ERR_OK;
}

bool build_has_replace(const struct build_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i].kind == RULE_ITEM_CONTENT && list->items[i].content->replace.len)
			return true;
	}
	return false;
}

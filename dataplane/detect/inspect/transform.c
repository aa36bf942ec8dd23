/* Transforms: a buffer's bytes made into others before they are looked at. */
#include "dataplane/detect/inspect/internal.h"

#include <stdlib.h>

#include <mbedtls/md5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>

/* The slot's memory, at least `need` bytes; NULL when there is none. */
static uint8_t *room(struct inspect_worker *w, unsigned slot, size_t need)
{
	struct inspect_slot *s = &w->slot[slot];
	uint8_t *bigger;

	if (need <= s->cap)
		return s->buf;
	if (need > 2 * INSPECT_TRANSFORM_MAX)
		return NULL;
	bigger = slab_alloc(w->slab, need);
	if (!bigger)
		return NULL;
	slab_free(w->slab, s->buf, s->cap);
	s->buf = bigger;
	s->cap = (uint32_t)need;
	return bigger;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t strip_white(struct slice in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		if (!is_space(in.data[i]))
			out[n++] = in.data[i];
	}
	return n;
}

/* A run of white space becomes its first byte. */
static size_t compress_white(struct slice in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		if (!is_space(in.data[i]) || i == 0 || !is_space(in.data[i - 1]))
			out[n++] = in.data[i]; /* of several spaces the first is kept */
	}
	return n;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t url_decode(struct slice in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		if (c == '%' && i + 2 < in.len && hex(in.data[i + 1]) >= 0 &&
		    hex(in.data[i + 2]) >= 0) {
			out[n++] = (uint8_t)(hex(in.data[i + 1]) << 4 | hex(in.data[i + 2]));
			i += 2;
		} else {
			out[n++] = c == '+' ? ' ' : c;
		}
	}
	return n;
}

/* Names of header lines in lower case; values as they are. */
static size_t header_lowercase(struct slice in, uint8_t *out)
{
	bool name = true;

	for (size_t i = 0; i < in.len; i++) {
		if (in.data[i] == ':')
			name = false;
		out[i] = name ? ascii_lower(in.data[i]) : in.data[i];
		if (in.data[i] == '\n')
			name = true;
	}
	return in.len;
}

/* Without the lines that begin with ':' (HTTP/2's pseudo headers). */
static size_t strip_pseudo(struct slice in, uint8_t *out)
{
	size_t n = 0;
	bool skip = in.len > 0 && in.data[0] == ':';

	for (size_t i = 0; i < in.len; i++) {
		if (i > 0 && in.data[i - 1] == '\n')
			skip = in.data[i] == ':';
		if (!skip)
			out[n++] = in.data[i];
	}
	return n;
}

static size_t fold_case(struct slice in, uint8_t *out, bool upper)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		out[i] = !upper ? ascii_lower(c) : c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
	}
	return in.len;
}

static size_t apply_xor(struct slice in, struct slice key, uint8_t *out)
{
	for (size_t i = 0; i < in.len; i++)
		out[i] = key.len ? in.data[i] ^ key.data[i % key.len] : in.data[i];
	return in.len;
}

static size_t dotprefix(struct slice in, uint8_t *out)
{
	out[0] = '.';
	memcpy(out + 1, in.data, in.len);
	return in.len + 1;
}

/* --- pcrexform: the expression is compiled once, at the first use at load --- */

struct inspect_pattern {
	struct inspect_pattern *next;
	struct slice text;
	pcre2_code *code;
};

static bool run_pcre(struct inspect_worker *w, const struct rule_transform *t, struct slice in,
		     struct slice *ret)
{
	const struct inspect_pattern *p = w->store->patterns;
	const PCRE2_SIZE *ov;
	int rc;

	while (p && p->text.data != t->arg.data)
		p = p->next;
	if (!p)
		return false;
	rc = pcre2_match(p->code, in.data, in.len, 0, 0, w->match, w->limits);
	if (rc <= 1)
		return false;
	ov = pcre2_get_ovector_pointer(w->match);
	if (ov[2] == PCRE2_UNSET || ov[3] < ov[2])
		return false;
	*ret = SLICE(in.data + ov[2], ov[3] - ov[2]);
	return true;
}

static bool add_pattern(struct inspect_store *s, const struct rule_transform *t, struct errmsg *why)
{
	struct inspect_pattern *p;
	char text[512];
	struct rule_pcre as_rule = {.pattern = text, .flags = RULE_PCRE_GROUPS};

	for (p = s->patterns; p; p = p->next) {
		if (p->text.data == t->arg.data)
			return true;
	}
	if (t->arg.len >= sizeof(text)) {
		errmsg_set(why, ERR_LIMIT, "the expression is longer than %zu bytes",
			   sizeof(text) - 1);
		return false;
	}
	memcpy(text, t->arg.data, t->arg.len);
	text[t->arg.len] = 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return false;
	p->text = t->arg;
	p->code = inspect_pcre_compile(&as_rule, why);
	if (!p->code) {
		free(p);
		return false;
	}
	p->next = s->patterns;
	s->patterns = p;
	return true;
}

static bool patterns_of_set(struct inspect_store *s, struct errmsg *why)
{
	for (uint32_t i = 0; i < s->set->count; i++) {
		const struct rule *rule = s->set->rules[i];

		for (uint32_t b = 0; b < rule->nbuffers; b++) {
			for (uint32_t t = 0; t < rule->buffers[b].ntransforms; t++) {
				const struct rule_transform *x = &rule->buffers[b].transforms[t];

				if (x->kind == RULE_XFORM_PCRE && !add_pattern(s, x, why))
					return false;
			}
		}
	}
	return true;
}

struct inspect_store *inspect_store_new(const struct lang_set *set, const char *data_folder,
					struct errmsg *e)
{
	struct inspect_store *s = calloc(1, sizeof(*s));

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for rules");
		return NULL;
	}
	s->set = set;
	s->data_folder = data_folder ? strdup(data_folder) : NULL;
	/* An expression that does not compile never matches; lang has refused it before. */
	if (!patterns_of_set(s, e)) {
		inspect_store_free(s);
		return NULL;
	}
	return s;
}

void inspect_store_free(struct inspect_store *s)
{
	if (!s)
		return;
	while (s->patterns) {
		struct inspect_pattern *p = s->patterns;

		s->patterns = p->next;
		pcre2_code_free(p->code);
		free(p);
	}
	datasets_free(s);
	free(s->data_folder);
	free(s);
}

/* --- */

static size_t digest(const struct rule_transform *t, struct slice in, uint8_t *out)
{
	switch (t->kind) {
	case RULE_XFORM_TO_MD5:
		mbedtls_md5_ret(in.data, in.len, out);
		return 16;
	case RULE_XFORM_TO_SHA1:
		mbedtls_sha1_ret(in.data, in.len, out);
		return 20;
	default:
		mbedtls_sha256_ret(in.data, in.len, out, 0);
		return 32;
	}
}

static size_t apply(const struct rule_transform *t, struct slice in, uint8_t *out)
{
	switch (t->kind) {
	case RULE_XFORM_DOTPREFIX:
		return dotprefix(in, out);
	case RULE_XFORM_TO_LOWERCASE:
	case RULE_XFORM_TO_UPPERCASE:
		return fold_case(in, out, t->kind == RULE_XFORM_TO_UPPERCASE);
	case RULE_XFORM_STRIP_WHITESPACE:
		return strip_white(in, out);
	case RULE_XFORM_COMPRESS_WHITESPACE:
		return compress_white(in, out);
	case RULE_XFORM_URL_DECODE:
		return url_decode(in, out);
	case RULE_XFORM_XOR:
		return apply_xor(in, t->arg, out);
	case RULE_XFORM_HEADER_LOWERCASE:
		return header_lowercase(in, out);
	case RULE_XFORM_STRIP_PSEUDO_HEADERS:
		return strip_pseudo(in, out);
	default:
		return digest(t, in, out);
	}
}

/* A slot's memory has two halves, so that each transform of a chain reads from the other one. */
bool inspect_transform(struct inspect_worker *w, unsigned slot, const struct rule_transform *t,
		       uint32_t n, struct slice in, struct slice *ret)
{
	size_t half = in.len + 64 + n;
	uint8_t *buf;

	*ret = in;
	if (n == 0)
		return true;
	if (slot >= INSPECT_SLOTS || in.len > INSPECT_TRANSFORM_MAX - 128)
		return false;
	buf = room(w, slot, 2 * half);
	if (!buf)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *out = buf + (i % 2) * half;

		if (t[i].kind == RULE_XFORM_PCRE) {
			(void)run_pcre(w, &t[i], *ret, ret); /* without a match it stays as it is */
			memmove(out, ret->data, ret->len);
			*ret = SLICE(out, ret->len);
			continue;
		}
		*ret = SLICE(out, apply(&t[i], *ret, out));
	}
	return true;
}

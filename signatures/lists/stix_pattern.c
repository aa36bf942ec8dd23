#include "signatures/lists/stix_pattern.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { VALUES = 512, WORD = 96, POOL = 1 << 16 };

enum token { END, OPEN, CLOSE, LEFT, RIGHT, COMMA, WORD_TOKEN, TEXT, NUMBER, OTHER };

/* What a path's value is. */
enum meaning { MEANS_VALUE, MEANS_PORT, MEANS_TYPE, MEANS_NOTHING };

struct value {
	enum indicator_hint hint;
	enum meaning meaning;
	size_t begin, len; /* in the pool */
	unsigned term;	   /* values of one term are joined by AND */
};

struct parser {
	struct slice text;
	size_t at;
	enum token token;
	struct slice word; /* as it stands */
	char *why;
	struct value values[VALUES];
	unsigned n, terms;
	size_t pool_len;
	char pool[POOL]; /* unescaped literals */
};

__attribute__((format(printf, 3, 4))) static int fail(struct parser *p, int code, const char *fmt,
						      ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, STIX_WHY, fmt, ap);
	va_end(ap);
	return code;
}

/* --- tokens --- */

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == ':' || c == '.' || c == '*';
}

/* A path may have quoted steps: file:hashes.'SHA-256', and indices: [0]. */
static void word_token(struct parser *p)
{
	size_t begin = p->at;
	char quote = 0;

	while (p->at < p->text.len) {
		uint8_t c = p->text.data[p->at];

		if (quote) {
			quote = c == (uint8_t)quote ? 0 : quote;
		} else if ((c == '\'' || c == '"') && p->text.data[p->at - 1] == '.') {
			quote = (char)c;
		} else if (!is_word(c)) {
			break;
		}
		p->at++;
	}
	p->word = slice_sub(p->text, begin, p->at - begin);
}

/* 'text' with \' and \\; its bytes go to the pool. */
static bool text_token(struct parser *p)
{
	size_t begin = p->pool_len;

	for (p->at++; p->at < p->text.len; p->at++) {
		char c = (char)p->text.data[p->at];

		if (c == '\'') {
			p->at++;
			p->word = SLICE(p->pool + begin, p->pool_len - begin);
			return true;
		}
		if (c == '\\' && ++p->at < p->text.len)
			c = (char)p->text.data[p->at];
		if (p->pool_len == POOL)
			return false;
		p->pool[p->pool_len++] = c;
	}
	return false;
}

static void next(struct parser *p)
{
	static const char singles[] = "[](),";
	static const enum token kinds[] = {OPEN, CLOSE, LEFT, RIGHT, COMMA};
	const char *single;
	uint8_t c;

	while (p->at < p->text.len && strchr(" \t\r\n", p->text.data[p->at]) && p->text.data[p->at])
		p->at++;
	if (p->at >= p->text.len) {
		p->token = END;
		return;
	}
	c = p->text.data[p->at];
	single = c ? strchr(singles, c) : NULL;
	if (single) {
		p->token = kinds[single - singles];
		p->at++;
	} else if (c == '\'') {
		p->token = text_token(p) ? TEXT : OTHER;
	} else if (c >= '0' && c <= '9') {
		p->token = NUMBER;
		word_token(p);
	} else if (is_word(c)) {
		p->token = WORD_TOKEN;
		word_token(p);
	} else {
		p->token = OTHER;
		p->word = slice_sub(p->text, p->at, 1);
		p->at++;
		while (p->at < p->text.len && strchr("=<>!", p->text.data[p->at]) &&
		       p->text.data[p->at]) {
			p->at++;
			p->word.len++;
		}
	}
}

static bool is_keyword(const struct parser *p, const char *word)
{
	return p->token == WORD_TOKEN && slice_eq_nocase(p->word, slice_of(word));
}

/* --- comparisons --- */

static const struct {
	const char *path;
	enum indicator_hint hint;
	enum meaning meaning;
} paths[] = {
	{"ipv4-addr:value", HINT_IP, MEANS_VALUE},
	{"ipv6-addr:value", HINT_IP, MEANS_VALUE},
	{"domain-name:value", HINT_DOMAIN, MEANS_VALUE},
	{"url:value", HINT_URL, MEANS_VALUE},
	{"file:hashes.md5", HINT_FILE, MEANS_VALUE},
	{"file:hashes.sha-1", HINT_FILE, MEANS_VALUE},
	{"file:hashes.sha1", HINT_FILE, MEANS_VALUE},
	{"file:hashes.sha-256", HINT_FILE, MEANS_VALUE},
	{"file:hashes.sha256", HINT_FILE, MEANS_VALUE},
	{"x509-certificate:hashes.sha-1", HINT_CERT, MEANS_VALUE},
	{"x509-certificate:hashes.sha1", HINT_CERT, MEANS_VALUE},
	{"network-traffic:dst_ref.value", HINT_IP, MEANS_VALUE},
	{"network-traffic:dst_port", HINT_ANY, MEANS_PORT},
	{"network-traffic:dst_ref.type", HINT_ANY, MEANS_TYPE},
};

static bool find_path(struct slice path, struct value *ret)
{
	char plain[WORD];
	size_t n = 0;

	for (size_t i = 0; i < path.len && n + 1 < sizeof(plain); i++) {
		if (path.data[i] != '\'' && path.data[i] != '"')
			plain[n++] = (char)ascii_lower(path.data[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (!slice_eq(SLICE(plain, n), slice_of(paths[i].path)))
			continue;
		ret->hint = paths[i].hint;
		ret->meaning = paths[i].meaning;
		return true;
	}
	return false;
}

static int literal(struct parser *p, struct value like)
{
	if (p->token == NUMBER) { /* as text */
		if (p->pool_len + p->word.len > POOL)
			return fail(p, ERR_UNSUPPORTED, "the pattern is too long");
		memcpy(p->pool + p->pool_len, p->word.data, p->word.len);
		p->word = SLICE(p->pool + p->pool_len, p->word.len);
		p->pool_len += p->word.len;
	} else if (p->token != TEXT) {
		return fail(p, ERR_INVALID,
			    "no pattern: a value is expected behind the comparison");
	}
	if (p->n == VALUES)
		return fail(p, ERR_UNSUPPORTED, "the pattern has more than %d values", VALUES);
	like.begin = (size_t)((const char *)p->word.data - p->pool);
	like.len = p->word.len;
	p->values[p->n++] = like;
	next(p);
	return ERR_OK;
}

static int list_of_literals(struct parser *p, struct value like)
{
	int rc;

	if (p->token != LEFT)
		return fail(p, ERR_INVALID, "no pattern: IN is not followed by a list");
	do {
		next(p);
		like.term = ++p->terms; /* one of them is enough */
		rc = literal(p, like);
	} while (rc == ERR_OK && p->token == COMMA);
	if (rc == ERR_OK && p->token != RIGHT)
		return fail(p, ERR_INVALID, "no pattern: a list does not end");
	next(p);
	return rc;
}

static int comparison(struct parser *p, unsigned term)
{
	struct value v = {.term = term};
	struct slice path = p->word;

	if (p->token == WORD_TOKEN && slice_eq_nocase(path, SLICE_LIT("NOT")))
		return fail(p, ERR_UNSUPPORTED, "a negation cannot be put on a list");
	if (p->token != WORD_TOKEN)
		return fail(p, ERR_INVALID, "no pattern: an object's path is expected");
	if (!find_path(path, &v))
		return fail(p, ERR_UNSUPPORTED,
			    "%.*s cannot be seen in traffic or is not looked for",
			    (int)(path.len < 60 ? path.len : 60), (const char *)path.data);
	next(p);
	if (p->token == OTHER && slice_eq(p->word, SLICE_LIT("="))) {
		next(p);
		return literal(p, v);
	}
	if (is_keyword(p, "ISSUBSET") && v.hint == HINT_IP) {
		next(p);
		return literal(p, v);
	}
	if (is_keyword(p, "IN")) {
		next(p);
		return list_of_literals(p, v);
	}
	return fail(p, ERR_UNSUPPORTED, "only = , IN and ISSUBSET can be put on a list, not %.*s",
		    (int)(p->word.len < 20 ? p->word.len : 20), (const char *)p->word.data);
}

/* [ a AND b OR c ]: AND binds closer. Brackets that only group are let through. */
static int observation(struct parser *p)
{
	unsigned depth = 0, term = ++p->terms;
	bool joined = false;
	int rc;

	if (p->token != OPEN)
		return fail(p, ERR_INVALID, "no pattern: it does not begin with [");
	next(p);
	for (;;) {
		unsigned before = p->n;

		while (p->token == LEFT) {
			depth++;
			next(p);
		}
		rc = comparison(p, term);
		if (rc != ERR_OK)
			return rc;
		while (p->token == RIGHT && depth > 0) {
			depth--;
			next(p);
		}
		joined |= is_keyword(p, "AND");
		if (joined && (depth > 0 || p->values[before].term != term))
			return fail(p, ERR_UNSUPPORTED,
				    "AND with brackets or IN cannot be put on a list");
		if (is_keyword(p, "OR")) {
			term = ++p->terms;
			joined = false;
		} else if (!is_keyword(p, "AND")) {
			break;
		}
		next(p);
	}
	if (p->token != CLOSE || depth > 0)
		return fail(p, ERR_INVALID, "no pattern: an observation does not end with ]");
	next(p);
	return ERR_OK;
}

/* --- terms --- */

static struct slice value_text(const struct parser *p, const struct value *v)
{
	return SLICE(p->pool + v->begin, v->len);
}

/* The values of one term as one indicator: its strongest digest, or an address with its port. */
static int check_term(struct parser *p, unsigned from, unsigned to, const struct value **ret_value,
		      const struct value **ret_port)
{
	*ret_value = *ret_port = NULL;
	for (unsigned i = from; i < to; i++) {
		const struct value *v = &p->values[i];

		if (v->meaning == MEANS_PORT && !*ret_port) {
			*ret_port = v;
		} else if (v->meaning == MEANS_VALUE && !*ret_value) {
			*ret_value = v;
		} else if (v->meaning == MEANS_VALUE && v->hint == HINT_FILE &&
			   (*ret_value)->hint == HINT_FILE) {
			if (v->len > (*ret_value)->len)
				*ret_value = v;
		} else if (v->meaning != MEANS_TYPE) {
			return fail(p, ERR_UNSUPPORTED,
				    "two conditions joined by AND cannot be put on a list");
		}
	}
	if (!*ret_value)
		return fail(p, ERR_UNSUPPORTED, "a port or type alone is no indicator");
	if (*ret_port && (*ret_value)->hint != HINT_IP)
		return fail(p, ERR_UNSUPPORTED, "a port without an address is no indicator");
	return ERR_OK;
}

static int give_term(const struct parser *p, const struct stix_sink *sink,
		     const struct value *value, const struct value *port)
{
	struct slice text = value_text(p, value);
	char service[160];
	bool v6;

	if (!port)
		return sink->take(sink->ctx, text, value->hint);
	v6 = memchr(text.data, ':', text.len);
	snprintf(service, sizeof(service), v6 ? "[%.*s]:%.*s" : "%.*s:%.*s",
		 (int)(text.len < 64 ? text.len : 64), (const char *)text.data,
		 (int)(port->len < 8 ? port->len : 8), p->pool + port->begin);
	return sink->take(sink->ctx, slice_of(service), value->hint);
}

/* First all are checked, then all are given. */
static int terms(struct parser *p, const struct stix_sink *sink)
{
	int rc = ERR_OK;

	for (unsigned give = 0; give < 2; give++) {
		for (unsigned from = 0, to; from < p->n && rc == ERR_OK; from = to) {
			const struct value *value, *port;

			for (to = from + 1;
			     to < p->n && p->values[to].term == p->values[from].term;)
				to++;
			rc = check_term(p, from, to, &value, &port);
			if (rc == ERR_OK && give)
				rc = give_term(p, sink, value, port);
		}
	}
	return rc;
}

static int parse(struct parser *p)
{
	int rc;

	next(p);
	rc = observation(p);
	while (rc == ERR_OK && is_keyword(p, "OR")) {
		next(p);
		rc = observation(p);
	}
	if (rc != ERR_OK || p->token == END)
		return rc;
	if (p->token == WORD_TOKEN)
		return fail(p, ERR_UNSUPPORTED, "%.*s between observations cannot be put on a list",
			    (int)(p->word.len < 20 ? p->word.len : 20), (const char *)p->word.data);
	return fail(p, ERR_INVALID, "no pattern: something follows its end");
}

int stix_pattern(struct slice pattern, const struct stix_sink *sink, char ret_why[STIX_WHY])
{
	struct parser *p = malloc(sizeof(*p)); /* large: only what is read first is set */
	int rc;

	ret_why[0] = 0;
	if (!p) {
		snprintf(ret_why, STIX_WHY, "no memory");
		return ERR_NOMEM;
	}
	p->text = pattern;
	p->why = ret_why;
	p->at = p->pool_len = 0;
	p->n = p->terms = 0;
	rc = parse(p);
	if (rc == ERR_OK)
		rc = terms(p, sink);
	free(p);
	return rc;
}

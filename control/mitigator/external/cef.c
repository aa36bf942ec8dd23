/* Syslog (RFC 5424, RFC 3164) with CEF 0 inside. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/mitigator/external/private.h"
#include "dataplane/base/slice.h"

enum { HEADER = 7, KEY_MAX = 40, VALUE_MAX = 1024 };

struct text {
	const char *at, *end;
};

/* Up to an unescaped '|'; false when there is none. `ret` gets it without its escapes. */
static bool header_field(struct text *t, char *ret, size_t cap)
{
	char raw[VALUE_MAX] = "";
	size_t n = 0;

	while (t->at < t->end && *t->at != '|') {
		if (*t->at == '\\' && t->at + 1 < t->end)
			t->at++;
		if (n < sizeof(raw))
			raw[n++] = *t->at;
		t->at++;
	}
	external_text(ret, cap, raw, n);
	if (t->at == t->end)
		return false;
	t->at++;
	return true;
}

static bool key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

/* Where the next "key=" begins: behind a blank, with an unescaped '='. The end when there is none.
 */
static const char *next_key(const char *at, const char *end)
{
	for (const char *p = at; p < end; p++) {
		const char *k = p;

		if (*p == '\\') {
			p++;
			continue;
		}
		if (*p != ' ')
			continue;
		for (k = p + 1; k < end && k - p <= KEY_MAX && key_char(*k); k++)
			;
		if (k < end && *k == '=' && k > p + 1)
			return p;
	}
	return end;
}

static void unescape(const char *at, const char *end, char *ret, size_t cap)
{
	char raw[VALUE_MAX] = "";
	size_t n = 0;

	while (end > at && end[-1] == ' ')
		end--;
	for (; at < end && n < sizeof(raw); at++) {
		if (*at == '\\' && at + 1 < end) {
			at++;
			raw[n++] = *at == 'n' || *at == 'r' ? ' ' : *at;
		} else {
			raw[n++] = *at;
		}
	}
	external_text(ret, cap, raw, n);
}

static void take_hash(struct external_event *ev, const char *value)
{
	const char *hex = strrchr(value, ':') ? strrchr(value, ':') + 1 : value;
	size_t n = strspn(hex, "0123456789abcdefABCDEF");

	if (hex[n] || (n != 32 && n != 40 && n != 64) || n <= strlen(ev->hash))
		return;
	for (size_t i = 0; i <= n; i++)
		ev->hash[i] = (char)(hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] + 32 : hex[i]);
}

static void take_pair(struct external_event *ev, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *to;
		size_t cap;
	} texts[] = {
		{"shost", ev->host_name, sizeof(ev->host_name)},
		{"dvchost", ev->host_name, ev->host_name[0] ? 0 : sizeof(ev->host_name)},
		{"suser", ev->user, sizeof(ev->user)},
		{"fname", ev->file, sizeof(ev->file)},
		{"filePath", ev->file, ev->file[0] ? 0 : sizeof(ev->file)},
		{"request", ev->url, sizeof(ev->url)},
		{"externalId", ev->id, sizeof(ev->id)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strcmp(key, texts[i].key) == 0 && texts[i].cap)
			external_text(texts[i].to, texts[i].cap, value, strlen(value));
	}
	if (strcmp(key, "src") == 0)
		(void)ip_addr_parse(value, &ev->host);
	else if (strcmp(key, "dvc") == 0 && ip_addr_is_zero(&ev->host))
		(void)ip_addr_parse(value, &ev->host);
	else if (strcmp(key, "dst") == 0)
		(void)ip_addr_parse(value, &ev->peer);
	else if (strcmp(key, "smac") == 0)
		(void)mac_addr_parse(value, &ev->mac);
	else if (strcmp(key, "rt") == 0)
		ev->time = external_time(value);
	else if (strcmp(key, "fileHash") == 0)
		take_hash(ev, value);
	else if (strcmp(key, "act") == 0 || (strcmp(key, "outcome") == 0 && !ev->outcome))
		ev->outcome = external_outcome_of(value);
}

static void take_extension(struct external_event *ev, struct text t)
{
	char key[KEY_MAX + 1], value[VALUE_MAX];

	while (t.at < t.end) {
		const char *equals, *end;

		while (t.at < t.end && *t.at == ' ')
			t.at++;
		equals = memchr(t.at, '=', (size_t)(t.end - t.at));
		if (!equals)
			return;
		end = next_key(equals + 1, t.end);
		external_text(key, sizeof(key), t.at, (size_t)(equals - t.at));
		unescape(equals + 1, end, value, sizeof(value));
		take_pair(ev, key, value);
		t.at = end;
	}
}

static unsigned severity_of(const char *text)
{
	static const struct {
		const char *word;
		unsigned severity;
	} words[] = {{"low", 3}, {"medium", 5}, {"high", 8}, {"very-high", 10}, {"critical", 10}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i].word) == 0)
			return words[i].severity;
	}
	return text[0] >= '0' && text[0] <= '9' ? (unsigned)(strtoul(text, NULL, 10) % 11) : 5;
}

int external_syslog(struct slice message, struct external_event *ret, struct errmsg *e)
{
	const char *all = (const char *)message.data;
	const char *cef = message.len ? memmem(all, message.len, "CEF:", 4) : NULL;
	struct text t = {cef, all + message.len};
	char version[16], severity[24], ignored[64];

	*ret = (struct external_event){0};
	if (message.len > EXTERNAL_MAX)
		return errmsg_set(e, ERR_LIMIT, "a message of %zu bytes is too long", message.len);
	if (!cef)
		return errmsg_set(e, ERR_INVALID, "there is no CEF in the message");
	t.at += 4;
	while (t.end > t.at && (t.end[-1] == '\n' || t.end[-1] == '\r' || t.end[-1] == 0))
		t.end--;
	if (!header_field(&t, version, sizeof(version)) ||
	    !header_field(&t, ret->vendor, sizeof(ret->vendor)) ||
	    !header_field(&t, ret->product, sizeof(ret->product)) ||
	    !header_field(&t, ignored, sizeof(ignored)) ||
	    !header_field(&t, ret->rule, sizeof(ret->rule)) ||
	    !header_field(&t, ret->name, sizeof(ret->name)) ||
	    !header_field(&t, severity, sizeof(severity)))
		return errmsg_set(e, ERR_INVALID, "the CEF header has less than %d fields", HEADER);
	if (!ret->name[0])
		return errmsg_set(e, ERR_INVALID, "the CEF event has no name");
	ret->severity = severity_of(severity);
	take_extension(ret, t);
	return 0;
}

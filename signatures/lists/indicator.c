#include "signatures/lists/indicator.h"

#include <idn2.h>
#include <stdlib.h>

#include "signatures/lists/canon.h"

enum { TEXT = LIST_URL_MAX + 64, SHOWN = 60, V4_LEAST = 96 + 8, V6_LEAST = 16 };

const char *const indicator_hint_names[HINTS] = {
	"auto", "ip", "domain", "url", "ja3", "ja4", "cert", "file",
};

static int refuse(struct errmsg *err, const char *text, const char *why)
{
	return errmsg_set(err, ERR_INVALID, "\"%.*s%s\" %s", SHOWN, text,
			  strlen(text) > SHOWN ? "..." : "", why);
}

/* --- defanged forms --- */

static const struct {
	const char *written, *meant;
} fangs[] = {
	{"[.]", "."},	{"(.)", "."},	{"{.}", "."},	{"[.", "."},  {".]", "."},
	{"[dot]", "."}, {"(dot)", "."}, {"{dot}", "."}, {"[:]", ":"}, {"[://]", "://"},
	{"[/]", "/"},	{"[@]", "@"},	{"[at]", "@"},	{"[:", ":"},  {"\\.", "."},
};

static bool begins_nocase(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

/* An IPv6 address in brackets begins "[2001:" and must stay. */
static bool is_bracketed_v6(const char *at)
{
	size_t n = at[0] == '[' ? strspn(at + 1, "0123456789abcdefABCDEF:.") : 0;

	return n > 3 && at[n + 1] == ']' && memchr(at + 1, ':', n);
}

static void refang(struct slice text, char ret[TEXT])
{
	const char *const schemes[] = {"hxxp", "hXXp", "htxp", "h**p", "meow"};
	char raw[TEXT];
	size_t n = 0;

	snprintf(raw, sizeof(raw), "%.*s", (int)text.len, (const char *)text.data);
	for (const char *at = raw; *at && n + 8 < TEXT;) {
		size_t i = 0;

		if (is_bracketed_v6(at)) {
			size_t len = strcspn(at, "]") + 1;

			if (n + len >= TEXT)
				break;
			memcpy(ret + n, at, len);
			n += len;
			at += len;
			continue;
		}
		while (i < ARRAY_SIZE(fangs) && !begins_nocase(at, fangs[i].written))
			i++;
		if (i == ARRAY_SIZE(fangs)) {
			ret[n++] = *at++;
			continue;
		}
		memcpy(ret + n, fangs[i].meant, strlen(fangs[i].meant));
		n += strlen(fangs[i].meant);
		at += strlen(fangs[i].written);
	}
	ret[n] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		const char *rest = ret + 4;

		if (!begins_nocase(ret, schemes[i]))
			continue;
		if (begins_nocase(rest, "://") || begins_nocase(rest, "s://"))
			memcpy(ret, "http", 4);
	}
}

/* --- addresses --- */

static int take_network(const char *text, struct indicator *ret, struct errmsg *err)
{
	if (ip_prefix_parse(text, &ret->addr, &ret->bits) != ERR_OK)
		return refuse(err, text, "is no address and no network");
	ret->kind = ret->bits == 128 ? LIST_ADDRESS : LIST_NETWORK;
	if (ret->kind == LIST_ADDRESS && !ip_addr_is_host(&ret->addr))
		return refuse(err, text, "is an address that no host has");
	if (ret->bits < (ip_addr_is_v4(&ret->addr) ? V4_LEAST : V6_LEAST))
		return refuse(err, text,
			      "is too broad for a list: networks begin at /8 (IPv6: /16)");
	return ERR_OK;
}

static bool parse_port(const char *text, uint16_t *ret)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoul(text, &end, 10);
	*ret = (uint16_t)n;
	return *end == 0 && n > 0 && n <= 65535;
}

/* "192.0.2.1:443", "[2001:db8::1]:443", "[2001:db8::1]" */
static int take_ip(char *text, struct indicator *ret, struct errmsg *err)
{
	char *close = text[0] == '[' ? strchr(text, ']') : NULL;
	char *colon = strrchr(text, ':');
	const char *addr = text;

	if (close) {
		addr = text + 1;
		colon = close[1] == ':' ? close + 1 : NULL;
		if (close[1] && !colon)
			return refuse(err, text, "is no address and no network");
		*close = 0;
	} else if (!colon || strchr(text, ':') != colon) {
		return take_network(text, ret, err);
	}
	if (colon)
		*colon = 0;
	if (ip_addr_parse(addr, &ret->addr) != ERR_OK || !ip_addr_is_host(&ret->addr))
		return refuse(err, addr, "is no address of a host");
	ret->kind = LIST_ADDRESS;
	ret->bits = 128;
	if (!colon)
		return ERR_OK;
	if (!parse_port(colon + 1, &ret->port))
		return refuse(err, colon + 1, "is no port from 1 to 65535");
	ret->kind = LIST_SERVICE;
	return ERR_OK;
}

static bool looks_like_ip(const char *text)
{
	char copy[128];
	struct indicator probe;

	if (strlen(text) >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%s", text);
	copy[strcspn(copy, "/")] = 0;
	return take_ip(copy, &probe, NULL) == ERR_OK || strspn(copy, "0123456789.") == strlen(copy);
}

/* --- names --- */

static bool is_ascii(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text > 0x7f)
			return false;
	}
	return true;
}

/* A-labels of a name in another script, into ret; false when there are none. */
static bool to_ascii(const char *name, char *ret, size_t cap)
{
	char *ascii = NULL;
	int rc;

	if (is_ascii(name)) {
		snprintf(ret, cap, "%s", name);
		return strlen(name) < cap;
	}
	rc = idn2_to_ascii_8z(name, &ascii, IDN2_NONTRANSITIONAL);
	if (rc != IDN2_OK)
		rc = idn2_to_ascii_8z(name, &ascii, IDN2_TRANSITIONAL);
	if (rc == IDN2_OK)
		snprintf(ret, cap, "%s", ascii);
	idn2_free(ascii);
	return rc == IDN2_OK;
}

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static int check_name(const char *text, struct indicator *ret, struct errmsg *err)
{
	struct slice name = SLICE(ret->bytes, ret->len);
	unsigned labels = canon_labels(name);

	for (size_t i = 0; i < name.len; i++) {
		if (!is_name_byte(name.data[i]))
			return refuse(err, text, "is no domain name");
	}
	if (labels < 2)
		return refuse(err, text, "is too broad for a list: a name has two labels or more");
	if (labels > LIST_LABELS)
		return refuse(err, text, "has more than 16 labels");
	return ERR_OK;
}

static int take_domain(const char *text, struct indicator *ret, struct errmsg *err)
{
	char ascii[LIST_DOMAIN_MAX + 64];

	if (strncmp(text, "*.", 2) == 0)
		text += 2;
	else if (text[0] == '.')
		text++;
	ret->kind = LIST_DOMAIN;
	if (!to_ascii(text, ascii, sizeof(ascii)))
		return refuse(err, text, "is no domain name");
	ret->len = canon_domain(slice_of(ascii), ret->bytes, sizeof(ret->bytes));
	if (ret->len == 0)
		return refuse(err, text, "is no domain name");
	return check_name(text, ret, err);
}

/* Only the host of a URL is translated. */
static int take_url(const char *text, struct indicator *ret, struct errmsg *err)
{
	const char *host = strstr(text, "://"), *end;
	char whole[TEXT + 512], name[LIST_URL_MAX], ascii[LIST_DOMAIN_MAX + 64];

	host = host ? host + 3 : text;
	end = host + strcspn(host, "/?#");
	snprintf(name, sizeof(name), "%.*s", (int)(end - host), host);
	ret->kind = LIST_URL;
	if (!to_ascii(name, ascii, sizeof(ascii)) && !is_ascii(name))
		return refuse(err, text, "has no domain name as its host");
	snprintf(whole, sizeof(whole), "%s%s%s",
		 begins_nocase(text, "https:") ? "https://" : "http://",
		 is_ascii(name) ? name : ascii, end);
	ret->len = canon_url(SLICE("", 0), 0, slice_of(whole), ret->bytes, sizeof(ret->bytes));
	if (ret->len == 0 || ret->bytes[0] == '/' || ret->bytes[0] == ':')
		return refuse(err, text, "is no URL of at most 2,048 bytes");
	for (size_t i = 0; i < ret->len; i++) {
		if (ret->bytes[i] <= ' ' || ret->bytes[i] == 0x7f)
			return refuse(err, text, "is no URL: it has a space or control character");
	}
	return ERR_OK;
}

/* --- fingerprints --- */

static int take_digest(const char *text, enum indicator_hint hint, struct indicator *ret,
		       struct errmsg *err)
{
	size_t n = canon_hex(slice_of(text), ret->bytes, 32);

	ret->len = n;
	if (hint == HINT_JA3) {
		ret->kind = LIST_JA3;
		return n == 16 ? ERR_OK : refuse(err, text, "is no JA3: 32 hexadecimal digits");
	}
	if (hint == HINT_CERT) {
		ret->kind = LIST_CERT;
		return n == 20 ? ERR_OK
			       : refuse(err, text,
					"is no SHA-1 of a certificate: 40 hexadecimal digits");
	}
	ret->kind = LIST_FILE;
	return n == 16 || n == 20 || n == 32 ? ERR_OK
					     : refuse(err, text,
						      "is no digest: 32, 40 or 64 hexadecimal "
						      "digits (MD5, SHA-1, SHA-256)");
}

/* "t13d1516h2_8daaf6152771_e5627efa2ab1" */
static bool looks_like_ja4(const char *text)
{
	return strlen(text) == 36 && text[10] == '_' && text[23] == '_' &&
	       (text[0] == 't' || text[0] == 'q' || text[0] == 'd') &&
	       strspn(text + 11, "0123456789abcdef") == 12 &&
	       strspn(text + 24, "0123456789abcdef") == 12;
}

static int take_ja4(const char *text, struct indicator *ret, struct errmsg *err)
{
	ret->kind = LIST_JA4;
	ret->len = strlen(text);
	if (!looks_like_ja4(text))
		return refuse(err, text, "is no JA4 as in t13d1516h2_8daaf6152771_e5627efa2ab1");
	memcpy(ret->bytes, text, ret->len);
	return ERR_OK;
}

static bool looks_like_digest(const char *text)
{
	size_t n = strlen(text);

	return (n == 32 || n == 40 || n == 64) && strspn(text, "0123456789abcdefABCDEF") == n;
}

static enum indicator_hint find_out(const char *text)
{
	if (strstr(text, "://"))
		return HINT_URL;
	if (looks_like_ip(text))
		return HINT_IP;
	if (looks_like_digest(text))
		return HINT_FILE;
	if (looks_like_ja4(text))
		return HINT_JA4;
	return strpbrk(text, "/?") ? HINT_URL : HINT_DOMAIN;
}

int indicator_parse(struct slice text, enum indicator_hint hint, struct indicator *ret,
		    struct errmsg *err)
{
	char plain[TEXT];

	while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = slice_sub(text, 1, text.len);
	while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
		text.len--;
	ret->port = 0;
	ret->bits = 0;
	ret->len = 0;
	if (text.len == 0)
		return errmsg_set(err, ERR_INVALID, "there is no indicator");
	if (text.len > LIST_URL_MAX || memchr(text.data, 0, text.len))
		return errmsg_set(err, ERR_INVALID,
				  "an indicator is longer than 2,048 bytes or has a NUL in it");
	refang(text, plain);
	if (hint == HINT_ANY)
		hint = find_out(plain);
	switch (hint) {
	case HINT_IP:
		return take_ip(plain, ret, err);
	case HINT_DOMAIN:
		return take_domain(plain, ret, err);
	case HINT_URL:
		return take_url(plain, ret, err);
	case HINT_JA4:
		return take_ja4(plain, ret, err);
	default:
		return take_digest(plain, hint, ret, err);
	}
}

char *indicator_text(const struct indicator *i, char *ret, size_t cap)
{
	char addr[IP_PREFIX_TEXT];
	size_t n = 0;

	switch (i->kind) {
	case LIST_ADDRESS:
		snprintf(ret, cap, "%s", ip_addr_text(&i->addr, addr, false));
		break;
	case LIST_NETWORK:
		snprintf(ret, cap, "%s", ip_prefix_text(&i->addr, i->bits, addr));
		break;
	case LIST_SERVICE:
		snprintf(ret, cap, "%s port %u", ip_addr_text(&i->addr, addr, false), i->port);
		break;
	case LIST_DOMAIN:
	case LIST_URL:
	case LIST_JA4:
		snprintf(ret, cap, "%.*s", (int)i->len, (const char *)i->bytes);
		break;
	default:
		for (size_t k = 0; k < i->len && n + 3 <= cap; k++)
			n += (size_t)snprintf(ret + n, cap - n, "%02x", i->bytes[k]);
	}
	return ret;
}

/* What records name, in the form in which it is looked for. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/sensor/retro/segment.h"
#include "control/wire/text.h"
#include "dataplane/base/slice.h"

void retro_address_text(const struct ip_addr *ip, char ret[33])
{
	for (int i = 0; i < 16; i++)
		snprintf(ret + 2 * i, 3, "%02x", ip->bytes[i]);
}

/* "www.Evil.com" <-> "com.evil.www" */
static void turn_name(const char *name, char *ret, size_t cap)
{
	size_t len = strlen(name), at = 0;

	while (len > 0 && name[len - 1] == '.')
		len--;
	while (len > 0 && at + 1 < cap) {
		size_t label = len;

		while (label > 0 && name[label - 1] != '.')
			label--;
		if (at)
			ret[at++] = '.';
		for (size_t i = label; i < len && at + 1 < cap; i++)
			ret[at++] = (char)tolower((unsigned char)name[i]);
		len = label ? label - 1 : 0;
	}
	ret[at] = 0;
}

struct adding {
	struct retro_term *terms;
	unsigned n;
};

static void add(struct adding *a, enum list_kind kind, const char *text)
{
	struct retro_term *t = &a->terms[a->n];

	if (!text[0] || a->n == RETRO_TERMS || strlen(text) >= sizeof(t->text))
		return;
	*t = (struct retro_term){.kind = kind};
	if (kind == LIST_DOMAIN)
		turn_name(text, t->text, sizeof(t->text));
	else
		snprintf(t->text, sizeof(t->text), "%s", text);
	a->n += t->text[0] != 0;
}

static void add_lower(struct adding *a, enum list_kind kind, const char *text)
{
	unsigned before = a->n;

	add(a, kind, text);
	for (char *c = a->terms[before].text; a->n > before && *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

/* "00...0a000005:443": the address with the port of its service, 0: none. */
static void add_address(struct adding *a, const struct ip_addr *ip, uint16_t port)
{
	char hex[33], text[48];

	retro_address_text(ip, hex);
	if (port)
		snprintf(text, sizeof(text), "%s:%u", hex, port);
	else
		snprintf(text, sizeof(text), "%s", hex);
	add(a, LIST_ADDRESS, text);
}

/* As it is compared: without what may be written in several ways. */
static void add_url(struct adding *a, const char *text)
{
	struct indicator i;
	char plain[512];

	if (indicator_parse(SLICE((const uint8_t *)text, strlen(text)), HINT_URL, &i, NULL) == 0)
		add(a, LIST_URL, indicator_text(&i, plain, sizeof(plain)));
}

static void add_dns(struct adding *a, const json_t *o)
{
	static const char *const lists[] = {"query", "queries", "answers"};
	const json_t *entry;
	struct ip_addr ip;
	size_t i;

	add(a, LIST_DOMAIN, text_member(o, "rrname"));
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_array_foreach(json_object_get(o, lists[l]), i, entry)
		{
			if (l < 2 || i == 0)
				add(a, LIST_DOMAIN, text_member(entry, "rrname"));
			if (ip_addr_parse(text_member(entry, "rdata"), &ip) == 0)
				add_address(a, &ip, 0);
		}
	}
}

static void add_http(struct adding *a, const json_t *o)
{
	const char *host = text_member(o, "hostname"), *path = text_member(o, "url");
	char url[512];

	add(a, LIST_DOMAIN, host);
	if (strstr(path, "://"))
		snprintf(url, sizeof(url), "%s", path);
	else
		snprintf(url, sizeof(url), "http://%s%s", host, path);
	if (host[0])
		add_url(a, url);
}

static void add_tls(struct adding *a, const json_t *o)
{
	char cert[64];
	size_t n = 0;

	add(a, LIST_DOMAIN, text_member(o, "sni"));
	add_lower(a, LIST_JA3, text_member(json_object_get(o, "ja3"), "hash"));
	add(a, LIST_JA4, text_member(o, "ja4"));
	for (const char *c = text_member(o, "fingerprint"); *c && n + 1 < sizeof(cert); c++) {
		if (*c != ':')
			cert[n++] = (char)tolower((unsigned char)*c);
	}
	cert[n] = 0;
	add(a, LIST_CERT, cert);
}

static void add_file(struct adding *a, const json_t *o)
{
	add_lower(a, LIST_FILE, text_member(o, "sha256"));
	add_lower(a, LIST_FILE, text_member(o, "sha1"));
	add_lower(a, LIST_FILE, text_member(o, "md5"));
}

unsigned retro_terms(const struct retro_record *rec, struct retro_term ret[RETRO_TERMS])
{
	struct adding a = {ret, 0};

	if (rec->dst_outside)
		add_address(&a, &rec->dst, rec->dport);
	if (rec->src_outside)
		add_address(&a, &rec->src, 0);
	if (strcmp(rec->type, "dns") == 0)
		add_dns(&a, json_object_get(rec->line, "dns"));
	add_http(&a, json_object_get(rec->line, "http"));
	add_tls(&a, json_object_get(rec->line, "tls"));
	add_file(&a, json_object_get(rec->line, "fileinfo"));
	return a.n;
}

/* One line for people and for alerts: fields by tabs. */
void retro_body(const struct retro_record *rec, char ret[RETRO_BODY])
{
	const json_t *http = json_object_get(rec->line, "http"),
		     *dns = json_object_get(rec->line, "dns"),
		     *query = json_array_get(json_object_get(dns, "query"), 0),
		     *tls = json_object_get(rec->line, "tls"),
		     *file = json_object_get(rec->line, "fileinfo");
	char src[IP_ADDR_TEXT], dst[IP_ADDR_TEXT], what[400];
	const char *name = text_member(dns, "rrname");

	if (!name[0])
		name = text_member(query, "rrname");
	if (!name[0])
		name = text_member(tls, "sni");
	if (file)
		snprintf(what, sizeof(what), "%.200s %.64s %.100s", text_member(file, "filename"),
			 text_member(file, "sha256"), text_member(http, "hostname"));
	else if (http)
		snprintf(what, sizeof(what), "%.10s %.100s%.250s", text_member(http, "http_method"),
			 text_member(http, "hostname"), text_member(http, "url"));
	else
		snprintf(what, sizeof(what), "%.253s %.64s", name, text_member(tls, "ja4"));
	for (char *c = what; *c; c++)
		*c = (unsigned char)*c < 0x20 ? '?' : *c;
	snprintf(ret, RETRO_BODY, "%.23s\t%s\t%u\t%s\t%u\t%s", rec->type,
		 ip_addr_text(&rec->src, src, false), rec->sport,
		 ip_addr_text(&rec->dst, dst, false), rec->dport, what);
}

/* ---- indicators ---- */

static void network_range(const struct indicator *i, struct retro_range *r)
{
	struct ip_addr low = i->addr, high = i->addr;

	for (unsigned b = i->bits; b < 128; b++) {
		low.bytes[b / 8] &= (uint8_t) ~(0x80U >> b % 8);
		high.bytes[b / 8] |= (uint8_t)(0x80U >> b % 8);
	}
	r->kind = LIST_ADDRESS;
	retro_address_text(&low, r->low);
	retro_address_text(&high, r->high);
	snprintf(r->high + 32, sizeof(r->high) - 32, "\x7f");
}

unsigned retro_ranges(const struct indicator *i, struct retro_range ret[2])
{
	char text[512];

	memset(ret, 0, 2 * sizeof(*ret));
	switch (i->kind) {
	case LIST_ADDRESS:
		ret->kind = LIST_ADDRESS;
		retro_address_text(&i->addr, ret->low);
		snprintf(ret->high, sizeof(ret->high), "%.40s\x7f", ret->low);
		return 1;
	case LIST_SERVICE:
		ret->kind = LIST_ADDRESS;
		retro_address_text(&i->addr, text);
		snprintf(ret->low, sizeof(ret->low), "%.32s:%u", text, i->port);
		break;
	case LIST_URL:
		ret->kind = LIST_URL;
		indicator_text(i, ret->low, 512);
		break;
	case LIST_NETWORK:
		network_range(i, ret);
		return 1;
	case LIST_DOMAIN:
		ret->kind = LIST_DOMAIN;
		snprintf(text, sizeof(text), "%.*s", (int)(i->len < 500 ? i->len : 500), i->bytes);
		turn_name(text, ret->low, sizeof(ret->low) - 4);
		/* The name, then all that begin with it and a dot ("/" follows "."). */
		ret[1].kind = LIST_DOMAIN;
		snprintf(ret[1].low, sizeof(ret[1].low), "%.500s.", ret->low);
		snprintf(ret[1].high, sizeof(ret[1].high), "%.500s/", ret->low);
		snprintf(ret->high, sizeof(ret->high), "%.500s\x01", ret->low);
		return 2;
	case LIST_CERT:
	case LIST_FILE:
	case LIST_JA3:
		ret->kind = i->kind;
		for (size_t k = 0; k < i->len && k < 64; k++)
			snprintf(ret->low + 2 * k, 3, "%02x", i->bytes[k]);
		snprintf(ret->high, sizeof(ret->high), "%.530s\x01", ret->low);
		/* Nobody can see of what it is: both are asked. */
		ret[1] = ret[0];
		ret[1].kind = i->kind != LIST_FILE ? LIST_FILE
			      : i->len == 16	   ? LIST_JA3
						   : LIST_CERT;
		return i->len == 16 || i->len == 20 ? 2 : 1;
	default:
		ret->kind = i->kind;
		snprintf(ret->low, sizeof(ret->low), "%.*s", (int)(i->len < 511 ? i->len : 511),
			 i->bytes);
		break;
	}
	snprintf(ret->high, sizeof(ret->high), "%.530s\x01", ret->low);
	return 1;
}

static const enum indicator_hint hints[LIST_KINDS] = {
	[LIST_ADDRESS] = HINT_IP, [LIST_DOMAIN] = HINT_DOMAIN, [LIST_URL] = HINT_URL,
	[LIST_JA3] = HINT_JA3,	  [LIST_JA4] = HINT_JA4,       [LIST_CERT] = HINT_CERT,
	[LIST_FILE] = HINT_FILE,
};

static bool parse_address(const char *text, struct ip_addr *ret)
{
	unsigned byte;

	for (int i = 0; i < 16; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		ret->bytes[i] = (uint8_t)byte;
	}
	return true;
}

bool retro_indicator(enum list_kind kind, const char *text, struct indicator *ret)
{
	char plain[IP_ADDR_TEXT + 512];
	struct ip_addr ip;

	if (kind == LIST_ADDRESS) {
		if (strlen(text) < 32 || !parse_address(text, &ip))
			return false;
		*ret = (struct indicator){.kind = LIST_ADDRESS, .bits = 128, .addr = ip};
		if (text[32] == ':')
			ret->port = (uint16_t)strtoul(text + 33, NULL, 10);
		return true;
	}
	if (kind == LIST_DOMAIN)
		turn_name(text, plain, sizeof(plain));
	else
		snprintf(plain, sizeof(plain), "%s", text);
	return indicator_parse(SLICE((const uint8_t *)plain, strlen(plain)), hints[kind], ret,
			       NULL) == 0;
}

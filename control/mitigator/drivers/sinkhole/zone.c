#include "control/mitigator/drivers/sinkhole/zone.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool sinkhole_is_below(const char *name, const char *other)
{
	size_t n = strlen(name), m = strlen(other);

	return n >= m && strcmp(name + n - m, other) == 0 && (n == m || name[n - m - 1] == '.');
}

/* Letters, digits and hyphens in labels of 1 to 63, two labels at least. */
static bool is_host_name(const char *name)
{
	size_t label = 0, labels = 1;

	for (const char *p = name; *p; p++) {
		if (*p == '.') {
			if (label == 0 || p[-1] == '-')
				return false;
			label = 0;
			labels++;
			continue;
		}
		if (!isalnum((unsigned char)*p) && *p != '_' && (*p != '-' || label == 0))
			return false;
		if (++label > 63)
			return false;
	}
	return label > 0 && labels > 1;
}

bool sinkhole_name(const char *url, char ret[SINKHOLE_NAME])
{
	static const char *const own[] = {"arpa", "local", "localhost", "internal", "home"};
	const char *begin = strstr(url, "://"), *at;
	struct ip_addr ip;
	size_t n;

	begin = begin ? begin + 3 : url;
	n = strcspn(begin, "/?#");
	at = memrchr(begin, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - begin);
		begin = at + 1;
	}
	if (*begin == '[' || n >= SINKHOLE_NAME)
		return false;
	n = strcspn(begin, ":/?#");
	if (n && begin[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++)
		ret[i] = (char)tolower((unsigned char)begin[i]);
	ret[n] = 0;
	if (!is_host_name(ret) || ip_addr_parse(ret, &ip) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (sinkhole_is_below(ret, own[i]))
			return false;
	}
	/* A top level of digits is an address written otherwise. */
	return !isdigit((unsigned char)strrchr(ret, '.')[1]);
}

struct text {
	char *at;
	size_t len, cap;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n;
}

static bool begin(struct text *t, unsigned n)
{
	/* Four lines a name at most. */
	t->cap = 1024 + (size_t)n * 4 * (SINKHOLE_NAME + IP_ADDR_TEXT + 16);
	t->len = 0;
	t->at = malloc(t->cap);
	return t->at != NULL;
}

static void put_names(struct text *t, const char *prefix, const char *name,
		      const struct sinkhole_to *to)
{
	char text[IP_ADDR_TEXT];

	if (!ip_addr_is_zero(&to->v4))
		put(t, "%s%s A %s\n", prefix, name, ip_addr_text(&to->v4, text, false));
	if (!ip_addr_is_zero(&to->v6))
		put(t, "%s%s AAAA %s\n", prefix, name, ip_addr_text(&to->v6, text, false));
}

int sinkhole_write_zone(const char (*names)[SINKHOLE_NAME], unsigned n,
			const struct sinkhole_to *to, uint32_t serial, struct slice *ret)
{
	struct text t;

	if (!begin(&t, n))
		return ERR_NOMEM;
	put(&t,
	    "; written by banken-mitigator: names of threats that are cut\n"
	    "$TTL 30\n"
	    "@ SOA localhost. root.localhost. %u 3600 600 86400 30\n"
	    "@ NS localhost.\n",
	    serial);
	for (unsigned i = 0; i < n; i++) {
		put_names(&t, "", names[i], to);
		put_names(&t, "*.", names[i], to);
	}
	*ret = SLICE(t.at, t.len);
	return 0;
}

int sinkhole_write_hosts(const char (*names)[SINKHOLE_NAME], unsigned n,
			 const struct sinkhole_to *to, struct slice *ret)
{
	char v4[IP_ADDR_TEXT], v6[IP_ADDR_TEXT];
	struct text t;

	if (!begin(&t, n))
		return ERR_NOMEM;
	put(&t, "# written by banken-mitigator: names of threats that are cut\n");
	ip_addr_text(&to->v4, v4, false);
	ip_addr_text(&to->v6, v6, false);
	for (unsigned i = 0; i < n; i++) {
		if (!ip_addr_is_zero(&to->v4))
			put(&t, "%s %s\n", v4, names[i]);
		if (!ip_addr_is_zero(&to->v6))
			put(&t, "%s %s\n", v6, names[i]);
	}
	*ret = SLICE(t.at, t.len);
	return 0;
}

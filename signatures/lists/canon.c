#include "signatures/lists/canon.h"

#include "signatures/lists/table.h"

size_t canon_domain(struct slice name, uint8_t *ret, size_t cap)
{
	size_t label = 0;

	while (name.len && name.data[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > LIST_DOMAIN_MAX || name.len > cap)
		return 0;
	for (size_t i = 0; i < name.len; i++) {
		ret[i] = ascii_lower(name.data[i]);
		if (ret[i] == '.' && label == 0)
			return 0;
		label = ret[i] == '.' ? 0 : label + 1;
	}
	return name.len;
}

unsigned canon_labels(struct slice name)
{
	unsigned n = name.len ? 1 : 0;

	for (size_t i = 0; i < name.len; i++)
		n += name.data[i] == '.';
	return n;
}

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_unreserved(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

struct out {
	uint8_t *at;
	size_t len, cap;
	bool full;
};

static void put(struct out *o, uint8_t c)
{
	if (o->len == o->cap)
		o->full = true;
	else
		o->at[o->len++] = c;
}

/* The path: escapes of plain characters undone, others in capitals. */
static void put_path(struct out *o, struct slice path)
{
	static const char capitals[] = "0123456789ABCDEF";

	for (size_t i = 0; i < path.len && path.data[i] != '#'; i++) {
		int high =
			path.data[i] == '%' && i + 2 < path.len ? digit_of(path.data[i + 1]) : -1;
		int low = high >= 0 ? digit_of(path.data[i + 2]) : -1;

		if (low < 0) {
			put(o, path.data[i]);
			continue;
		}
		if (is_unreserved(high << 4 | low)) {
			put(o, (uint8_t)(high << 4 | low));
		} else {
			put(o, '%');
			put(o, (uint8_t)capitals[high]);
			put(o, (uint8_t)capitals[low]);
		}
		i += 2;
	}
}

static void put_host(struct out *o, struct slice host, uint16_t port, uint16_t usual)
{
	uint16_t rest = port;
	uint8_t digits[5];
	unsigned n = 0;

	while (host.len && host.data[host.len - 1] == '.')
		host.len--;
	for (size_t i = 0; i < host.len; i++)
		put(o, ascii_lower(host.data[i]));
	if (port == 0 || port == usual)
		return;
	for (; rest; rest /= 10)
		digits[n++] = (uint8_t)('0' + rest % 10);
	put(o, ':');
	while (n)
		put(o, digits[--n]);
}

static size_t find(struct slice s, const char *set)
{
	size_t i = 0;

	while (i < s.len && !strchr(set, s.data[i]))
		i++;
	return i;
}

/* "host:port", "[v6]:port": cuts the port off; false when it is none. */
static bool cut_port(struct slice *host, uint16_t *ret)
{
	size_t colon = host->len;
	unsigned port = 0;

	while (colon && host->data[colon - 1] >= '0' && host->data[colon - 1] <= '9')
		colon--;
	if (!colon || host->data[colon - 1] != ':')
		return true;
	if (memchr(host->data, ':', colon - 1) && host->data[0] != '[')
		return true; /* an IPv6 address without brackets */
	for (size_t i = colon; i < host->len; i++) {
		port = port * 10 + (host->data[i] - '0');
		if (port > 65535)
			return false;
	}
	host->len = colon - 1;
	if (port)
		*ret = (uint16_t)port;
	return true;
}

static bool begins_nocase(struct slice s, const char *with)
{
	return s.len >= strlen(with) &&
	       slice_eq_nocase(SLICE(s.data, strlen(with)), slice_of(with));
}

size_t canon_url(struct slice host, uint16_t port, struct slice path, uint8_t *ret, size_t cap)
{
	struct out o = {ret, 0, cap, false};
	bool tls = begins_nocase(path, "https://");
	size_t scheme = tls ? 8 : begins_nocase(path, "http://") ? 7 : 0;
	uint16_t usual = tls ? 443 : 80;

	if (scheme) {
		size_t end, at;

		path = slice_sub(path, scheme, path.len);
		end = find(path, "/?#");
		host = SLICE(path.data, end);
		path = slice_sub(path, end, path.len);
		at = host.len;
		while (at && host.data[at - 1] != '@')
			at--;
		host = slice_sub(host, at, host.len);
		port = usual;
		if (!cut_port(&host, &port))
			return 0;
	}
	if (host.len == 0)
		return 0;
	put_host(&o, host, port, usual);
	if (path.len == 0 || path.data[0] != '/')
		put(&o, '/');
	put_path(&o, path);
	return o.full ? 0 : o.len;
}

size_t canon_without_query(struct slice url)
{
	return find(url, "?");
}

size_t canon_hex(struct slice text, uint8_t *ret, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; n++) {
		int high, low;

		if (n && text.data[i] == ':')
			i++;
		if (i + 1 >= text.len || n == cap)
			return 0;
		high = digit_of(text.data[i]);
		low = digit_of(text.data[i + 1]);
		if (high < 0 || low < 0)
			return 0;
		ret[n] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	return n;
}

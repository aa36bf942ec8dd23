/* Web sessions as browsers and programs have them: pages, scripts, pictures, answers in JSON, some
 * compressed, some uploads; several requests a connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/bench/trace.h"

enum { BODY_MAX = 1 << 20, HEAD_MAX = 4096, NAME_MAX_ = 80 };

static const char *const words[] = {
	"about",  "account", "article", "market",   "battery", "between", "bright",  "camera",
	"change", "city",    "cloud",	"comment",  "contact", "country", "daily",   "data",
	"design", "digital", "energy",	"engine",   "event",   "family",  "feature", "field",
	"forest", "garden",  "general", "green",    "health",  "history", "house",   "image",
	"index",  "island",  "journal", "language", "letter",  "light",	  "local",   "machine",
	"media",  "member",  "mobile",	"modern",   "music",   "network", "news",    "number",
	"office", "online",  "orange",	"paper",    "people",  "phone",	  "photo",   "planet",
	"policy", "product", "project", "public",   "quick",   "radio",	  "report",  "river",
	"school", "science", "search",	"service",  "shop",    "silver",  "simple",  "social",
	"source", "station", "store",	"story",    "street",  "student", "studio",  "summer",
	"system", "table",   "team",	"theme",    "ticket",  "today",	  "travel",  "update",
	"user",	  "value",   "video",	"village",  "visit",   "water",	  "weather", "weekend",
	"winter", "window",  "world",	"yellow",
};

static const char *const agents[] = {
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/119.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	"Version/17.1 Safari/605.1.15",
	"Mozilla/5.0 (X11; Linux x86_64; rv:119.0) Gecko/20100101 Firefox/119.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
	"Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:119.0) Gecko/20100101 Firefox/119.0",
	"Microsoft-Delivery-Optimization/10.0",
};

struct kind {
	const char *type, *path, *magic;
	size_t magic_len;
	uint32_t low, high; /* bytes of a body */
	bool text;
	unsigned weight;
};

static const struct kind kinds[] = {
	{"text/html; charset=utf-8", "/%s/%s.html", "<!DOCTYPE html><html><head><title>", 34, 4000,
	 60000, true, 25},
	{"application/javascript", "/static/js/%s.%s.js", "(function(){\"use strict\";var ", 28,
	 3000, 90000, true, 15},
	{"text/css", "/static/css/%s-%s.css", "body{margin:0;font-family:", 26, 1000, 30000, true,
	 10},
	{"application/json", "/api/v1/%s?q=%s", "{\"items\":[{\"name\":\"", 19, 200, 8000, true,
	 15},
	{"image/jpeg", "/images/%s/%s.jpg",
	 "\xff\xd8\xff\xe0\0\x10"
	 "JFIF\0\1\1\0\0\1\0\1\0\0",
	 20, 8000, 200000, false, 20},
	{"image/png", "/img/%s-%s.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, 500, 40000, false, 10},
	{"application/octet-stream", "/download/%s/%s.bin", "\x7f\x01\x02\x03", 4, 200000, 900000,
	 false, 5},
};

const char *word_of(struct rng *r)
{
	return words[rng_below(r, sizeof(words) / sizeof(*words))];
}

size_t host_name(struct rng *r, char *to, size_t room)
{
	static const char *const ends[] = {"com", "net", "org", "io", "co.jp", "de"};
	static const char *const starts[] = {"www.", "cdn.", "api.", "static.", "", "img."};

	return (size_t)snprintf(to, room, "%s%s%s.%s", starts[rng_below(r, 6)], word_of(r),
				word_of(r), ends[rng_below(r, 6)]);
}

static const struct kind *kind_of(struct rng *r)
{
	uint32_t at = rng_below(r, 100);
	const struct kind *k = kinds;

	while (at >= k->weight)
		at -= (k++)->weight;
	return k;
}

static void body_text(struct rng *r, uint8_t *to, size_t len)
{
	static const char *const between[] = {" ",     " ",   " ",   " ",
					      ", ",    ". ",  "\n",  "</p><p>",
					      "\",\"", "=\"", "\">", "</a> <a href=\"/"};
	size_t at = 0;

	while (at < len) {
		char piece[64];
		int n = snprintf(piece, sizeof(piece), "%s%s", word_of(r),
				 between[rng_below(r, 12)]);
		size_t k = (size_t)n < len - at ? (size_t)n : len - at;

		memcpy(to + at, piece, k);
		at += k;
	}
}

static size_t compressed(const uint8_t *body, size_t len, uint8_t *to, size_t room)
{
	z_stream z = {.next_in = (Bytef *)body,
		      .avail_in = (uInt)len,
		      .next_out = to,
		      .avail_out = (uInt)room};

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static void request(struct conn *c, const char *host, const char *path, const char *agent)
{
	char head[HEAD_MAX];
	int n = snprintf(head, sizeof(head),
			 "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n"
			 "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"
			 "Referer: http://%s/\r\nConnection: keep-alive\r\n"
			 "Cookie: session=%016llx; theme=%s\r\n\r\n",
			 path, host, agent, host, (unsigned long long)rng_next(c->rng),
			 word_of(c->rng));

	conn_send(c, 0, head, (size_t)n);
}

static void upload(struct conn *c, const char *host, const char *agent)
{
	char head[HEAD_MAX];
	uint8_t body[2000];
	size_t len = rng_between(c->rng, 50, sizeof(body));
	int n = snprintf(head, sizeof(head),
			 "POST /api/v1/%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n"
			 "Content-Type: application/x-www-form-urlencoded\r\n"
			 "Content-Length: %zu\r\nConnection: keep-alive\r\n\r\n",
			 word_of(c->rng), host, agent, len);

	body_text(c->rng, body, len);
	conn_send(c, 0, head, (size_t)n);
	conn_send(c, 0, body, len);
}

static void response(struct conn *c, const struct kind *k)
{
	static uint8_t body[BODY_MAX], packed[BODY_MAX], whole[BODY_MAX + HEAD_MAX];
	struct rng *r = c->rng;
	size_t len = rng_between(r, k->low, k->high);
	bool pack = k->text && rng_below(r, 3) == 0;
	const uint8_t *from = body;
	int n;

	if (k->text)
		body_text(r, body, len);
	else
		rng_bytes(r, body, len);
	memcpy(body, k->magic, k->magic_len);
	if (pack) {
		len = compressed(body, len, packed, sizeof(packed));
		from = packed;
	}
	n = snprintf((char *)whole, HEAD_MAX,
		     "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
		     "Content-Type: %s\r\nContent-Length: %zu\r\nConnection: keep-alive\r\n"
		     "Cache-Control: max-age=%u\r\nETag: \"%llx\"\r\n%s\r\n",
		     k->type, len, rng_below(r, 86400), (unsigned long long)rng_next(r),
		     pack ? "Content-Encoding: gzip\r\n" : "");
	memcpy(whole + n, from, len);
	conn_send(c, 1, whole, (size_t)n + len);
}

static bool http_next(void *ctx, struct session *s)
{
	struct rng *r = ctx;
	const char *agent = agents[rng_below(r, sizeof(agents) / sizeof(*agents))];
	unsigned requests = rng_between(r, 1, 8);
	char host[NAME_MAX_], path[HEAD_MAX / 4];
	struct conn c;

	conn_init(&c, s, r, 80);
	host_name(r, host, sizeof(host));
	conn_open(&c);
	while (requests--) {
		const struct kind *k = kind_of(r);

		if (rng_below(r, 12) == 0) {
			upload(&c, host, agent);
		} else {
			snprintf(path, sizeof(path), k->path, word_of(r), word_of(r));
			request(&c, host, path, agent);
		}
		response(&c, k);
		conn_wait(&c, rng_between(r, 1, 400) * NS_PER_MS);
	}
	conn_close(&c);
	session_sort(s);
	return true;
}

struct generator http_generator(struct rng *r)
{
	return (struct generator){http_next, r};
}

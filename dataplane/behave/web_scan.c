/* A web server is searched for weak spots (T1595.002, .003): one client asks it for many paths that
 * are refused or not answered. */
#include "dataplane/behave/detector.h"

enum { TCP = 6, UNSEEN_TIMES = 4 };

struct web_entry {
	struct behave_entry entry;
	uint32_t requests, refused;
	struct behave_set paths;
};

static const struct behave_sign sign = {2206,
					"BANKEN search of a web server for weak spots",
					"TA0043",
					"T1595.003",
					"Web Application Attack",
					BEHAVE_MEDIUM,
					true};

static void tell(const struct behave_view *v, const struct behave_event *e, struct web_entry *w,
		 unsigned paths)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(w->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(
		&hit,
		"%s asked the web server %s for about %u different paths within %.1f seconds; "
		"%u of %u requests were refused or not answered.",
		client.s, server.s, paths, seconds, w->refused, w->requests);
	behave_say_ja(&hit,
		      "%sがウェブサーバー%sに%.1f秒間で約%u種類のパスを要求し、%u件中%u件が拒否"
		      "されたか応答がありませんでした。",
		      client.s, server.s, seconds, paths, w->requests, w->refused);
	behave_figure(&hit, "paths", paths);
	behave_figure(&hit, "seconds", seconds);
	behave_figure(&hit, "refused", w->refused);
	behave_tell(v, &hit, &w->entry);
}

static void request(const struct behave_view *v, const struct behave_event *e, struct slice path,
		    bool refused, unsigned least)
{
	uint64_t key[2] = {behave_word(&e->ends.client), behave_word(&e->ends.server)};
	struct web_entry *w;
	unsigned paths;

	w = behave_window(v, 0, key, 2, e->time_ns, v->limits->web_seconds);
	w->requests++;
	w->refused += refused;
	if (!refused || !behave_set_add(v, &w->paths, behave_word_bytes(v, path)))
		return;
	if (w->refused < least || w->refused * 2 < w->requests)
		return;
	paths = behave_set_count(&w->paths);
	if (paths >= least && !behave_told(v, &w->entry, e->time_ns))
		tell(v, e, w, paths);
}

/* Where the beginning of the connection or the answer is not seen, the request line is read from
 * the segment; that needs more of them, because any page may ask for dozens of pictures. */
static void hello(const struct behave_view *v, const struct behave_event *e)
{
	static const char *const methods[] = {"GET /", "HEAD /", "POST /", "PUT /", "OPTIONS /"};
	struct slice s = e->hello.bytes, path;
	size_t end = 0;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		size_t len = strlen(methods[i]);

		if (s.len < len || memcmp(s.data, methods[i], len) != 0)
			continue;
		path = slice_sub(s, len - 1, 256);
		while (end < path.len && path.data[end] != ' ' && path.data[end] != '?')
			end++;
		request(v, e, slice_sub(path, 0, end), true, v->limits->web_paths * UNSEEN_TIMES);
		return;
	}
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	uint32_t status = e->kind == BEHAVE_HTTP ? e->http.status : 0;

	if (e->kind == BEHAVE_HTTP)
		request(v, e, e->http.path,
			status == 0 || status == 400 || status == 403 || status == 404 ||
				status == 405 || status >= 500,
			v->limits->web_paths);
	else if (!e->ends.handshake && e->ends.ip_proto == TCP)
		hello(v, e);
}

const struct behave_detector behave_web_scan = {
	.kinds = 1 << BEHAVE_HTTP | 1 << BEHAVE_HELLO,
	.entry_size = {sizeof(struct web_entry)},
	.weight = {2},
	.event = event,
};

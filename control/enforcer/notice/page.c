#include "control/enforcer/notice/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the request ---- */

static bool token_is(struct slice s, const char *text)
{
	return s.data && s.len == strlen(text) &&
	       strncasecmp((const char *)s.data, text, s.len) == 0;
}

static struct slice trimmed(struct slice s)
{
	while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = SLICE(s.data + 1, s.len - 1);
	while (s.len &&
	       (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t' || s.data[s.len - 1] == '\r'))
		s.len--;
	return s;
}

/* Up to `mark`, which is taken too; all of it when there is none. */
static struct slice take_until(struct slice *from, char mark)
{
	const uint8_t *at = from->len ? memchr(from->data, mark, from->len) : NULL;
	size_t n = at ? (size_t)(at - from->data) : from->len;
	struct slice part = SLICE(from->data, n);

	*from = SLICE(from->data + n + (at != NULL), from->len - n - (at != NULL));
	return part;
}

/* "q=0.8" in thousandths; 1000 without. */
static unsigned quality(struct slice parameters)
{
	while (parameters.len) {
		struct slice p = trimmed(take_until(&parameters, ';'));
		unsigned q = 0, scale = 1000;

		if (p.len < 3 || (p.data[0] | 0x20) != 'q' || p.data[1] != '=')
			continue;
		for (size_t i = 2; i < p.len && i < 7; i++) {
			if (p.data[i] == '.')
				continue;
			if (p.data[i] < '0' || p.data[i] > '9')
				break;
			q += (unsigned)(p.data[i] - '0') * scale;
			scale /= 10;
		}
		return q;
	}
	return 1000;
}

static void read_languages(struct slice value, struct notice_request *ret)
{
	unsigned ja = 0, en = 0;

	while (value.len) {
		struct slice parameters = take_until(&value, ',');
		struct slice name = trimmed(take_until(&parameters, ';'));
		unsigned q = quality(parameters);

		name = take_until(&name, '-');
		if (token_is(name, "ja") && q > ja)
			ja = q;
		else if (token_is(name, "en") && q > en)
			en = q;
	}
	ret->japanese = ja > en;
}

static bool is_probe(struct slice path)
{
	static const char *const paths[] = {
		"/generate_204",    "/gen_204",	 "/hotspot-detect.html",
		"/connecttest.txt", "/ncsi.txt", "/success.txt",
		"/canonical.html",  "/redirect", "/library/test/success.html"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (token_is(path, paths[i]))
			return true;
	}
	return false;
}

int notice_read(struct slice head, struct notice_request *ret)
{
	struct slice line, method, path;
	bool complete = head.data && (memmem(head.data, head.len, "\r\n\r\n", 4) ||
				      memmem(head.data, head.len, "\n\n", 2));

	*ret = (struct notice_request){0};
	if (!complete)
		return head.len >= NOTICE_REQUEST_MAX ? ERR_INVALID : ERR_AGAIN;
	line = take_until(&head, '\n');
	method = take_until(&line, ' ');
	path = take_until(&line, ' ');
	line = trimmed(line);
	path = take_until(&path, '?');
	if (!token_is(take_until(&line, '.'), "HTTP/1"))
		return ERR_INVALID;
	ret->head_only = token_is(method, "HEAD");
	if (!ret->head_only && !token_is(method, "GET") && !token_is(method, "POST"))
		return ERR_INVALID;
	ret->probe = is_probe(path);
	while (head.len) {
		struct slice name;

		line = trimmed(take_until(&head, '\n'));
		name = take_until(&line, ':');
		if (token_is(name, "Accept-Language"))
			read_languages(line, ret);
	}
	return 0;
}

/* ---- the page ---- */

struct text {
	char *at;
	size_t len, cap;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->cap - t->len)
		t->full = true;
	else
		t->len += (size_t)n;
}

static void put_escaped(struct text *t, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '<':
			put(t, "&lt;");
			break;
		case '>':
			put(t, "&gt;");
			break;
		case '&':
			put(t, "&amp;");
			break;
		case '"':
			put(t, "&quot;");
			break;
		case '\n':
			put(t, "<br>");
			break;
		default:
			put(t, "%c", *s);
		}
	}
}

struct words {
	const char *lang, *title, *what, *why, *do_title, *todo[3], *call, *address, *time;
};

static const struct words english = {
	"en",
	"This device is disconnected from the network",
	"Signs of a security problem were seen on this device, so it was disconnected to protect "
	"you and others. It may be infected without having shown it.",
	"Only a few addresses that are needed for help can still be reached.",
	"What to do",
	{"Call the people below and tell them the address and time shown here.",
	 "Leave the device switched on, and do not delete anything: what is on it helps to find "
	 "the "
	 "cause.",
	 "Do not connect it to another network, and do not enter passwords on it."},
	"Call",
	"Address",
	"Time"};

static const struct words japanese = {
	"ja",
	"この端末はネットワークから切り離されています",
	"この端末でセキュリティ上の問題の兆候が見つかったため、あなたと周囲を守るために通信を止めま"
	"した。"
	"症状がなくても感染している場合があります。",
	"対処に必要な一部の宛先にだけ接続できます。",
	"お願い",
	{"下の連絡先に電話し、ここに表示されている端末のアドレスと時刻をお伝えください。",
	 "電源は切らず、何も削除しないでください。原因の調査に必要です。",
	 "ほかのネットワークに接続したり、パスワードを入力したりしないでください。"},
	"連絡先",
	"端末のアドレス",
	"時刻"};

static const char style[] =
	"body{margin:0;font:17px/1.6 system-ui,sans-serif;background:#f3f4f6;color:#1b1f24}"
	"main{max-width:34rem;margin:0 auto;padding:1.2rem}"
	"h1{font-size:1.45rem;line-height:1.3;border-left:.4rem solid #c62828;padding-left:.8rem}"
	"h2{font-size:1.1rem;margin:1.4rem 0 .3rem}li{margin:.4rem 0}"
	".call{background:#fff;border:1px solid #c9ced6;border-radius:.5rem;padding:.8rem 1rem}"
	".call b{font-size:1.25rem;overflow-wrap:anywhere}dl{margin:.6rem 0 0;display:grid;"
	"grid-template-columns:auto 1fr;gap:.1rem 1rem}dt{color:#59626e}dd{margin:0;"
	"overflow-wrap:anywhere}"
	"@media(prefers-color-scheme:dark){body{background:#14171b;color:#e8eaed}"
	".call{background:#1f242a;border-color:#3a424c}dt{color:#9aa4b0}}";

static void put_page(struct text *t, const struct notice_texts *n, const struct words *w,
		     const char *address, const char *when)
{
	bool ja = w == &japanese;

	put(t,
	    "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\"><meta "
	    "name=\"viewport\" "
	    "content=\"width=device-width,initial-scale=1\"><title>%s</title><style>%s</style></"
	    "head>"
	    "<body><main><p>",
	    w->lang, w->title, style);
	put_escaped(t, n->organisation);
	put(t, "</p><h1>%s</h1><p>%s</p><p>%s</p><h2>%s</h2><ol>", w->title, w->what, w->why,
	    w->do_title);
	for (size_t i = 0; i < ARRAY_SIZE(w->todo); i++)
		put(t, "<li>%s</li>", w->todo[i]);
	put(t, "</ol><div class=\"call\">%s<br><b>", w->call);
	put_escaped(t, ja && n->contact_ja[0] ? n->contact_ja : n->contact);
	put(t, "</b><dl><dt>%s</dt><dd>", w->address);
	put_escaped(t, address);
	put(t, "</dd><dt>%s</dt><dd>", w->time);
	put_escaped(t, when);
	put(t, "</dd></dl></div></main></body></html>\n");
}

/* 511 (RFC 6585 6): no program takes the page for what it asked for. Systems that look whether they
 * are online show the page by themselves when they get 200. */
static void put_head(struct text *t, const struct notice_request *q, size_t length)
{
	put(t,
	    "HTTP/1.1 %s\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Length: %zu\r\n"
	    "Content-Language: %s\r\n"
	    "Vary: Accept-Language\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Connection: close\r\n"
	    "\r\n",
	    q->probe ? "200 OK" : "511 Network Authentication Required", length,
	    q->japanese ? "ja" : "en");
}

long notice_write(const struct notice_texts *t, const struct notice_request *q, const char *address,
		  const char *when, char *ret, size_t cap)
{
	const struct words *w = q->japanese ? &japanese : &english;
	struct text page = {.at = malloc(NOTICE_ANSWER_MAX), .cap = NOTICE_ANSWER_MAX};
	struct text all = {.at = ret, .cap = cap};

	if (!page.at)
		return ERR_NOMEM;
	put_page(&page, t, w, address, when);
	put_head(&all, q, page.len);
	if (!q->head_only)
		put(&all, "%.*s", (int)page.len, page.at);
	free(page.at);
	return page.full || all.full ? ERR_LIMIT : (long)all.len;
}

long notice_write_refusal(char *ret, size_t cap)
{
	struct text t = {.at = ret, .cap = cap};

	put(&t, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	return t.full ? ERR_LIMIT : (long)t.len;
}

#include "signatures/lists/taxii_http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char media[] = "application/taxii+json";

struct sink {
	struct taxii_answer *answer;
	size_t cap;
	bool full;
};

static size_t take_body(char *data, size_t size, size_t n, void *ctx)
{
	struct sink *s = ctx;
	struct taxii_answer *a = s->answer;
	size_t len = size * n, cap;
	char *more;

	if (len > TAXII_PAGE_MAX - a->len) {
		s->full = true;
		return 0;
	}
	if (a->len + len + 1 > s->cap) {
		cap = (a->len + len + 1) * 2;
		more = realloc(a->text, cap);
		if (!more)
			return 0;
		a->text = more;
		s->cap = cap;
	}
	memcpy(a->text + a->len, data, len);
	a->len += len;
	a->text[a->len] = '\0';
	return len;
}

/* The header's value where it is the one asked for: printable, cut at the room there is. */
static void take_value(const char *line, size_t n, const char *name, char *ret, size_t cap)
{
	size_t at = strlen(name), k = 0;

	if (n <= at || strncasecmp(line, name, at) != 0 || line[at] != ':')
		return;
	for (at++; at < n && isspace((unsigned char)line[at]);)
		at++;
	for (; at < n && k + 1 < cap && isgraph((unsigned char)line[at]); at++)
		ret[k++] = line[at];
	ret[k] = '\0';
}

static size_t take_header(char *line, size_t size, size_t n, void *ctx)
{
	struct sink *s = ctx;

	take_value(line, size * n, "X-TAXII-Date-Added-Last", s->answer->last,
		   sizeof(s->answer->last));
	take_value(line, size * n, "Retry-After", s->answer->retry, sizeof(s->answer->retry));
	return size * n;
}

bool taxii_url_ok(const char *url)
{
	static const char *const here[] = {"http://127.0.0.1:", "http://127.0.0.1/",
					   "http://localhost:", "http://localhost/",
					   "http://[::1]:",	"http://[::1]/"};

	for (const char *c = url; *c; c++) {
		if (!isgraph((unsigned char)*c) || strchr("\"<>\\^`{|}", *c))
			return false;
	}
	if (strlen(url) >= TAXII_URL || strchr(url, '@'))
		return false;
	if (strncmp(url, "https://", 8) == 0 && url[8] && url[8] != '/')
		return true;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		if (strncmp(url, here[i], strlen(here[i])) == 0)
			return true;
	}
	return false;
}

static void set_access(CURL *c, const struct taxii_source *s)
{
	if (s->user) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(c, CURLOPT_USERNAME, s->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, s->password ? s->password : "");
	} else if (s->token) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, s->token);
	}
	if (s->certificate) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, s->certificate);
		curl_easy_setopt(c, CURLOPT_SSLKEY, s->key ? s->key : s->certificate);
	}
	if (s->ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, s->ca);
}

static void set_limits(CURL *c)
{
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TAXII_SECONDS);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 15L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE, (long)TAXII_PAGE_MAX);
	/* No other encoding is asked for: what comes is as long as it is. */
}

/* What the status and the type say. */
static int judge(const char *url, const struct taxii_answer *a, const char *type, struct errmsg *e)
{
	switch (a->status) {
	case 200:
		break;
	case 401:
	case 403:
		return errmsg_set(e, ERR_DENIED,
				  "%s: access refused (%ld); check user, token or certificate", url,
				  a->status);
	case 404:
		return errmsg_set(e, ERR_NOTFOUND, "%s: not there (404)", url);
	case 429:
	case 503:
		return errmsg_set(e, ERR_AGAIN, "%s: asked for later (%ld%s%s); what came is kept",
				  url, a->status, a->retry[0] ? ", after " : "", a->retry);
	default:
		return errmsg_set(e, ERR_IO, "%s: answered with status %ld", url, a->status);
	}
	if (!type || strncasecmp(type, media, strlen(media)) != 0)
		return errmsg_set(e, ERR_INVALID, "%s: is no TAXII 2.1 (content type %s)", url,
				  type ? type : "none");
	return ERR_OK;
}

int taxii_get(const struct taxii_source *s, const char *url, struct taxii_answer *ret,
	      struct errmsg *e)
{
	struct sink sink = {.answer = ret};
	struct curl_slist *headers = NULL;
	char why[CURL_ERROR_SIZE] = "";
	const char *type = NULL;
	CURL *c;
	int rc;

	*ret = (struct taxii_answer){0};
	if (!taxii_url_ok(url))
		return errmsg_set(e, ERR_INVALID,
				  "%s: an https:// URL is wanted (http:// only to this machine)",
				  url);
	c = curl_easy_init();
	headers = curl_slist_append(NULL, "Accept: application/taxii+json;version=2.1");
	if (!c || !headers) {
		curl_easy_cleanup(c);
		return errmsg_set(e, ERR_NOMEM, "no memory for a request");
	}
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &sink);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &sink);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	set_limits(c);
	set_access(c, s);
	rc = (int)curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	if (sink.full)
		rc = errmsg_set(e, ERR_LIMIT, "%s: the answer is larger than the %d MiB allowed",
				url, TAXII_PAGE_MAX >> 20);
	else if (rc)
		rc = errmsg_set(e, ERR_IO, "%s: %s", url,
				why[0] ? why : curl_easy_strerror((CURLcode)rc));
	else
		rc = judge(url, ret, type, e);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	if (rc != ERR_OK) {
		free(ret->text);
		ret->text = NULL;
	}
	return rc;
}

char *taxii_quote(const char *text)
{
	char *made = curl_easy_escape(NULL, text, 0), *copy = made ? strdup(made) : NULL;

	curl_free(made);
	return copy;
}

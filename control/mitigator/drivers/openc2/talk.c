#include "control/mitigator/drivers/openc2/talk.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "control/mitigator/drivers/device.h"

struct talk {
	const struct driver_config *config;
	CURL *curl;
	char token[DEVICE_SECRET];
	char answer[OPENC2_MAX];
	size_t len;
	bool too_long;
	char why[CURL_ERROR_SIZE];
};

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
	struct talk *t = ctx;
	size_t more = size * n;

	if (t->len + more > sizeof(t->answer)) {
		t->too_long = true;
		return 0;
	}
	memcpy(t->answer + t->len, data, more);
	t->len += more;
	return more;
}

static void set_up(struct talk *t)
{
	const struct driver_config *c = t->config;

	curl_easy_setopt(t->curl, CURLOPT_URL, c->url);
	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(t->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(t->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "banken");
	if (c->ca_file[0]) {
		curl_easy_setopt(t->curl, CURLOPT_CAINFO, c->ca_file);
		curl_easy_setopt(t->curl, CURLOPT_CAPATH, NULL);
	}
	if (c->cert_file[0]) {
		curl_easy_setopt(t->curl, CURLOPT_SSLCERT, c->cert_file);
		curl_easy_setopt(t->curl, CURLOPT_SSLKEY, c->key_file);
	}
}

struct talk *talk_new(const struct driver_config *c, struct errmsg *e)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (!t) {
		errmsg_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	t->config = c;
	t->curl = curl_easy_init();
	/* Read each time: a token may be renewed while we run. */
	if (!t->curl || (c->token_file[0] && device_secret(c->token_file, t->token, e) < 0)) {
		talk_free(t);
		return NULL;
	}
	set_up(t);
	return t;
}

void talk_free(struct talk *t)
{
	if (!t)
		return;
	if (t->curl)
		curl_easy_cleanup(t->curl);
	explicit_bzero(t->token, sizeof(t->token));
	free(t);
}

static struct curl_slist *headers_of(const struct talk *t, const char *request_id)
{
	static const char type[] = "application/openc2+json;version=1.0";
	char line[64 + DEVICE_SECRET];
	struct curl_slist *h = NULL;

	snprintf(line, sizeof(line), "Content-Type: %s", type);
	h = curl_slist_append(h, line);
	snprintf(line, sizeof(line), "Accept: %s", type);
	h = curl_slist_append(h, line);
	h = curl_slist_append(h, "Expect:");
	h = curl_slist_append(h, "Cache-Control: no-cache");
	snprintf(line, sizeof(line), "X-Request-ID: %s", request_id);
	h = curl_slist_append(h, line);
	snprintf(line, sizeof(line), "Authorization: Bearer %s", t->token);
	if (t->token[0])
		h = curl_slist_append(h, line);
	explicit_bzero(line, sizeof(line));
	return h;
}

static int failed(const struct talk *t, CURLcode code, struct errmsg *e)
{
	const char *why = t->why[0] ? t->why : curl_easy_strerror(code);

	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_RECV_ERROR: /* how a refused client certificate shows in TLS 1.3 */
		return errmsg_set(e, ERR_DENIED, "%.100s: %.200s", t->config->url, why);
	case CURLE_WRITE_ERROR:
		return errmsg_set(e, ERR_INVALID, "%.100s answers with more than %d bytes",
				  t->config->url, OPENC2_MAX);
	default:
		return errmsg_set(e, ERR_AGAIN, "%.100s: %.200s", t->config->url, why);
	}
}

static int perform(struct talk *t, const char *text, const char *request_id, unsigned timeout_ms,
		   struct errmsg *e)
{
	struct curl_slist *headers = headers_of(t, request_id);
	CURLcode code;

	t->len = 0;
	t->too_long = false;
	t->why[0] = 0;
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
	curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	code = curl_easy_perform(t->curl);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return code == CURLE_OK ? 0 : failed(t, code, e);
}

static int error_of_http(long http)
{
	return http == 401 || http == 403 ? ERR_DENIED : http == 429 ? ERR_LIMIT : ERR_INVALID;
}

/* A refusal in front of the consumer (a proxy, a route that is not there) is none of OpenC2. */
static int read_answer(struct talk *t, const char *request_id, struct openc2_message *ret,
		       struct errmsg *e)
{
	struct errmsg why = {""};
	long http = 0;
	int rc = openc2_message_read(SLICE(t->answer, t->len), ret, &why);

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &http);
	if (rc == 0 && ret->kind == OPENC2_RESPONSE_MESSAGE &&
	    (!ret->request_id[0] || strcmp(ret->request_id, request_id) == 0))
		return 0;
	rc = rc < 0 || ret->kind != OPENC2_RESPONSE_MESSAGE
		     ? errmsg_set(e, error_of_http(http),
				  "%.100s: HTTP status %ld without an OpenC2 response%s%.100s",
				  t->config->url, http, why.text[0] ? ": " : "", why.text)
		     : errmsg_set(e, ERR_INVALID, "%.100s answers another request", t->config->url);
	openc2_message_done(ret);
	return rc;
}

int talk_ask(struct talk *t, const struct openc2_command *c, unsigned timeout_ms,
	     struct openc2_message *ret, struct errmsg *e)
{
	struct openc2_message m = {
		.has_headers = true, .kind = OPENC2_REQUEST_MESSAGE, .command = *c};
	struct timespec now;
	uint8_t random[16];
	char id[OPENC2_ID], *text;
	int rc;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return errmsg_set(e, ERR_IO, "no random numbers");
	clock_gettime(CLOCK_REALTIME, &now);
	openc2_uuid(random, id);
	snprintf(m.request_id, sizeof(m.request_id), "%s", id);
	m.created = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	text = openc2_message_write(&m);
	if (!text)
		return errmsg_set(e, ERR_NOMEM, "no memory");
	rc = perform(t, text, id, timeout_ms, e);
	free(text);
	return rc < 0 ? rc : read_answer(t, id, ret, e);
}

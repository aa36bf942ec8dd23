#include "control/centre/emergency/deliver.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/helper/syslog.h"
#include "control/wire/file.h"
#include "control/wire/message.h"
#include "dataplane/base/slice.h"

enum { TIMEOUT_S = 20, CONNECT_S = 8, PASSWORD_MAX = 256 };

/* A packet to the helper: this, then the text with its NUL. */
struct order {
	uint32_t kind;
	char address[256];
};

struct reading {
	const char *at;
	size_t left;
};

static size_t give(char *to, size_t size, size_t n, void *ctx)
{
	struct reading *r = ctx;
	size_t len = size * n < r->left ? size * n : r->left;

	memcpy(to, r->at, len);
	r->at += len;
	r->left -= len;
	return len;
}

static size_t ignore(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

static CURL *begin(const struct delivery_server *server, const char *url, const char *protocols)
{
	CURL *c = curl_easy_init();

	if (!c)
		return NULL;
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (server->ca_file[0])
		curl_easy_setopt(c, CURLOPT_CAINFO, server->ca_file);
	return c;
}

static void explain(CURLcode code, const char *detail, const char *address, char ret[256])
{
	ret[0] = 0;
	if (code != CURLE_OK)
		snprintf(ret, 256, "%s: %s", address,
			 detail[0] ? detail : curl_easy_strerror(code));
}

/* --- mail --- */

static void log_in(CURL *c, const struct delivery_server *server)
{
	struct slice password = {NULL, 0};
	struct errmsg err;
	size_t n;
	char text[PASSWORD_MAX + 1];

	if (!server->user[0] ||
	    file_read(server->password_file, PASSWORD_MAX, &password, &err) != ERR_OK)
		return;
	for (n = password.len; n && (password.data[n - 1] == '\n' || password.data[n - 1] == '\r');)
		n--;
	snprintf(text, sizeof(text), "%.*s", (int)n, (const char *)password.data);
	curl_easy_setopt(c, CURLOPT_USERNAME, server->user);
	curl_easy_setopt(c, CURLOPT_PASSWORD, text);
	explicit_bzero(text, sizeof(text));
	payload_free(&password);
}

void delivery_mail(const struct delivery_server *server, const char *address, struct slice text,
		   long timeout_s, char ret[256])
{
	static const char with_tls[] = "smtp+tls://";
	bool needs_tls = strncmp(server->mail, with_tls, sizeof(with_tls) - 1) == 0;
	struct reading r = {(const char *)text.data, text.len};
	char url[300], detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *to = curl_slist_append(NULL, address);
	CURL *c;

	if (!server->mail[0]) {
		snprintf(ret, 256, "no mail server is set (key mail-server)");
		curl_slist_free_all(to);
		return;
	}
	snprintf(url, sizeof(url), "%s%s", needs_tls ? "smtp://" : "",
		 server->mail + (needs_tls ? sizeof(with_tls) - 1 : 0));
	c = begin(server, url, "smtp,smtps");
	if (c) {
		log_in(c, server);
		curl_easy_setopt(c, CURLOPT_TIMEOUT, timeout_s);
		curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
		curl_easy_setopt(c, CURLOPT_USE_SSL,
				 (long)(needs_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
		curl_easy_setopt(c, CURLOPT_MAIL_FROM, server->from);
		curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
		curl_easy_setopt(c, CURLOPT_READDATA, &r);
		explain(curl_easy_perform(c), detail, server->mail, ret);
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(to);
}

static void send_mail(const struct delivery_server *server, const char *address, const char *text,
		      char ret[256])
{
	delivery_mail(server, address, SLICE_STR(text), TIMEOUT_S, ret);
}

/* --- webhook --- */

static void post(const struct delivery_server *server, const char *address, const char *text,
		 char ret[256])
{
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *c = begin(server, address, "https,http");
	long status = 0;

	if (c) {
		curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, text);
		explain(curl_easy_perform(c), detail, address, ret);
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		if (!ret[0] && (status < 200 || status > 299))
			snprintf(ret, 256, "%s: it answered %ld", address, status);
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
}

/* --- syslog --- */

static void send_syslog(const struct delivery_server *server, const char *address, const char *text,
			char ret[256])
{
	syslog_deliver(address, server->ca_file, text, TIMEOUT_S, ret);
}

/* --- the helper --- */

static void serve(int fd, void *arg)
{
	static void (*const ways[])(const struct delivery_server *, const char *, const char *,
				    char[256]) = {send_mail, send_syslog, post};
	static char packet[sizeof(struct order) + DELIVERY_TEXT];
	ssize_t n;

	while ((n = helper_receive(fd, packet, sizeof(packet))) > (ssize_t)sizeof(struct order)) {
		struct order *o = (struct order *)packet;
		char error[256] = "no memory";

		packet[n - 1] = 0;
		o->address[sizeof(o->address) - 1] = 0;
		if (o->kind < ARRAY_SIZE(ways))
			ways[o->kind](arg, o->address, packet + sizeof(*o), error);
		if (helper_send(fd, error, sizeof(error)) != 0)
			return;
	}
}

int delivery_start(const struct delivery_server *server, const char *account, struct helper *ret,
		   struct errmsg *err)
{
	struct helper_job job = {.name = "banken-deliver",
				 .user = account,
				 .sandbox = SANDBOX_DELIVER,
				 .serve = serve,
				 .arg = (void *)server};

	return helper_start(&job, ret, err);
}

int delivery_send(struct helper *h, enum recipient_kind kind, const char *address, const char *text)
{
	size_t len = strlen(text) < DELIVERY_TEXT ? strlen(text) : DELIVERY_TEXT - 1;
	char *packet = calloc(1, sizeof(struct order) + len + 1);
	struct order *o = (struct order *)packet;
	int rc;

	if (!packet)
		return ERR_AGAIN;
	o->kind = (uint32_t)kind;
	snprintf(o->address, sizeof(o->address), "%s", address);
	memcpy(packet + sizeof(*o), text, len);
	rc = helper_send(h->fd, packet, sizeof(*o) + len + 1);
	free(packet);
	return rc;
}

int delivery_answer(struct helper *h, char ret_error[256])
{
	ssize_t n = helper_receive_now(h->fd, ret_error, 256);

	if (n == ERR_AGAIN)
		return 0;
	if (n != 256)
		return ERR_IO;
	ret_error[255] = 0;
	return 1;
}

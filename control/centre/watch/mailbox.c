#include "control/centre/watch/mailbox.h"

#include <curl/curl.h>
#include <dirent.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "control/wire/file.h"
#include "control/wire/message.h"
#include "dataplane/base/slice.h"

enum { HEADER_MAX = 64 << 10, MAILS_MOST = MAILBOX_IDS, TIMEOUT_S = 20, CONNECT_S = 8 };

static const char field[] = "X-Banken-Self-Test:";

/* --- header --- */

static void add(struct mailbox_found *f, const char *text, size_t len)
{
	while (len && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\r'))
		len--;
	if (len && len < MAILBOX_ID && f->n < MAILBOX_IDS)
		snprintf(f->ids[f->n++], MAILBOX_ID, "%.*s", (int)len, text);
}

void mailbox_read_header(const char *mail, size_t len, struct mailbox_found *ret)
{
	while (len) {
		const char *end = memchr(mail, '\n', len);
		size_t n = end ? (size_t)(end - mail) : len;

		if (n == 0 || (n == 1 && mail[0] == '\r'))
			return; /* the header's end */
		if (n > sizeof(field) - 1 && strncasecmp(mail, field, sizeof(field) - 1) == 0)
			add(ret, mail + sizeof(field) - 1, n - (sizeof(field) - 1));
		mail += n + (end != NULL);
		len -= n + (end != NULL);
	}
}

/* --- Maildir --- */

static void look_in_folder(const char *folder, const char *part, struct mailbox_found *ret)
{
	char path[1024];
	struct dirent *e;
	unsigned read = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", folder, part);
	d = opendir(path);
	if (!d) {
		snprintf(ret->error, sizeof(ret->error), "%.200s cannot be read", path);
		return;
	}
	while ((e = readdir(d)) && read < MAILS_MOST) {
		struct slice mail = {NULL, 0};
		struct errmsg err;

		if (e->d_name[0] == '.')
			continue;
		read++;
		snprintf(path, sizeof(path), "%s/%s/%s", folder, part, e->d_name);
		if (file_read(path, 16 << 20, &mail, &err) == ERR_OK)
			mailbox_read_header((const char *)mail.data, mail.len, ret);
		payload_free(&mail);
		unlink(path);
	}
	closedir(d);
}

/* --- IMAP, POP3 --- */

struct text {
	size_t len;
	char bytes[HEADER_MAX];
};

static size_t gather(char *data, size_t size, size_t n, void *ctx)
{
	struct text *t = ctx;
	size_t len = size * n, room = sizeof(t->bytes) - 1 - t->len;

	memcpy(t->bytes + t->len, data, len < room ? len : room);
	t->len += len < room ? len : room;
	t->bytes[t->len] = 0;
	return len;
}

static void log_in(CURL *c, const struct mailbox_place *place)
{
	struct slice password = {NULL, 0};
	struct errmsg err;
	char text[257];
	size_t n;

	curl_easy_setopt(c, CURLOPT_USERNAME, place->user);
	if (file_read(place->password_file, 256, &password, &err) != ERR_OK)
		return;
	for (n = password.len; n && (password.data[n - 1] == '\n' || password.data[n - 1] == '\r');)
		n--;
	snprintf(text, sizeof(text), "%.*s", (int)n, (const char *)password.data);
	curl_easy_setopt(c, CURLOPT_PASSWORD, text);
	explicit_bzero(text, sizeof(text));
	payload_free(&password);
}

static CURL *connect_to(const struct mailbox_place *place, struct text *answer, char *detail)
{
	CURL *c = curl_easy_init();

	if (!c)
		return NULL;
	log_in(c, place);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "imap,imaps,pop3,pop3s");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gather);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
	if (place->ca_file[0])
		curl_easy_setopt(c, CURLOPT_CAINFO, place->ca_file);
	return c;
}

/* One command on `url`; `without`: its answer has no body. */
static bool do_one(CURL *c, struct text *answer, const char *url, const char *command, bool without)
{
	answer->len = 0;
	answer->bytes[0] = 0;
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, command);
	curl_easy_setopt(c, CURLOPT_NOBODY, without ? 1L : 0L);
	return curl_easy_perform(c) == CURLE_OK;
}

/* Numbers after "* SEARCH"; deleted when they were read. */
static bool read_imap(CURL *c, struct text *answer, const char *url, struct mailbox_found *ret)
{
	unsigned numbers[MAILS_MOST], n = 0;
	char one[600], command[80];
	char *at, *end;

	if (!do_one(c, answer, url, "SEARCH HEADER X-Banken-Self-Test \"\" UNDELETED", false))
		return false;
	at = strstr(answer->bytes, "SEARCH");
	for (at = at ? at + 6 : answer->bytes + answer->len; n < MAILS_MOST; at = end) {
		numbers[n] = (unsigned)strtoul(at, &end, 10);
		if (end == at)
			break;
		n++;
	}
	for (unsigned i = 0; i < n; i++) {
		snprintf(one, sizeof(one), "%.500s;MAILINDEX=%u;SECTION=HEADER", url, numbers[i]);
		if (!do_one(c, answer, one, NULL, false))
			return false;
		mailbox_read_header(answer->bytes, answer->len, ret);
		snprintf(command, sizeof(command), "STORE %u +FLAGS.SILENT (\\Deleted)",
			 numbers[i]);
		if (!do_one(c, answer, url, command, false))
			return false;
	}
	return n == 0 || do_one(c, answer, url, "EXPUNGE", false);
}

/* Every mail of it: POP3 cannot search. */
static bool read_pop3(CURL *c, struct text *answer, const char *url, struct mailbox_found *ret)
{
	char one[600], command[32], *list;
	bool ok = true;

	if (!do_one(c, answer, url, NULL, false)) /* LIST */
		return false;
	list = strdup(answer->bytes);
	if (!list)
		return false;
	for (char *rest, *line = strtok_r(list, "\r\n", &rest); ok && line && ret->n < MAILS_MOST;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		unsigned number = (unsigned)strtoul(line, NULL, 10);

		if (number == 0)
			continue;
		snprintf(one, sizeof(one), "%.500s/%u", url, number);
		ok = do_one(c, answer, one, NULL, false);
		if (ok)
			mailbox_read_header(answer->bytes, answer->len, ret);
		snprintf(command, sizeof(command), "DELE %u", number);
		ok = ok && do_one(c, answer, url, command, true);
	}
	free(list);
	return ok;
}

static void look_on_server(const struct mailbox_place *place, struct mailbox_found *ret)
{
	static struct text answer;
	char detail[CURL_ERROR_SIZE] = "", url[512];
	size_t len = (size_t)snprintf(url, sizeof(url), "%s", place->url);
	CURL *c = connect_to(place, &answer, detail);
	bool ok;

	if (len && len < sizeof(url) && url[len - 1] == '/')
		url[len - 1] = 0;
	ok = c && (strncmp(url, "pop3", 4) == 0 ? read_pop3 : read_imap)(c, &answer, url, ret);
	if (!ok)
		snprintf(ret->error, sizeof(ret->error), "%.100s: %.140s", place->url,
			 detail[0] ? detail : "no answer");
	curl_easy_cleanup(c);
}

void mailbox_look_now(const struct mailbox_place *place, struct mailbox_found *ret)
{
	static const char maildir[] = "maildir:";

	memset(ret, 0, sizeof(*ret));
	if (strncmp(place->url, maildir, sizeof(maildir) - 1) == 0) {
		look_in_folder(place->url + sizeof(maildir) - 1, "new", ret);
		look_in_folder(place->url + sizeof(maildir) - 1, "cur", ret);
		return;
	}
	look_on_server(place, ret);
}

/* --- the helper --- */

static void serve(int fd, void *arg)
{
	static struct mailbox_found found;
	char word[8];

	while (helper_receive(fd, word, sizeof(word)) > 0) {
		mailbox_look_now(arg, &found);
		if (helper_send(fd, &found, sizeof(found)) != 0)
			return;
	}
}

int mailbox_helper_start(const struct mailbox_place *place, const char *account, struct helper *ret,
			 struct errmsg *err)
{
	struct helper_job job = {.name = "banken-mailbox",
				 .user = account,
				 .sandbox = SANDBOX_DELIVER,
				 .serve = serve,
				 .arg = (void *)place};

	return helper_start(&job, ret, err);
}

int mailbox_look(struct helper *h)
{
	return helper_send(h->fd, "look", 4);
}

int mailbox_answer(struct helper *h, struct mailbox_found *ret)
{
	ssize_t n = helper_receive_now(h->fd, ret, sizeof(*ret));

	if (n == ERR_AGAIN)
		return 0;
	return n == (ssize_t)sizeof(*ret) ? 1 : ERR_IO;
}

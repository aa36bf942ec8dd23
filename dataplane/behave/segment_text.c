/* Log-ins in the clear as they lie in single segments: those of SMTP, whose record has no answers,
 * and, where one side of a conversation is all that the mirror port shows, those of HTTP, FTP and
 * POP3, which no parser can follow then. */
#include "dataplane/behave/segment.h"

#include <string.h>

enum { LINE_MAX_LOOKED = 300 };

static bool mail_port(uint16_t port)
{
	return port == 25 || port == 587 || port == 2525;
}

static void give(const struct segment_reader *r, bool by_sender, const struct behave_login *l)
{
	struct behave_event e = segment_event(r, BEHAVE_LOGIN, by_sender);

	e.login = *l;
	behave_event(r->b, &e);
}

static uint16_t server_port(const struct segment_reader *r, bool by_sender)
{
	return segment_event(r, BEHAVE_LOGIN, by_sender).ends.server_port;
}

/* RFC 4954 6: 235 lets in, 535 refuses; 454, 432, 534 and 538 say nothing of the password. */
static void mail_reply(const struct segment_reader *r, struct slice s)
{
	const struct behave_login l = {.service = "smtp",
				       .outcome = s.data[0] == '2' ? BEHAVE_LET_IN : BEHAVE_DENIED};

	if (mail_port(server_port(r, false)))
		give(r, false, &l);
}

/* PLAIN (RFC 4616) and its elder sibling LOGIN only code the password. */
static void mail_login(const struct segment_reader *r, struct slice s)
{
	struct slice how = slice_sub(s, 5, 5);
	const struct behave_login l = {.service = "smtp",
				       .readable = slice_eq_nocase(how, SLICE_LIT("PLAIN")) ||
						   slice_eq_nocase(how, SLICE_LIT("LOGIN"))};

	if (mail_port(server_port(r, true)))
		give(r, true, &l);
}

/* ---- half a conversation ---- */

/* The rest of the first line that holds `mark`, behind it; empty when none does. */
static struct slice behind(struct slice s, const char *mark)
{
	const uint8_t *at = memmem(s.data, s.len, mark, strlen(mark)), *end;
	size_t from;

	if (!at)
		return SLICE("", 0);
	from = (size_t)(at - s.data) + strlen(mark);
	end = memchr(s.data + from, '\r', s.len - from);
	return slice_sub(s, from, end ? (size_t)(end - s.data) - from : s.len);
}

/* Refusals of passwords, which those of NTLM and Kerberos are not at first, and all else for
 * comparison. */
static void http_answer(const struct segment_reader *r, struct slice s)
{
	struct behave_login l = {.service = "http", .half = true, .outcome = BEHAVE_LET_IN};
	struct slice status = slice_sub(s, 9, 3), scheme = behind(s, "uthenticate: ");

	if (slice_eq(status, SLICE_LIT("401")) || slice_eq(status, SLICE_LIT("407"))) {
		if (scheme.len == 0 || scheme.data[0] == 'N')
			return;
		l.outcome = BEHAVE_DENIED;
	} else if (status.len < 3 || status.data[0] > '3') {
		return;
	}
	give(r, false, &l);
}

static void http_request(const struct segment_reader *r, struct slice s)
{
	static const struct hash_key key = {0x62616e6b656e, 0x736563726574};
	struct slice coded = behind(s, "uthorization: Basic ");
	struct slice path = slice_sub(s, s.data[0] == 'P' ? 5 : 4, LINE_MAX_LOOKED);
	const uint8_t *blank = memchr(path.data, ' ', path.len);
	struct behave_login l = {.service = "http", .half = true, .outcome = BEHAVE_ASKED};

	path = slice_sub(path, 0, blank ? (size_t)(blank - path.data) : 0);
	if (coded.len) {
		l.readable = true;
		l.secret = hash_bytes(&key, coded.data, coded.len) | 1;
	} else if (s.data[0] != 'P' || !behave_login_path(path)) {
		return;
	}
	give(r, true, &l);
}

static void refusal(const struct segment_reader *r, struct slice s)
{
	uint16_t port = server_port(r, false);
	const struct behave_login l = {.service = s.data[0] == '5' ? "ftp" : "pop3",
				       .outcome = BEHAVE_DENIED};

	if ((s.data[0] == '5' && port == 21) || (s.data[0] == '-' && port == 110))
		give(r, false, &l);
}

bool segment_text(const struct segment_reader *r, bool half, struct slice s)
{
	if (behave_mail_reply(s)) {
		mail_reply(r, s);
	} else if (behave_mail_login(s)) {
		mail_login(r, s);
	} else if (half && behave_half_login(s)) {
		if (s.data[0] == 'H')
			http_answer(r, s);
		else if (s.data[0] == 'G' || s.data[0] == 'P')
			http_request(r, s);
		else
			refusal(r, s);
	} else {
		return false;
	}
	return true;
}

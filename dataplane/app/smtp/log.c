#include "dataplane/app/smtp/smtp.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/text.h"

static void log_list(struct record *r, const char *name, const struct text_list *l)
{
	uint32_t at = 0;
	struct slice s;

	if (l->count == 0)
		return;
	record_array(r, name);
	while (text_list_next(l, &at, &s))
		text_log(r, NULL, s);
	record_end(r);
}

static struct slice skip_spaces(struct slice s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_sub(s, 1, s.len);
	return s;
}

/* "a@b, c@d": an array. */
static void log_addresses(struct record *r, const char *name, const struct kept *field)
{
	struct slice left = kept_slice(field);

	if (!field->data)
		return;
	record_array(r, name);
	while (left.len > 0) {
		const uint8_t *comma = memchr(left.data, ',', left.len);
		size_t n = comma ? (size_t)(comma - left.data) : left.len;

		if (n > 0)
			text_log(r, NULL, skip_spaces(slice_sub(left, 0, n)));
		left = slice_sub(left, comma ? n + 1 : n, left.len);
	}
	record_end(r);
}

static void log_smtp(const struct smtp_tx *t, const struct smtp_state *s, struct record *r)
{
	if (s->helo.data)
		text_log(r, "helo", kept_slice(&s->helo));
	if (t->from.data)
		text_log(r, "mail_from", kept_slice(&t->from));
	log_list(r, "rcpt_to", &t->recipients);
}

void mime_log(const struct mime *m, struct record *r)
{
	struct slice from = skip_spaces(kept_slice(&m->from));

	record_text(r, "status", mime_status_text(m));
	if (from.len > 0)
		text_log(r, "from", from);
	log_addresses(r, "to", &m->to);
	log_addresses(r, "cc", &m->cc);
	log_list(r, "attachment", &m->attachments);
	log_list(r, "url", &m->urls);
}

void mime_log_email(const struct mime *m, struct record *r)
{
	if (!m)
		return;
	record_object(r, "email");
	mime_log(m, r);
	record_end(r);
}

bool smtp_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct smtp_tx *t = container_of(tx, const struct smtp_tx, tx);

	log_smtp(t, state, r);
	if (t->mail) {
		record_end(r);
		record_object(r, "email");
		mime_log(t->mail, r);
	}
	return true;
}

void smtp_log_alert(const struct app_tx *tx, const void *state, struct record *r)
{
	record_object(r, "smtp");
	smtp_log(tx, state, r);
	record_end(r);
}

#include "dataplane/api/record.h"
#include "dataplane/app/krb5/krb5.h"
#include "dataplane/app/text/text.h"

enum { PRINCIPAL_MAX = 1024, NUMBER_MAX = 40 };

static const char *message_name(uint8_t type)
{
	switch (type) {
	case KRB5_AS_REQ:
		return "KRB_AS_REQ";
	case KRB5_AS_REP:
		return "KRB_AS_REP";
	case KRB5_TGS_REQ:
		return "KRB_TGS_REQ";
	case KRB5_TGS_REP:
		return "KRB_TGS_REP";
	case KRB5_AP_REQ:
		return "KRB_AP_REQ";
	case KRB5_ERROR:
		return "KRB_ERROR";
	default:
		return "UNKNOWN";
	}
}

/* "krbtgt/EXAMPLE.ORG" */
static void log_principal(struct record *r, const char *field, bool is_there,
			  const struct text_list *names)
{
	uint8_t text[PRINCIPAL_MAX];
	size_t len = 0;
	uint32_t at = 0;
	struct slice name;

	if (!is_there) {
		record_text(r, field, "<empty>");
		return;
	}
	while (text_list_next(names, &at, &name) && len + 1 + name.len <= sizeof(text)) {
		if (len > 0)
			text[len++] = '/';
		memcpy(text + len, name.data, name.len);
		len += name.len;
	}
	text_log(r, field, SLICE(text, len));
}

/* The number's name, or "Kind(number)". */
static void log_number(struct record *r, const char *field, const char *name, const char *kind,
		       int32_t number)
{
	char text[NUMBER_MAX];
	uint32_t n = number < 0 ? 0 - (uint32_t)number : (uint32_t)number;
	size_t at = sizeof(text) - 1;

	if (name) {
		record_text(r, field, name);
		return;
	}
	text[at] = 0;
	text[--at] = ')';
	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	if (number < 0)
		text[--at] = '-';
	text[--at] = '(';
	at -= strlen(kind);
	memcpy(text + at, kind, strlen(kind));
	record_text(r, field, text + at);
}

static void log_etype(struct record *r, const char *field, int32_t etype)
{
	log_number(r, field, krb5_etype_name(etype), "EncryptionType", etype);
}

bool krb5_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct krb5_tx *t = container_of(tx, const struct krb5_tx, tx);

	record_text(r, "msg_type", message_name(t->type));
	if (t->type == KRB5_ERROR) {
		record_text(r, "failed_request", message_name(t->failed));
		log_number(r, "error_code", krb5_error_name(t->error), "ErrorCode", t->error);
	}
	log_principal(r, "cname", t->has_cname, &t->cname);
	if (t->realm.data)
		text_log(r, "realm", kept_slice(&t->realm));
	else
		record_text(r, "realm", "<empty>");
	log_principal(r, "sname", t->has_sname, &t->sname);
	if (t->has_etype)
		log_etype(r, "encryption", t->etype);
	else
		record_text(r, "encryption", "<none>");
	record_bool(r, "weak_encryption", t->has_etype && krb5_etype_weak(t->etype));
	if (t->has_ticket_etype) {
		log_etype(r, "ticket_encryption", t->ticket_etype);
		record_bool(r, "ticket_weak_encryption", krb5_etype_weak(t->ticket_etype));
	}
	return true;
}

#include "dataplane/api/record.h"
#include "dataplane/app/text/text.h"
#include "dataplane/app/tls/tls.h"
#include "dataplane/base/number.h"

static const char *version_text(uint16_t version, char room[24])
{
	switch (version) {
	case TLS_VERSION_UNKNOWN:
		return "UNDETERMINED";
	case TLS_VERSION_SSL2:
		return "SSLv2";
	case TLS_VERSION_SSL3:
		return "SSLv3";
	case TLS_VERSION_10:
		return "TLSv1";
	case TLS_VERSION_11:
		return "TLS 1.1";
	case TLS_VERSION_12:
		return "TLS 1.2";
	case TLS_VERSION_13:
		return "TLS 1.3";
	case TLS_VERSION_13_PRE_DRAFT16:
		return "TLS 1.3 draft-<16";
	default:
		break;
	}
	if (version >= 0x7f10 && version <= 0x7f1c)
		snprintf(room, 24, "TLS 1.3 draft-%u", version & 0xffu);
	else if (version >> 8 == 0xfb)
		snprintf(room, 24, "TLS 1.3 draft-%u-fb", version & 0xffu);
	else
		snprintf(room, 24, "0x%04x", version);
	return room;
}

/* "2019-12-17T01:17:28" */
static void log_date(struct record *r, const char *name, int64_t seconds)
{
	char text[80];

	if (seconds < NUMBER_TIME_FIRST)
		seconds = NUMBER_TIME_FIRST;
	*number_put_time(text, (uint64_t)seconds) = '\0';
	record_text(r, name, text);
}

static void log_names(const struct tls_side *s, struct record *r)
{
	if (!s->has_certificate)
		return;
	text_log(r, "subject", kept_slice(&s->subject));
	text_log(r, "issuerdn", kept_slice(&s->issuer));
}

static void log_certificate(const struct tls_side *s, struct record *r)
{
	if (!s->has_certificate)
		return;
	record_str(r, "serial", kept_slice(&s->serial));
	record_str(r, "fingerprint", SLICE(s->fingerprint, sizeof(s->fingerprint)));
}

static void log_validity(const struct tls_side *s, struct record *r)
{
	if (!s->has_certificate)
		return;
	log_date(r, "notbefore", s->not_before);
	log_date(r, "notafter", s->not_after);
}

static void log_ja3(const struct tls_side *s, const char *name, struct record *r)
{
	if (!s->ja3.data)
		return;
	record_object(r, name);
	record_str(r, "hash", SLICE(s->ja3_hash, sizeof(s->ja3_hash)));
	record_str(r, "string", kept_slice(&s->ja3));
	record_end(r);
}

static void log_all(const struct tls_tx *t, struct record *r)
{
	const struct tls_side *client = &t->side[DIR_TS], *server = &t->side[DIR_TC];
	char room[24];

	log_names(server, r);
	/* A ticket is only asked for in the hello: no certificate seen says it was taken. */
	if (t->flags & TLS_RESUMED && t->flags & TLS_SERVER_HELLO && !server->has_certificate &&
	    !(t->flags & TLS_LOG_WITHOUT_CERT))
		record_bool(r, "session_resumed", true);
	log_certificate(server, r);
	if (client->sni.data)
		text_log(r, "sni", kept_slice(&client->sni));
	record_text(r, "version", version_text(server->version, room));
	if (t->from_proto)
		record_text(r, "from_proto", t->from_proto);
	log_validity(server, r);
	log_ja3(client, "ja3", r);
	log_ja3(server, "ja3s", r);
	if (client->has_ja4)
		record_str(r, "ja4", SLICE(client->ja4, sizeof(client->ja4)));
	if (client->has_certificate) {
		record_object(r, "client");
		log_names(client, r);
		log_certificate(client, r);
		log_validity(client, r);
		record_end(r);
	}
}

bool tls_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct tls_tx *t = tls_tx_of(tx);

	if (!t->side[DIR_TC].has_certificate && !(t->flags & (TLS_RESUMED | TLS_LOG_WITHOUT_CERT)))
		return false;
	log_all(t, r);
	return true;
}

void tls_log_alert(const struct app_tx *tx, const void *state, struct record *r)
{
	record_object(r, "tls");
	log_all(tls_tx_of(tx), r);
	record_end(r);
}

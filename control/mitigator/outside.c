/* Detections of other products (Q15): they are alerts with a source, and what they could not clean
 * starts recovery. */
#include <stdlib.h>
#include <string.h>

#include "control/api/certificate.h"
#include "control/mitigator/external/receiver.h"
#include "control/mitigator/mitigator.h"
#include "control/wire/file.h"

enum { CLIENT_CA_MAX = 256 << 10 };

/* Products name hosts as they know them: by MAC, by address, or only by name. */
static void find_host(struct mitigator *m, struct alert *a)
{
	if (!ip_addr_is_zero(&a->host.ip) || mac_addr_is_host(&a->host.mac) || !a->host.name[0])
		return;
	for (unsigned i = 0; i < hosts_count(m->decide.hosts); i++) {
		const struct host *h = hosts_at(m->decide.hosts, i);
		size_t n = strcspn(a->host.name, ".");

		if (strncasecmp(h->name, a->host.name, n) == 0 &&
		    (h->name[n] == 0 || h->name[n] == '.')) {
			struct host_ident known = host_ident_of(h);

			a->host.ip = known.ip;
			a->host.mac = known.mac;
			a->flow.src = known.ip;
			return;
		}
	}
}

/* The playbook's tasks for its host, as the scope's mode allows, however low the incident still is;
 * and people are told what and where, for without a playbook it is theirs. */
static void start_recovery(struct mitigator *m, const struct alert *a)
{
	const struct host *h = mac_addr_is_host(&a->host.mac)
				       ? hosts_by_mac(m->decide.hosts, &a->host.mac)
				       : hosts_by_ip(m->decide.hosts, &a->host.ip);
	const struct incident *i = h ? incidents_of_host(m->decide.incidents, h->id) : NULL;
	struct cut about = {.target.mac = a->host.mac};
	char text[256];

	if (!ip_addr_is_zero(&a->host.ip))
		target_add_ip(&about.target, &a->host.ip);
	snprintf(text, sizeof(text), "recovery: %.80s could not clean \"%.80s\"%s%.60s", a->source,
		 a->msg, a->evidence.file_name[0] ? " in " : "", a->evidence.file_name);
	log_warn(&m->log, "%s", text);
	tell_people(m, "recover", &about, text);
	if (i)
		recover_incident(m, i, true);
}

static void on_event(void *ctx, const struct external_event *ev, bool proven)
{
	struct mitigator *m = ctx;
	struct external_alert made;
	struct cut_now now = mitigator_now(m);
	struct errmsg e = {""};
	uint64_t doubled;

	external_to_alert(ev, proven, now.wall, &made);
	find_host(m, &made.alert);
	if (mitigator_begin(m, &e) < 0) {
		log_error(&m->log, "%s", e.text);
		return;
	}
	doubled = m->decide.count.doubled;
	except_note(m, &made.alert, made.source);
	decide_alert(&m->decide, &made.alert, made.source, now);
	if (ev->outcome == OUTCOME_NOT_CLEANED && m->decide.count.doubled == doubled)
		start_recovery(m, &made.alert);
}

/* What TLS needs; read once. */
static int take_tls(struct mitigator *m, struct certificate *c, struct slice *ret_ca,
		    struct receiver_setup *setup, struct errmsg *e)
{
	const struct settings_external *s = &m->settings.external;
	int rc;

	if (!s->certificate[0] != !s->key[0])
		return errmsg_set(e, ERR_INVALID,
				  "external.certificate and external.key belong together");
	rc = s->certificate[0] ? certificate_read(s->certificate, s->key, c, e)
			       : certificate_own(m->settings.state_folder, s->tls_listen, c, e);
	/* file_read ends it with a zero. */
	if (rc == 0 && s->client_ca[0])
		rc = file_read(s->client_ca, CLIENT_CA_MAX, ret_ca, e);
	setup->tls_listen = s->tls_listen;
	setup->cert = c->cert;
	setup->key = c->key;
	setup->client_ca = ret_ca->len ? (const char *)ret_ca->data : NULL;
	return rc;
}

int outside_listen(struct mitigator *m, struct errmsg *e)
{
	const struct settings_external *s = &m->settings.external;
	struct receiver_setup setup = {.loop = m->loop,
				       .log = &m->log,
				       .listen = s->listen,
				       .senders = (const char *const *)s->senders.items,
				       .senders_n = s->senders.n,
				       .token = s->token,
				       .event = on_event,
				       .ctx = m};

	struct slice ca = {0};
	struct certificate *c = NULL;
	int rc = 0;

	if (!s->listen[0] && !s->tls_listen[0])
		return 0;
	if (s->tls_listen[0]) {
		c = calloc(1, sizeof(*c));
		rc = c ? take_tls(m, c, &ca, &setup, e) : ERR_NOMEM;
	}
	if (rc == 0)
		m->external = receiver_new(&setup, e);
	if (c)
		explicit_bzero(c, sizeof(*c));
	free(c);
	payload_free(&ca);
	if (m->external)
		log_info(&m->log, "other products may report at %s %s%s", s->listen,
			 s->tls_listen[0] ? "and over TLS at " : "", s->tls_listen);
	return m->external ? 0 : ERR_INVALID;
}

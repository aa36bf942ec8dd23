#include "control/mitigator/api/pages.h"

#include <stdlib.h>
#include <string.h>

#include "control/api/certificate.h"
#include "control/wire/file.h"
#include "dataplane/base/clock.h"

enum { TELL_EVERY_MS = 250, EXPIRE_EVERY_S = 600, CLIENT_CA_MAX = 256 << 10 };

/* ---- the audit of accounts and log-ins ---- */

static void on_audit(void *ctx, const struct api_who *who, const char *from, const char *what,
		     const json_t *detail)
{
	struct pages *p = ctx;
	struct errmsg e = {""};
	char actor[64];
	json_t *more = detail ? json_deep_copy(detail) : json_object();

	if (who->name[0])
		snprintf(actor, sizeof(actor), "%.54s (pages)", who->name);
	else
		snprintf(actor, sizeof(actor), "somebody");
	json_object_set_new(more, "from", local_text(from));
	if (mitigator_begin(p->m, &e) < 0) {
		json_decref(more);
		log_error(&p->m->log, "%s: %s is not in the audit: %s", actor, what, e.text);
		return;
	}
	audit_note(p->m, actor, what, more);
	if (mitigator_commit(p->m, &e) < 0)
		log_error(&p->m->log, "%s", e.text);
	pages_changed(p->m, PAGE_AUDIT);
}

/* ---- events ---- */

void pages_changed(struct mitigator *m, unsigned parts)
{
	if (m->pages)
		m->pages->changed |= parts;
}

void pages_tick(struct mitigator *m)
{
	static const char *const names[] = {"cuts", "hosts", "incidents", "state", "audit"};
	uint64_t now = mitigator_now(m).mono;
	struct pages *p = m->pages;
	json_t *list;

	if (!p || !p->server || !p->changed || now - p->told < TELL_EVERY_MS * NS_PER_MS)
		return;
	list = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (p->changed & 1u << i)
			json_array_append_new(list, json_string(names[i]));
	}
	api_server_tell(p->server, "", "changed", list);
	json_decref(list);
	p->changed = 0;
	p->told = now;
}

/* ---- start ---- */

static void say_where(struct mitigator *m, const struct certificate *c, bool tls)
{
	log_info(&m->log, "pages: %s://%s/%s%s%s", tls ? "https" : "http", m->settings.pages.listen,
		 accounts_count(m->pages->accounts) ? ""
						    : "; nobody can log in yet: banken account add",
		 tls ? "; certificate " : "", tls ? c->print : "");
}

/* Whose certificates are asked for. They end with TLS, so it must end here. */
static int read_client_ca(struct mitigator *m, bool tls, struct errmsg *e)
{
	const char *path = m->settings.pages.client_ca;
	struct slice text;

	if (!path[0])
		return 0;
	if (!tls)
		return errmsg_set(e, ERR_INVALID,
				  "pages.client-ca needs TLS here: set pages.certificate and "
				  "pages.key, without behind-tls");
	if (file_read(path, CLIENT_CA_MAX, &text, e) < 0)
		return ERR_IO;
	m->pages->client_ca = strndup((const char *)text.data, text.len);
	payload_free(&text);
	if (!m->pages->client_ca || !strstr(m->pages->client_ca, "-----BEGIN CERTIFICATE-----"))
		return errmsg_set(e, ERR_INVALID,
				  "pages.client-ca: %.200s has no certificate in PEM", path);
	return 0;
}

static int start_server(struct mitigator *m, struct errmsg *e)
{
	struct api_table tables[] = {page_routes(m), ordered_routes(m)};
	struct certificate *c = m->pages->certificate;
	const struct api_serve *s = &m->settings.pages;
	struct pages *p = m->pages;
	bool tls = false, has_folder = api_serve_has_pages(s);
	int rc = api_serve_certificate(s, m->settings.state_folder, c, &tls, e);
	struct api_setup setup = {.loop = m->loop,
				  .log = &m->log,
				  .address = s->listen,
				  .behind_tls = s->behind_tls,
				  .tables = tables,
				  .n_tables = ARRAY_SIZE(tables),
				  .accounts = p->accounts,
				  .files = has_folder ? s->folder : NULL,
				  .about = {"Banken, a site's mitigator", BANKEN_VERSION},
				  .audit = on_audit,
				  .audit_ctx = p};

	if (rc < 0)
		return rc;
	if (tls) {
		setup.cert = c->cert;
		setup.key = c->key;
	}
	if (read_client_ca(m, tls, e) < 0)
		return ERR_INVALID;
	setup.client_ca = p->client_ca;
	if (s->folder[0] && !has_folder)
		log_warn(&m->log, "pages: %s is not there: the API alone is served", s->folder);
	p->server = api_server_new(&setup, e);
	if (!p->server)
		return ERR_IO;
	say_where(m, c, tls);
	return 0;
}

int pages_start(struct mitigator *m, struct errmsg *e)
{
	char path[512];

	m->pages = calloc(1, sizeof(*m->pages));
	if (!m->pages)
		return errmsg_set(e, ERR_NOMEM, "no memory");
	m->pages->m = m;
	m->pages->certificate = calloc(1, sizeof(*m->pages->certificate));
	snprintf(path, sizeof(path), "%s/accounts.db", m->settings.state_folder);
	m->pages->accounts = accounts_open(path, e);
	if (!m->pages->accounts || !m->pages->certificate)
		return ERR_IO;
	return m->settings.pages.listen[0] ? start_server(m, e) : 0;
}

void pages_stop(struct mitigator *m)
{
	if (!m->pages)
		return;
	api_server_delete(m->pages->server);
	accounts_close(m->pages->accounts);
	if (m->pages->certificate)
		explicit_bzero(m->pages->certificate, sizeof(*m->pages->certificate));
	free(m->pages->certificate);
	free(m->pages->client_ca);
	free(m->pages);
	m->pages = NULL;
}

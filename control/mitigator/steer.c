/* What the centre steers here: the certificate, whom we trust, and the few settings that it may set
 * (managed.h), in force at once. The policy, its mode, the mandate and what is protected are the
 * site's: no message of the centre's can touch them. */
#include <stdlib.h>

#include "control/mitigator/mitigator.h"
#include "control/wire/file.h"
#include "control/wire/managed.h"

/* Into a copy first, so that half a document is never in force. */
static int use(struct mitigator *m, struct slice text, struct errmsg *e)
{
	struct settings trial;
	struct config *memory = config_load(settings_keys, NULL, &trial, sizeof(trial), e);
	int rc;

	if (!memory)
		return ERR_NOMEM;
	trial.log_level = m->own_log_level;
	trial.ports_every = m->own_ports_every;
	rc = managed_apply(text, ROLE_MITIGATOR, memory, settings_keys, &trial, e);
	if (rc == 0) {
		m->settings.ports_every = trial.ports_every;
		m->log.level = (enum log_level)trial.log_level;
	}
	config_free(memory);
	return rc;
}

static int use_file(struct mitigator *m, const struct artefact_file *f, struct errmsg *e)
{
	struct slice text;
	int rc = file_read(f->path, MANAGED_BYTES, &text, e);

	if (rc)
		return rc;
	rc = use(m, text, e);
	payload_free(&text);
	return rc;
}

static int install(void *ctx, const struct artefact_file *f, struct errmsg *e)
{
	struct mitigator *m = ctx;
	int rc = use_file(m, f, e);

	if (rc == 0)
		audit_note(m, "the centre", "configuration",
			   json_pack("{so ss}", "version", local_text(f->version), "sha256",
				     f->sha256));
	return rc;
}

static int send(void *ctx, const struct message *msg, struct errmsg *e)
{
	struct mitigator *m = ctx;
	int rc = mitigator_begin(m, e);

	if (rc == 0)
		tell_centre(m, msg);
	return rc;
}

static bool pass(void *ctx, const struct message *msg)
{
	struct mitigator *m = ctx;
	struct slice payload;
	bool sent;

	if (!m->centre || message_encode(msg, &payload, NULL))
		return false;
	sent = link_send_passing(m->centre, payload);
	payload_free(&payload);
	return sent;
}

static void keys_changed(void *ctx, bool own)
{
	struct mitigator *m = ctx;

	if (m->server)
		link_server_keys_changed(m->server);
	if (m->centre)
		link_keys_changed(m->centre, own);
}

void steer_passing(void *ctx, const struct identity *peer, struct slice payload)
{
	struct mitigator *m = ctx;
	struct errmsg e = {""};
	struct message *msg = message_decode(payload, &e);

	if (msg && msg->kind == MESSAGE_ENROL_ANSWER && msg->enrol_answer.role &&
	    strcmp(msg->enrol_answer.role, role_text(ROLE_ENFORCER)) == 0)
		(void)link_server_send_passing(m->server, msg->enrol_answer.name, payload);
	else if (msg)
		box_passing(m->box, msg);
	message_free(msg);
}

/* An enforcer speaks with its mitigator alone: it is named to the centre by what its connection's
 * certificate says, whatever it wrote itself. */
void steer_relay(struct mitigator *m, const struct enrol_request *q, const struct identity *peer)
{
	struct message out = {.kind = MESSAGE_ENROL_REQUEST};

	out.enrol_request = (struct enrol_request){.code = peer->serial,
						   .role = role_text(peer->role),
						   .name = peer->name,
						   .csr = q->csr,
						   .renew = true};
	if (!q->renew || !pass(m, &out))
		log_info(&m->log, "%s asks for its next certificate, and the centre is away",
			 peer->name);
}

int steer_start(struct mitigator *m, struct errmsg *e)
{
	const struct artefact_handler handlers[] = {{ARTEFACT_CONFIG, install, m}};
	char folder[512];
	struct box_setup setup = {.loop = m->loop,
				  .log = &m->log,
				  .keys = m->keys,
				  .keys_folder = m->settings.keys_folder,
				  .folder = folder,
				  .handlers = handlers,
				  .n_handlers = ARRAY_SIZE(handlers),
				  .send = send,
				  .pass = pass,
				  .keys_changed = keys_changed,
				  .ctx = m};
	struct artefact_file f;

	m->own_log_level = m->settings.log_level;
	m->own_ports_every = m->settings.ports_every;
	snprintf(folder, sizeof(folder), "%s/artefacts", m->settings.state_folder);
	m->box = box_new(&setup, e);
	if (!m->box)
		return ERR_IO;
	if (artefact_in_force(box_artefacts(m->box), ARTEFACT_CONFIG, &f) && use_file(m, &f, e))
		log_error(&m->log, "the centre's configuration is passed over: %s", e->text);
	return 0;
}

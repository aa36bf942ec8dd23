#include "control/sensor/evidence.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/wire/sign.h"
#include "dataplane/evidence/chain.h"

enum { ALERT_DIGITS = 16, PATH = 1024, SKEW_S = 300 };

/* ---- the line ---- */

struct search {
	const char *alert;	  /* its digits */
	struct chain_entry found; /* without a line; file "" = none */
	bool dropped, broken, cut;
	char *proof;
	size_t len;
};

static bool names(const json_t *line, const char *alert)
{
	const char *text = json_string_value(json_object_get(line, "alert"));
	const json_t *other;
	size_t i;

	if (text && strcmp(text, alert) == 0)
		return true;
	json_array_foreach(json_object_get(line, "others"), i, other)
	{
		if (json_is_string(other) && strcmp(json_string_value(other), alert) == 0)
			return true;
	}
	return false;
}

static bool is_of(const struct chain_entry *e, const char *alert)
{
	json_t *line;
	bool is;

	if (!memmem(e->line.data, e->line.len, alert, ALERT_DIGITS))
		return false;
	line = json_loadb((const char *)e->line.data, e->line.len, 0, NULL);
	is = names(line, alert);
	json_decref(line);
	return is;
}

/* From the piece's line on, each: it proves the piece against any later one. */
static void add_proof(struct search *s, struct slice line)
{
	if (s->len + line.len + 2 > EVIDENCE_PROOF) {
		s->cut = true;
		return;
	}
	memcpy(s->proof + s->len, line.data, line.len);
	s->len += line.len;
	s->proof[s->len++] = '\n';
	s->proof[s->len] = 0;
}

static void each_line(void *ctx, const struct chain_entry *e, const char *wrong)
{
	struct search *s = ctx;

	if (!s->found.file[0] && is_of(e, s->alert)) {
		s->found = *e;
		s->found.line = (struct slice){NULL, 0};
	}
	if (!s->found.file[0])
		return;
	s->broken |= wrong[0] != 0;
	s->dropped |= strcmp(e->kind, "dropped") == 0 && strcmp(e->file, s->found.file) == 0;
	if (!s->cut)
		add_proof(s, e->line);
}

static int find(const struct evidence_setup *s, struct search *ret, struct errmsg *e)
{
	struct chain_report report;
	int rc = chain_verify(s->folder, each_line, ret, false, &report, e);

	if (rc != ERR_OK && rc != ERR_INVALID)
		return errmsg_set(e, ERR_NOTFOUND, "this sensor keeps no packets");
	if (!ret->found.file[0])
		return errmsg_set(e, ERR_NOTFOUND, "no packets were kept for this alert");
	if (ret->dropped)
		return errmsg_set(e, ERR_NOTFOUND,
				  "its packets were kept, and went for want of room");
	if (ret->broken)
		return errmsg_set(e, ERR_INVALID,
				  "the evidence was changed on the sensor: banken evidence verify");
	if (ret->found.size > EVIDENCE_MOST)
		return errmsg_set(e, ERR_LIMIT, "the piece has more than %d MB",
				  EVIDENCE_MOST >> 20);
	e->text[0] = 0;
	return ERR_OK;
}

/* ---- on its way ---- */

/* After the parts, in their lane: who has it has them all. */
static int answer(const struct evidence_setup *s, const struct person_order *o,
		  enum command_state state, const char *text, struct errmsg *e)
{
	struct message m = {.kind = MESSAGE_STATUS};
	uint64_t now = loop_wall(s->loop);

	m.status = (struct command_status){.command_id = o->id,
					   .state = state,
					   .time = now,
					   .actor = s->outbox->sensor,
					   .reason = text,
					   .method = "person"};
	return outbox_message(s->outbox, &m, LANE_STATE, OUTBOX_FOR_CENTRE, now, e);
}

static int send_part(const struct evidence_setup *s, const struct person_order *o,
		     const struct search *found, struct slice data, uint64_t offset,
		     struct errmsg *e)
{
	struct message m = {.kind = MESSAGE_EVIDENCE_PART};

	m.evidence_part = (struct evidence_part){.order = o->id,
						 .alert = o->subject,
						 .file = found->found.file,
						 .sha256 = found->found.sha256,
						 .size = found->found.size,
						 .offset = offset,
						 .data = data,
						 .proof = offset ? "" : found->proof};
	return outbox_message(s->outbox, &m, LANE_STATE, OUTBOX_FOR_CENTRE, loop_wall(s->loop), e);
}

static int send_file(const struct evidence_setup *s, const struct person_order *o,
		     const struct search *found, int fd, struct errmsg *e)
{
	uint8_t *buf = malloc(EVIDENCE_PART);
	uint64_t at = 0;
	int rc = buf ? ERR_OK : ERR_NOMEM;

	while (rc == ERR_OK && at < found->found.size) {
		uint64_t left = found->found.size - at;
		ssize_t n = read(fd, buf, left < EVIDENCE_PART ? (size_t)left : EVIDENCE_PART);

		rc = n > 0 ? send_part(s, o, found, SLICE(buf, (size_t)n), at, e)
			   : errmsg_set(e, ERR_IO, "the piece is shorter than its line says");
		at += n > 0 ? (uint64_t)n : 0;
	}
	free(buf);
	return rc;
}

static int send_piece(const struct evidence_setup *s, const struct person_order *o,
		      const struct search *found, struct errmsg *e)
{
	char path[PATH];
	int fd, rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", s->folder, found->found.file) >=
	    sizeof(path))
		return errmsg_set(e, ERR_LIMIT, "evidence.folder is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errmsg_set(e, ERR_IO, "the piece cannot be read: %m");
	rc = outbox_begin(s->outbox, e);
	rc = rc == ERR_OK ? send_file(s, o, found, fd, e) : rc;
	rc = rc == ERR_OK ? answer(s, o, COMMAND_STATE_ACKED, found->found.file, e) : rc;
	close(fd);
	if (rc == ERR_OK)
		return outbox_commit(s->outbox, e);
	outbox_rollback(s->outbox);
	return rc;
}

/* ---- whether ---- */

static const char *digits_of(const struct evidence_setup *s, const char *alert)
{
	size_t name = strlen(s->outbox->sensor);
	const char *digits = alert + name + 1;

	if (strncmp(alert, s->outbox->sensor, name) != 0 || alert[name] != '-' ||
	    strlen(digits) != ALERT_DIGITS || strspn(digits, "0123456789abcdef") != ALERT_DIGITS)
		return NULL;
	return digits;
}

static int check(const struct evidence_setup *s, const struct message *m, struct errmsg *e)
{
	const struct person_order *o = &m->person_order;
	uint64_t now = loop_wall(s->loop);
	struct identity signer;

	if (sign_check(s->keys, m, ROLE_SET(ROLE_CENTRE), &signer, e))
		return ERR_DENIED;
	if (strcmp(o->target, s->outbox->sensor) != 0 || strcmp(o->act, "evidence") != 0)
		return errmsg_set(e, ERR_INVALID, "the order is not for this sensor");
	if (o->expires <= now || o->issued > now + SKEW_S * NS_PER_SEC)
		return errmsg_set(e, ERR_INVALID, "the order has expired");
	if (!s->folder[0] || s->give == EVIDENCE_NOBODY)
		return errmsg_set(e, ERR_DENIED, "this sensor gives packets to nobody");
	if (s->give == EVIDENCE_CUSTOMER && !o->customer[0])
		return errmsg_set(e, ERR_DENIED,
				  "this sensor gives packets to the customer's people only");
	return digits_of(s, o->subject)
		       ? ERR_OK
		       : errmsg_set(e, ERR_NOTFOUND, "no such alert of this sensor");
}

static void refuse(const struct evidence_setup *s, const struct person_order *o, const char *why)
{
	struct errmsg e = {""};
	int rc = outbox_begin(s->outbox, &e);

	rc = rc == ERR_OK ? answer(s, o, COMMAND_STATE_REFUSED, why, &e) : rc;
	if (rc == ERR_OK)
		rc = outbox_commit(s->outbox, &e);
	else
		outbox_rollback(s->outbox);
	if (rc != ERR_OK)
		log_warn(s->log, "the answer to order %s is lost: %s", o->id, e.text);
}

void evidence_take(const struct evidence_setup *s, const struct message *m)
{
	const struct person_order *o = &m->person_order;
	struct search found = {.alert = ""};
	struct errmsg e = {""};
	int rc = check(s, m, &e);

	if (rc == ERR_OK) {
		found.alert = digits_of(s, o->subject);
		found.proof = calloc(1, EVIDENCE_PROOF);
		rc = found.proof ? find(s, &found, &e) : errmsg_set(&e, ERR_NOMEM, "no memory");
	}
	rc = rc == ERR_OK ? send_piece(s, o, &found, &e) : rc;
	free(found.proof);
	if (rc != ERR_OK)
		refuse(s, o, e.text);
	log_info(s->log, "%s (%s) asks for the packets of %s: %s", o->account,
		 o->customer[0] ? o->customer : "the vendor", o->subject,
		 rc == ERR_OK ? "given" : e.text);
}

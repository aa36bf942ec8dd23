#include "control/mitigator/recovery/runner.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control/helper/run.h"
#include "dataplane/base/json.h"

static void write_host(struct json *j, const struct recovery_case *c)
{
	json_open_object(j, "host");
	json_text(j, "id", c->host_id);
	json_text(j, "name", c->host);
	json_text(j, "ip", c->ip);
	json_text(j, "mac", c->mac);
	json_text(j, "user", c->user);
	json_text(j, "location", c->location);
	json_end(j);
	json_open_object(j, "file");
	json_text(j, "name", c->file);
	json_text(j, "sha256", c->sha256);
	json_text(j, "url", c->url);
	json_end(j);
	json_open_object(j, "threat");
	json_text(j, "id", c->threat_id);
	json_text(j, "name", c->threat);
	json_end(j);
}

long runner_write(const struct runner_order *o, char *ret, size_t cap)
{
	const struct recovery_task *t = o->task;
	struct json j;

	json_init(&j, ret, cap);
	json_open_object(&j, NULL);
	json_text(&j, "verb", o->undo ? "undo" : "do");
	json_text(&j, "kind", recovery_kind_text(t->what.kind));
	json_text(&j, "task", t->what.name);
	json_uint(&j, "id", t->id);
	json_text(&j, "command_id", o->command_id);
	json_uint(&j, "incident", t->incident);
	write_host(&j, o->about);
	json_uint(&j, "issued", t->ordered);
	json_uint(&j, "expires", t->expires);
	json_text(&j, "before", o->before);
	json_text(&j, "file_types", o->types ? o->types : "");
	json_base64(&j, "signed", o->signature);
	json_end(&j);
	return json_finish(&j);
}

int runner_read(const char *text, size_t n, struct runner_reply *ret, struct errmsg *e)
{
	json_error_t error;
	json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	const json_t *ok = json_object_get(o, "ok"), *said = json_object_get(o, "text");
	const json_t *found = json_object_get(o, "found"), *detail = json_object_get(o, "detail");
	char *dump;

	if (!o)
		return errmsg_set(e, ERR_INVALID, "the answer is not JSON: %s", error.text);
	if (!json_is_boolean(ok) || (said && !json_is_string(said)) ||
	    (found && !json_is_boolean(found)) || (detail && !json_is_object(detail))) {
		json_decref(o);
		return errmsg_set(e, ERR_INVALID,
				  "the answer must have \"ok\": true or false, \"text\" a string, "
				  "\"found\" true or false, \"detail\" an object");
	}
	ret->ok = json_is_true(ok);
	ret->found_none = json_is_false(found);
	snprintf(ret->text, sizeof(ret->text), "%s", said ? json_string_value(said) : "");
	dump = detail ? json_dumps(detail, JSON_COMPACT) : NULL;
	snprintf(ret->detail, sizeof(ret->detail), "%s",
		 dump && strlen(dump) < sizeof(ret->detail) ? dump : "");
	free(dump);
	json_decref(o);
	return 0;
}

size_t runner_job_size(const struct runner_job *j)
{
	return offsetof(struct runner_job, json) + j->len;
}

static void carry_out(const struct runner_job *j, struct runner_reply *ret)
{
	const char *argv[PLAYBOOK_ARGUMENTS + 2] = {j->program.path};
	char *out = malloc(RUNNER_JSON);
	struct run_result r = {.output = out, .cap = RUNNER_JSON};
	struct errmsg e = {""};
	int rc;

	for (unsigned i = 0; i < j->program.arguments_n && i < PLAYBOOK_ARGUMENTS; i++)
		argv[i + 1] = j->program.arguments[i];
	rc = out ? run_program(argv, SLICE(j->json, j->len), j->timeout_ms, &r, &e)
		 : errmsg_set(&e, ERR_NOMEM, "no memory");
	if (rc == 0 && r.status != 0)
		rc = errmsg_set(&e, ERR_IO, "%s ended with status %d", j->program.path, r.status);
	if (rc == 0)
		rc = runner_read(out, r.len, ret, &e);
	if (rc < 0) {
		ret->ok = false;
		snprintf(ret->text, sizeof(ret->text), "%.250s", e.text);
	}
	free(out);
}

static void serve(int fd, void *arg)
{
	struct runner_job *j = calloc(1, sizeof(*j));
	ssize_t n;

	while (j && (n = helper_receive(fd, j, sizeof(*j))) > 0) {
		struct runner_reply reply = {.ok = false};

		if ((size_t)n < offsetof(struct runner_job, json) || j->len > sizeof(j->json) ||
		    (size_t)n != runner_job_size(j))
			continue;
		reply.task = j->task;
		reply.number = j->number;
		reply.undo = j->undo;
		carry_out(j, &reply);
		if (helper_send(fd, &reply, sizeof(reply)) < 0)
			break;
	}
	free(j);
}

int runner_start(const char *user, struct helper *ret, struct errmsg *e)
{
	struct helper_job job = {.name = "banken-recover", .user = user, .serve = serve};

	return helper_start(&job, ret, e);
}

#include "control/mitigator/incident/story_json.h"

#include <stdio.h>
#include <string.h>

#include "control/wire/local.h"
#include "control/wire/text.h"

static json_t *texts(char *const *items, unsigned n)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < n; k++)
		json_array_append_new(list, local_text(items[k] ? items[k] : ""));
	return list;
}

static json_t *names(const void *items, size_t size, unsigned n)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < n; k++)
		json_array_append_new(list, local_text((const char *)items + k * size));
	return list;
}

static json_t *steps(const struct incident *i, const struct story *s)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < s->steps_n; k++) {
		const struct chain_step *x = i->steps[k];

		json_array_append_new(
			list, json_pack("{sI sI sI ss so so ss ss so so ss}", "first",
					(json_int_t)x->first, "last", (json_int_t)x->last, "hits",
					(json_int_t)x->hits, "stage", stage_text(x->stage), "text",
					local_text(s->steps[0][k]), "text_ja",
					local_text(s->steps[1][k]), "level", level_text(x->level),
					"sha256", x->sha256, "file", local_text(x->file), "url",
					local_text(x->url), "technique", x->technique));
	}
	return list;
}

json_t *story_json(const struct incident *i, const struct story *s, const char *host)
{
	return json_pack("{ss so ss sf sI sI sI sI so so so so so so so so so so so so}", "id",
			 i->id, "host", local_text(host), "level", level_text(i->level), "risk",
			 i->risk, "opened", (json_int_t)i->opened, "updated",
			 (json_int_t)i->updated, "closed", (json_int_t)i->closed, "alerts",
			 (json_int_t)i->alerts, "title", local_text(i->title), "attacker",
			 local_text(s->attacker), "victim", local_text(s->victim), "techniques",
			 names(s->techniques, sizeof(s->techniques[0]), s->techniques_n), "cause",
			 local_text(s->cause[0] ? s->cause[0] : ""), "cause_ja",
			 local_text(s->cause[1] ? s->cause[1] : ""), "handling",
			 texts(s->handling[0], s->handling_n), "handling_ja",
			 texts(s->handling[1], s->handling_n), "affected",
			 names(s->affected, sizeof(s->affected[0]), s->affected_n), "linked",
			 names(s->linked, sizeof(s->linked[0]), s->linked_n), "steps", steps(i, s),
			 "host_id", local_text(i->host_id));
}

bool incident_file_of(const json_t *line, struct incident_file *ret)
{
	const json_t *file = json_object_get(line, "fileinfo"),
		     *http = json_object_get(line, "http");
	const char *name = text_member(file, "filename"), *slash = strrchr(name, '/');
	const char *host = text_member(http, "hostname"), *path = text_member(http, "url");

	if (!text_member(file, "sha256")[0])
		return false;
	name = slash ? slash + 1 : name;
	if (!incident_file_matters(name))
		return false;
	snprintf(ret->file, sizeof(ret->file), "%s", name);
	snprintf(ret->sha256, sizeof(ret->sha256), "%s", text_member(file, "sha256"));
	if (host[0])
		snprintf(ret->url, sizeof(ret->url), "http://%s%s", host, path);
	return true;
}

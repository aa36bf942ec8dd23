#include "control/mitigator/incident/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/incident/private.h"
#include "control/mitigator/incident/story_private.h"
#include "dataplane/base/clock.h"

enum { ATTACKS_READ = 256, CHAIN_MAX = 8 };
/* Clocks and parsers: what is said to be the cause may be seen this much after its effect. */
#define SLACK (2 * NS_PER_MIN)
/* An attack this long before the first sign is not its cause. */
#define REACH (7 * NS_PER_DAY)
/* A file that raised an alert is whole this much later. */
#define FILE_LATE (10 * NS_PER_MIN)

/* ---- where it began ---- */

static bool is_entry(const struct chain_step *x)
{
	return x->stage == STAGE_DELIVERY || (x->stage == STAGE_EXPLOITATION && !x->attacks);
}

/* The first sight of something that comes after an entry. */
static uint64_t first_consequence(const struct incident *i)
{
	uint64_t first = UINT64_MAX;

	for (unsigned k = 0; k < i->steps_n; k++) {
		const struct chain_step *x = i->steps[k];

		if (!is_entry(x) && x->stage != STAGE_RECONNAISSANCE && x->first < first)
			first = x->first;
	}
	return first;
}

/* Of the ways in that were seen before anything came of it: a file that was received says more
 * than an attempt. */
static const struct chain_step *find_entry(const struct incident *i)
{
	uint64_t limit = first_consequence(i);
	const struct chain_step *best = NULL;

	if (limit != UINT64_MAX)
		limit += SLACK;
	for (unsigned k = 0; k < i->steps_n; k++) {
		const struct chain_step *x = i->steps[k];

		if (!is_entry(x) || x->first > limit)
			continue;
		if (!best || (!best->file[0] && x->file[0]))
			best = x;
	}
	return best;
}

/* The first attack of an inside host on this one that can have brought it in. */
static const struct incident_attack *find_infection(struct incidents *t, const char *host_id,
						    uint64_t first)
{
	const struct incident_attack *all[ATTACKS_READ];
	unsigned n = incidents_attacks(t, NULL, host_id, all, ATTACKS_READ);

	for (unsigned k = 0; k < n; k++) {
		if (stage_infects(all[k]->stage) && all[k]->first <= first + SLACK &&
		    all[k]->first + REACH >= first)
			return all[k];
	}
	return NULL;
}

/* Host by host back to the one that nobody inside infected. */
static const char *first_host(struct incidents *t, const struct incident_attack *a)
{
	const char *seen[CHAIN_MAX];

	for (unsigned n = 0; n < CHAIN_MAX; n++) {
		const struct incident_attack *before = find_infection(t, a->from, a->first);

		seen[n] = a->to;
		for (unsigned k = 0; before && k <= n; k++) {
			if (strcmp(before->from, seen[k]) == 0)
				before = NULL;
		}
		if (!before)
			break;
		a = before;
	}
	return a->from;
}

/* ---- the sentence of the cause ---- */

static const char *const sentences[][STORY_LANGUAGES] = {
#define INFECTED 0
	{"{origin} brought it in: at {time} \"{what}\" ({technique}) was seen from there against "
	 "{host}.",
	 "{origin} から感染したと見られます。{time} に {host} への「{what}」({technique}) "
	 "を検知しました。"},
#define FILE_CAME 1
	{"At {time} {host} received the file \"{file}\" from {source}: {what}.",
	 "{time} に {host} が {source} からファイル「{file}」を受信しました: {what}。"},
#define FILE_HASH 2
	{" SHA-256 {sha256}.", " SHA-256 は {sha256} です。"},
#define DELIVERED 3
	{"At {time} it came to {host} from {source}: {what}.",
	 "{time} に {source} から {host} に届きました: {what}。"},
#define EXPLOITED 4
	{"At {time} {host} was attacked by {peer} on port {port}: {what}.",
	 "{time} に {host} がポート {port} で {peer} から攻撃を受けました: {what}。"},
#define OWN_ATTACK 5
	{"How it came to {host} was not seen. The first sign is its own attack at {time} on "
	 "{peer}: "
	 "{what}.",
	 "{host} への侵入経路は観測されていません。最初の兆候は {time} の {peer} への攻撃です: "
	 "{what}。"},
#define FIRST_SIGN 6
	{"How it came to {host} was not seen. The first sign is at {time}, with {source}: {what}.",
	 "{host} への侵入経路は観測されていません。最初の兆候は {time}、相手は {source} です: "
	 "{what}。"},
#define LOOKED_AT 7
	{"From outside {peer} looked at {host} at {time}: {what}. Nothing shows that it came in.",
	 "{time} に外部の {peer} が {host} を調べました: {what}。侵入を示す兆候はありません。"},
#define PATIENT_ZERO 8
	{" The chain begins at %s.", " 一連の感染の起点は %s です。"},
#define FILE_BEFORE 10
#define REPORTED    9
	{" Reported by %s.", " %s からの通報です。"},
	/* FILE_BEFORE */
	{" The likely way in: at {time} {host} had received the file \"{file}\" from {source}.",
	 " 侵入経路の候補: {time} に {host} が {source} "
	 "からファイル「{file}」を受信していました。"},
};

static void append(char **to, char *more)
{
	char *whole = NULL;

	if (*to && more && asprintf(&whole, "%s%s", *to, more) >= 0) {
		free(*to);
		*to = whole;
	}
	free(more);
}

static char *say(const struct telling *t, unsigned sentence, enum story_language l,
		 const struct chain_step *x)
{
	return story_fill(t, sentences[sentence][l], x);
}

static char *say_with(const char *format, const char *value)
{
	const char *at = strstr(format, "%s");
	char *ret = NULL;

	if (!at || asprintf(&ret, "%.*s%s%s", (int)(at - format), format, value, at + 2) < 0)
		return NULL;
	return ret;
}

static char *infected(const struct telling *t, enum story_language l)
{
	const struct incident_attack *a = t->infection;
	const char *zero = first_host(t->setup->incidents, a);
	struct chain_step x = {.first = a->first};
	char name[STORY_NAME], *text;

	snprintf(x.msg, sizeof(x.msg), "%s", a->msg);
	snprintf(x.technique, sizeof(x.technique), "%s",
		 a->technique[0] ? a->technique : stage_text(a->stage));
	text = say(t, INFECTED, l, &x);
	if (strcmp(zero, a->from) != 0)
		append(&text, say_with(sentences[PATIENT_ZERO][l],
				       t->setup->host_text(t->setup->ctx, zero, name)));
	return text;
}

static unsigned sentence_of(const struct telling *t, const struct chain_step *x)
{
	if (x == t->entry && x->file[0])
		return FILE_CAME;
	if (x == t->entry)
		return x->stage == STAGE_DELIVERY ? DELIVERED : EXPLOITED;
	if (x->stage == STAGE_RECONNAISSANCE)
		return LOOKED_AT;
	return x->attacks ? OWN_ATTACK : FIRST_SIGN;
}

static char *cause(const struct telling *t, enum story_language l)
{
	const struct chain_step *x = t->entry ? t->entry : t->i->steps_n ? t->i->steps[0] : NULL;
	char *text, *reason = NULL;

	if (t->infection)
		return infected(t, l);
	if (!x)
		return strdup("");
	/* A look from outside matters only when there is nothing else. */
	for (unsigned k = 0; x->stage == STAGE_RECONNAISSANCE && k < t->i->steps_n; k++)
		x = t->i->steps[k];
	text = say(t, sentence_of(t, x), l, x);
	if (x == t->entry && x->file[0] && (x->sha256[0] || t->sha256[0]))
		append(&text, say(t, FILE_HASH, l, x));
	if (x->reason[l][0] && asprintf(&reason, " %s", x->reason[l]) >= 0)
		append(&text, reason);
	if (x != t->entry && t->before.file[0]) {
		append(&text, say(t, FILE_BEFORE, l, &t->before));
		append(&text, say(t, FILE_HASH, l, &t->before));
	}
	if (x->source[0])
		append(&text, say_with(sentences[REPORTED][l], x->source));
	return text;
}

/* ---- who, whom, how ---- */

static const struct chain_step *worst_step(const struct incident *i)
{
	const struct chain_step *worst = i->steps_n ? i->steps[0] : NULL;

	for (unsigned k = 1; k < i->steps_n; k++) {
		if (i->steps[k]->level > worst->level)
			worst = i->steps[k];
	}
	return worst;
}

static void add_affected(struct story *s, const char *name)
{
	for (unsigned k = 0; k < s->affected_n; k++) {
		if (strcmp(s->affected[k], name) == 0)
			return;
	}
	if (s->affected_n < STORY_AFFECTED)
		snprintf(s->affected[s->affected_n++], STORY_NAME, "%s", name);
	else
		s->affected_more++;
}

static void add_linked(struct telling *t, const char *host_id)
{
	const struct incident *other = incidents_of_host(t->setup->incidents, host_id);
	struct story *s = t->s;

	if (!other || other->number == t->i->number)
		return;
	for (unsigned k = 0; k < s->linked_n; k++) {
		if (strcmp(s->linked[k], other->id) == 0)
			return;
	}
	if (s->linked_n < STORY_LINKED)
		snprintf(s->linked[s->linked_n++], sizeof(s->linked[0]), "%s", other->id);
}

static void find_affected(struct telling *t)
{
	const struct incident_attack *all[ATTACKS_READ];
	unsigned n = incidents_attacks(t->setup->incidents, t->i->host_id, NULL, all, ATTACKS_READ);
	char name[STORY_NAME];

	for (unsigned k = 0; k < n; k++) {
		if (all[k]->last + SLACK < t->i->opened || all[k]->first > t->i->updated + SLACK)
			continue;
		add_affected(t->s, t->setup->host_text(t->setup->ctx, all[k]->to, name));
		add_linked(t, all[k]->to);
	}
	/* Targets that are no host of ours. */
	for (unsigned k = 0; k < t->i->steps_n; k++) {
		if (t->i->steps[k]->attacks)
			add_affected(t->s, story_peer(t, t->i->steps[k], name));
	}
	if (t->infection)
		add_linked(t, t->infection->from);
}

static void name_sides(struct telling *t)
{
	const struct chain_step *worst = worst_step(t->i);
	struct story *s = t->s;
	size_t len = 0;
	bool attacks = false;

	for (unsigned k = 0; k < t->i->steps_n; k++)
		attacks = attacks || t->i->steps[k]->attacks;
	if (!attacks) {
		if (worst)
			story_peer(t, worst, s->attacker);
		snprintf(s->victim, sizeof(s->victim), "%s", t->host);
		return;
	}
	snprintf(s->attacker, sizeof(s->attacker), "%s", t->host);
	for (unsigned k = 0; k < s->affected_n && len + STORY_NAME < sizeof(s->victim); k++)
		len += (size_t)snprintf(s->victim + len, sizeof(s->victim) - len, "%s%s",
					k ? ", " : "", s->affected[k]);
}

static void name_techniques(struct telling *t)
{
	struct story *s = t->s;

	for (unsigned k = 0; k < t->i->steps_n; k++) {
		const char *name = t->i->steps[k]->technique;
		bool known = !name[0];

		for (unsigned j = 0; j < s->techniques_n; j++)
			known = known || strcmp(s->techniques[j], name) == 0;
		if (!known && s->techniques_n < STORY_TECHNIQUES)
			snprintf(s->techniques[s->techniques_n++], sizeof(s->techniques[0]), "%s",
				 name);
	}
}

static char *step_text(const struct telling *t, const struct chain_step *x, enum story_language l)
{
	char peer[STORY_NAME], *text = NULL;
	const char *why = x->reason[l][0] ? x->reason[l] : x->url;
	int rc = asprintf(&text, "%s: %s (%s%s%s)%s%s", stage_name(x->stage, l), x->msg,
			  story_peer(t, x, peer), x->technique[0] ? ", " : "", x->technique,
			  why[0] ? " " : "", why);

	return rc < 0 ? NULL : text;
}

/* Files that are known by their records alone: the hash of the one that came in, or one that came
 * before the first sign of an incident that nothing else explains. */
static void find_files(struct telling *t)
{
	uint64_t first = first_consequence(t->i);
	struct incident_file f;

	if (t->entry && t->entry->file[0] && !t->entry->sha256[0] &&
	    incidents_file(t->setup->incidents, t->i->host_id, t->entry->file,
			   t->entry->first - SLACK, t->entry->first + FILE_LATE, &f))
		snprintf(t->sha256, sizeof(t->sha256), "%s", f.sha256);
	if (t->entry || t->infection || first == UINT64_MAX ||
	    !incidents_file(t->setup->incidents, t->i->host_id, "", first - NS_PER_DAY,
			    first + SLACK, &f))
		return;
	t->before = (struct chain_step){
		.stage = STAGE_DELIVERY, .first = f.time, .last = f.time, .peer = f.peer};
	snprintf(t->before.file, sizeof(t->before.file), "%s", f.file);
	snprintf(t->before.sha256, sizeof(t->before.sha256), "%s", f.sha256);
	snprintf(t->before.url, sizeof(t->before.url), "%s", f.url);
}

struct story *story_new(const struct incident *i, const struct story_setup *setup)
{
	struct story *s = calloc(1, sizeof(*s));
	struct telling t = {.i = i, .setup = setup, .s = s};

	if (!s)
		return NULL;
	setup->host_text(setup->ctx, i->host_id, t.host);
	setup->host_address(setup->ctx, i->host_id, t.address);
	t.infection = i->steps_n ? find_infection(setup->incidents, i->host_id, i->opened) : NULL;
	t.entry = find_entry(i);
	find_files(&t);
	if (t.infection) {
		snprintf(s->origin, sizeof(s->origin), "%s", t.infection->from);
		setup->host_text(setup->ctx, t.infection->from, t.origin);
	}
	find_affected(&t);
	name_sides(&t);
	name_techniques(&t);
	for (unsigned l = 0; l < STORY_LANGUAGES; l++) {
		s->cause[l] = cause(&t, (enum story_language)l);
		for (unsigned k = 0; k < i->steps_n; k++)
			s->steps[l][k] = step_text(&t, i->steps[k], (enum story_language)l);
	}
	s->steps_n = i->steps_n;
	story_advise(&t);
	return s;
}

void story_free(struct story *s)
{
	for (unsigned l = 0; s && l < STORY_LANGUAGES; l++) {
		free(s->cause[l]);
		for (unsigned k = 0; k < INCIDENT_STEPS; k++)
			free(s->steps[l][k]);
		for (unsigned k = 0; k < STORY_HANDLING; k++)
			free(s->handling[l][k]);
	}
	free(s);
}

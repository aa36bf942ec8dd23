#include "control/mitigator/host/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

/* Said so long ago, a source is worth less than any that spoke since. */
#define STALE (7 * NS_PER_DAY)

/* What a source is worth: what a server agreed to, then what the machine says of itself, then what
 * programs on it say. */
static unsigned worth(const struct host_known *k)
{
	static const struct {
		const char *source;
		unsigned worth;
	} sources[] = {
		{"operator", 9}, {"kerberos", 8}, {"dhcp", 7}, {"ntlm", 6}, {"nbns", 5},
		{"llmnr", 5},	 {"mdns", 4},	  {"smb", 4},  {"ssh", 3},  {"http", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (strcmp(k->source, sources[i].source) == 0)
			return sources[i].worth;
	}
	return 2;
}

static bool kept(enum host_fact_kind kind)
{
	return kind == HOST_FACT_NAME || kind == HOST_FACT_USER || kind == HOST_FACT_OS ||
	       kind == HOST_FACT_ROLE || kind == HOST_FACT_CLIENT;
}

static struct host_known *find(struct host_facts *f, const struct host_fact *said)
{
	for (unsigned i = 0; i < f->n; i++) {
		struct host_known *k = &f->items[i];

		if (k->kind == said->kind && strcmp(k->value, said->value) == 0 &&
		    strncmp(k->source, said->source, HOST_FACT_SOURCE - 1) == 0)
			return k;
	}
	return NULL;
}

/* A free place, else that of the oldest of the kind of which there are most. */
static struct host_known *place(struct host_facts *f)
{
	unsigned counts[HOST_FACT_CLIENT + 1] = {0}, most = 0;
	struct host_known *oldest = NULL;

	if (f->n < HOST_FACTS)
		return &f->items[f->n++];
	for (unsigned i = 0; i < f->n; i++) {
		unsigned n = ++counts[f->items[i].kind];

		most = n > most ? n : most;
	}
	for (unsigned i = 0; i < f->n; i++) {
		struct host_known *k = &f->items[i];

		if (counts[k->kind] == most && (!oldest || k->last < oldest->last))
			oldest = k;
	}
	return oldest;
}

bool host_facts_note(struct host_facts *f, const struct host_fact *said, uint64_t now)
{
	struct host_known *k;

	if (!kept(said->kind) || !said->value || !said->value[0] || !said->source)
		return false;
	k = find(f, said);
	if (k) {
		k->last = now > k->last ? now : k->last;
		k->first = now < k->first ? now : k->first;
		return false;
	}
	k = place(f);
	*k = (struct host_known){
		.kind = said->kind, .confidence = said->confidence, .first = now, .last = now};
	snprintf(k->value, sizeof(k->value), "%s", said->value);
	snprintf(k->source, sizeof(k->source), "%s", said->source);
	return true;
}

static bool better(const struct host_known *a, const struct host_known *b)
{
	if (a->last > b->last + STALE)
		return true;
	if (b->last > a->last + STALE)
		return false;
	/* Who uses it now is who used it last. */
	if (a->kind != HOST_FACT_USER && worth(a) != worth(b))
		return worth(a) > worth(b);
	return a->last > b->last;
}

const struct host_known *host_facts_best(const struct host_facts *f, enum host_fact_kind kind)
{
	const struct host_known *best = NULL;

	for (unsigned i = 0; i < f->n; i++) {
		if (f->items[i].kind == kind && (!best || better(&f->items[i], best)))
			best = &f->items[i];
	}
	return best;
}

/* ---- text: fields by tabs, facts by newlines; values hold neither ---- */

static void plain(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20)
			*text = '?';
	}
}

char *host_facts_text(const struct host_facts *f, char ret[HOST_FACTS_TEXT])
{
	size_t len = 0;

	ret[0] = 0;
	for (unsigned i = 0; i < f->n; i++) {
		struct host_known k = f->items[i];

		plain(k.value);
		plain(k.source);
		len += (size_t)snprintf(ret + len, HOST_FACTS_TEXT - len,
					"%d\t%d\t%llu\t%llu\t%s\t%s\n", (int)k.kind,
					(int)k.confidence, (unsigned long long)k.first,
					(unsigned long long)k.last, k.source, k.value);
	}
	return ret;
}

void host_facts_parse(const char *text, struct host_facts *ret)
{
	ret->n = 0;
	while (*text && ret->n < HOST_FACTS) {
		struct host_known k = {0};
		unsigned long long first, last;
		int kind, confidence;

		if (sscanf(text, "%d\t%d\t%llu\t%llu\t%11[^\t\n]\t%63[^\t\n]", &kind, &confidence,
			   &first, &last, k.source, k.value) == 6 &&
		    kind > 0 && kind <= HOST_FACT_CLIENT) {
			k.kind = (enum host_fact_kind)kind;
			k.confidence = (enum confidence)confidence;
			k.first = first;
			k.last = last;
			ret->items[ret->n++] = k;
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

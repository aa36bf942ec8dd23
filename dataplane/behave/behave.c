#include "dataplane/behave/behave.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/api/record.h"
#include "dataplane/behave/detector.h"

static const struct behave_detector *const detectors[] = {&behave_file_type, &behave_scan,
							  &behave_beacon};

enum { DETECTORS = ARRAY_SIZE(detectors) };

const struct behave_config behave_config_default = {.enabled = true, .memory_mb = 24};

static const struct counter_name counter_names[] = {{"hits", false}};

struct behave {
	struct behave_sink sink;
	struct behave_out out;
	void *state[DETECTORS];
	bool enabled;
	uint64_t hits;
};

struct behave *behave_new(const struct behave_config *config, const struct behave_sink *sink)
{
	struct behave *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->sink = *sink;
	b->out = (struct behave_out){&b->sink, &b->hits};
	b->enabled = config->enabled;
	for (unsigned i = 0; i < DETECTORS && b->enabled; i++) {
		size_t bytes = ((size_t)config->memory_mb << 20) / DETECTORS;

		if (!detectors[i]->new)
			continue;
		b->state[i] = detectors[i]->new (bytes);
		if (!b->state[i]) {
			behave_delete(b);
			return NULL;
		}
	}
	return b;
}

void behave_delete(struct behave *b)
{
	if (!b)
		return;
	for (unsigned i = 0; i < DETECTORS; i++)
		free(b->state[i]);
	free(b);
}

void behave_report(struct behave_out *out, const struct behave_hit *hit)
{
	++*out->hits;
	out->sink->hit(out->sink->ctx, hit);
}

void behave_connection(struct behave *b, const struct behave_connection *c)
{
	for (unsigned i = 0; i < DETECTORS && b->enabled; i++) {
		if (detectors[i]->connection)
			detectors[i]->connection(b->state[i], c, &b->out);
	}
}

void behave_file(struct behave *b, const struct behave_file *f)
{
	for (unsigned i = 0; i < DETECTORS && b->enabled; i++) {
		if (detectors[i]->file)
			detectors[i]->file(b->state[i], f, &b->out);
	}
}

void behave_traffic(struct behave *b, const struct behave_traffic *t)
{
	for (unsigned i = 0; i < DETECTORS && b->enabled; i++) {
		if (detectors[i]->traffic)
			detectors[i]->traffic(b->state[i], t, &b->out);
	}
}

static bool takes(const struct behave_detector *d, const char *type)
{
	for (const char *const *known = d->records; d->record && known && *known; known++) {
		if (strcmp(*known, type) == 0)
			return true;
	}
	return false;
}

bool behave_wants(const struct behave *b, const char *type)
{
	for (unsigned i = 0; i < DETECTORS && b->enabled; i++) {
		if (takes(detectors[i], type))
			return true;
	}
	return false;
}

void behave_record(struct behave *b, struct slice record)
{
	const struct record_head *h = (const struct record_head *)record.data;

	for (unsigned i = 0; i < DETECTORS && b->enabled; i++) {
		if (takes(detectors[i], h->type))
			detectors[i]->record(b->state[i], record, &b->out);
	}
}

void behave_tick(struct behave *b, uint64_t now_ns)
{
	(void)b;
	(void)now_ns;
}

void behave_flush(struct behave *b, uint64_t now_ns)
{
	for (unsigned i = 0; i < DETECTORS && b->enabled; i++) {
		if (detectors[i]->flush)
			detectors[i]->flush(b->state[i], now_ns, &b->out);
	}
}

struct counter_set behave_counters(const struct behave *b)
{
	return (struct counter_set){"behave", counter_names, &b->hits, ARRAY_SIZE(counter_names)};
}

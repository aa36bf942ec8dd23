#include "control/sensor/memory/memory.h"

#include <stdlib.h>
#include <string.h>

#include "control/sensor/memory/memory_file.h"
#include "dataplane/base/clock.h"
#include "dataplane/behave/hit_record.h"

enum { STEP_MS = 20, RECORD_ROOM = 8192 };

struct memory {
	struct memory_setup setup;
	char path[512];
	struct behave *behave;
	struct behave_hit hits[MEMORY_HITS];
	uint64_t ids[MEMORY_HITS];
	unsigned n_hits;
	uint64_t record_id; /* that is being looked at */
	uint64_t found, lost, records, saved_ns, restored;
	struct memory_file file;
	struct loop_timer timer;
	_Alignas(8) uint8_t record[RECORD_ROOM];
};

/* ---- what behaviour asks and tells ---- */

static void hit(void *ctx, const struct behave_hit *h)
{
	static const struct hash_key fixed = {0x62616e6b656e, 0x686f757273};
	struct memory *m = ctx;
	uint64_t words[2] = {m->record_id, h->sign->id};

	m->found++;
	if (m->n_hits == MEMORY_HITS) {
		m->lost++;
		return;
	}
	m->ids[m->n_hits] = hash_words(&fixed, words, 2);
	m->hits[m->n_hits++] = *h;
}

static void offer(void *ctx, const struct behave_offer *o)
{
	struct memory *m = ctx;

	m->setup.offer(m->setup.ctx, o);
}

static enum behave_verdict verdict(void *ctx, enum behave_offer_kind kind,
				   const struct ip_addr *host, const char *what)
{
	struct memory *m = ctx;

	return m->setup.verdict(m->setup.ctx, kind, host, what);
}

/* A MAC that is not a router's stays with the host when DHCP gives it another address. */
static uint64_t who(void *ctx, const struct ip_addr *a)
{
	struct memory *m = ctx;
	const struct host_entry *h = m->setup.hosts ? hosts_find(m->setup.hosts, a) : NULL;
	uint64_t word = 0;

	if (!h || mac_addr_is_zero(&h->mac))
		return 0;
	memcpy(&word, h->mac.bytes, sizeof(h->mac.bytes));
	return word | 1ULL << 63;
}

/* ---- the file ---- */

static void step_due(void *ctx)
{
	struct memory *m = ctx;
	struct errmsg e = {""};
	int rc = m->file.out ? memory_file_step(&m->file, m->behave, &e)
			     : memory_file_begin(&m->file, m->behave, &e);

	if (rc < 0)
		log_warn(m->setup.log, "what behaviour knows is not saved: %s", e.text);
	if (rc == 0 && !m->file.out)
		m->saved_ns = loop_wall(m->setup.loop);
	(void)loop_timer_set(m->setup.loop, &m->timer,
			     m->file.out ? STEP_MS * NS_PER_MS
					 : m->setup.save_seconds * NS_PER_SEC);
}

int memory_save(struct memory *m, struct errmsg *e)
{
	int rc;

	if (m->file.out)
		memory_file_give_up(&m->file);
	rc = memory_file_begin(&m->file, m->behave, e);
	while (rc == 0 || rc == 1) {
		rc = memory_file_step(&m->file, m->behave, e);
		if (rc == 0)
			return 0;
	}
	return rc;
}

/* ---- start and end ---- */

static struct behave *make(struct memory *m)
{
	struct behave_config config = m->setup.config;
	struct behave_sink sink = {.hit = hit,
				   .ctx = m,
				   .offer = m->setup.offer ? offer : NULL,
				   .verdict = m->setup.verdict ? verdict : NULL,
				   .who = who};

	config.span = BEHAVE_HOURS;
	return behave_new(&config, &sink);
}

static bool start(struct memory *m)
{
	struct errmsg e = {""};

	m->behave = make(m);
	if (!m->behave || memory_file_read(m->path, m->behave, &m->restored, &e))
		return m->behave;
	log_warn(m->setup.log, "%s", e.text);
	m->restored = 0;
	behave_delete(m->behave);
	m->behave = make(m);
	return m->behave;
}

struct memory *memory_new(const struct memory_setup *setup, struct errmsg *e)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m) {
		errmsg_set(e, ERR_NOMEM, "no memory for behaviour over hours");
		return NULL;
	}
	m->setup = *setup;
	snprintf(m->path, sizeof(m->path), "%s", setup->path);
	m->file.path = m->path;
	if (!start(m)) {
		errmsg_set(e, ERR_NOMEM, "no memory for behaviour over hours");
		free(m);
		return NULL;
	}
	m->timer = (struct loop_timer){.fn = step_due, .ctx = m};
	if (setup->loop)
		(void)loop_timer_set(setup->loop, &m->timer, setup->save_seconds * NS_PER_SEC);
	return m;
}

void memory_delete(struct memory *m)
{
	struct errmsg e = {""};

	if (!m)
		return;
	if (m->setup.loop)
		loop_timer_stop(m->setup.loop, &m->timer);
	if (memory_save(m, &e))
		log_warn(m->setup.log, "what behaviour knows is not saved: %s", e.text);
	behave_delete(m->behave);
	free(m);
}

/* ---- records ---- */

void memory_note(struct memory *m, struct slice record)
{
	struct record_head h;

	if (!m)
		return;
	memcpy(&h, record.data, sizeof(h));
	m->record_id = h.id;
	m->records++;
	behave_record(m->behave, record);
}

unsigned memory_hits(const struct memory *m)
{
	return m ? m->n_hits : 0;
}

struct slice memory_hit(struct memory *m, unsigned i)
{
	return behave_hit_record(&m->hits[i], m->ids[i], m->record, sizeof(m->record));
}

void memory_sent(struct memory *m)
{
	if (m)
		m->n_hits = 0;
}

struct behave *memory_behave(struct memory *m)
{
	return m->behave;
}

json_t *memory_status(const struct memory *m)
{
	struct counter_set counters;
	uint64_t evicted = 0;

	if (!m)
		return json_null();
	counters = behave_counters(m->behave);
	for (unsigned i = 0; i < counters.count; i++) {
		if (strcmp(counters.names[i].name, "evicted") == 0)
			evicted = counters.values[i];
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "records", (json_int_t)m->records,
			 "hits", (json_int_t)m->found, "lost", (json_int_t)m->lost, "evicted",
			 (json_int_t)evicted, "bytes", (json_int_t)behave_bytes(m->behave),
			 "restored", (json_int_t)m->restored);
}

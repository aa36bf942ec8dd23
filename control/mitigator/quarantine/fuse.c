#include "control/mitigator/quarantine/fuse.h"

#include <stdlib.h>

struct hit {
	uint64_t host, time;
};

struct threat {
	uint64_t key, last;
	uint32_t n;
	struct hit hits[FUSE_MASS_MAX];
};

struct fuse {
	struct fuse_limits limits;
	struct hit cuts[FUSE_HOSTS_MAX]; /* each host once */
	uint32_t cuts_n;
	struct threat threats[FUSE_THREATS];
	uint32_t threats_n;
};

struct fuse *fuse_new(const struct fuse_limits *limits)
{
	struct fuse *f = calloc(1, sizeof(*f));

	if (f)
		fuse_set_limits(f, limits);
	return f;
}

void fuse_free(struct fuse *f)
{
	free(f);
}

void fuse_set_limits(struct fuse *f, const struct fuse_limits *limits)
{
	f->limits = *limits;
	if (f->limits.hosts > FUSE_HOSTS_MAX)
		f->limits.hosts = FUSE_HOSTS_MAX;
	if (f->limits.mass_hosts >= FUSE_MASS_MAX)
		f->limits.mass_hosts = FUSE_MASS_MAX - 1;
}

const struct fuse_limits *fuse_get_limits(const struct fuse *f)
{
	return &f->limits;
}

static bool within(uint64_t time, uint64_t window, uint64_t now)
{
	return now < time || now - time < window;
}

uint32_t fuse_used(const struct fuse *f, uint64_t now)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < f->cuts_n; i++)
		used += within(f->cuts[i].time, f->limits.window_ns, now);
	return used;
}

bool fuse_has_room(const struct fuse *f, uint64_t host, uint64_t now)
{
	for (uint32_t i = 0; i < f->cuts_n; i++) {
		if (f->cuts[i].host == host && within(f->cuts[i].time, f->limits.window_ns, now))
			return f->limits.hosts > 0;
	}
	return fuse_used(f, now) < f->limits.hosts;
}

void fuse_count_cut(struct fuse *f, uint64_t host, uint64_t now)
{
	uint32_t at = f->cuts_n < FUSE_HOSTS_MAX ? f->cuts_n : 0;

	/* The host's own place, else a new one, else that of the oldest. */
	for (uint32_t i = 0; i < f->cuts_n; i++) {
		if (f->cuts[i].host == host) {
			f->cuts[i].time = now;
			return;
		}
		if (f->cuts_n == FUSE_HOSTS_MAX && f->cuts[i].time < f->cuts[at].time)
			at = i;
	}
	f->cuts[at] = (struct hit){host, now};
	f->cuts_n += at == f->cuts_n;
}

bool fuse_share_allows(const struct fuse *f, uint32_t hosts, uint32_t cut)
{
	uint64_t most = (uint64_t)hosts * f->limits.share_percent / 100;

	return cut < (most > 0 ? most : 1);
}

/* The threat's slot; a new threat takes the one unseen for longest. */
static struct threat *threat_slot(struct fuse *f, uint64_t key)
{
	struct threat *oldest = &f->threats[0];

	for (uint32_t i = 0; i < f->threats_n; i++) {
		if (f->threats[i].key == key)
			return &f->threats[i];
		if (f->threats[i].last < oldest->last)
			oldest = &f->threats[i];
	}
	if (f->threats_n < FUSE_THREATS)
		oldest = &f->threats[f->threats_n++];
	oldest->key = key;
	oldest->n = 0;
	return oldest;
}

uint32_t fuse_note_hit(struct fuse *f, uint64_t threat, uint64_t host, uint64_t now)
{
	struct threat *t = threat_slot(f, threat);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		bool fresh =
			now < t->hits[i].time || now - t->hits[i].time < f->limits.mass_window_ns;

		if (fresh && t->hits[i].host != host)
			t->hits[kept++] = t->hits[i];
	}
	t->n = kept;
	if (t->n < FUSE_MASS_MAX)
		t->hits[t->n++] = (struct hit){host, now};
	t->last = now;
	return t->n;
}

bool fuse_is_mass(const struct fuse *f, uint32_t hosts)
{
	return hosts > f->limits.mass_hosts;
}

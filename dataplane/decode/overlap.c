#include "dataplane/decode/overlap.h"

static uint32_t end_of(const struct fragment *f)
{
	return f->offset + f->len;
}

/* The first byte of an old fragment that is still used. */
static uint32_t begin_of(const struct fragment *f)
{
	return f->offset + f->trim;
}

static void trim_next(struct overlap *o)
{
	if (o->next && o->end > o->next->offset)
		o->next->trim = o->end - o->next->offset;
}

/* Old data wins unless the new fragment begins earlier. */
static enum overlap_verdict bsd(struct overlap *o)
{
	struct fragment *prev = o->prev;

	if (o->start >= end_of(prev))
		return OVERLAP_GO_ON;
	if (prev->offset <= o->start) {
		if (end_of(prev) > o->end)
			return OVERLAP_DROP;
		o->trim = end_of(prev) - o->start;
		trim_next(o);
		return OVERLAP_INSERT;
	}
	if (o->end > begin_of(prev) && o->end - prev->offset > prev->trim)
		prev->trim = o->end - prev->offset;
	trim_next(o);
	return OVERLAP_INSERT;
}

/* As BSD, but a new fragment that begins together with an old one wins. */
static enum overlap_verdict linux_(struct overlap *o)
{
	struct fragment *prev = o->prev;

	if (begin_of(prev) < o->start + o->trim && end_of(prev) > o->start + o->trim)
		o->trim += end_of(prev) - o->start;
	if (o->start + o->trim < begin_of(prev) && o->end > begin_of(prev)) {
		prev->trim = o->end - prev->offset;
		return OVERLAP_INSERT;
	}
	if (o->start + o->trim <= begin_of(prev) && o->end >= end_of(prev)) {
		prev->skip = true;
		return OVERLAP_INSERT;
	}
	return OVERLAP_GO_ON;
}

/* Old data wins unless the new fragment covers it on both sides. */
static enum overlap_verdict windows(struct overlap *o)
{
	struct fragment *prev = o->prev;

	if (o->start >= prev->offset && o->end <= end_of(prev))
		return OVERLAP_DROP;
	if (o->start < prev->offset && o->end > end_of(prev)) {
		prev->skip = true;
		return OVERLAP_INSERT;
	}
	if (o->start + o->trim > begin_of(prev) && o->start + o->trim < end_of(prev)) {
		o->trim += end_of(prev) - o->start;
		return OVERLAP_INSERT;
	}
	if (o->start == prev->offset && o->end > end_of(prev)) {
		o->trim += end_of(prev) - o->start;
		return OVERLAP_INSERT;
	}
	return OVERLAP_GO_ON;
}

static enum overlap_verdict solaris(struct overlap *o)
{
	struct fragment *prev = o->prev;

	if (o->start >= end_of(prev))
		return OVERLAP_GO_ON;
	if (o->start >= prev->offset)
		o->trim = end_of(prev) - o->start;
	else if (o->end >= end_of(prev))
		prev->skip = true;
	return OVERLAP_INSERT;
}

static enum overlap_verdict first(struct overlap *o)
{
	struct fragment *prev = o->prev;

	if (o->start >= prev->offset && o->end <= end_of(prev))
		return OVERLAP_DROP;
	if (o->start < prev->offset)
		return OVERLAP_INSERT;
	if (o->start >= end_of(prev))
		return OVERLAP_GO_ON;
	o->trim = end_of(prev) - o->start;
	return OVERLAP_INSERT;
}

static enum overlap_verdict last(struct overlap *o)
{
	struct fragment *prev = o->prev;

	if (o->start > prev->offset)
		return OVERLAP_GO_ON;
	if (o->end > prev->offset)
		prev->trim = o->end - prev->offset;
	return OVERLAP_INSERT;
}

enum overlap_verdict overlap_decide(enum defrag_policy policy, struct overlap *o)
{
	switch (policy) {
	case DEFRAG_BSD:
		return bsd(o);
	case DEFRAG_LINUX:
		return linux_(o);
	case DEFRAG_WINDOWS:
		return windows(o);
	case DEFRAG_SOLARIS:
		return solaris(o);
	case DEFRAG_FIRST:
		return first(o);
	case DEFRAG_LAST:
		return last(o);
	case DEFRAG_BSD_RIGHT: /* the later fragment wins: nothing to trim */
		return OVERLAP_GO_ON;
	}
	return OVERLAP_GO_ON;
}

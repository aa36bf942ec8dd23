/* What a session needs only while bytes are on their way: segments and SACK ranges. */
#include <string.h>

#include "dataplane/base/cursor.h"
#include "dataplane/stream/session.h"

struct tcp_pending *pending_of(struct stream_worker *w, struct tcp_session *ssn)
{
	if (!ssn->pending)
		ssn->pending = slab_zalloc(w->slab, sizeof(*ssn->pending));
	return ssn->pending;
}

static void sack_clear(struct stream_worker *w, struct side_pending *sp)
{
	while (sp->sack) {
		struct sack_range *r = sp->sack;

		sp->sack = r->next;
		slab_free(w->slab, r, sizeof(*r));
	}
	sp->sack_size = 0;
}

void pending_free(struct stream_worker *w, struct tcp_session *ssn)
{
	if (!ssn->pending)
		return;
	for (unsigned d = 0; d < 2; d++) {
		segments_clear(w, ssn, (enum dir)d);
		sack_clear(w, &ssn->pending->side[d]);
	}
	slab_free(w->slab, ssn->pending, sizeof(*ssn->pending));
	ssn->pending = NULL;
}

/* Gives the memory back when nothing is in it: an idle session is small. */
void pending_tidy(struct stream_worker *w, struct tcp_session *ssn)
{
	const struct tcp_pending *pending = ssn->pending;

	if (pending && !pending->side[0].count && !pending->side[1].count &&
	    !pending->side[0].sack && !pending->side[1].sack)
		pending_free(w, ssn);
}

static struct side_pending *side_pending(const struct tcp_session *ssn, const struct tcp_side *side)
{
	return ssn->pending ? &ssn->pending->side[side_dir(ssn, side)] : NULL;
}

uint32_t sack_size(const struct tcp_session *ssn, const struct tcp_side *side)
{
	const struct side_pending *sp = side_pending(ssn, side);

	return sp ? sp->sack_size : 0;
}

/* Drops what the acknowledgement has passed. */
void sack_prune(struct stream_worker *w, struct tcp_session *ssn, struct tcp_side *side)
{
	struct side_pending *sp = side_pending(ssn, side);

	while (sp && sp->sack && seq_lt(sp->sack->left, side->last_ack)) {
		struct sack_range *r = sp->sack;

		if (!seq_lt(r->right, side->last_ack)) {
			sp->sack_size -= side->last_ack - r->left;
			r->left = side->last_ack;
			break;
		}
		sp->sack = r->next;
		sp->sack_size -= r->right - r->left;
		slab_free(w->slab, r, sizeof(*r));
	}
}

/* Takes every range that touches [left, right] out of the list and widens it; returns where the
 * widened range belongs. */
static struct sack_range **sack_absorb(struct stream_worker *w, struct side_pending *sp,
				       uint32_t *left, uint32_t *right, unsigned *ret_count)
{
	struct sack_range **at = &sp->sack;

	*ret_count = 0;
	while (*at && seq_lt((*at)->right, *left)) {
		at = &(*at)->next;
		(*ret_count)++;
	}
	while (*at && seq_leq((*at)->left, *right)) {
		struct sack_range *r = *at;

		if (seq_lt(r->left, *left))
			*left = r->left;
		if (seq_gt(r->right, *right))
			*right = r->right;
		sp->sack_size -= r->right - r->left;
		*at = r->next;
		slab_free(w->slab, r, sizeof(*r));
	}
	for (const struct sack_range *r = *at; r; r = r->next)
		(*ret_count)++;
	return at;
}

static void sack_add(struct tcp_step *st, struct tcp_side *side, uint32_t left, uint32_t right)
{
	struct tcp_pending *pending;
	struct side_pending *sp;
	struct sack_range **at, *r;
	unsigned count;

	if (seq_lt(left, side->last_ack) || seq_gt(right, side->next_win) || seq_geq(left, right) ||
	    seq_gt(left, side->last_ack + side->window))
		return;
	pending = pending_of(st->w, st->ssn);
	if (!pending)
		return;
	sp = &pending->side[side_dir(st->ssn, side)];
	at = sack_absorb(st->w, sp, &left, &right, &count);
	r = count < LIMIT_STREAM_SACK ? slab_alloc(st->w->slab, sizeof(*r)) : NULL;
	if (!r) {
		st->w->counts[STREAM_COUNT_SACK_LIMIT]++;
		return;
	}
	*r = (struct sack_range){.next = *at, .left = left, .right = right};
	*at = r;
	sp->sack_size += right - left;
}

/* Suricata 7 takes the first range of a packet only (what it then allows shows in its events); the
 * first is the newest (RFC 2018 section 4), so the others are known from earlier packets. */
void sack_update(struct tcp_step *st, struct tcp_side *side)
{
	struct cursor c = cursor_init(st->p->tcp.sack, st->p->tcp.sack_count ? 8 : 0);
	uint32_t left = cursor_u32(&c), right = cursor_u32(&c);

	if (!c.bad)
		sack_add(st, side, left, right);
}

static bool sack_known(const struct side_pending *sp, uint32_t left, uint32_t right)
{
	for (const struct sack_range *r = sp ? sp->sack : NULL; r; r = r->next) {
		if (seq_geq(left, r->left) && seq_leq(right, r->right))
			return true;
	}
	return false;
}

/* The packet's ranges say nothing new (also when there are none). */
bool sack_outdated(const struct tcp_step *st)
{
	const struct side_pending *sp = side_pending(st->ssn, st->r);
	struct cursor c = cursor_init(st->p->tcp.sack, st->p->tcp.sack_count ? 8 : 0);
	uint32_t left = cursor_u32(&c), right = cursor_u32(&c);

	return c.bad || sack_known(sp, left, right);
}

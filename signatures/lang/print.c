#include "signatures/lang/lang.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "signatures/lang/buffers.h"
#include "signatures/lang/build.h"
#include "signatures/lang/head.h"
#include "signatures/lang/writer.h"

/* A rule in canonical form. Items are written in the order of their places over all lists, because
 * variables are defined before they are used and the last content decides what modifiers mean. */

void lang_put(struct lang_writer *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->buf + w->len, w->cap - w->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= w->cap - w->len) {
		w->full = true;
		w->len = w->cap - 1;
	} else {
		w->len += (size_t)n;
	}
}

void lang_put_bytes(struct lang_writer *w, struct slice s)
{
	bool hex = false;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		bool plain = c >= 0x20 && c < 0x7f && !strchr("\"\\|;:", c);

		if (plain == hex)
			lang_put(w, "|");
		else if (hex)
			lang_put(w, " ");
		hex = !plain;
		lang_put(w, plain ? "%c" : "%02X", c);
	}
	if (hex)
		lang_put(w, "|");
}

/* ---- the head ---- */

/* app-layer-protocol can only stand in a rule that is written for a transport. */
static bool asks_protocol(const struct rule *r)
{
	for (uint32_t i = 0; i < r->packet.count; i++) {
		if (r->packet.items[i].kind == RULE_ITEM_APP_PROTOCOL)
			return true;
	}
	return false;
}

static void put_proto(struct lang_writer *w, const struct rule *r)
{
	bool own = r->proto.app && head_layer_of(r->proto.app) == r->proto.layer &&
		   !r->proto.packet_only && !r->proto.stream_only && !asks_protocol(r);

	lang_put(w, "%s", own ? r->proto.app : r->proto.text);
}

static void put_head(struct lang_writer *w, const struct rule *r)
{
	static const char *const actions[] = {[RULE_ALERT] = "alert",
					      [RULE_PASS] = "pass",
					      [RULE_DROP] = "drop",
					      [RULE_REJECT] = "reject",
					      [RULE_REJECT_DST] = "rejectdst",
					      [RULE_REJECT_BOTH] = "rejectboth",
					      [RULE_CONFIG] = "config"};

	lang_put(w, "%s ", actions[r->action]);
	put_proto(w, r);
	lang_put(w, " %s %s %s %s %s (", r->src->text, r->sport->text, r->both_ways ? "<>" : "->",
		 r->dst->text, r->dport->text);
	if (r->msg[0]) {
		lang_put(w, "msg:\"");
		for (const char *c = r->msg; *c; c++)
			lang_put(w, strchr("\";\\:", *c) ? "\\%c" : "%c", *c);
		lang_put(w, "\"; ");
	}
}

static void put_flow(struct lang_writer *w, uint32_t flow)
{
	static const char *const words[] = {"to_server",       "to_client", "established",
					    "not_established", "stateless", "only_stream",
					    "no_stream",       "only_frag", "no_frag"};
	const char *comma = "flow:";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (flow & 1u << i) {
			lang_put(w, "%s%s", comma, words[i]);
			comma = ",";
		}
	}
	if (flow)
		lang_put(w, "; ");
}

static void put_threshold(struct lang_writer *w, const struct rule_threshold *t)
{
	static const char *const types[] = {[RULE_THRESHOLD_LIMIT] = "limit",
					    [RULE_THRESHOLD_THRESHOLD] = "threshold",
					    [RULE_THRESHOLD_BOTH] = "both"};
	static const char *const tracks[] = {[RULE_TRACK_SRC] = "by_src",
					     [RULE_TRACK_DST] = "by_dst",
					     [RULE_TRACK_PAIR] = "by_both",
					     [RULE_TRACK_RULE] = "by_rule"};

	for (; t && t->type != RULE_THRESHOLD_NONE; t = t->next) {
		if (t->type == RULE_THRESHOLD_DETECTION_FILTER)
			lang_put(w, "detection_filter:");
		else
			lang_put(w, "threshold:type %s,", types[t->type]);
		lang_put(w, "track %s,count %u,seconds %u; ", tracks[t->track], t->count,
			 t->seconds);
	}
}

static void put_tail(struct lang_writer *w, const struct rule *r)
{
	if (!r->threshold.next)
		put_threshold(w, &r->threshold);
	if (r->alert)
		lang_put(w, "alert; ");
	if (r->noalert && r->action != RULE_PASS && r->action != RULE_CONFIG)
		lang_put(w, "noalert; ");
	if (r->bypass)
		lang_put(w, "bypass; ");
	if (r->target)
		lang_put(w, "target:%s; ", r->target == RULE_TARGET_SRC ? "src_ip" : "dest_ip");
	for (uint32_t i = 0; i < r->nreferences; i++)
		lang_put(w, "reference:%s,%s; ", r->references[i].key, r->references[i].value);
	if (r->classtype)
		lang_put(w, "classtype:%s; ", r->classtype);
	lang_put(w, "priority:%u; ", r->priority);
	for (uint32_t i = 0; i < r->nmetadata; i++)
		lang_put(w, "%s%s %s%s", i ? ", " : "metadata:", r->metadata[i].key,
			 r->metadata[i].value, i + 1 == r->nmetadata ? "; " : "");
	if (r->gid != 1)
		lang_put(w, "gid:%u; ", r->gid);
	lang_put(w, "sid:%u; ", r->sid);
	if (r->rev)
		lang_put(w, "rev:%u; ", r->rev);
	lang_put(w, ")");
}

/* ---- items in order ---- */

/* A list being written. */
struct source {
	const struct rule_list *list;
	uint32_t next;
	uint32_t place; /* of the next item, never less than that of one before it */
	const struct rule_buffer *buffer; /* NULL: no buffer's */
	enum { PLAIN, PAYLOAD, BUFFER, OWN } what;
};

static void advance(struct source *s)
{
	if (s->next < s->list->count && s->list->items[s->next].place > s->place)
		s->place = s->list->items[s->next].place;
}

static struct source *first_source(struct source *sources, uint32_t n)
{
	struct source *first = NULL;

	for (uint32_t i = 0; i < n; i++) {
		if (sources[i].next < sources[i].list->count &&
		    (!first || sources[i].place < first->place))
			first = &sources[i];
	}
	return first;
}

static void put_transforms(struct lang_writer *w, const struct rule_buffer *b)
{
	static const char *const names[] = {
		[RULE_XFORM_DOTPREFIX] = "dotprefix",
		[RULE_XFORM_TO_LOWERCASE] = "to_lowercase",
		[RULE_XFORM_TO_UPPERCASE] = "to_uppercase",
		[RULE_XFORM_TO_MD5] = "to_md5",
		[RULE_XFORM_TO_SHA1] = "to_sha1",
		[RULE_XFORM_TO_SHA256] = "to_sha256",
		[RULE_XFORM_STRIP_WHITESPACE] = "strip_whitespace",
		[RULE_XFORM_COMPRESS_WHITESPACE] = "compress_whitespace",
		[RULE_XFORM_URL_DECODE] = "url_decode",
		[RULE_XFORM_XOR] = "xor",
		[RULE_XFORM_HEADER_LOWERCASE] = "header_lowercase",
		[RULE_XFORM_STRIP_PSEUDO_HEADERS] = "strip_pseudo_headers",
		[RULE_XFORM_PCRE] = "pcrexform"};

	for (uint32_t i = 0; i < b->ntransforms; i++) {
		const struct rule_transform *t = &b->transforms[i];

		lang_put(w, "%s", names[t->kind]);
		if (t->kind == RULE_XFORM_PCRE)
			lang_put(w, ":\"%.*s\"", (int)t->arg.len, (const char *)t->arg.data);
		for (size_t k = 0; t->kind == RULE_XFORM_XOR && k < t->arg.len; k++)
			lang_put(w, "%s%02x%s", k ? "" : ":\"", t->arg.data[k],
				 k + 1 == t->arg.len ? "\"" : "");
		lang_put(w, "; ");
	}
}

static void switch_to(struct lang_writer *w, const struct source *s)
{
	if (s->what == PAYLOAD) {
		lang_put(w, "pkt_data; ");
	} else {
		lang_put(w, "%s; ", s->buffer->name);
		put_transforms(w, s->buffer);
	}
}

/* Items of protocols end a sticky buffer, those of the packet do not. */
static void put_items(struct lang_writer *w, struct source *sources, uint32_t n)
{
	const struct source *current = NULL;
	bool thresholds = w->rule->threshold.next != NULL;
	struct source *s;

	while ((s = first_source(sources, n))) {
		if (s->what == OWN) {
			current = NULL;
		} else if (s->what != PLAIN && current != s) {
			if (s->what != PAYLOAD || current)
				switch_to(w, s);
			current = s->what == PAYLOAD ? NULL : s;
		}
		lang_put_item(w, &s->list->items[s->next++]);
		advance(s);
		if (thresholds && current) { /* two of them can only stand in a buffer */
			put_threshold(w, &w->rule->threshold);
			thresholds = false;
		}
	}
}

long lang_print(const struct rule *rule, char *buf, size_t cap)
{
	struct lang_writer w = {.buf = buf, .cap = cap, .rule = rule};
	struct source sources[LANG_BUFFERS_MAX + 8] = {
		{&rule->packet, 0, 0, NULL, PLAIN}, {&rule->payload, 0, 0, NULL, PAYLOAD},
		{&rule->app, 0, 0, NULL, OWN},	    {&rule->files, 0, 0, NULL, OWN},
		{&rule->post, 0, 0, NULL, PLAIN},
	};
	uint32_t n = 5;

	if (cap == 0)
		return ERR_LIMIT;
	for (uint32_t i = 0; i < rule->nbuffers; i++)
		sources[n++] =
			(struct source){&rule->buffers[i].items, 0, 0, &rule->buffers[i], BUFFER};
	for (uint32_t i = 0; i < n; i++)
		advance(&sources[i]);
	put_head(&w, rule);
	put_flow(&w, rule->flow);
	put_items(&w, sources, n);
	put_tail(&w, rule);
	return w.full ? ERR_LIMIT : (long)w.len;
}

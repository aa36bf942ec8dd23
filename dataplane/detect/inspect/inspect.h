/* Match lists on bytes: the items of a rule's payload or of one of its buffers, evaluated in the
 * rule's order as Suricata 7 does. A store and its lists are made while an engine is built and read
 * by all workers (datasets change under way); an inspect_worker is one worker's scratch space. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"
#include "signatures/lang/lang.h"
#include "signatures/lang/rule.h"

struct inspect_store;
struct inspect_list;
struct inspect_worker;

/* NULL with a sentence. The set must outlive it. `data_folder`: where datasets' `state` and `save`
 * files lie; NULL = they are neither read nor written. */
struct inspect_store *inspect_store_new(const struct lang_set *set, const char *data_folder,
					struct errmsg *e);
void inspect_store_free(struct inspect_store *s);
/* Writes the sets that rules want kept (`state`, `save`), each whole or not at all. Not on a
 * worker. ERR_IO with the first failure. */
int inspect_store_save(struct inspect_store *s, struct errmsg *e);

/* Compiles the items. NULL: *keyword cannot be evaluated, `why` is the sentence, the rule is left
 * out. A list with base64_decode also runs the rule's base64_data items. */
struct inspect_list *inspect_list_new(struct inspect_store *s, const struct rule *rule,
				      const struct rule_list *items, const char **keyword,
				      struct errmsg *why);
void inspect_list_free(struct inspect_list *l);

struct inspect_worker *inspect_worker_new(struct inspect_store *s, struct slab *slab);
void inspect_worker_free(struct inspect_worker *w);

struct inspect_bytes {
	struct slice data;
	uint64_t offset;	     /* of data[0] in the whole buffer; 0 = its start */
	bool start, end;	     /* data begins, ends the buffer */
	bool dce_little;	     /* what `dce` byte order means now */
	const struct packet *packet; /* may be NULL */
};

/* A new rule: byte variables, captures and matched bytes are forgotten. They then live across the
 * lists of the rule. */
void inspect_begin(struct inspect_worker *w);
bool inspect_run(struct inspect_worker *w, const struct inspect_list *l,
		 const struct inspect_bytes *in);
/* Where the last match ended: base of what is relative. */
uint32_t inspect_position(const struct inspect_worker *w);
/* The bytes that matched last and where they lie in the buffer; empty when there were none. */
struct slice inspect_matched(const struct inspect_worker *w, uint64_t *ret_offset);

struct inspect_captured {
	const struct rule_capture *what;
	struct slice key, value;
};
/* Captures of the runs since inspect_begin; valid until the next one. */
unsigned inspect_captured(const struct inspect_worker *w, const struct inspect_captured **ret);

/* Applies transforms: *ret is in the worker's memory until the next call with the same slot
 * (0..15), or is `in` itself. False: it does not apply (no match of pcrexform). */
bool inspect_transform(struct inspect_worker *w, unsigned slot, const struct rule_transform *t,
		       uint32_t n, struct slice in, struct slice *ret);

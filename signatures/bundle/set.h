/* The effective set: rules of the signature bundle, the operator's imports and custom patterns,
 * with filters of each scope laid over each other, as one rule file. Off the packet path, one
 * thread. */
#pragma once

#include <jansson.h>

#include "signatures/bundle/rules.h"

struct set {
	struct rule_table rules;
	struct filters filters;
	/* All layers' joined; owned. References are for people: the dataplane does not read them.
	 */
	struct slice thresholds, classes, references;
	/* figures of the last set_finish */
	unsigned enabled, disabled, dropped, modified, for_flowbits;
	unsigned loads, refused, unsupported; /* what the rule language says of the enabled ones */
	json_t *problems;		      /* array of sentences, at most SET_PROBLEMS; owned */
	char content[65];		      /* SHA-256 of what set_write writes, in hex */
};

enum { SET_PROBLEMS = 100 };

void set_done(struct set *s);
/* Every *.rules of a folder, in order of name. A folder that is not there has none. */
int set_add_rules(struct set *s, const char *folder, struct errmsg *e);
/* classification.config and reference.config of a folder that is no layer: of an import. */
int set_add_words(struct set *s, const char *folder, struct errmsg *e);
/* The same, and disable.conf, enable.conf, drop.conf, modify.conf and threshold.config, as a layer;
 * they are applied at once to the rules that are there. */
int set_add_layer(struct set *s, const char *folder, const char *layer, struct errmsg *e);
/* Flow bits, the check by the rule language, figures. ERR_INVALID when not one rule would load. */
int set_finish(struct set *s, struct errmsg *e);
/* FOLDER/effective.rules, threshold.config and, where there are any, classification.config and
 * reference.config, durably. */
int set_write(struct set *s, const char *folder, struct errmsg *e);
/* {"enabled": n, ...}: figures and problems. */
json_t *set_json(const struct set *s);
/* The SHA-256 that names a set: of its rules, a zero byte and its thresholds; with classes another
 * one and they. */
void set_content(const struct set *s, struct slice rules, uint8_t ret[32]);

/* An incident as people read it, in English and Japanese: who attacked whom, where it began, what
 * happened step by step, whom it concerns, what to do in which order. Made of the incident and of
 * the attacks between inside hosts; pure but for reading those. All text may come from traffic:
 * escape it where it is shown. */
#pragma once

#include "control/mitigator/incident/incident.h"
#include "control/wire/zone.h"

enum {
	STORY_HANDLING = 14,
	STORY_AFFECTED = 32,
	STORY_TECHNIQUES = 16,
	STORY_LINKED = 16,
	STORY_NAME = 112,
};

struct story_setup {
	struct incidents *incidents;
	/* "pc-12 (10.0.0.5)" for the id of a host; the id itself when it is gone. Returns ret. */
	const char *(*host_text)(void *ctx, const char *host_id, char ret[STORY_NAME]);
	/* An address of the host for commands; "" when it is gone. */
	const char *(*host_address)(void *ctx, const char *host_id, char ret[STORY_NAME]);
	void *ctx;
	const struct zone *zone;  /* of all times, NULL: UTC */
	const char *cut_state;	  /* of the host's cut, "" or NULL: it is not cut */
	const char *protected_as; /* "gateway": it can never be cut; "" or NULL: it can */
};

struct story {
	char attacker[STORY_NAME], victim[STORY_NAME * 4];
	char *cause[STORY_LANGUAGES];
	char *steps[STORY_LANGUAGES][INCIDENT_STEPS]; /* as the incident's */
	unsigned steps_n;
	char *handling[STORY_LANGUAGES][STORY_HANDLING];
	unsigned handling_n;
	char affected[STORY_AFFECTED][STORY_NAME]; /* inside hosts that it attacked */
	unsigned affected_n, affected_more;
	char techniques[STORY_TECHNIQUES][16];
	unsigned techniques_n;
	char linked[STORY_LINKED][28]; /* incidents of the hosts before and behind it */
	unsigned linked_n;
	char origin[24]; /* id of the inside host that infected it, "" */
};

/* NULL: no memory. */
struct story *story_new(const struct incident *i, const struct story_setup *setup);
void story_free(struct story *s);

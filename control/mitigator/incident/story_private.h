/* What story.c and handling.c share. */
#pragma once

#include "control/mitigator/incident/story.h"

struct telling {
	const struct incident *i;
	const struct story_setup *setup;
	struct story *s;
	const struct incident_attack *infection; /* that brought it in from inside, NULL */
	const struct chain_step *entry;		 /* how it came in, NULL: not seen */
	struct chain_step before;		 /* a file received before the first sign */
	char sha256[65];			 /* of the entry's file, when it came later */
	char host[STORY_NAME], address[STORY_NAME], origin[STORY_NAME];
};

/* The other end of the step, as people know it. */
const char *story_peer(const struct telling *t, const struct chain_step *x, char ret[STORY_NAME]);
/* URL, else the other end. */
const char *story_source(const struct telling *t, const struct chain_step *x, char ret[256]);
/* "2026-11-21 09:00:05 UTC+09:00" */
const char *story_time(const struct telling *t, uint64_t ns, char ret[48]);
/* Text with {names} filled in from the telling and one step (NULL: none); malloc'ed. */
char *story_fill(const struct telling *t, const char *text, const struct chain_step *x);
/* handling.c */
void story_advise(struct telling *t);

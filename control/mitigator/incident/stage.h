/* Steps of the kill chain, and which step an alert is: from its ATT&CK technique or tactic, else
 * from its class. Pure. */
#pragma once

#include <stdbool.h>

#include "control/wire/message.h"

enum stage {
	STAGE_UNKNOWN,
	STAGE_RECONNAISSANCE, /* somebody looks at the host from without */
	STAGE_DELIVERY,
	STAGE_EXPLOITATION,
	STAGE_INSTALLATION,
	STAGE_C2,
	STAGE_DISCOVERY,
	STAGE_LATERAL,
	STAGE_COLLECTION,
	STAGE_EXFILTRATION,
	STAGE_IMPACT,
	STAGE_COUNT
};

enum story_language { STORY_ENGLISH, STORY_JAPANESE, STORY_LANGUAGES };

enum stage stage_of(const struct alert *a);
/* The alert's host is who attacks; otherwise it is attacked, infected or controlled by the peer. */
bool stage_host_attacks(const struct alert *a, enum stage s);
/* "command-and-control"; the word of wire and JSON. */
const char *stage_text(enum stage s);
/* As people say it. */
const char *stage_name(enum stage s, enum story_language language);
/* What an attack with that step does to its target can make an incident there. */
bool stage_infects(enum stage s);

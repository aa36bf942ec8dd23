/* Values of configuration keys as text and back. Private to config*.c. */
#pragma once

#include "control/wire/arena.h"
#include "control/wire/config.h"

/* Puts the text into the struct's member at `member`. 0, or ERR_INVALID with the rest of a sentence
 * ("must be ...") in `e`. Not for GROUP and ITEMS. */
int config_value_set(const struct config_key *key, const char *text, void *member,
		     struct arena *memory, struct errmsg *e);
/* One item of TEXTS or a TEXT, checked and copied; NULL with the rest of a sentence. */
const char *config_value_text(const struct config_key *key, const char *text, struct arena *memory,
			      struct errmsg *e);
/* Fills the defaults of a whole table. */
int config_value_defaults(const struct config_key *keys, void *conf, struct arena *memory,
			  struct errmsg *e);

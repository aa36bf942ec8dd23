/* Templates of messages in the store: of a kind, or of every kind that has none of its own. */
#pragma once

#include "control/centre/store/store.h"

int templates_open(struct store *s, struct errmsg *err);
/* `kind`: of emergency_kind_words, "" = every; `text` "": the built-in one again. */
int template_put(struct store *s, const char *kind, const char *part, const char *language,
		 const char *text, struct errmsg *err);
/* The kind's own, else that of every kind; NULL: none. The caller's to free. */
char *template_get(struct store *s, const char *kind, const char *part, const char *language);
/* [{"kind", "part", "language", "text"}] */
json_t *template_list(struct store *s);

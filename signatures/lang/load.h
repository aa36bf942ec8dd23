/* What readers of whole files share. Private to lang. */
#pragma once

#include "signatures/lang/build.h"

/* For one file; NULL when there is no memory, to be freed. */
struct lang_build *load_begin(struct lang_set *set, const struct lang_vars *vars,
			      const struct lang_opts *opts);
/* Room for one line of so many bytes. */
bool load_reserve(struct lang_set *set, size_t len);
/* The whole file into memory the caller frees. ERR_IO, ERR_NOMEM with a sentence. */
int load_read(const char *path, struct slice *ret, struct errmsg *e);
/* Adds b's reason to the problems of the set. `file` is interned. */
void load_problem(struct lang_build *b, const char *file, uint32_t line, uint32_t sid);
/* Makes what was added visible in the set's public members. */
void load_publish(struct lang_set *set);

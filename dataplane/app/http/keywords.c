/* urilen:[<>=!]n[<>m][,norm|,raw] */
#include <stdlib.h>

#include "dataplane/app/http/http.h"
#include "dataplane/app/text/text.h"

struct urilen {
	struct text_range range;
	bool raw;
};

static void *urilen_compile(struct slice argument, char *why, size_t cap)
{
	const uint8_t *comma = argument.len ? memchr(argument.data, ',', argument.len) : NULL;
	size_t len = comma ? (size_t)(comma - argument.data) : argument.len;
	struct urilen u = {0}, *kept;

	if (comma) {
		struct slice kind = text_trim(slice_sub(argument, len + 1, argument.len));

		u.raw = slice_eq(kind, SLICE_LIT("raw"));
		if (!u.raw && !slice_eq(kind, SLICE_LIT("norm"))) {
			snprintf(why, cap, "urilen's second part is norm or raw");
			return NULL;
		}
	}
	if (!text_range_parse(slice_sub(argument, 0, len), UINT16_MAX, &u.range)) {
		snprintf(why, cap, "urilen takes N, <N, >N or N<>M up to 65535");
		return NULL;
	}
	kept = malloc(sizeof(*kept));
	if (kept)
		*kept = u;
	else
		snprintf(why, cap, "out of memory");
	return kept;
}

static bool urilen_match(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct http_tx *t = (const struct http_tx *)tx;
	const struct urilen *u = compiled;
	struct http_span uri = u->raw ? t->uri : t->uri_normalized;

	return uri.set && !t->unmatched && text_range_match(&u->range, uri.len);
}

const struct app_keyword http_keywords[HTTP_KEYWORDS] = {
	{"urilen", {true, false}, {HTTP_LINE, HTTP_LINE}, urilen_compile, urilen_match},
};

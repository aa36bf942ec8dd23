/* Regular expressions by PCRE2, compiled with JIT at load, matched with limits. */
#include "dataplane/detect/inspect/internal.h"

static const struct {
	uint32_t ours, theirs;
} options[] = {
	{RULE_PCRE_CASELESS, PCRE2_CASELESS},	{RULE_PCRE_DOTALL, PCRE2_DOTALL},
	{RULE_PCRE_MULTILINE, PCRE2_MULTILINE}, {RULE_PCRE_EXTENDED, PCRE2_EXTENDED},
	{RULE_PCRE_ANCHORED, PCRE2_ANCHORED},	{RULE_PCRE_DOLLAR_ENDONLY, PCRE2_DOLLAR_ENDONLY},
	{RULE_PCRE_UNGREEDY, PCRE2_UNGREEDY},
};

pcre2_code *inspect_pcre_compile(const struct rule_pcre *p, struct errmsg *why)
{
	uint32_t flags = 0;
	PCRE2_SIZE at;
	pcre2_code *code;
	char text[160];
	int error;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (p->flags & options[i].ours)
			flags |= options[i].theirs;
	}
	if (!(p->flags & RULE_PCRE_GROUPS))
		flags |= PCRE2_NO_AUTO_CAPTURE;
	code = pcre2_compile((PCRE2_SPTR)p->pattern, PCRE2_ZERO_TERMINATED, flags, &error, &at,
			     NULL);
	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
		errmsg_set(why, ERR_INVALID, "the expression is wrong at byte %zu: %s", at, text);
		return NULL;
	}
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it the interpreter serves */
	return code;
}

static void capture(struct inspect_worker *w, const struct rule_pcre *p, const uint8_t *base,
		    int groups)
{
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(w->match);

	for (uint32_t i = 0; i < p->ncaptures && w->ncaptured < INSPECT_CAPTURES; i++) {
		const struct rule_capture *c = &p->captures[i];
		uint32_t value = c->group + c->keyed;
		struct inspect_captured *to = &w->captured[w->ncaptured];

		if ((int)value >= groups || ov[2 * value] == PCRE2_UNSET)
			continue;
		to->what = c;
		to->key = c->keyed ? SLICE(base + ov[2 * c->group],
					   ov[2 * c->group + 1] - ov[2 * c->group])
				   : SLICE(base, 0);
		to->value = SLICE(base + ov[2 * value], ov[2 * value + 1] - ov[2 * value]);
		w->ncaptured++;
	}
}

bool inspect_pcre(struct inspect_worker *w, const struct inspect_item *i,
		  const struct inspect_bytes *in)
{
	const struct rule_pcre *p = i->item->pcre;
	bool negated = p->flags & RULE_PCRE_NEGATED;
	uint32_t skip = p->flags & RULE_PCRE_RELATIVE ? w->position : 0;
	const uint8_t *base = in->data.data + skip;
	const PCRE2_SIZE *ov;
	size_t start = 0;
	int rc;

	if (skip > in->data.len)
		return false;
	if (w->pcre_restart > skip)
		start = w->pcre_restart - skip;
	if (start > in->data.len - skip)
		return negated;
	rc = pcre2_match(i->code, base, in->data.len - skip, start, 0, w->match, w->limits);
	if (rc == PCRE2_ERROR_NOMATCH)
		return negated;
	if (rc < 0 || negated)
		return false;
	ov = pcre2_get_ovector_pointer(w->match);
	capture(w, p, base, rc == 0 ? INSPECT_OVECTOR : rc);
	if (ov[1] >= ov[0]) {
		w->matched = SLICE(base + ov[0], ov[1] - ov[0]);
		w->matched_offset = in->offset + skip + ov[0];
	}
	w->position = skip + (uint32_t)ov[1];
	w->pcre_restart = skip + (uint32_t)ov[0] + 1;
	return true;
}

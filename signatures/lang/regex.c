#include "signatures/lang/regex.h"

#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* struct lang_regex is PCRE2's compiled code. */

enum { NAME_MAX_LEN = 64 };

uint32_t lang_regex_options(uint32_t flags)
{
	static const struct {
		uint32_t flag, option;
	} map[] = {
		{RULE_PCRE_CASELESS, PCRE2_CASELESS},
		{RULE_PCRE_DOTALL, PCRE2_DOTALL},
		{RULE_PCRE_MULTILINE, PCRE2_MULTILINE},
		{RULE_PCRE_EXTENDED, PCRE2_EXTENDED},
		{RULE_PCRE_ANCHORED, PCRE2_ANCHORED},
		{RULE_PCRE_DOLLAR_ENDONLY, PCRE2_DOLLAR_ENDONLY},
		{RULE_PCRE_UNGREEDY, PCRE2_UNGREEDY},
	};
	uint32_t options = flags & RULE_PCRE_GROUPS ? 0 : PCRE2_NO_AUTO_CAPTURE;

	for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
		if (flags & map[i].flag)
			options |= map[i].option;
	}
	return options;
}

struct lang_regex *lang_regex_compile_text(const char *pattern, uint32_t options, struct errmsg *e)
{
	PCRE2_UCHAR text[200];
	PCRE2_SIZE at;
	pcre2_code *code;
	int error;

	code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error, &at,
			     NULL);
	if (!code) {
		pcre2_get_error_message(error, text, sizeof(text));
		errmsg_set(e, ERR_INVALID, "%s at offset %zu", (char *)text, (size_t)at);
	}
	return (struct lang_regex *)code;
}

struct lang_regex *lang_regex_compile(const struct rule_pcre *pcre, struct errmsg *e)
{
	return lang_regex_compile_text(pcre->pattern, lang_regex_options(pcre->flags), e);
}

void lang_regex_free(struct lang_regex *re)
{
	pcre2_code_free((pcre2_code *)re);
}

bool lang_regex_needs_groups(const struct rule_pcre *pcre)
{
	PCRE2_SIZE at;
	pcre2_code *code;
	int error;

	code = pcre2_compile((PCRE2_SPTR)pcre->pattern, PCRE2_ZERO_TERMINATED,
			     lang_regex_options(pcre->flags), &error, &at, NULL);
	pcre2_code_free(code);
	return !code && error == PCRE2_ERROR_BAD_SUBPATTERN_REFERENCE;
}

uint32_t lang_regex_groups(const struct lang_regex *re)
{
	uint32_t n = 0;

	pcre2_pattern_info((const pcre2_code *)re, PCRE2_INFO_CAPTURECOUNT, &n);
	return n;
}

int lang_regex_group(const struct lang_regex *re, struct slice name)
{
	char text[NAME_MAX_LEN];

	if (name.len >= sizeof(text))
		return 0;
	memcpy(text, name.data, name.len);
	text[name.len] = '\0';
	return pcre2_substring_number_from_name((const pcre2_code *)re, (PCRE2_SPTR)text);
}

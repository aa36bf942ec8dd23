#include "signatures/lang/requires.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "signatures/lang/text.h"

/* We answer for this release. */
static const uint64_t own_version[3] = {7, 0, 10};

/* "7", "7.0", "7.0.3"; what follows the third number does not matter. */
static bool read_version(const char **s, uint64_t ret[3])
{
	const char *c = *s;

	ret[0] = ret[1] = ret[2] = 0;
	for (int i = 0; i < 3; i++) {
		if (!lang_digit(*c))
			return false;
		for (; lang_digit(*c); c++) {
			if (ret[i] > UINT32_MAX)
				return false;
			ret[i] = ret[i] * 10 + (uint64_t)(*c - '0');
		}
		if (*c != '.')
			break;
		c++;
	}
	while (*c && !lang_space(*c) && !strchr("<>|", *c))
		c++;
	*s = c;
	return true;
}

static int compare(const uint64_t a[3], const uint64_t b[3])
{
	for (int i = 0; i < 3; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

/* ">= 7.0.3 < 8": all must hold. -1 when it is malformed. */
static int one_choice(const char *s)
{
	bool holds = true, any = false;

	for (;;) {
		uint64_t version[3];
		bool less, equal;
		int c;

		while (lang_space(*s))
			s++;
		if (!*s)
			return any ? holds : -1;
		if (*s != '<' && *s != '>')
			return -1;
		less = *s++ == '<';
		equal = *s == '=';
		s += equal;
		while (lang_space(*s))
			s++;
		if (!read_version(&s, version))
			return -1;
		c = compare(own_version, version);
		holds = holds && ((equal && c == 0) || (less ? c < 0 : c > 0));
		any = true;
	}
}

/* "feature x" of one that is built in; any other word is not known and so not met. */
static bool known_feature(const char *part)
{
	if (strncmp(part, "feature", 7) != 0 || !lang_space(part[7]))
		return false;
	for (part += 7; lang_space(*part); part++)
		;
	return lang_one_of("ja3|ja4", part);
}

enum lang_requires lang_requires_met(char *arg)
{
	bool met = true, version = false;
	char *part, *choice;

	while ((part = lang_next(&arg, ','))) {
		bool holds = false;

		part = lang_trim(part);
		if (strncmp(part, "version", 7) != 0) {
			if (!*part)
				return LANG_REQUIRES_BAD;
			met = met && known_feature(part);
			continue;
		}
		if (version)
			return LANG_REQUIRES_TWICE;
		version = true;
		part += 7;
		while ((choice = lang_next(&part, '|'))) {
			int one = one_choice(choice);

			if (one < 0)
				return LANG_REQUIRES_BAD;
			holds = holds || one;
		}
		met = met && holds;
	}
	return met ? LANG_REQUIRES_MET : LANG_REQUIRES_UNMET;
}

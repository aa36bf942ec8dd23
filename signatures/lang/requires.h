/* The `requires` keyword, answered as Suricata 7.0.10 in its packaged form would. */
#pragma once

enum lang_requires {
	LANG_REQUIRES_MET,
	LANG_REQUIRES_UNMET,
	LANG_REQUIRES_BAD,
	LANG_REQUIRES_TWICE, /* version twice */
};

/* arg: "version >= 7.0.3 < 8 | >= 8.0.1, feature x"; it is written to. */
enum lang_requires lang_requires_met(char *arg);

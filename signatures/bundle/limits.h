/* What a bundle, a rule source and an installed set may grow to. */
#pragma once

enum {
	BUNDLE_NAME = 64,	    /* bytes of a name, with NUL */
	BUNDLE_NOTE = 256,	    /* of its note, with NUL */
	BUNDLE_PATH = 96,	    /* of a path inside, with NUL */
	BUNDLE_FILES = 1024,	    /* files in one */
	BUNDLE_MAX = 128 << 20,	    /* bytes of the bundle itself */
	BUNDLE_FILE_MAX = 96 << 20, /* bytes of one file when unpacked */
	BUNDLE_KEYS = 64,	    /* trusted keys */
	BUNDLE_KEPT = 3,	    /* sets and bundles kept for a roll-back */
	RULE_SOURCE_MAX = 96 << 20, /* bytes of a rule file that is read */
	RULE_SOURCES = 4096,	    /* rule files of one import */
	RULE_LINES = 1 << 20,	    /* rules of one set */
	FILTER_FILE_MAX = 4 << 20,  /* bytes of an enable, disable, modify or drop file */
	FILTER_LINES = 1 << 17,	    /* lines of all of them */
};

/* All unpacked files of one bundle together. */
#define BUNDLE_TOTAL_MAX ((uint64_t)384 << 20)

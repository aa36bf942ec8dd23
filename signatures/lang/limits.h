/* What a rule file may grow to. A rule over one of these fails with a sentence that names it. */
#pragma once

enum {
	LANG_LINE_MAX = 1 << 16,    /* bytes of one rule, continuation lines joined */
	LANG_KEYWORDS_MAX = 512,    /* options of one rule */
	LANG_BUFFERS_MAX = 64,	    /* buffer lists of one rule, as many as Suricata has */
	LANG_TRANSFORMS_MAX = 16,   /* of one buffer, as many as Suricata has */
	LANG_CONTENT_MAX = 8192,    /* bytes of one content (Suricata's limit is 255 for the
				       fast pattern only) */
	LANG_PCRE_MAX = 8192,	    /* bytes of one expression */
	LANG_CAPTURES_MAX = 16,	    /* named captures of one expression */
	LANG_BYTE_VARS_MAX = 64,    /* byte_extract and byte_math variables of one rule */
	LANG_BITS_OR_MAX = 32,	    /* names of one `flowbits:isset,a|b` */
	LANG_GROUP_DEPTH_MAX = 32,  /* nesting of address and port groups and variables */
	LANG_RANGES_MAX = 1 << 16,  /* ranges of one address or port list */
	LANG_RULE_BYTES = 48 << 20, /* the most memory one rule may take while it is read */
	LANG_VAR_MAX = 1 << 16,	    /* bytes of a variable's value */
	LANG_INSPECT_STEPS = 3000,  /* inspection recursion of one list, as in Suricata */
};

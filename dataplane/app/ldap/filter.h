/* The filter of a search as text (RFC 4515), for records. */
#pragma once

#include "dataplane/base/slice.h"

enum {
	LDAP_FILTER_MAX = 1024, /* bytes of text: the rest is left out */
	LDAP_FILTER_DEPTH = 16, /* filters within filters */
};

struct ldap_filter {
	char text[LDAP_FILTER_MAX];
	size_t len;
	bool cut; /* not all of it was written */
};

/* `element`: the Filter, identifier first. */
void ldap_filter_text(struct slice element, struct ldap_filter *ret);

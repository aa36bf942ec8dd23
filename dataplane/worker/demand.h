/* Who reads what: the one place that decides what parsers need not make. */
#pragma once

#include "dataplane/app/parser.h"

/* All that reads what parsers make. */
struct demand_readers {
	bool rules;	    /* some are loaded; their alerts carry all of a transaction's fields */
	bool lists;	    /* known-bad ones */
	bool files;	    /* digests, types or contents of files, for whatever reason */
	bool traffic_names; /* a behaviour detector listens to them */
	uint32_t records;   /* enum event_type: those that are written */
};

struct app_demand demand_of(const struct demand_readers *readers);

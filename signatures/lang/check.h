/* What Suricata refuses in a rule as a whole. Private to lang. */
#pragma once

#include "signatures/lang/build.h"

/* Each list for itself; also brings hashes and serial numbers into the case that buffers have. */
int build_check_lists(struct lang_build *b);
/* Application protocol against keywords. */
int build_check_whole(struct lang_build *b);

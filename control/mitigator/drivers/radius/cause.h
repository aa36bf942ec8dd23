/* Error-Cause (RFC 5176 3.6) in words, in English and Japanese. */
#pragma once

#include <stdint.h>

enum {
	RADIUS_CAUSE_NAS_MISMATCH = 403,
	RADIUS_CAUSE_NO_SESSION = 503,
};

/* "session not found / セッションが見つからない"; never empty. */
const char *radius_cause_text(uint32_t cause);

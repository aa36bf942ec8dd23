/* Unicode characters as the single byte that servers make of them. */
#pragma once

#include <stdint.h>

enum { HTTP_NO_BEST_FIT = '?' };

uint8_t http_best_fit(uint32_t codepoint);

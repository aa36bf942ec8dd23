/* Names of IP protocols as `ip_proto` takes them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool lang_ip_protocol(const char *name, uint64_t *ret);

/* The names of events that rules can ask for, as Suricata 7.0.10 has them. */
#pragma once

#include <stdbool.h>

/* `group` is "decoder", "stream", "applayer", or an application protocol ("http", "tls", ...). */
bool lang_event_known(const char *group, const char *name);

/* Who made a network card: the registry of Debian's package ieee-data. Optional: without the file
 * nothing is known. Read once at start; about 1.5 MB. */
#pragma once

#include <stddef.h>

#include "dataplane/base/addr.h"

#define OUI_FILE "/usr/share/ieee-data/oui.txt"

struct oui;

/* NULL when there is no such file or it holds nothing. */
struct oui *oui_load(const char *path);
void oui_free(struct oui *o);
/* "" when it is not known, or the MAC is made up (locally administered). `o` may be NULL. */
const char *oui_vendor(const struct oui *o, const struct mac_addr *mac);
size_t oui_count(const struct oui *o);

/* dcerpc.iface and dcerpc.opnum, for whatever carries DCE/RPC. */
#pragma once

#include "dataplane/app/dcerpc/pdu.h"
#include "dataplane/app/text/text.h"

/* For app_keyword.compile. */
void *dce_compile_iface(struct slice argument, char *why, size_t cap);
void *dce_compile_opnum(struct slice argument, char *why, size_t cap);

bool dce_match_opnum(const void *compiled, uint16_t opnum);
/* UUID, version and any_frag agree. */
bool dce_match_iface(const void *compiled, const struct dce_iface *iface);
/* UUID and version agree. */
bool dce_match_uuid(const void *compiled, const struct dce_iface *iface);

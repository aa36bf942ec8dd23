/* NTLMSSP messages (MS-NLMP) and the SPNEGO tokens (RFC 4178) that carry them or a Kerberos ticket:
 * who logs on. Reads where the bytes lie; keeps nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

enum ntlmssp_type {
	NTLMSSP_NEGOTIATE = 1,
	NTLMSSP_CHALLENGE = 2,
	NTLMSSP_AUTHENTICATE = 3,
};

struct ntlmssp_version {
	uint8_t major, minor, revision;
	uint16_t build;
};

/* An AUTHENTICATE_MESSAGE; the names as they are on the wire. */
struct ntlmssp_auth {
	struct slice domain, user, host;
	bool has_version;
	bool unicode; /* the names are UTF-16LE, else OEM */
	bool warning; /* the names overlap: not made by an ordinary client */
	struct ntlmssp_version version;
};

/* The message that begins at the first signature in `blob`. False: there is none. `ret_body` is
 * what follows the type. */
bool ntlmssp_find(struct slice blob, uint32_t *ret_type, struct slice *ret_body);
/* `body` of an AUTHENTICATE_MESSAGE; false when a length or offset leaves it. */
bool ntlmssp_auth_read(struct slice body, struct ntlmssp_auth *ret);
/* The same where an empty last field may point at the message's end, as clients write it and
 * Suricata (SMB) refuses it. */
bool ntlmssp_auth_read_any(struct slice body, struct ntlmssp_auth *ret);

/* What a security blob says. */
struct secblob {
	bool has_auth;
	struct ntlmssp_auth auth;
	struct slice ap_req; /* a Kerberos AP-REQ, [APPLICATION 14] first; empty: none */
};

/* False: neither SPNEGO nor NTLMSSP. */
bool secblob_read(struct slice blob, struct secblob *ret);

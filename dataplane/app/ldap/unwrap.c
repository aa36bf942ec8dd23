/* What a security layer protects without hiding it. */
#include "dataplane/app/ldap/ldap.h"
#include "dataplane/app/ldap/message.h"

enum { KRB5_HEAD = 16, KRB5_SEALED = 2, NTLM_SIGNATURE = 16 };

/* A Wrap token of Kerberos (RFC 4121 4.2.6.2): plain text and checksum, turned right by RRC. */
static struct slice krb5_plain(struct slice wrapped)
{
	struct cursor c = cursor_of(wrapped);
	uint16_t token = cursor_u16(&c), extra, turned;
	uint8_t flags = cursor_u8(&c);
	struct slice rest;

	cursor_skip(&c, 1);
	extra = cursor_u16(&c);
	turned = cursor_u16(&c);
	cursor_skip(&c, 8); /* SND_SEQ */
	rest = cursor_rest(&c);
	if (c.bad || token != 0x0504 || flags & KRB5_SEALED || extra > rest.len)
		return SLICE(NULL, 0);
	if (turned == 0)
		return slice_sub(rest, 0, rest.len - extra);
	return turned == extra ? slice_sub(rest, extra, rest.len) : SLICE(NULL, 0);
}

/* MS-NLMP 2.2.2.9: the signature is in front. */
static struct slice ntlm_plain(struct slice wrapped)
{
	if (!slice_eq(slice_sub(wrapped, 0, 4), SLICE_LIT("\1\0\0\0")))
		return SLICE(NULL, 0);
	return slice_sub(wrapped, NTLM_SIGNATURE, wrapped.len);
}

struct slice ldap_unwrap(struct slice wrapped)
{
	/* The last is DIGEST-MD5's (RFC 2831 2.3): the message itself, its code behind it. */
	const struct slice guesses[] = {krb5_plain(wrapped), ntlm_plain(wrapped), wrapped};

	for (size_t i = 0; i < ARRAY_SIZE(guesses); i++) {
		if (ldap_looks_like(guesses[i], true) || ldap_looks_like(guesses[i], false))
			return guesses[i];
	}
	return SLICE(NULL, 0);
}

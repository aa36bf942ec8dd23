#include "dataplane/app/smb/session.h"

#include "dataplane/app/krb5/message.h"

enum { SNAMES_MAX = 16 };

static void keep_name(struct smb_state *s, struct kept *k, struct slice raw, bool unicode)
{
	struct smb_text t;

	if (unicode)
		smb_text_utf16(&t, raw);
	else
		smb_text_bytes(&t, raw);
	smb_text_keep(s, k, &t);
}

static void ntlmssp(struct smb_state *s, struct smb_session *n, const struct ntlmssp_auth *a)
{
	n->has_ntlmssp = true;
	n->has_version = a->has_version;
	n->version = a->version;
	n->warning = a->warning;
	keep_name(s, &n->domain, a->domain, a->unicode);
	keep_name(s, &n->user, a->user, a->unicode);
	keep_name(s, &n->host, a->host, a->unicode);
}

static void ticket(struct smb_state *s, struct smb_session *n, struct slice ap_req)
{
	struct krb5_message_fields m;
	struct cursor names;
	struct slice name;

	if (!krb5_ap_req_read(cursor_of(ap_req), &m))
		return;
	n->has_ticket = true;
	kept_set(s->io->slab, &n->realm, slice_sub(m.ticket_realm, 0, SMB_NAME_MAX));
	names = cursor_of(m.sname.names);
	for (unsigned i = 0; i < SNAMES_MAX && krb5_name_next(&names, &name); i++)
		text_list_add(s->io->slab, &n->snames, name, SMB_LIST_MAX);
}

void smb_session_blob(struct smb_state *s, struct smb_session *n, struct slice blob)
{
	struct secblob b;

	if (!secblob_read(blob, &b))
		return;
	if (b.has_auth)
		ntlmssp(s, n, &b.auth);
	if (b.ap_req.len > 0)
		ticket(s, n, b.ap_req);
}

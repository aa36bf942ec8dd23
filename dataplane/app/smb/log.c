/* EVE: {"smb":{...}}. */
#include <stdio.h>

#include "dataplane/api/record.h"
#include "dataplane/app/smb/smb.h"
#include "dataplane/app/text/text.h"

enum { NUMBER = 40 };

static void log_kept(struct record *r, const char *field, const struct kept *k)
{
	text_log(r, field, kept_slice(k));
}

/* The name, or the number when there is none. */
static void log_named(struct record *r, const char *field, const char *name, uint32_t number)
{
	char text[NUMBER];

	if (!name) {
		snprintf(text, sizeof(text), "%u", number);
		name = text;
	}
	record_text(r, field, name);
}

/* As Suricata turns the bytes around. */
static void log_guid(struct record *r, const char *field, const uint8_t g[SMB_GUID])
{
	static const uint8_t order[SMB_GUID] = {3, 2, 1,  0,  5,  4,  7,  6,
						9, 8, 11, 10, 15, 14, 13, 12};
	uint8_t turned[SMB_GUID];
	char text[37];

	for (unsigned i = 0; i < SMB_GUID; i++)
		turned[i] = g[order[i]];
	dce_uuid_text(turned, text);
	record_text(r, field, text);
}

static void log_handle(struct record *r, const struct smb_id *id)
{
	char text[NUMBER];

	if (id->len == SMB_GUID) {
		log_guid(r, "fuid", id->bytes);
		return;
	}
	text[0] = 0;
	if (id->len >= 2)
		snprintf(text, sizeof(text), "%02x%02x", id->bytes[1], id->bytes[0]);
	record_text(r, "fuid", text);
}

/* --- the head --- */

static void log_dialect(struct record *r, const struct smb_state *s)
{
	if (s->dialect)
		log_named(r, "dialect", smb2_dialect_name(s->dialect), s->dialect);
	else if (s->dialect_name.data)
		log_kept(r, "dialect", &s->dialect_name);
	else
		record_text(r, "dialect", "unknown");
}

static void log_command(struct record *r, const struct smb_tx *t)
{
	if (t->version == 1)
		log_named(r, "command", smb1_command_name((uint8_t)t->command), t->command);
	else if (t->version == 2)
		log_named(r, "command", smb2_command_name(t->command), t->command);
}

static const char *dos_name(const struct smb_tx *t)
{
	enum { CLASS_DOS = 1, CLASS_SERVER = 2 };
	static const char *const dos[] = {"DOS_SUCCESS",
					  "DOS_BAD_FUNC",
					  "DOS_BAD_FILE",
					  "DOS_BAD_PATH",
					  "DOS_TOO_MANY_OPEN_FILES",
					  "DOS_ACCESS_DENIED"};
	static const char *const server[] = {NULL, "SRV_ERROR", "SRV_BADPW", "SRV_BADTYPE",
					     "SRV_ACCESS"};
	enum { SERVER_BAD_UID = 91 };

	if (t->error_class == CLASS_DOS)
		return t->status < ARRAY_SIZE(dos) ? dos[t->status] : NULL;
	if (t->error_class == CLASS_SERVER && t->status == SERVER_BAD_UID)
		return "SRV_BADUID";
	return t->error_class == CLASS_SERVER && t->status < ARRAY_SIZE(server) ? server[t->status]
										: NULL;
}

static void log_dos_error(struct record *r, const struct smb_tx *t)
{
	char text[NUMBER];

	if (t->error_class == 1 || t->error_class == 2) {
		log_named(r, "status", dos_name(t), t->status);
	} else {
		snprintf(text, sizeof(text), "UNKNOWN_%02x_%04x", t->error_class, t->status);
		record_text(r, "status", text);
	}
	snprintf(text, sizeof(text), "0x%04x", t->status);
	record_text(r, "status_code", text);
}

static void log_status(struct record *r, const struct smb_tx *t)
{
	char text[NUMBER];

	if (!t->has_status)
		return;
	if (t->dos_error) {
		log_dos_error(r, t);
		return;
	}
	log_named(r, "status", smb_status_name(t->status), t->status);
	snprintf(text, sizeof(text), "0x%x", t->status);
	record_text(r, "status_code", text);
}

/* --- by type --- */

static void log_list(struct record *r, const char *field, const struct text_list *l)
{
	uint32_t at = 0;
	struct slice s;

	if (l->count == 0)
		return;
	record_array(r, field);
	while (text_list_next(l, &at, &s))
		text_log(r, NULL, s);
	record_end(r);
}

static void log_dialects2(struct record *r, const struct text_list *l)
{
	uint32_t at = 0;
	struct slice s;

	if (l->count == 0)
		return;
	record_array(r, "client_dialects");
	while (text_list_next(l, &at, &s)) {
		struct cursor c = cursor_of(s);
		uint16_t dialect = cursor_u16_le(&c);

		log_named(r, NULL, smb2_dialect_name(dialect), dialect);
	}
	record_end(r);
}

static void log_negotiate(struct record *r, const struct smb_negotiate *n,
			  const struct smb_state *s)
{
	if (n->version == 1)
		log_list(r, "client_dialects", &n->dialects);
	else
		log_dialects2(r, &n->dialects);
	if (n->has_client)
		log_guid(r, "client_guid", n->client);
	if (n->has_server)
		log_guid(r, "server_guid", n->server);
	else
		record_text(r, "server_guid", "");
	if (s->max_read)
		record_uint(r, "max_read_size", s->max_read);
	if (s->max_write)
		record_uint(r, "max_write_size", s->max_write);
}

static void log_host(struct record *r, const char *field, const struct smb_host *h)
{
	if (!h->is_there)
		return;
	record_object(r, field);
	log_kept(r, "native_os", &h->os);
	log_kept(r, "native_lm", &h->lm);
	record_end(r);
}

static void log_session(struct record *r, const struct smb_session *n)
{
	char text[NUMBER];

	if (n->has_ntlmssp) {
		record_object(r, "ntlmssp");
		log_kept(r, "domain", &n->domain);
		log_kept(r, "user", &n->user);
		log_kept(r, "host", &n->host);
		if (n->warning)
			record_bool(r, "warning", true);
		if (n->has_version) {
			snprintf(text, sizeof(text), "%u.%u build %u rev %u", n->version.major,
				 n->version.minor, n->version.build, n->version.revision);
			record_text(r, "version", text);
		}
		record_end(r);
	}
	if (n->has_ticket) {
		record_object(r, "kerberos");
		log_kept(r, "realm", &n->realm);
		log_list(r, "snames", &n->snames);
		record_end(r);
	}
	log_host(r, "request", &n->request);
	log_host(r, "response", &n->response);
}

static void log_tree(struct record *r, const struct smb_tree *t, uint8_t version)
{
	static const char *const types[] = {"UNKNOWN", "FILE", "PIPE", "PRINT"};

	log_kept(r, t->pipe ? "named_pipe" : "share", &t->name);
	if (version != 1) {
		record_text(r, "share_type",
			    types[t->share_type < ARRAY_SIZE(types) ? t->share_type : 0]);
		return;
	}
	record_object(r, "service");
	if (t->has_request)
		log_kept(r, "request", &t->request);
	if (t->has_response)
		log_kept(r, "response", &t->response);
	record_end(r);
}

static void log_name(struct record *r, const char *field, const struct kept *name)
{
	if (name->len > 0)
		log_kept(r, field, name);
	else
		record_text(r, "filename", "<share_root>");
}

static void log_create(struct record *r, const struct smb_create *c)
{
	static const char *const dispositions[] = {"FILE_SUPERSEDE", "FILE_OPEN",
						   "FILE_CREATE",    "FILE_OPEN_IF",
						   "FILE_OVERWRITE", "FILE_OVERWRITE_IF"};

	log_name(r, c->directory ? "directory" : "filename", &c->name);
	record_text(r, "disposition",
		    c->disposition < ARRAY_SIZE(dispositions) ? dispositions[c->disposition]
							      : "UNKNOWN");
	record_text(r, "access", c->delete_on_close ? "delete on close" : "normal");
	record_uint(r, "created", c->created);
	record_uint(r, "accessed", c->accessed);
	record_uint(r, "modified", c->modified);
	record_uint(r, "changed", c->changed);
	record_uint(r, "size", c->size);
	log_handle(r, &c->id);
}

static void log_file(struct record *r, const struct smb_file *f)
{
	log_kept(r, "filename", &f->name);
	log_kept(r, "share", &f->share);
	log_handle(r, &f->id);
}

static void log_rename(struct record *r, const struct smb_rename *n, uint8_t version)
{
	if (version == 2) {
		record_object(r, "set_info");
		record_text(r, "class", "FILE_INFO");
		record_text(r, "info_level", "SMB2_FILE_RENAME_INFO");
		record_end(r);
	}
	record_object(r, "rename");
	log_kept(r, "from", &n->from);
	log_kept(r, "to", &n->to);
	record_end(r);
	log_handle(r, &n->id);
}

static void log_set_info(struct record *r, const struct smb_set_info *n)
{
	enum { SET_PATH_INFO = 6, SET_FILE_INFO = 8, LEVEL_DISPOSITION = 1013 };

	log_name(r, "filename", &n->name);
	record_text(r, "access", n->delete_on_close ? "delete on close" : "normal");
	if (n->subcommand == SET_FILE_INFO)
		record_text(r, "subcmd", "SET_FILE_INFO");
	else if (n->subcommand == SET_PATH_INFO)
		record_text(r, "subcmd", "SET_PATH_INFO");
	if (n->level == LEVEL_DISPOSITION)
		record_text(r, "level_of_interest", "Set Disposition Information");
	log_handle(r, &n->id);
}

/* --- calls in pipes --- */

static void log_iface(struct record *r, const struct dce_iface *f, bool answers)
{
	char text[NUMBER];

	record_object(r, NULL);
	dce_uuid_text(f->uuid, text);
	record_text(r, "uuid", text);
	snprintf(text, sizeof(text), "%u.%u", f->version, f->minor);
	record_text(r, "version", text);
	if (answers && f->acked) {
		record_uint(r, "ack_result", f->result);
		record_uint(r, "ack_reason", f->reason);
	}
	record_end(r);
}

/* Of a bind all, of a request those of its context. */
static void log_ifaces(struct record *r, const struct dce_ifaces *l, const struct smb_dcerpc *d)
{
	bool bind = d->request == DCE_BIND, any = false;

	for (unsigned i = 0; i < l->count; i++) {
		if (!bind && l->list[i].context != d->context)
			continue;
		if (!any)
			record_array(r, "interfaces");
		any = true;
		log_iface(r, &l->list[i], bind);
	}
	if (any)
		record_end(r);
}

static void log_stub(struct record *r, const char *field, const struct smb_dcerpc *d, enum dir dir)
{
	record_object(r, field);
	record_uint(r, "frag_cnt", d->fragments[dir]);
	record_uint(r, "stub_data_size", d->stub[dir].len);
	record_end(r);
}

static void log_dcerpc(struct record *r, const struct smb_dcerpc *d, const struct smb_state *s)
{
	record_object(r, "dcerpc");
	if (d->asked)
		log_named(r, "request", dce_type_name(d->request), d->request);
	else
		record_text(r, "request", "REQUEST_LOST");
	if (d->answered)
		log_named(r, "response", dce_type_name(d->response), d->response);
	else
		record_text(r, "response", "UNREPLIED");
	if (d->asked && d->request == DCE_REQUEST) {
		record_uint(r, "opnum", d->opnum);
		log_stub(r, "req", d, DIR_TS);
		log_ifaces(r, &s->ifaces, d);
	} else if (d->asked && d->request == DCE_BIND) {
		log_ifaces(r, &s->ifaces, d);
	}
	if (d->answered && d->response == DCE_RESPONSE)
		log_stub(r, "res", d, DIR_TC);
	record_uint(r, "call_id", d->call_id);
	record_end(r);
}

static void log_type(struct record *r, const struct smb_tx *t, const struct smb_state *s)
{
	switch (t->type) {
	case SMB_TX_NEGOTIATE:
		log_negotiate(r, &t->negotiate, s);
		break;
	case SMB_TX_SESSION:
		log_session(r, &t->session);
		break;
	case SMB_TX_TREE:
		log_tree(r, &t->tree, t->version);
		break;
	case SMB_TX_CREATE:
		log_create(r, &t->create);
		break;
	case SMB_TX_FILE:
		log_file(r, &t->file);
		break;
	case SMB_TX_DCERPC:
		log_dcerpc(r, &t->dcerpc, s);
		break;
	case SMB_TX_IOCTL:
		log_named(r, "function", smb_function_name(t->function), t->function);
		break;
	case SMB_TX_RENAME:
		log_rename(r, &t->rename, t->version);
		break;
	case SMB_TX_SET_INFO:
		log_set_info(r, &t->set_info);
		break;
	default:
		break;
	}
}

bool smb_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct smb_tx *t = container_of(tx, const struct smb_tx, tx);
	const struct smb_state *s = state;

	record_uint(r, "id", tx->id + 1);
	log_dialect(r, s);
	log_command(r, t);
	log_status(r, t);
	record_uint(r, "session_id", t->header.ssn);
	record_uint(r, "tree_id", t->header.tree);
	log_type(r, t, s);
	return true;
}

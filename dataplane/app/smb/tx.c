#include "dataplane/app/smb/tx.h"

#include "dataplane/app/smb/files.h"

/* --- open ones --- */

static void open_add(struct smb_state *s, struct smb_tx *t)
{
	t->is_open = true;
	t->open_prev = s->open_last;
	if (s->open_last)
		s->open_last->open_next = t;
	else
		s->open_first = t;
	s->open_last = t;
	s->open_count++;
}

static void open_remove(struct smb_state *s, struct smb_tx *t)
{
	if (!t->is_open)
		return;
	if (t->open_prev)
		t->open_prev->open_next = t->open_next;
	else
		s->open_first = t->open_next;
	if (t->open_next)
		t->open_next->open_prev = t->open_prev;
	else
		s->open_last = t->open_prev;
	t->is_open = false;
	s->open_count--;
}

static void done(struct smb_state *s, struct smb_tx *t, enum dir dir)
{
	t->tx.progress[dir] = SMB_COMPLETE;
	if (t->tx.progress[DIR_TS] == SMB_COMPLETE && t->tx.progress[DIR_TC] == SMB_COMPLETE)
		open_remove(s, t);
}

void smb_tx_request_open(struct smb_tx *t)
{
	t->tx.progress[DIR_TS] = 0;
}

void smb_tx_request_done(struct smb_state *s, struct smb_tx *t)
{
	done(s, t, DIR_TS);
}

void smb_tx_response_done(struct smb_state *s, struct smb_tx *t)
{
	done(s, t, DIR_TC);
}

void smb_tx_done(struct smb_state *s, struct smb_tx *t)
{
	done(s, t, DIR_TS);
	done(s, t, DIR_TC);
}

/* --- finding --- */

static uint64_t header_hash(const struct smb_state *s, struct smb_header h)
{
	uint64_t words[3] = {h.match, h.ssn, h.msg};

	return hash_words(&s->key, words, ARRAY_SIZE(words));
}

static bool command_eq(const struct smb_tx *t, struct smb_command c)
{
	return t->version == c.version && t->command == c.command;
}

struct smb_tx *smb_tx_find(const struct smb_state *s, struct smb_header header,
			   struct smb_command command)
{
	uint64_t hash = header_hash(s, header);
	struct chain_link *l = NULL;

	while ((l = chain_find(&s->by_header, l, hash))) {
		struct smb_tx *t = container_of(l, struct smb_tx, by_header);

		if (command_eq(t, command))
			return t;
	}
	return NULL;
}

struct smb_tx *smb_tx_find_type(const struct smb_state *s, struct smb_header header,
				enum smb_type type)
{
	uint64_t hash = header_hash(s, header);
	struct chain_link *l = NULL;

	while ((l = chain_find(&s->by_header, l, hash))) {
		struct smb_tx *t = container_of(l, struct smb_tx, by_header);

		if (t->type == type)
			return t;
	}
	return NULL;
}

void smb_tx_header(struct smb_state *s, struct smb_tx *t, struct smb_header header)
{
	chain_remove(&s->by_header, &t->by_header);
	t->header = header;
	if (header.match != SMB_MATCH_NONE && t->type != SMB_TX_FILE)
		chain_add(&s->by_header, &t->by_header, header_hash(s, header));
}

static uint64_t file_hash(const struct smb_state *s, const struct smb_id *id, enum dir dir)
{
	uint64_t words[3] = {(uint64_t)id->len << 8 | (uint64_t)dir};

	memcpy(&words[1], id->bytes, id->len);
	return hash_words(&s->key, words, ARRAY_SIZE(words));
}

void smb_tx_index_file(struct smb_state *s, struct smb_tx *t)
{
	chain_add(&s->by_id, &t->by_id, file_hash(s, &t->file.id, t->file.dir));
}

struct smb_tx *smb_tx_find_file(const struct smb_state *s, const struct smb_id *id, enum dir dir,
				bool only_open)
{
	uint64_t hash = file_hash(s, id, dir);
	struct chain_link *l = NULL;

	while ((l = chain_find(&s->by_id, l, hash))) {
		struct smb_tx *t = container_of(l, struct smb_tx, by_id);

		if (t->type == SMB_TX_FILE && (t->file.open || !only_open))
			return t;
	}
	return NULL;
}

static uint64_t call_hash(const struct smb_state *s, uint64_t ssn, uint32_t call_id)
{
	uint64_t words[3] = {UINT64_MAX, ssn, call_id};

	return hash_words(&s->key, words, ARRAY_SIZE(words));
}

void smb_tx_index_call(struct smb_state *s, struct smb_tx *t)
{
	chain_add(&s->by_id, &t->by_id, call_hash(s, t->header.ssn, t->dcerpc.call_id));
}

/* A call whose request and answer come in one exchange (IOCTL of SMB2) is told apart by the
 * message; with reads and writes they are different exchanges. */
static bool one_exchange(struct smb_command c)
{
	enum { SMB2_READ = 8, SMB2_WRITE = 9 };

	return c.version == 2 && c.command != SMB2_READ && c.command != SMB2_WRITE;
}

struct smb_tx *smb_tx_find_call(const struct smb_state *s, struct smb_header header,
				struct smb_command command, uint32_t call_id)
{
	uint64_t hash = call_hash(s, header.ssn, call_id);
	struct chain_link *l = NULL;

	while ((l = chain_find(&s->by_id, l, hash))) {
		struct smb_tx *t = container_of(l, struct smb_tx, by_id);

		if (t->type == SMB_TX_DCERPC &&
		    (!one_exchange(command) || t->header.msg == header.msg))
			return t;
	}
	return NULL;
}

/* --- making and freeing --- */

static void close_oldest(struct smb_state *s)
{
	struct smb_tx *t = s->open_first;

	app_limit_met(s->io);
	app_tx_event(&t->tx, SMB_EVENT_TOO_MANY_TRANSACTIONS);
	if (t->type == SMB_TX_FILE)
		smb_file_cut(s, t);
	smb_tx_done(s, t);
}

struct smb_tx *smb_tx_new(struct smb_state *s, enum smb_type type, struct smb_header header,
			  struct smb_command command)
{
	struct app_tx *tx;
	struct smb_tx *t;

	if (s->open_count >= LIMIT_SMB_TRANSACTIONS)
		close_oldest(s);
	tx = app_tx_new(s->io, sizeof(*t));
	if (!tx) {
		app_limit_met(s->io);
		return NULL;
	}
	t = container_of(tx, struct smb_tx, tx);
	t->state = s;
	t->type = (uint8_t)type;
	t->version = command.version;
	t->command = command.command;
	open_add(s, t);
	smb_tx_header(s, t, header);
	smb_tx_request_done(s, t);
	if (s->side[DIR_TC].cut)
		smb_tx_response_done(s, t);
	return t;
}

static void free_session(struct slab *slab, struct smb_session *n)
{
	kept_free(slab, &n->domain);
	kept_free(slab, &n->user);
	kept_free(slab, &n->host);
	kept_free(slab, &n->realm);
	text_list_free(slab, &n->snames);
	kept_free(slab, &n->request.os);
	kept_free(slab, &n->request.lm);
	kept_free(slab, &n->response.os);
	kept_free(slab, &n->response.lm);
}

static void free_parts(struct smb_state *s, struct smb_tx *t)
{
	struct slab *slab = s->io->slab;

	switch (t->type) {
	case SMB_TX_NEGOTIATE:
		if (s->negotiate[t->negotiate.version - 1] == t)
			s->negotiate[t->negotiate.version - 1] = NULL;
		text_list_free(slab, &t->negotiate.dialects);
		break;
	case SMB_TX_SESSION:
		free_session(slab, &t->session);
		break;
	case SMB_TX_TREE:
		kept_free(slab, &t->tree.name);
		kept_free(slab, &t->tree.request);
		kept_free(slab, &t->tree.response);
		break;
	case SMB_TX_CREATE:
		kept_free(slab, &t->create.name);
		break;
	case SMB_TX_FILE:
		smb_file_free(s, t);
		break;
	case SMB_TX_DCERPC:
		kept_free(slab, &t->dcerpc.stub[DIR_TS]);
		kept_free(slab, &t->dcerpc.stub[DIR_TC]);
		break;
	case SMB_TX_RENAME:
		kept_free(slab, &t->rename.from);
		kept_free(slab, &t->rename.to);
		break;
	case SMB_TX_SET_INFO:
		kept_free(slab, &t->set_info.name);
		break;
	default:
		break;
	}
}

void smb_tx_free(struct smb_state *s, struct smb_tx *t)
{
	free_parts(s, t);
	chain_remove(&s->by_header, &t->by_header);
	chain_remove(&s->by_id, &t->by_id);
	open_remove(s, t);
}

void smb_tx_status(struct smb_tx *t, uint32_t status, bool dos_error)
{
	t->has_status = true;
	t->dos_error = dos_error;
	t->error_class = (uint8_t)status;
	t->status = dos_error ? status >> 16 : status;
}

void smb_event(struct smb_state *s, enum smb_event event)
{
	struct app_tx *tx = app_tx_last(s->io);

	if (tx)
		app_tx_event(tx, event);
}

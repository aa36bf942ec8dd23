#include "dataplane/app/nfs/internal.h"
#include "dataplane/app/text/names.h"
#include "dataplane/app/text/text.h"

/* RFC 1813, 3; of version 2 too. */
static const struct text_name v3_procedures[] = {
	{0, "NULL"},	  {1, "GETATTR"},  {2, "SETATTR"},	{3, "LOOKUP"},	{4, "ACCESS"},
	{5, "READLINK"},  {6, "READ"},	   {7, "WRITE"},	{8, "CREATE"},	{9, "MKDIR"},
	{10, "SYMLINK"},  {11, "MKNOD"},   {12, "REMOVE"},	{13, "RMDIR"},	{14, "RENAME"},
	{15, "LINK"},	  {16, "READDIR"}, {17, "READDIRPLUS"}, {18, "FSSTAT"}, {19, "FSINFO"},
	{20, "PATHCONF"}, {21, "COMMIT"},
};

/* RFC 7530, 16 */
static const struct text_name v4_operations[] = {
	{0, "NULL"},	    {1, "COMPOUND"},	  {3, "ACCESS"},
	{4, "CLOSE"},	    {5, "COMMIT"},	  {6, "CREATE"},
	{7, "DELEGPURGE"},  {8, "DELEGRETURN"},	  {9, "GETATTR"},
	{10, "GETFH"},	    {11, "LINK"},	  {12, "LOCK"},
	{13, "LOCKT"},	    {14, "LOCKU"},	  {15, "LOOKUP"},
	{16, "LOOKUPP"},    {17, "NVERIFY"},	  {18, "OPEN"},
	{19, "OPENATTR"},   {20, "OPEN_CONFIRM"}, {21, "OPEN_DOWNGRADE"},
	{22, "PUTFH"},	    {23, "PUTPUBFH"},	  {24, "PUTROOTFH"},
	{25, "READ"},	    {26, "READDIR"},	  {27, "READLINK"},
	{28, "REMOVE"},	    {29, "RENAME"},	  {30, "RENEW"},
	{31, "RESTOREFH"},  {32, "SAVEFH"},	  {33, "SECINFO"},
	{34, "SETATTR"},    {35, "SETCLIENTID"},  {36, "SETCLIENTID_CONFIRM"},
	{37, "VERIFY"},	    {38, "WRITE"},	  {39, "RELEASE_LOCKOWNER"},
	{10044, "ILLEGAL"},
};

/* RFC 1813, 2.6 */
static const struct text_name statuses[] = {
	{0, "OK"},
	{1, "ERR_PERM"},
	{2, "ERR_NOENT"},
	{5, "ERR_IO"},
	{6, "ERR_NXIO"},
	{13, "ERR_ACCES"},
	{17, "ERR_EXIST"},
	{18, "ERR_XDEV"},
	{19, "ERR_NODEV"},
	{20, "ERR_NOTDIR"},
	{21, "ERR_ISDIR"},
	{22, "ERR_INVAL"},
	{27, "ERR_FBIG"},
	{28, "ERR_NOSPC"},
	{30, "ERR_ROFS"},
	{31, "ERR_MLINK"},
	{63, "ERR_NAMETOOLONG"},
	{66, "ERR_NOTEMPTY"},
	{69, "ERR_DQUOT"},
	{70, "ERR_STALE"},
	{71, "ERR_REMOTE"},
	{10001, "ERR_BADHANDLE"},
	{10002, "ERR_NOT_SYNC"},
	{10003, "ERR_BAD_COOKIE"},
	{10004, "ERR_NOTSUPP"},
	{10005, "ERR_TOOSMALL"},
	{10006, "ERR_SERVERFAULT"},
	{10007, "ERR_BADTYPE"},
	{10008, "ERR_JUKEBOX"},
};

/* RFC 5531, 9 */
static const struct text_name rpc_statuses[] = {{0, "ACCEPTED"}, {1, "DENIED"}};
static const struct text_name flavors[] = {
	{0, "NULL"}, {1, "UNIX"}, {2, "SHORT"}, {3, "DH"}, {4, "KERB"}, {5, "RSA"}, {6, "GSS"},
};

enum { CRC_TEXT = 9 };

/* The handle's checksum without leading zeros. */
static void log_handle(struct record *r, uint32_t crc)
{
	static const char digits[] = "0123456789abcdef";
	char text[CRC_TEXT];
	size_t at = sizeof(text) - 1;

	text[at] = 0;
	do
		text[--at] = digits[crc & 15];
	while ((crc >>= 4) > 0);
	record_text(r, "hhash", text + at);
}

static void log_file(struct record *r, const char *field, const struct nfs_tx *t)
{
	record_object(r, field);
	record_bool(r, "first", t->is_first);
	record_bool(r, "last", t->is_last);
	if (t->is_file) {
		record_uint(r, "last_xid", t->last_xid);
		record_uint(r, "chunks", t->chunk_count);
	}
	record_end(r);
}

static void log_rename(struct record *r, const struct nfs_tx *t)
{
	record_object(r, "rename");
	text_log(r, "from", kept_slice(&t->name));
	text_log(r, "to", kept_slice(&t->new_name));
	record_end(r);
}

void nfs_log_all(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct nfs_tx *t = container_of(tx, const struct nfs_tx, tx);
	const struct nfs_state *s = state;
	bool old = s->version < 4;

	record_uint(r, "version", s->version);
	text_log_name(r, "procedure", old ? TEXT_NAMES(v3_procedures) : TEXT_NAMES(v4_operations),
		      t->procedure);
	text_log(r, "filename", kept_slice(&t->name));
	if (t->has_handle)
		log_handle(r, t->handle_crc);
	record_uint(r, "id", tx->id + 1);
	record_bool(r, "file_tx", t->is_file);
	record_text(r, "type", "response");
	text_log_name(r, "status", TEXT_NAMES(statuses), t->nfs_status);
	if (old && t->procedure == NFS3_READ)
		log_file(r, "read", t);
	else if (old && t->procedure == NFS3_WRITE)
		log_file(r, "write", t);
	else if (old && t->procedure == NFS3_RENAME)
		log_rename(r, t);
}

bool nfs_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct nfs_tx *t = container_of(tx, const struct nfs_tx, tx);
	const struct nfs_state *s = state;

	if (s->version <= 3 && t->procedure == NFS3_GETATTR)
		return false;
	nfs_log_all(tx, state, r);
	return true;
}

void nfs_log_rpc(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct nfs_tx *t = container_of(tx, const struct nfs_tx, tx);

	record_object(r, "rpc");
	record_uint(r, "xid", t->xid);
	text_log_name(r, "status", TEXT_NAMES(rpc_statuses), t->rpc_status);
	text_log_name(r, "auth_type", TEXT_NAMES(flavors), t->auth);
	if (t->auth == RPC_AUTH_UNIX) {
		record_object(r, "creds");
		text_log(r, "machine_name", kept_slice(&t->machine));
		record_uint(r, "uid", t->uid);
		record_uint(r, "gid", t->gid);
		record_end(r);
	}
	record_end(r);
}

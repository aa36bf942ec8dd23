#include "dataplane/app/mysql/mysql.h"
#include "dataplane/app/text/names.h"
#include "dataplane/app/text/sql.h"
#include "dataplane/app/text/text.h"

static const struct text_name commands[] = {
	{MYSQL_QUIT, "quit"},
	{MYSQL_INIT_DB, "init_db"},
	{MYSQL_QUERY, "query"},
	{MYSQL_FIELD_LIST, "field_list"},
	{0x05, "create_db"},
	{0x06, "drop_db"},
	{0x07, "refresh"},
	{0x08, "shutdown"},
	{MYSQL_STATISTICS, "statistics"},
	{0x0a, "process_info"},
	{0x0c, "process_kill"},
	{0x0d, "debug"},
	{0x0e, "ping"},
	{MYSQL_CHANGE_USER, "change_user"},
	{MYSQL_BINLOG_DUMP, "binlog_dump"},
	{0x15, "register_slave"},
	{MYSQL_STMT_PREPARE, "stmt_prepare"},
	{MYSQL_STMT_EXECUTE, "stmt_execute"},
	{MYSQL_STMT_LONG_DATA, "stmt_send_long_data"},
	{MYSQL_STMT_CLOSE, "stmt_close"},
	{0x1a, "stmt_reset"},
	{0x1b, "set_option"},
	{MYSQL_STMT_FETCH, "stmt_fetch"},
	{MYSQL_BINLOG_DUMP_GTID, "binlog_dump_gtid"},
	{0x1f, "reset_connection"},
	{MYSQL_LOGIN, "login"},
};

static void log_kept(struct record *r, const char *name, const struct kept *k)
{
	if (k->len)
		text_log(r, name, kept_slice(k));
}

/* What the client says of itself: program, system, user of the system. */
static void log_attributes(struct record *r, const struct text_list *l)
{
	struct slice name, value;
	uint32_t at = 0;

	if (l->count < 2)
		return;
	record_array(r, "attributes");
	while (text_list_next(l, &at, &name) && text_list_next(l, &at, &value)) {
		record_object(r, NULL);
		text_log(r, "name", name);
		text_log(r, "value", value);
		record_end(r);
	}
	record_end(r);
}

static void log_login(struct record *r, const struct mysql_tx *t)
{
	log_kept(r, "server_version", &t->version);
	if (t->has_thread)
		record_uint(r, "thread", t->thread);
	log_kept(r, "user", &t->user);
	log_kept(r, "database", &t->database);
	log_kept(r, "auth_plugin", &t->plugin);
	if (t->tls)
		record_bool(r, "tls", true);
	if (t->compressed)
		record_bool(r, "compressed", true);
	log_attributes(r, &t->attributes);
}

static void log_outcome(struct record *r, const struct mysql_tx *t)
{
	if (t->status == MYSQL_OPEN)
		return;
	record_text(r, "status", t->status == MYSQL_OK ? "OK" : "ERR");
	if (t->status == MYSQL_ERROR) {
		record_uint(r, "error_code", t->error_code);
		if (t->sql_state[0])
			text_log(r, "sql_state", SLICE(t->sql_state, sizeof(t->sql_state)));
		log_kept(r, "message", &t->message);
	}
	if (t->has_columns) {
		record_uint(r, "columns", t->columns);
		record_uint(r, "rows", t->rows);
	}
	if (t->affected)
		record_uint(r, "affected_rows", t->affected);
	if (t->insert_id)
		record_uint(r, "insert_id", t->insert_id);
	if (t->warnings)
		record_uint(r, "warnings", t->warnings);
	if (t->results > 1)
		record_uint(r, "results", t->results);
}

bool mysql_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct mysql_tx *t = container_of(tx, const struct mysql_tx, tx);

	text_log_name(r, "command", TEXT_NAMES(commands), t->command);
	log_login(r, t);
	if (t->has_statement_id)
		record_uint(r, "statement_id", t->statement_id);
	if (t->text.len)
		sql_log(r, "statement", kept_slice(&t->text));
	log_outcome(r, t);
	return true;
}

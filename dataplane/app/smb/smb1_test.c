/* SMB 1: exchanges, chains, files, pipes. */
#include "dataplane/app/smb/smb_test.h"

enum { USER = 2048, TREE = 3, FID = 0x4001 };

static struct bytes b;

static struct harness *flow(void)
{
	b.len = 0;
	put(&b, NULL, 4);
	return harness_new(&smb_proto, APP_TCP, 445);
}

static void request(uint8_t command, uint16_t msg)
{
	put_smb1(&b,
		 (struct smb1_fields){.command = command, .msg = msg, .user = USER, .tree = TREE});
}

static void response(uint8_t command, uint16_t msg, uint32_t status)
{
	put_smb1(&b, (struct smb1_fields){.command = command,
					  .response = true,
					  .msg = msg,
					  .user = USER,
					  .tree = TREE,
					  .status = status});
}

/* The words' count and the head of a chain's part; the next one is put by chain(). */
static void andx(uint8_t words)
{
	put_n(&b, words, 1);
	put(&b, "\xff\0\0\0", 4);
}

/* The part that begins at `at` goes on with `command` here. */
static void chain(size_t at, uint8_t command)
{
	b.data[at + 1] = command;
	b.data[at + 3] = (uint8_t)(b.len - 4);
	b.data[at + 4] = (uint8_t)((b.len - 4) >> 8);
}

static void put_connect(const char *path)
{
	andx(4);
	put_n(&b, 0, 2);
	put_n(&b, 1, 2); /* password */
	put_n(&b, 0, 2);
	put_n(&b, 0, 1);
	if ((b.len - 4) % 2)
		put_n(&b, 0, 1);
	put_wide(&b, path);
	put(&b, "\0\0?????", 8);
}

static void connect_tree(struct harness *h, const char *path, const char *service)
{
	request(0x75, 1);
	put_connect(path);
	send(h, DIR_TS, &b);
	response(0x75, 1, 0);
	andx(3);
	put_n(&b, 0, 2);
	put_n(&b, 0, 2);
	put(&b, service, strlen(service) + 1);
	put_n(&b, 0, 2);
	send(h, DIR_TC, &b);
}

static void put_open(const char *name)
{
	andx(24);
	put_n(&b, 0, 1);
	put_n(&b, 2 * strlen(name), 2);
	put(&b, NULL, 28);
	put_n(&b, 5, 4);      /* disposition */
	put_n(&b, 0x1000, 4); /* delete on close */
	put(&b, NULL, 5);
	put_n(&b, 2 * strlen(name) + 3, 2);
	if ((b.len - 4) % 2)
		put_n(&b, 0, 1);
	put_wide(&b, name);
	put_n(&b, 0, 2);
}

static void open_file(struct harness *h, const char *name)
{
	request(0xa2, 2);
	put_open(name);
	send(h, DIR_TS, &b);
	response(0xa2, 2, 0);
	andx(34);
	put_n(&b, 0, 1);
	put_n(&b, FID, 2);
	put_n(&b, 0, 4);
	for (unsigned i = 0; i < 4; i++)
		put_n(&b, 116444736000000000ULL + 10000000ULL * (i + 1), 8);
	put(&b, NULL, 4);
	put_n(&b, 4711, 8);
	put(&b, NULL, 15);
	send(h, DIR_TC, &b);
}

static void put_write(uint32_t offset, const void *data, size_t len)
{
	size_t at = b.len - 4;

	andx(14);
	put_n(&b, FID, 2);
	put_n(&b, offset, 4);
	put(&b, NULL, 8);
	put_n(&b, 0, 2);
	put_n(&b, len, 2);
	put_n(&b, at + 1 + 28 + 2 + 1, 2);
	put_n(&b, 0, 4);
	put_n(&b, len + 1, 2);
	put_n(&b, 0, 1);
	put(&b, data, len);
}

static void write_file(struct harness *h, uint16_t msg, uint32_t offset, const char *text)
{
	request(0x2f, msg);
	put_write(offset, text, strlen(text));
	send(h, DIR_TS, &b);
}

static void ask_read(struct harness *h, uint16_t msg, uint32_t offset)
{
	request(0x2e, msg);
	andx(12);
	put_n(&b, FID, 2);
	put_n(&b, offset, 4);
	put(&b, NULL, 16);
	send(h, DIR_TS, &b);
}

static void answer_read(struct harness *h, uint16_t msg, const void *data, size_t len)
{
	response(0x2e, msg, 0);
	andx(12);
	put(&b, NULL, 6);
	put_n(&b, len, 2);
	put_n(&b, 60, 2);
	put(&b, NULL, 10);
	put_n(&b, len + 1, 2);
	put_n(&b, 0, 1);
	put(&b, data, len);
	send(h, DIR_TC, &b);
}

static void close_file(struct harness *h, uint16_t msg)
{
	request(0x04, msg);
	put_n(&b, 3, 1);
	put_n(&b, FID, 2);
	put(&b, NULL, 6);
	send(h, DIR_TS, &b);
}

/* --- cases --- */

static void negotiate(void **state)
{
	struct harness *h = flow();

	put_smb1(&b, (struct smb1_fields){.command = 0x72, .msg = 1});
	put(&b, "\0\x18\0\2NT LM 0.12\0\2SMB 2.002\0", 26);
	send(h, DIR_TS, &b);
	put_smb1(&b, (struct smb1_fields){.command = 0x72, .msg = 1, .response = true});
	put_n(&b, 17, 1);
	put_n(&b, 0, 2);
	put(&b, NULL, 32);
	put_n(&b, 16, 2);
	put(&b, "0123456789abcdef", 16);
	send(h, DIR_TC, &b);
	assert_true(logs(h, 0,
			 "\"dialect\":\"NT LM 0.12\",\"command\":"
			 "\"SMB1_COMMAND_NEGOTIATE_PROTOCOL\",\"status\":\"STATUS_SUCCESS\""));
	assert_true(
		logs(h, 0, "\"client_dialects\":[\"NT LM 0.12\",\"SMB 2.002\"],\"server_guid\":"));
	/* Once more, and one without a dialect. */
	put_smb1(&b, (struct smb1_fields){.command = 0x72, .msg = 2});
	put(&b, "\0\3\0\2A\0", 6);
	send(h, DIR_TS, &b);
	assert_true(harness_has_event(h, harness_tx(h, 0), "duplicate_negotiate"));
	harness_delete(h);
	h = flow();
	put_smb1(&b, (struct smb1_fields){.command = 0x72, .msg = 2});
	put(&b, "\0\2\0\2\0", 5);
	send(h, DIR_TS, &b);
	assert_true(harness_has_event(h, harness_tx(h, 0), "negotiate_malformed_dialects"));
	harness_delete(h);
}

static void session(void **state)
{
	struct harness *h = flow();

	put_smb1(&b, (struct smb1_fields){.command = 0x73, .msg = 1});
	andx(12);
	put(&b, NULL, 10);
	put_n(&b, 0, 2); /* security blob */
	put(&b, NULL, 10);
	put_n(&b, 0, 1);
	put_wide(&b, "Unix");
	put_n(&b, 0, 2);
	put_wide(&b, "Samba");
	put_n(&b, 0, 2);
	send(h, DIR_TS, &b);
	response(0x73, 1, 0xc000006d);
	put(&b, "\0\0\0", 3);
	send(h, DIR_TC, &b);
	assert_true(logs(h, 0,
			 "\"status\":\"STATUS_LOGON_FAILURE\",\"status_code\":\"0xc000006d\","
			 "\"session_id\":2048"));
	assert_true(logs(h, 0, "\"request\":{\"native_os\":\"Unix\",\"native_lm\":\"Samba\"}"));
	harness_delete(h);
}

static void trees(void **state)
{
	struct harness *h = flow();

	connect_tree(h, "\\\\srv\\data", "A:");
	assert_true(buffer_is(h, 0, "smb.share", DIR_TS, "\\srv\\data"));
	assert_true(logs(h, 0, "\"service\":{\"request\":\"?????\",\"response\":\"A:\"}"));
	connect_tree(h, "\\\\srv\\IPC$", "IPC");
	assert_true(buffer_is(h, 1, "smb.named_pipe", DIR_TS, "\\srv\\IPC$"));
	harness_delete(h);
}

static void files(void **state)
{
	struct harness *h = flow();

	connect_tree(h, "\\\\srv\\data", "A:");
	open_file(h, "\\a.txt");
	assert_true(logs(h, 1,
			 "\"filename\":\"\\\\a.txt\",\"disposition\":\"FILE_OVERWRITE_IF\","
			 "\"access\":\"delete on close\",\"created\":1"));
	assert_true(logs(h, 1, "\"size\":4711,\"fuid\":\"4001\""));
	write_file(h, 3, 0, "hello ");
	write_file(h, 4, 6, "world");
	assert_true(file_is(h, 2, DIR_TS, "hello world"));
	assert_true(logs(h, 2,
			 "\"session_id\":0,\"tree_id\":0,\"filename\":\"\\\\a.txt\","
			 "\"share\":\"\\\\srv\\\\data\",\"fuid\":\"4001\""));
	ask_read(h, 5, 0);
	answer_read(h, 5, "read back", 9);
	assert_true(file_is(h, 3, DIR_TC, "read back"));
	close_file(h, 6);
	assert_int_equal(harness_tx(h, 2)->files[DIR_TS]->state, APP_FILE_CLOSED);
	response(0x04, 6, 0);
	put(&b, "\0\0\0", 3);
	send(h, DIR_TC, &b);
	assert_int_equal(harness_tx(h, 3)->files[DIR_TC]->state, APP_FILE_CLOSED);
	assert_true(logs(h, 4, "SMB1_COMMAND_CLOSE"));
	harness_delete(h);
}

/* Tree connect, open and write in one record. */
static void chained(void **state)
{
	struct harness *h = flow();
	size_t at;

	request(0x75, 1);
	at = b.len;
	put_connect("\\\\srv\\data");
	chain(at, 0xa2);
	at = b.len;
	put_open("\\x");
	chain(at, 0x2f);
	put_write(0, "eicar", 5);
	send(h, DIR_TS, &b);
	assert_int_equal(harness_live(h), 4);
	assert_true(logs(h, 0, "SMB1_COMMAND_TREE_CONNECT_ANDX"));
	assert_true(logs(h, 1, "\"filename\":\"\\\\x\""));
	assert_true(file_is(h, 2, DIR_TS, "eicar"));
	harness_delete(h);
}

/* A chain that points at itself or backwards ends. */
static void chained_in_a_circle(void **state)
{
	struct harness *h = flow();
	size_t at;

	request(0x74, 1);
	at = b.len;
	andx(2);
	put(&b, NULL, 4);
	b.data[at + 1] = 0x74;
	b.data[at + 3] = 32;
	send(h, DIR_TS, &b);
	assert_int_equal(harness_live(h), 1);
	harness_delete(h);
}

#define CALL   "\5\0\0\3\x10\0\0\0\x1c\0\0\0\2\0\0\0\4\0\0\0\0\0\x0f\0stub"
#define ANSWER "\5\0\2\3\x10\0\0\0\x1d\0\0\0\2\0\0\0\5\0\0\0\0\0\0\0reply"

static void pad_to(size_t offset)
{
	assert_true(b.len - 4 <= offset);
	put(&b, NULL, offset - (b.len - 4));
}

static void pipe_call(void **state)
{
	struct harness *h = flow();

	connect_tree(h, "\\\\srv\\IPC$", "IPC");
	open_file(h, "\\svcctl");
	request(0x25, 3);
	put_n(&b, 16, 1);
	put(&b, NULL, 18);
	put_n(&b, 0, 2), put_n(&b, 84, 2), put_n(&b, sizeof(CALL) - 1, 2), put_n(&b, 84, 2);
	put(&b, "\2\0\x26\0", 4);
	put_n(&b, FID, 2);
	put_n(&b, 0, 2);
	pad_to(84);
	put(&b, CALL, sizeof(CALL) - 1);
	send(h, DIR_TS, &b);
	assert_true(buffer_is(h, 2, "dcerpc.stub_data", DIR_TS, "stub"));
	assert_int_equal(harness_keyword(h, harness_tx(h, 2), "dcerpc.opnum", DIR_TS, "15"), 1);
	response(0x25, 3, 0);
	put_n(&b, 10, 1);
	put(&b, NULL, 12);
	put_n(&b, sizeof(ANSWER) - 1, 2), put_n(&b, 56, 2);
	put(&b, NULL, 4);
	put_n(&b, sizeof(ANSWER), 2);
	pad_to(56);
	put(&b, ANSWER, sizeof(ANSWER) - 1);
	send(h, DIR_TC, &b);
	assert_true(buffer_is(h, 2, "dcerpc.stub_data", DIR_TC, "reply"));
	assert_true(logs(h, 2, "\"command\":\"SMB1_COMMAND_TRANS\",\"status\":\"STATUS_SUCCESS\""));
	/* The same by write and read. */
	request(0x2f, 4);
	put_write(0, CALL, sizeof(CALL) - 1);
	send(h, DIR_TS, &b);
	ask_read(h, 5, 0);
	answer_read(h, 5, ANSWER, sizeof(ANSWER) - 1);
	assert_int_equal(harness_live(h), 4);
	harness_delete(h);
}

static void set_disposition(void **state)
{
	struct harness *h = flow();

	open_file(h, "\\gone.exe");
	request(0x32, 5);
	put_n(&b, 15, 1);
	put(&b, NULL, 18);
	put_n(&b, 6, 2), put_n(&b, 68, 2), put_n(&b, 1, 2), put_n(&b, 76, 2);
	put_n(&b, 1, 2);
	put_n(&b, 8, 2); /* SET_FILE_INFO */
	pad_to(68);
	put_n(&b, FID, 2), put_n(&b, 1013, 2), put_n(&b, 0, 2);
	pad_to(76);
	put_n(&b, 1, 1);
	send(h, DIR_TS, &b);
	assert_true(logs(h, 1,
			 "\"filename\":\"\\\\gone.exe\",\"access\":\"delete on close\","
			 "\"subcmd\":\"SET_FILE_INFO\",\"level_of_interest\":"
			 "\"Set Disposition Information\",\"fuid\":\"4001\""));
	harness_delete(h);
}

static void dos_errors(void **state)
{
	static const struct {
		uint32_t status;
		const char *want;
	} cases[] = {
		{0x00020001, "\"status\":\"DOS_BAD_FILE\",\"status_code\":\"0x0002\""},
		{0x005b0002, "\"status\":\"SRV_BADUID\",\"status_code\":\"0x005b\""},
		{0x00010002, "\"status\":\"SRV_ERROR\""},
		{0x00630001, "\"status\":\"99\""},
		{0, "\"status\":\"UNKNOWN_00_0000\",\"status_code\":\"0x0000\""},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct harness *h = flow();

		request(0x2b, 1);
		put(&b, "\0\0\0", 3);
		send(h, DIR_TS, &b);
		response(0x2b, 1, cases[i].status);
		b.data[4 + 11] = 0x80; /* no NTSTATUS */
		put(&b, "\0\0\0", 3);
		send(h, DIR_TC, &b);
		assert_true(logs(h, 0, cases[i].want));
		harness_delete(h);
	}
}

/* Names of which not every letter is ASCII. */
static void names(void **state)
{
	struct harness *h = flow();

	request(0x07, 1);
	put(&b, "\1\0\0\x10\0\4", 6);
	if ((b.len - 4) % 2)
		put_n(&b, 0, 1);
	put_n(&b, 0x65e5, 2), put_n(&b, 0x672c, 2), put_n(&b, 0, 2);
	put(&b, "\4", 1);
	put_n(&b, 0, 1);
	put_n(&b, 0xd83d, 2), put_n(&b, 0xde00, 2), put_n(&b, 0xd800, 2), put_n(&b, 0, 2);
	send(h, DIR_TS, &b);
	assert_true(logs(h, 0,
			 "\"rename\":{\"from\":\"\xe6\x97\xa5\xe6\x9c\xac\",\"to\":"
			 "\"\xf0\x9f\x98\x80\xef\xbf\xbd\"}"));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiate),  cmocka_unit_test(session),
		cmocka_unit_test(trees),      cmocka_unit_test(files),
		cmocka_unit_test(chained),    cmocka_unit_test(chained_in_a_circle),
		cmocka_unit_test(pipe_call),  cmocka_unit_test(set_disposition),
		cmocka_unit_test(dos_errors), cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SMB 2 and 3: exchanges, files in pieces, pipes, gaps, limits, damage. */
#include "dataplane/app/smb/smb_test.h"

enum { SSN = 0x1122, TREE = 5 };

static struct bytes b;

static void begin(void)
{
	b.len = 0;
	put(&b, NULL, 4);
}

static const uint8_t guid[SMB_GUID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct harness *flow(void)
{
	begin();
	return harness_new(&smb_proto, APP_TCP, 445);
}

static void request(uint16_t command, uint64_t msg)
{
	put_smb2(&b,
		 (struct smb2_fields){.command = command, .msg = msg, .ssn = SSN, .tree = TREE});
}

static void response(uint16_t command, uint64_t msg, uint32_t status)
{
	put_smb2(&b, (struct smb2_fields){.command = command,
					  .response = true,
					  .msg = msg,
					  .ssn = SSN,
					  .tree = TREE,
					  .status = status});
}

static void put_tree_connect(const char *path)
{
	put_n(&b, 9, 2);
	put_n(&b, 0, 2);
	put_n(&b, 72, 2);
	put_n(&b, 2 * strlen(path), 2);
	put_wide(&b, path);
}

static void connect_tree(struct harness *h, const char *path, uint8_t type, uint64_t msg)
{
	request(3, msg);
	put_tree_connect(path);
	send(h, DIR_TS, &b);
	response(3, msg, 0);
	put_n(&b, 16, 2);
	put_n(&b, type, 1);
	put(&b, NULL, 13);
	send(h, DIR_TC, &b);
}

static void put_create(const char *name)
{
	put(&b, NULL, 36);
	put_n(&b, 1, 4); /* disposition */
	put_n(&b, 0, 4);
	put_n(&b, 120, 2);
	put_n(&b, 2 * strlen(name), 2);
	put(&b, NULL, 8);
	put_wide(&b, name);
}

static void put_created(const uint8_t id[SMB_GUID])
{
	put(&b, NULL, 8);
	for (unsigned i = 0; i < 4; i++)
		put_n(&b, 116444736000000000ULL + 10000000ULL * (i + 1), 8);
	put(&b, NULL, 8);
	put_n(&b, 4711, 8);
	put(&b, NULL, 8);
	put(&b, id, SMB_GUID);
	put(&b, NULL, 8);
}

static void open_file(struct harness *h, const char *name, uint64_t msg)
{
	request(5, msg);
	put_create(name);
	send(h, DIR_TS, &b);
	response(5, msg, 0);
	put_created(guid);
	send(h, DIR_TC, &b);
}

static void put_write(uint64_t offset, uint32_t len)
{
	put(&b, NULL, 4);
	put_n(&b, len, 4);
	put_n(&b, offset, 8);
	put(&b, guid, SMB_GUID);
	put(&b, NULL, 16);
}

static void write_file(struct harness *h, uint64_t msg, uint64_t offset, const char *text)
{
	request(9, msg);
	put_write(offset, (uint32_t)strlen(text));
	put(&b, text, strlen(text));
	send(h, DIR_TS, &b);
}

static void ask_read(struct harness *h, uint64_t msg, uint64_t offset, uint32_t len)
{
	request(8, msg);
	put(&b, NULL, 4);
	put_n(&b, len, 4);
	put_n(&b, offset, 8);
	put(&b, guid, SMB_GUID);
	put(&b, NULL, 16);
	send(h, DIR_TS, &b);
}

static void answer_read(struct harness *h, uint64_t msg, const char *text)
{
	response(8, msg, 0);
	put(&b, "\x11\0\x50\0", 4);
	put_n(&b, strlen(text), 4);
	put(&b, NULL, 8);
	put(&b, text, strlen(text));
	send(h, DIR_TC, &b);
}

static void close_file(struct harness *h, uint64_t msg)
{
	request(6, msg);
	put(&b, NULL, 8);
	put(&b, guid, SMB_GUID);
	send(h, DIR_TS, &b);
}

/* --- cases --- */

static void negotiate(void **state)
{
	struct harness *h = flow();

	put_smb2(&b, (struct smb2_fields){.command = 0});
	put_n(&b, 36, 2);
	put_n(&b, 2, 2);
	put(&b, NULL, 8);
	put(&b, guid, SMB_GUID);
	put(&b, NULL, 8);
	put_n(&b, 0x0210, 2);
	put_n(&b, 0x0311, 2);
	send(h, DIR_TS, &b);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], 0);
	put_smb2(&b, (struct smb2_fields){.command = 0, .response = true});
	put_n(&b, 65, 2);
	put_n(&b, 1, 2);
	put_n(&b, 0x0311, 2);
	put_n(&b, 0, 2);
	put(&b, guid, SMB_GUID);
	put(&b, NULL, 4);
	put_n(&b, 1 << 20, 4);
	put_n(&b, 1 << 20, 4);
	put_n(&b, 1 << 23, 4);
	send(h, DIR_TC, &b);
	assert_true(logs(h, 0,
			 "\"id\":1,\"dialect\":\"3.11\",\"command\":"
			 "\"SMB2_COMMAND_NEGOTIATE_PROTOCOL\",\"status\":\"STATUS_SUCCESS\","
			 "\"status_code\":\"0x0\",\"session_id\":0,\"tree_id\":0,"
			 "\"client_dialects\":[\"2.10\",\"3.11\"],"
			 "\"client_guid\":\"04030201-0605-0807-0a09-0c0b100f0e0d\""));
	assert_true(logs(h, 0, "\"max_read_size\":1048576,\"max_write_size\":8388608"));
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], SMB_COMPLETE);
	harness_delete(h);
}

/* The session's number is the server's choice: the first request has none. */
static void session(void **state)
{
	struct harness *h = flow();

	put_smb2(&b, (struct smb2_fields){.command = 1, .msg = 2});
	put(&b, NULL, 24);
	put(&b, "NTLMSSP\0\3\0\0\0", 12);
	put(&b, NULL, 16);				    /* LM and NT answers */
	put_n(&b, 6, 2), put_n(&b, 6, 2), put_n(&b, 72, 4); /* domain */
	put_n(&b, 8, 2), put_n(&b, 8, 2), put_n(&b, 78, 4); /* user */
	put_n(&b, 4, 2), put_n(&b, 4, 2), put_n(&b, 86, 4); /* host */
	put(&b, NULL, 8);				    /* key */
	put_n(&b, 1 | 1 << 25, 4);
	put(&b, "\x0a\0\x61\x4a\0\0\0\x0f", 8);
	put_wide(&b, "DOMuserPC");
	send(h, DIR_TS, &b);
	assert_true(buffer_is(h, 0, "smb.ntlmssp_user", DIR_TS, "user"));
	assert_true(buffer_is(h, 0, "smb.ntlmssp_domain", DIR_TS, "DOM"));
	put_smb2(&b, (struct smb2_fields){.command = 1,
					  .response = true,
					  .msg = 2,
					  .ssn = SSN,
					  .status = 0xc0000016});
	put(&b, NULL, 8);
	send(h, DIR_TC, &b);
	assert_true(logs(h, 0,
			 "\"status\":\"STATUS_MORE_PROCESSING_REQUIRED\",\"status_code\":"
			 "\"0xc0000016\",\"session_id\":4386"));
	assert_true(logs(h, 0,
			 "\"ntlmssp\":{\"domain\":\"DOM\",\"user\":\"user\",\"host\":\"PC\","
			 "\"version\":\"10.0 build 19041 rev 15\"}"));
	harness_delete(h);
}

static void trees(void **state)
{
	struct harness *h = flow();

	connect_tree(h, "\\\\srv\\data", 1, 3);
	assert_true(buffer_is(h, 0, "smb.share", DIR_TS, "\\\\srv\\data"));
	assert_null(harness_buffer(h, harness_tx(h, 0), "smb.named_pipe", DIR_TS, 0).data);
	assert_true(logs(h, 0, "\"share\":\"\\\\\\\\srv\\\\data\",\"share_type\":\"FILE\""));
	connect_tree(h, "\\\\srv\\IPC$", 2, 4);
	assert_true(buffer_is(h, 1, "smb.named_pipe", DIR_TS, "\\\\srv\\IPC$"));
	assert_null(harness_buffer(h, harness_tx(h, 1), "smb.share", DIR_TS, 0).data);
	/* Refused: the status, and no share. */
	request(3, 5);
	put_tree_connect("\\\\srv\\no");
	send(h, DIR_TS, &b);
	response(3, 5, 0xc0000022);
	put(&b, NULL, 9);
	send(h, DIR_TC, &b);
	assert_true(logs(h, 2, "\"status\":\"STATUS_ACCESS_DENIED\""));
	harness_delete(h);
}

static void write_in_order(void **state)
{
	struct harness *h = flow();
	struct app_file *f;

	connect_tree(h, "\\\\srv\\data", 1, 3);
	open_file(h, "dir\\a.txt", 4);
	assert_true(logs(h, 1, "\"filename\":\"dir\\\\a.txt\",\"disposition\":\"FILE_OPEN\""));
	assert_true(logs(h, 1,
			 "\"created\":1,\"accessed\":2,\"modified\":3,\"changed\":4,"
			 "\"size\":4711,\"fuid\":\"04030201-0605-0807-0a09-0c0b100f0e0d\""));
	write_file(h, 5, 0, "hello ");
	write_file(h, 6, 6, "world");
	assert_int_equal(harness_live(h), 3);
	assert_true(file_is(h, 2, DIR_TS, "hello world"));
	f = harness_tx(h, 2)->files[DIR_TS];
	assert_true(slice_eq(SLICE(f->name, f->name_len), SLICE_LIT("dir\\a.txt")));
	assert_int_equal(f->state, APP_FILE_OPEN);
	close_file(h, 7);
	assert_int_equal(f->state, APP_FILE_CLOSED);
	assert_int_equal(harness_tx(h, 2)->progress[DIR_TS], SMB_COMPLETE);
	assert_true(logs(h, 2, "\"filename\":\"dir\\\\a.txt\",\"share\":\"\""));
	harness_delete(h);
}

static void write_out_of_order(void **state)
{
	struct harness *h = flow();

	write_file(h, 1, 4, "22");
	write_file(h, 2, 6, "33");
	assert_true(file_is(h, 0, DIR_TS, ""));
	write_file(h, 3, 0, "0011");
	assert_true(file_is(h, 0, DIR_TS, "00112233"));
	/* Once more what was written before: an event, and nothing twice. */
	write_file(h, 4, 2, "xxxxxxxx");
	assert_true(harness_has_event(h, harness_tx(h, 0), "file_overlap"));
	assert_true(file_is(h, 0, DIR_TS, "00112233"));
	/* Behind a hole: not part of the file. */
	write_file(h, 5, 100, "far");
	close_file(h, 6);
	assert_int_equal(harness_tx(h, 0)->files[DIR_TS]->size, 8);
	assert_false(harness_tx(h, 0)->files[DIR_TS]->gaps);
	harness_delete(h);
}

static void reads(void **state)
{
	struct harness *h = flow();

	connect_tree(h, "\\\\srv\\data", 1, 3);
	open_file(h, "b.exe", 4);
	ask_read(h, 5, 0, 100);
	ask_read(h, 6, 5, 100);
	answer_read(h, 6, "later");
	answer_read(h, 5, "first");
	assert_true(file_is(h, 2, DIR_TC, "firstlater"));
	assert_true(logs(h, 2, "\"command\":\"SMB2_COMMAND_READ\""));
	assert_true(logs(h, 2, "\"share\":\"\\\\\\\\srv\\\\data\""));
	/* Nobody has asked for it. */
	answer_read(h, 99, "unknown");
	assert_int_equal(harness_tx(h, 2)->files[DIR_TC]->size, 10);
	ask_read(h, 7, 10, 100);
	response(8, 7, 0xc0000011);
	put(&b, NULL, 9);
	send(h, DIR_TC, &b);
	assert_int_equal(harness_tx(h, 2)->files[DIR_TC]->state, APP_FILE_CLOSED);
	close_file(h, 8);
	assert_int_equal(harness_tx(h, 2)->progress[DIR_TC], SMB_COMPLETE);
	harness_delete(h);
}

/* A long write comes byte by byte without being kept whole. */
static void long_write(void **state)
{
	enum { LONG = 100000, FIRST = 700 };
	static uint8_t rest[LONG];
	struct harness *h = flow();
	size_t there;

	open_file(h, "big", 1);
	request(9, 2);
	put_write(0, LONG);
	put(&b, NULL, LONG);
	nbss(&b, 0);
	memset(b.data + b.len - LONG, 'x', LONG);
	memcpy(rest, b.data + FIRST, b.len - FIRST);
	there = b.len;
	assert_true(harness_feed(h, DIR_TS, b.data, FIRST));
	assert_int_equal(h->kept_len[DIR_TS], 0);
	assert_true(harness_feed(h, DIR_TS, rest, there - FIRST));
	assert_int_equal(harness_tx(h, 1)->files[DIR_TS]->size, LONG);
	begin();
	write_file(h, 3, LONG, "end");
	assert_int_equal(harness_tx(h, 1)->files[DIR_TS]->size, LONG + 3);
	harness_delete(h);
}

/* A gap inside a written piece: the file has it, the records behind it are still found. */
static void gap_in_file(void **state)
{
	struct harness *h = flow();
	struct app_file *f;

	open_file(h, "big", 1);
	request(9, 2);
	put_write(0, 2000);
	put(&b, NULL, 2000);
	nbss(&b, 0);
	assert_true(harness_feed(h, DIR_TS, b.data, b.len - 1000));
	assert_true(harness_gap(h, DIR_TS, 900));
	assert_true(harness_feed(h, DIR_TS, b.data + b.len - 100, 100));
	f = harness_tx(h, 1)->files[DIR_TS];
	assert_int_equal(f->size, 2000);
	assert_true(f->gaps);
	begin();
	write_file(h, 3, 2000, "end");
	assert_int_equal(f->size, 2003);
	harness_delete(h);
}

/* A gap between records: the next one is looked for, and what was open is over. */
static void gap_between(void **state)
{
	struct harness *h = flow();

	request(5, 1);
	put_create("lost");
	send(h, DIR_TS, &b);
	assert_true(harness_gap(h, DIR_TC, 500));
	b.len = 0;
	put(&b, "middle of something \xfeSM", 23);
	assert_true(harness_feed(h, DIR_TC, b.data, b.len));
	begin();
	connect_tree(h, "\\\\srv\\data", 1, 3);
	assert_true(buffer_is(h, 1, "smb.share", DIR_TS, "\\\\srv\\data"));
	assert_true(logs(h, 1, "STATUS_SUCCESS"));
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], SMB_COMPLETE);
	harness_delete(h);
}

static void compound(void **state)
{
	struct harness *h = flow();
	size_t at = b.len;

	request(5, 1);
	put_create("abc");
	put(&b, NULL, (8 - (b.len - at) % 8) % 8);
	memcpy(b.data + at + 20, &(uint32_t){(uint32_t)(b.len - at)}, 4);
	request(6, 2);
	put(&b, NULL, 8);
	memset(b.data + b.len, 0xff, SMB_GUID);
	b.len += SMB_GUID;
	send(h, DIR_TS, &b);
	assert_int_equal(harness_live(h), 2);
	assert_true(logs(h, 0, "SMB2_COMMAND_CREATE"));
	assert_true(logs(h, 1, "SMB2_COMMAND_CLOSE"));
	harness_delete(h);
}

static void rename_and_delete(void **state)
{
	struct harness *h = flow();

	open_file(h, "old", 1);
	request(17, 2);
	put(&b, "\x21\0\1\x0a", 4);
	put_n(&b, 20 + 6, 4);
	put(&b, NULL, 8);
	put(&b, guid, SMB_GUID);
	put(&b, NULL, 16);
	put_n(&b, 6, 4);
	put_wide(&b, "new");
	send(h, DIR_TS, &b);
	assert_true(logs(h, 1, "\"rename\":{\"from\":\"old\",\"to\":\"new\"}"));
	request(17, 3);
	put(&b, "\x21\0\1\x0d", 4);
	put_n(&b, 1, 4);
	put(&b, NULL, 8);
	put(&b, guid, SMB_GUID);
	put_n(&b, 1, 1);
	send(h, DIR_TS, &b);
	assert_true(logs(h, 2, "\"filename\":\"old\",\"access\":\"delete on close\""));
	response(17, 3, 0);
	put_n(&b, 2, 2);
	send(h, DIR_TC, &b);
	assert_true(logs(h, 2, "STATUS_SUCCESS"));
	harness_delete(h);
}

/* --- pipes --- */

#define SVCCTL "\x81\xbb\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\0\x10\3"
#define NDR    "\4\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\10\0\x2b\x10\x48\x60\2\0\0\0"
#define BIND                                                                                       \
	"\5\0\x0b\3\x10\0\0\0\x48\0\0\0\1\0\0\0\xd0\x16\xd0\x16\0\0\0\0\1\0\0\0\0\0\1\0" SVCCTL    \
	"\2\0\0\0" NDR
#define BINDACK                                                                                    \
	"\5\0\x0c\3\x10\0\0\0\x3c\0\0\0\1\0\0\0\xd0\x16\xd0\x16\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0"     \
	"\0" NDR
#define CALL   "\5\0\0\3\x10\0\0\0\x1c\0\0\0\2\0\0\0\4\0\0\0\0\0\x0f\0stub"
#define ANSWER "\5\0\2\3\x10\0\0\0\x1d\0\0\0\2\0\0\0\5\0\0\0\0\0\0\0reply"

static void put_ioctl(bool is_response, const void *data, size_t len)
{
	put(&b, NULL, 4);
	put_n(&b, 0x0011c017, 4);
	put(&b, guid, SMB_GUID);
	put_n(&b, 0, 4);
	put_n(&b, is_response ? 0 : len, 4);
	put_n(&b, 0, 4);
	put_n(&b, is_response ? len : 0, 4);
	put(&b, NULL, is_response ? 8 : 16);
	put(&b, data, len);
}

static void bind_pipe(struct harness *h)
{
	connect_tree(h, "\\\\srv\\IPC$", 2, 1);
	open_file(h, "svcctl", 2);
	request(9, 3);
	put_write(0, sizeof(BIND) - 1);
	put(&b, BIND, sizeof(BIND) - 1);
	send(h, DIR_TS, &b);
	ask_read(h, 4, 0, 1024);
	response(8, 4, 0);
	put(&b, "\x11\0\x50\0", 4);
	put_n(&b, sizeof(BINDACK) - 1, 4);
	put(&b, NULL, 8);
	put(&b, BINDACK, sizeof(BINDACK) - 1);
	send(h, DIR_TC, &b);
}

static void pipe_call(void **state)
{
	static const char uuid[] = "367abb81-9844-35f1-ad32-98f038001003";
	struct harness *h = flow();
	struct app_tx *tx;

	bind_pipe(h);
	assert_true(logs(h, 2, "\"request\":\"BIND\",\"response\":\"BINDACK\",\"interfaces\":"));
	assert_true(logs(h, 2, "\"ack_result\":0"));
	request(11, 5);
	put_ioctl(false, CALL, sizeof(CALL) - 1);
	send(h, DIR_TS, &b);
	tx = harness_tx(h, 3);
	assert_true(buffer_is(h, 3, "dcerpc.stub_data", DIR_TS, "stub"));
	assert_int_equal(harness_keyword(h, tx, "dcerpc.opnum", DIR_TS, "15"), 1);
	assert_int_equal(harness_keyword(h, tx, "dcerpc.iface", DIR_TS, uuid), 1);
	assert_int_equal(harness_keyword(h, harness_tx(h, 2), "dcerpc.iface", DIR_TS, uuid), 0);
	assert_true(smb_proto.little(tx, DIR_TS));
	assert_int_equal(tx->progress[DIR_TC], 0);
	response(11, 5, 0);
	put_ioctl(true, ANSWER, sizeof(ANSWER) - 1);
	send(h, DIR_TC, &b);
	assert_true(buffer_is(h, 3, "dcerpc.stub_data", DIR_TC, "reply"));
	assert_true(logs(h, 3,
			 "\"opnum\":15,\"req\":{\"frag_cnt\":1,\"stub_data_size\":4},"
			 "\"interfaces\":[{\"uuid\":\"367abb81"));
	assert_true(logs(h, 3, "\"res\":{\"frag_cnt\":1,\"stub_data_size\":5},\"call_id\":2"));
	assert_int_equal(tx->progress[DIR_TC], SMB_COMPLETE);
	harness_delete(h);
}

static unsigned frames_called(const struct harness *h, const char *name, int64_t len)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->frame_count; i++)
		n += strcmp(h->frames[i].name, name) == 0 && h->frames[i].len == len;
	return n;
}

/* A long write to a pipe is read when it is whole; its frames are there from the first part on,
 * once. */
static void pipe_write_in_parts(void **state)
{
	enum { DATA = 2000, PART = 700 };
	struct harness *h = flow();
	size_t len;

	connect_tree(h, "\\\\srv\\IPC$", 2, 1);
	open_file(h, "PSEXESVC", 2);
	request(9, 3);
	put_write(0, DATA);
	put(&b, NULL, DATA);
	nbss(&b, 0);
	len = b.len - 4;
	for (size_t i = 0; i < b.len; i += PART) {
		size_t n = b.len - i < PART ? b.len - i : PART;

		assert_true(harness_feed(h, DIR_TS, b.data + i, n));
		assert_int_equal(frames_called(h, "nbss.pdu", (int64_t)len + 4), 1);
		assert_int_equal(frames_called(h, "smb2.pdu", (int64_t)len), 1);
	}
	b.len = 0;
	put(&b, NULL, 4);
	harness_delete(h);
}

/* An answer too long for one read is put together. */
static void pipe_answer_in_pieces(void **state)
{
	struct harness *h = flow();

	bind_pipe(h);
	request(9, 5);
	put_write(0, sizeof(CALL) - 1);
	put(&b, CALL, sizeof(CALL) - 1);
	send(h, DIR_TS, &b);
	for (unsigned part = 0; part < 2; part++) {
		size_t from = part ? 20 : 0, n = part ? sizeof(ANSWER) - 1 - 20 : 20;

		ask_read(h, 6 + part, 0, 20);
		response(8, 6 + part, part ? 0 : 0x80000005);
		put(&b, "\x11\0\x50\0", 4);
		put_n(&b, n, 4);
		put(&b, NULL, 8);
		put(&b, &ANSWER[from], n);
		send(h, DIR_TC, &b);
	}
	assert_true(buffer_is(h, 3, "dcerpc.stub_data", DIR_TC, "reply"));
	assert_int_equal(harness_live(h), 4);
	harness_delete(h);
}

/* Nobody saw the tree connect, but the bytes speak for themselves. */
static void pipe_unseen(void **state)
{
	struct harness *h = flow();

	request(9, 3);
	put_write(0, sizeof(BIND) - 1);
	put(&b, BIND, sizeof(BIND) - 1);
	send(h, DIR_TS, &b);
	assert_true(logs(h, 0, "\"request\":\"BIND\""));
	harness_delete(h);
}

/* --- the rest --- */

static void encrypted(void **state)
{
	struct harness *h = flow();

	put(&b, "\xfdSMB", 4);
	put(&b, NULL, 32);
	put_n(&b, 8, 4);
	put(&b, NULL, 12 + 8);
	send(h, DIR_TS, &b);
	assert_int_equal(harness_live(h), 0);
	put(&b, "\xfdSMB", 4);
	put(&b, NULL, 32);
	put_n(&b, 9, 4);
	put(&b, NULL, 12 + 8);
	nbss(&b, 0);
	assert_false(harness_feed(h, DIR_TS, b.data, b.len));
	harness_delete(h);
}

/* A message over every limit is passed over, and the next one is read. */
static void huge_message(void **state)
{
	static const uint8_t zeros[1 << 16];
	struct harness *h = flow();
	uint32_t len = 300000;

	request(14, 1);
	b.data[1] = (uint8_t)(len >> 16);
	b.data[2] = (uint8_t)(len >> 8);
	b.data[3] = (uint8_t)len;
	assert_true(harness_feed(h, DIR_TS, b.data, b.len));
	for (uint32_t at = (uint32_t)b.len - 4; at < len;) {
		uint32_t n = len - at < sizeof(zeros) ? len - at : sizeof(zeros);

		assert_true(harness_feed(h, DIR_TS, zeros, n));
		at += n;
	}
	assert_true(logs(h, 0, "SMB2_COMMAND_FIND"));
	assert_int_equal(h->limits_met, 1);
	begin();
	open_file(h, "next", 2);
	assert_true(logs(h, 1, "\"filename\":\"next\""));
	harness_delete(h);
}

/* Requests that nobody answers. */
static void many_requests(void **state)
{
	struct harness *h = flow();

	for (unsigned i = 0; i < 3 * LIMIT_SMB_TRANSACTIONS; i++) {
		request(5, i);
		put_create("x");
		send(h, DIR_TS, &b);
		if (i % 512 == 0)
			harness_release(h);
	}
	assert_in_range(((const struct smb_state *)h->state)->open_count, 1,
			LIMIT_SMB_TRANSACTIONS);
	assert_int_equal(((const struct smb_state *)h->state)->table.count, LIMIT_SMB_ENTRIES);
	assert_true(h->limits_met > 0);
	harness_delete(h);
}

/* Pieces of a file that never fit together. */
static void many_pieces(void **state)
{
	struct harness *h = flow();
	const struct smb_tx *t;

	for (unsigned i = 0; i < 2 * LIMIT_SMB_FILE_CHUNKS; i++)
		write_file(h, i, 10 + 20ULL * i, "piece");
	t = container_of(harness_tx(h, 0), const struct smb_tx, tx);
	assert_true(t->file.chunk_count <= LIMIT_SMB_FILE_CHUNKS);
	assert_true(harness_has_event(h, &t->tx, "write_queue_cnt_exceeded"));
	assert_true(harness_tx(h, 0)->files[DIR_TS]->gaps);
	harness_delete(h);
}

static void at_every_cut(void **state)
{
	static struct bytes all;

	all.len = 0;
	begin();
	request(5, 1);
	put_create("name");
	nbss(&b, 0);
	put(&all, b.data, b.len);
	begin();
	request(9, 2);
	put_write(0, 4);
	put(&b, "data", 4);
	nbss(&b, 0);
	put(&all, b.data, b.len);
	for (size_t cut = 0; cut <= all.len; cut++) {
		struct harness *h = harness_new(&smb_proto, APP_TCP, 445);

		assert_true(harness_feed(h, DIR_TS, all.data, cut));
		assert_true(harness_feed(h, DIR_TS, all.data + cut, all.len - cut));
		assert_int_equal(harness_live(h), 2);
		assert_true(file_is(h, 1, DIR_TS, "data"));
		harness_delete(h);
	}
}

static void damage(void **state)
{
	static struct bytes one;

	for (unsigned kind = 0; kind < 3; kind++) {
		begin();
		request((uint16_t)(kind == 0 ? 5 : kind == 1 ? 9 : 11), 1);
		if (kind == 0)
			put_create("name");
		else if (kind == 1)
			put_write(0, 4), put(&b, "data", 4);
		else
			put_ioctl(false, CALL, sizeof(CALL) - 1);
		nbss(&b, 0);
		one = b;
		for (size_t n = 0; n < one.len; n++) {
			struct harness *h = harness_new(&smb_proto, APP_TCP, 445);

			one.data[n] ^= 0xff;
			harness_feed(h, DIR_TS, one.data, one.len);
			harness_feed(h, DIR_TC, one.data, one.len);
			harness_touch(h);
			harness_delete(h);
			one.data[n] ^= 0xff;
		}
	}
}

static void identification(void **state)
{
	struct harness *h = flow();

	request(5, 1);
	put_create("name");
	nbss(&b, 0);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(b.data, b.len)), APP_PROBE_YES);
	b.data[4] = 0xfc;
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(b.data, b.len)), APP_PROBE_NO);
	b.len = 0;
	put(&b, "\x81\0\0\x44", 4); /* a session request in front */
	put(&b, NULL, 0x44);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(b.data, 40)), APP_PROBE_MORE);
	put(&b, "\0\0\0\x20\xffSMB", 8);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(b.data, b.len)), APP_PROBE_YES);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiate),
		cmocka_unit_test(session),
		cmocka_unit_test(trees),
		cmocka_unit_test(write_in_order),
		cmocka_unit_test(write_out_of_order),
		cmocka_unit_test(reads),
		cmocka_unit_test(long_write),
		cmocka_unit_test(gap_in_file),
		cmocka_unit_test(gap_between),
		cmocka_unit_test(compound),
		cmocka_unit_test(rename_and_delete),
		cmocka_unit_test(pipe_call),
		cmocka_unit_test(pipe_write_in_parts),
		cmocka_unit_test(pipe_answer_in_pieces),
		cmocka_unit_test(pipe_unseen),
		cmocka_unit_test(encrypted),
		cmocka_unit_test(huge_message),
		cmocka_unit_test(many_requests),
		cmocka_unit_test(many_pieces),
		cmocka_unit_test(at_every_cut),
		cmocka_unit_test(damage),
		cmocka_unit_test(identification),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

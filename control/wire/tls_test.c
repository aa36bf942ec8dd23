/* Certificates and TLS over a real socket pair: who may speak to whom, and the sentence when not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/wire/ca.h"
#include "control/wire/file.h"
#include "control/wire/keys.h"
#include "control/wire/message.h"
#include "control/wire/sign.h"
#include "control/wire/tls.h"
#include "control/wire/testdir.h"

enum { DAY = 86400 };

static char folder[64];

static const char *in(const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, 128, "%s/%s", folder, name);
	return p;
}

static void issue(const char *ca_dir, enum wire_role role, const char *name,
		  struct ca_validity valid)
{
	struct errmsg e = {0};
	struct ca *ca = ca_open(in(ca_dir), &e);
	struct ca_order order = {role, name, valid};

	assert_non_null(ca);
	assert_int_equal(ca_issue(ca, &order, in(name), &e), 0);
	ca_close(ca);
}

static int set_up(void **state)
{
	struct errmsg e = {0};

	testdir_make(folder);
	assert_int_equal(ca_create(in("ca"), "Osaka works", ca_validity_days(3650), &e), 0);
	assert_int_equal(ca_create(in("foreign-ca"), "Osaka works", ca_validity_days(3650), &e), 0);
	issue("ca", ROLE_SENSOR, "sensor-1", ca_validity_days(30));
	issue("ca", ROLE_MITIGATOR, "mitigator-1", ca_validity_days(30));
	issue("ca", ROLE_CENTRE, "centre-1", ca_validity_days(30));
	issue("foreign-ca", ROLE_SENSOR, "stranger", ca_validity_days(30));
	return 0;
}

static int tear_down(void **state)
{
	testdir_remove(folder);
	return 0;
}

/* The keys in `name`; their dates may be wrong, so they are made good, loaded, and made wrong. */
static struct tls_keys *keys_of(const char *name, enum wire_role role)
{
	struct errmsg e = {0};
	struct tls_keys *k = tls_keys_load(in(name), role, &e);

	if (!k)
		fail_msg("%s", e.text);
	return k;
}

struct shake {
	int client_rc, server_rc;
	struct errmsg client_e, server_e;
	struct tls_conn *client, *server;
};

static void shake_hands(struct tls_keys *ck, struct tls_keys *sk, unsigned client_wants,
			unsigned server_wants, struct shake *s)
{
	int fd[2];

	memset(s, 0, sizeof(*s));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	s->client =
		tls_conn_new(ck, fd[0], TLS_CLIENT, client_wants, "10.0.0.5:7443", &s->client_e);
	s->server =
		tls_conn_new(sk, fd[1], TLS_SERVER, server_wants, "10.0.0.9:50000", &s->server_e);
	s->client_rc = s->server_rc = ERR_AGAIN;
	for (int i = 0; i < 50; i++) {
		if (s->client_rc == ERR_AGAIN)
			s->client_rc = tls_handshake(s->client, &s->client_e);
		if (s->server_rc == ERR_AGAIN)
			s->server_rc = tls_handshake(s->server, &s->server_e);
	}
}

static void part(struct shake *s)
{
	tls_conn_free(s->client);
	tls_conn_free(s->server);
}

static void peers_know_each_other(void **state)
{
	struct tls_keys *ck = keys_of("sensor-1", ROLE_SENSOR);
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct shake s;
	char buf[64];

	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.client_rc, 0);
	assert_int_equal(s.server_rc, 0);
	assert_string_equal(tls_peer(s.client)->name, "mitigator-1");
	assert_string_equal(tls_peer(s.server)->name, "sensor-1");
	assert_int_equal(tls_peer(s.server)->role, ROLE_SENSOR);
	assert_string_equal(tls_peer(s.server)->site, "Osaka works");
	tls_describe(s.client, buf, sizeof(buf));
	assert_string_equal(buf, "TLSv1.2 TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384");
	assert_int_equal(tls_write(s.client, "hello", 5, NULL), 5);
	assert_int_equal(tls_read(s.server, buf, sizeof(buf), NULL), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(tls_read(s.server, buf, sizeof(buf), NULL), ERR_AGAIN);
	tls_conn_free(s.client);
	assert_int_equal(tls_read(s.server, buf, sizeof(buf), &s.server_e), ERR_NOTFOUND);
	assert_string_equal(s.server_e.text, "10.0.0.9:50000 closed the connection");
	tls_conn_free(s.server);
	tls_keys_free(ck);
	tls_keys_free(sk);
}

static void a_wrong_role_is_refused(void **state)
{
	struct tls_keys *ck = keys_of("sensor-1", ROLE_SENSOR);
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct shake s;

	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_ENFORCER), &s);
	assert_int_equal(s.server_rc, ERR_DENIED);
	assert_string_equal(s.server_e.text,
			    "the certificate of 10.0.0.9:50000 names sensor-1 as a "
			    "sensor, but here only the role enforcer may speak");
	part(&s);
	shake_hands(ck, sk, ROLE_SET(ROLE_CENTRE), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.client_rc, ERR_DENIED);
	assert_string_equal(
		s.client_e.text,
		"the certificate of 10.0.0.5:7443 names mitigator-1 as a mitigator, but "
		"here only the role centre may speak");
	assert_int_equal(s.server_rc, ERR_DENIED);
	assert_string_equal(s.server_e.text,
			    "10.0.0.9:50000 ended the connection: it refused our certificate: our "
			    "role may not speak to it");
	part(&s);
	tls_keys_free(ck);
	tls_keys_free(sk);
}

static void a_foreign_certificate_is_refused(void **state)
{
	struct tls_keys *ck = keys_of("stranger", ROLE_SENSOR);
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct shake s;

	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.client_rc, ERR_DENIED);
	assert_string_equal(s.client_e.text,
			    "the certificate of 10.0.0.5:7443 is foreign: it was not "
			    "issued by this site's CA (ca.crt)");
	part(&s);
	tls_keys_free(ck);
	tls_keys_free(sk);
}

/* Loaded while in force; the peer's check happens after it ended. */
static void an_expired_certificate_is_refused(void **state)
{
	struct ca_validity short_life = {time(NULL) - DAY, time(NULL) + 1};
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct tls_keys *ck;
	struct shake s;
	struct errmsg e = {0};

	issue("ca", ROLE_SENSOR, "short", short_life);
	ck = keys_of("short", ROLE_SENSOR);
	assert_true(tls_keys_expiry(ck) == short_life.until);
	sleep(3);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.server_rc, ERR_DENIED);
	assert_non_null(strstr(s.server_e.text, "the certificate of 10.0.0.9:50000 expired on 20"));
	assert_non_null(strstr(s.server_e.text, "'banken keys issue'"));
	part(&s);
	tls_keys_free(ck);
	assert_null(tls_keys_load(in("short"), ROLE_SENSOR, &e));
	assert_non_null(strstr(e.text, "short/own.crt expired on"));
	tls_keys_free(sk);
}

static void a_certificate_of_the_future_is_refused_at_start(void **state)
{
	struct ca_validity later = {time(NULL) + DAY, time(NULL) + 2 * DAY};
	struct errmsg e = {0};

	issue("ca", ROLE_SENSOR, "early", later);
	assert_null(tls_keys_load(in("early"), ROLE_SENSOR, &e));
	assert_non_null(strstr(e.text, "early/own.crt is not valid before 20"));
	assert_non_null(strstr(e.text, "check this machine's clock"));
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void bad_key_folders_have_a_sentence(void **state)
{
	struct errmsg e = {0};
	char cmd[512];

	assert_null(tls_keys_load(in("nowhere"), ROLE_SENSOR, &e));
	assert_non_null(strstr(e.text, "nowhere/ca.crt cannot be read: No such file or directory"));
	assert_null(tls_keys_load(in("sensor-1"), ROLE_CENTRE, &e));
	assert_non_null(strstr(e.text, "sensor-1/own.crt names sensor-1 as a sensor, but here only "
				       "the role centre may speak"));
	snprintf(cmd, sizeof(cmd),
		 "cp -r %s/sensor-1 %s/mixed && cp %s/mitigator-1/own.key "
		 "%s/mixed/",
		 folder, folder, folder, folder);
	assert_int_equal(system(cmd), 0);
	assert_null(tls_keys_load(in("mixed"), ROLE_SENSOR, &e));
	assert_non_null(strstr(e.text, "mixed: own.key does not belong to own.crt"));
	write_text(in("mixed/own.key"), "-----BEGIN EC PRIVATE KEY-----\nAAAA\n");
	assert_null(tls_keys_load(in("mixed"), ROLE_SENSOR, &e));
	assert_non_null(strstr(e.text, "mixed/own.key is not a PEM private key"));
	write_text(in("mixed/own.crt"), "");
	assert_null(tls_keys_load(in("mixed"), ROLE_SENSOR, &e));
	assert_non_null(strstr(e.text, "mixed/own.crt is empty"));
}

static void a_peer_without_tls_has_a_sentence(void **state)
{
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct errmsg e = {0};
	struct tls_conn *server;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	server = tls_conn_new(sk, fd[1], TLS_SERVER, ROLE_SET(ROLE_SENSOR), "10.0.0.9:1", &e);
	assert_int_equal(write(fd[0], "GET / HTTP/1.1\r\n\r\n", 18), 18);
	assert_int_equal(tls_handshake(server, &e), ERR_INVALID);
	assert_string_equal(e.text, "10.0.0.9:1 does not speak TLS 1.2 as Banken does");
	close(fd[0]);
	tls_conn_free(server);
	tls_keys_free(sk);
}

/* A client of our own CA that offers only what `change` leaves. */
static void expect_no_agreement(void (*change)(mbedtls_ssl_config *))
{
	struct tls_keys *ck = keys_of("sensor-1", ROLE_SENSOR);
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct shake s;

	change(&ck->now->client);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_true(s.server_rc < 0 && s.server_rc != ERR_AGAIN);
	assert_true(s.client_rc < 0 && s.client_rc != ERR_AGAIN);
	part(&s);
	tls_keys_free(ck);
	tls_keys_free(sk);
}

static void offer_tls_1_1(mbedtls_ssl_config *c)
{
	mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_1);
	mbedtls_ssl_conf_max_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_2);
}

static void offer_cbc(mbedtls_ssl_config *c)
{
	static const int cbc[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
				  MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, 0};

	mbedtls_ssl_conf_ciphersuites(c, cbc);
}

static void offer_static_ecdh(mbedtls_ssl_config *c)
{
	static const int fixed[] = {MBEDTLS_TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256, 0};

	mbedtls_ssl_conf_ciphersuites(c, fixed);
}

static void weak_offers_are_refused(void **state)
{
	expect_no_agreement(offer_tls_1_1);
	expect_no_agreement(offer_cbc);
	expect_no_agreement(offer_static_ecdh);
}

static void a_client_without_a_certificate_is_refused(void **state)
{
	struct tls_keys *ck = keys_of("sensor-1", ROLE_SENSOR);
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	mbedtls_ssl_key_cert *own = ck->now->client.key_cert;
	struct shake s;

	ck->now->client.key_cert = NULL; /* put back below: the configuration frees it */
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.server_rc, ERR_DENIED);
	assert_string_equal(s.server_e.text, "the certificate of 10.0.0.9:50000 is missing: both "
					     "sides must show one");
	part(&s);
	ck->now->client.key_cert = own;
	tls_keys_free(ck);
	tls_keys_free(sk);
}

static void keys_are_private_and_a_ca_stays(void **state)
{
	struct errmsg e = {0};
	struct stat st;

	assert_int_equal(stat(in("ca/ca.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(in("sensor-1/own.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ca_create(in("ca"), "Other", ca_validity_days(1), &e), ERR_EXISTS);
	assert_non_null(strstr(e.text, "/ca holds a CA already, which stays as it is"));
	assert_int_equal(ca_create(in("x"), "a,CN=b", ca_validity_days(1), &e), ERR_INVALID);
}

static void bad_names_are_refused(void **state)
{
	static const char too_long[] = "0123456789012345678901234567890123456789"
				       "012345678901234567890123";
	static const char *const names[] = {"", "a b", "a,OU=centre", "a/../../x", too_long};
	struct errmsg e = {0};
	struct ca *ca = ca_open(in("ca"), &e);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct ca_order order = {ROLE_SENSOR, names[i], ca_validity_days(1)};

		assert_int_equal(ca_issue(ca, &order, in("bad"), &e), ERR_INVALID);
	}
	ca_close(ca);
}

static void a_request_becomes_a_certificate(void **state)
{
	struct errmsg e = {0};
	struct ca *ca = ca_open(in("ca"), &e);
	struct ca_order order = {ROLE_SENSOR, "enrolled", ca_validity_days(90)};
	struct slice csr, der;
	struct tls_keys *k;

	assert_int_equal(ca_request(in("enrolled"), "enrolled", &csr, &e), 0);
	assert_int_equal(ca_sign_request(ca, &order, csr, &der, &e), 0);
	assert_int_equal(ca_store_answer(in("enrolled"), der, ca_certificate(ca), &e), 0);
	payload_free(&der);
	k = keys_of("enrolled", ROLE_SENSOR);
	tls_keys_free(k);
	((uint8_t *)csr.data)[csr.len - 5] ^= 1;
	assert_int_equal(ca_sign_request(ca, &order, csr, &der, &e), ERR_DENIED);
	assert_string_equal(e.text, "certificate request: it is not signed with its own key");
	assert_int_equal(ca_sign_request(ca, &order, SLICE_LIT("nonsense"), &der, &e), ERR_INVALID);
	payload_free(&csr);
	ca_close(ca);
}

static void signed_commands_are_checked(void **state)
{
	struct tls_keys *mk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct tls_keys *sk = keys_of("sensor-1", ROLE_SENSOR);
	struct tls_keys *foreign = keys_of("stranger", ROLE_SENSOR);
	struct message m = {.kind = MESSAGE_COMMAND}, *got;
	struct errmsg e = {0};
	struct identity who;
	struct slice bytes;

	m.command.command_id = "c-1";
	m.command.action = COMMAND_QUARANTINE;
	assert_int_equal(sign_message(mk, &m, &bytes, &e), 0);
	got = message_decode(bytes, &e);
	assert_non_null(got);
	assert_string_equal(got->command.command_id, "c-1");
	assert_int_equal(sign_check(sk, got, ROLE_SET(ROLE_MITIGATOR), &who, &e), 0);
	assert_string_equal(who.name, "mitigator-1");
	assert_int_equal(sign_check(sk, got, ROLE_SET(ROLE_CENTRE), &who, &e), ERR_DENIED);
	assert_string_equal(e.text,
			    "the signer's certificate names mitigator-1 as a mitigator, but "
			    "here only the role centre may speak");
	assert_int_equal(sign_check(foreign, got, ROLE_SET(ROLE_MITIGATOR), &who, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "the signer's certificate is foreign"));
	message_free(got);
	/* "c-1" becomes "c-2": the same length, so it still decodes. */
	for (size_t i = 0; i + 3 < bytes.len; i++) {
		if (memcmp(bytes.data + i, "c-1", 3) == 0)
			((uint8_t *)bytes.data)[i + 2] = '2';
	}
	got = message_decode(bytes, &e);
	assert_non_null(got);
	assert_string_equal(got->command.command_id, "c-2");
	assert_int_equal(sign_check(sk, got, ROLE_SET(ROLE_MITIGATOR), &who, &e), ERR_DENIED);
	assert_string_equal(e.text, "the signature is wrong: the order was forged or changed");
	message_free(got);
	payload_free(&bytes);
	assert_int_equal(message_encode(&m, &bytes, &e), 0);
	got = message_decode(bytes, &e);
	assert_int_equal(sign_check(sk, got, ROLE_SET(ROLE_MITIGATOR), &who, &e), ERR_DENIED);
	assert_string_equal(e.text, "the command came without a signature");
	message_free(got);
	payload_free(&bytes);
	tls_keys_free(mk);
	tls_keys_free(sk);
	tls_keys_free(foreign);
}

/* ---- sites, revocation, new keys while running, strangers ---- */

static void issue_for(const char *site, enum wire_role role, const char *name)
{
	struct errmsg e = {0};
	struct ca *ca = ca_open(in("ca"), &e);
	struct ca_order order = {role, name, ca_validity_days(30), site};

	assert_non_null(ca);
	assert_int_equal(ca_issue(ca, &order, in(name), &e), 0);
	ca_close(ca);
}

/* One CA serves all customers, so the site in the certificate keeps them apart. */
static void another_site_is_refused_unless_it_is_ours_too(void **state)
{
	static const char *const both[] = {"Kobe"};
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR), *ck;
	struct shake s;

	issue_for("Kobe", ROLE_SENSOR, "sensor-kobe");
	ck = keys_of("sensor-kobe", ROLE_SENSOR);
	tls_keys_sites(ck, (const char *const[]){"Osaka works"}, 1);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.server_rc, ERR_DENIED);
	assert_string_equal(s.server_e.text, "sensor sensor-kobe is of site 'Kobe', but this "
					     "mitigator is of site 'Osaka works'");
	part(&s);
	tls_keys_sites(sk, both, 1);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.server_rc, 0);
	assert_int_equal(s.client_rc, 0);
	part(&s);
	tls_keys_free(sk);
	sk = keys_of("centre-1", ROLE_CENTRE);
	shake_hands(ck, sk, ROLE_SET(ROLE_CENTRE), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.server_rc, 0);
	part(&s);
	tls_keys_free(ck);
	tls_keys_free(sk);
}

static void a_revoked_certificate_is_refused_at_once(void **state)
{
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct tls_keys *ck = keys_of("sensor-1", ROLE_SENSOR);
	struct errmsg e = {0};
	struct shake s;
	char line[64], path[160];

	snprintf(path, sizeof(path), "%s/revoked", in("mitigator-1"));
	snprintf(line, sizeof(line), "4711\n%s\n\n", tls_keys_identity(ck)->serial);
	assert_true(strlen(tls_keys_identity(ck)->serial) == 32);
	assert_int_equal(file_write(path, SLICE_STR(line), 0600, &e), 0);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.server_rc, 0);
	part(&s);
	assert_int_equal(tls_keys_reload(sk, &e), 0);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.server_rc, ERR_DENIED);
	assert_string_equal(s.server_e.text, "the certificate of sensor sensor-1 was revoked");
	assert_int_equal(s.client_rc, ERR_DENIED);
	part(&s);
	assert_int_equal(unlink(path), 0);
	tls_keys_free(ck);
	tls_keys_free(sk);
}

/* A connection that is there goes on with what it began with. */
static void keys_are_read_again_while_running(void **state)
{
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	struct tls_keys *ck = keys_of("sensor-1", ROLE_SENSOR);
	const struct identity *self = tls_keys_identity(ck);
	char before[IDENTITY_SERIAL], buf[8];
	struct errmsg e = {0};
	struct shake s;

	snprintf(before, sizeof(before), "%s", self->serial);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	issue("ca", ROLE_SENSOR, "sensor-1", ca_validity_days(60));
	assert_int_equal(tls_keys_reload(ck, &e), 0);
	assert_string_not_equal(before, self->serial);
	assert_true(tls_write(s.client, "old", 3, &e) == 3);
	assert_true(tls_read(s.server, buf, sizeof(buf), &e) == 3);
	assert_string_equal(tls_peer(s.server)->serial, before);
	part(&s);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_string_equal(tls_peer(s.server)->serial, self->serial);
	part(&s);
	/* another's certificate, or none, changes nothing */
	issue("ca", ROLE_SENSOR, "sensor-9", ca_validity_days(30));
	assert_int_equal(rename(in("sensor-1"), in("kept")), 0);
	assert_int_equal(rename(in("sensor-9"), in("sensor-1")), 0);
	assert_int_equal(tls_keys_reload(ck, &e), ERR_DENIED);
	assert_int_equal(rename(in("sensor-1"), in("sensor-9")), 0);
	assert_int_not_equal(tls_keys_reload(ck, &e), 0);
	assert_int_equal(rename(in("kept"), in("sensor-1")), 0);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.server_rc, 0);
	part(&s);
	tls_keys_free(ck);
	tls_keys_free(sk);
}

/* A socket that is full for a while, and a queue that grows meanwhile, as on a slow line: every
 * byte arrives once and in order. */
static void a_full_socket_loses_nothing(void **state)
{
	enum { ALL = 1 << 20 };
	struct tls_keys *ck = keys_of("sensor-1", ROLE_SENSOR);
	struct tls_keys *sk = keys_of("mitigator-1", ROLE_MITIGATOR);
	size_t queued = 100, sent = 0, got = 0;
	unsigned full = 0, step = 1;
	uint8_t *bytes = malloc(ALL), *back = malloc(ALL);
	struct shake s;
	int small = 1;

	(void)state;
	assert_non_null(bytes);
	assert_non_null(back);
	for (size_t i = 0; i < ALL; i++)
		bytes[i] = (uint8_t)(i * 2654435761U >> 24);
	shake_hands(ck, sk, ROLE_SET(ROLE_MITIGATOR), ROLE_SET(ROLE_SENSOR), &s);
	assert_int_equal(s.client_rc, 0);
	assert_int_equal(setsockopt(tls_fd(s.client), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
			 0);
	while (got < ALL) {
		long n = sent < queued ? tls_write(s.client, bytes + sent, queued - sent, NULL)
				       : ERR_AGAIN;

		assert_true(n > 0 || n == ERR_AGAIN);
		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		full += sent < queued;
		queued += step = step * 5 % 8191 + 1;
		if (queued > ALL)
			queued = ALL;
		n = tls_read(s.server, back + got, ALL - got, NULL);
		assert_true(n > 0 || n == ERR_AGAIN);
		got += n > 0 ? (size_t)n : 0;
		if (n == ERR_AGAIN && sent == ALL)
			break; /* nothing is under way any more */
	}
	assert_true(full > 10);
	assert_int_equal(got, ALL);
	assert_memory_equal(bytes, back, ALL);
	free(bytes);
	free(back);
	part(&s);
	tls_keys_free(ck);
	tls_keys_free(sk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_know_each_other),
		cmocka_unit_test(a_full_socket_loses_nothing),
		cmocka_unit_test(a_wrong_role_is_refused),
		cmocka_unit_test(a_foreign_certificate_is_refused),
		cmocka_unit_test(an_expired_certificate_is_refused),
		cmocka_unit_test(another_site_is_refused_unless_it_is_ours_too),
		cmocka_unit_test(a_revoked_certificate_is_refused_at_once),
		cmocka_unit_test(keys_are_read_again_while_running),
		cmocka_unit_test(a_certificate_of_the_future_is_refused_at_start),
		cmocka_unit_test(bad_key_folders_have_a_sentence),
		cmocka_unit_test(a_peer_without_tls_has_a_sentence),
		cmocka_unit_test(weak_offers_are_refused),
		cmocka_unit_test(a_client_without_a_certificate_is_refused),
		cmocka_unit_test(keys_are_private_and_a_ca_stays),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(a_request_becomes_a_certificate),
		cmocka_unit_test(signed_commands_are_checked),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

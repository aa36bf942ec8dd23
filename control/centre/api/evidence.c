/* Packets before and after an alert (E1): asked for of the sensor, which decides by its own
 * configuration, and taken away with the proof that nobody changed them. What a customer's people
 * asked for is theirs alone. */
#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>

#include "control/centre/api/pages.h"
#include "control/centre/api/scope.h"
#include "control/centre/api/tar.h"
#include "control/centre/orders.h"
#include "control/centre/store/evidence.h"
#include "control/wire/file.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"
#include "dataplane/evidence/chain.h"

enum { CERTIFICATE_MAX = 64 << 10 };

static const char readme[] =
	"*.pcapng: the packets, as the sensor kept them; open it with Wireshark.\n"
	"evidence.json: what it is, its SHA-256, who asked for it and why.\n"
	"chain.log: lines of the sensor's hash chain, from that of these packets to the last "
	"there\n"
	"was. A line's \"sha256\" is that of its file, its \"prev\" is the \"hash\" of the line "
	"before,\n"
	"its \"hash\" is the SHA-256 of the line up to (without) ,\"hash\". The sensor's whole "
	"chain\n"
	"is checked there with: banken evidence verify --tip HASH\n"
	"\n"
	"To see that nobody changed it since the centre gave it out:\n"
	"\n"
	"  openssl x509 -in centre.pem -pubkey -noout > centre.pub\n"
	"  openssl dgst -sha256 -verify centre.pub -signature evidence.json.sig evidence.json\n"
	"  sha256sum *.pcapng     # is \"sha256\" in evidence.json\n"
	"\n"
	"*.pcapng はセンサーが保全したパケット、evidence.json はその内容・SHA-256・依頼者・理由、\n"
	"chain.log はセンサーのハッシュチェーンの該当行から末尾までです。上記の手順で、保全後と\n"
	"書き出し後に改変されていないことを確認できます。\n";

/* --- asking for one --- */

static bool is_alert(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");

	return n > 0 && id[n] == 0;
}

static int ask(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	char site[128], id[ORDER_ID], owner[64];
	struct store_order o = {.account = q->who.name,
				.act = "evidence",
				.subject = api_text(q, "alert"),
				.site = site,
				.mitigator = api_text(q, "sensor"),
				.body = "{}",
				.reason = api_text(q, "reason")};
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	if (rc != ERR_OK)
		return rc;
	if (!store_sensor_place(c->store, &w, o.mitigator, site))
		return errmsg_set(e, ERR_NOTFOUND, "there is no sensor %s", o.mitigator);
	if (!is_alert(o.subject))
		return errmsg_set(e, ERR_INVALID, "alert: there is no such id");
	o.customer = q->who.may & API_MAY_ALL ? "" : q->who.customer;
	rc = centre_order(c, &o, id, e);
	if (rc != ERR_OK)
		return ERR_IO;
	store_site_owner(c->store, site, owner);
	pages_changed(c, owner, "orders");
	ret->json = json_pack("{ss ss}", "order", id, "state", "sent");
	return ERR_OK;
}

static int list(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct store_query w;
	int rc = scope_query(c->store, q, 0, &w, e);

	if (rc != ERR_OK)
		return rc;
	ret->json = store_evidence_list(c->store, &w, "", e);
	return ret->json ? ERR_OK : ERR_IO;
}

/* --- taking it away --- */

struct piece {
	json_t *row;
	struct slice bytes, proof;
	char tip[CHAIN_HASH];
	uint64_t lines;
};

static void piece_free(struct piece *p)
{
	json_decref(p->row);
	free((void *)(uintptr_t)p->bytes.data);
	free((void *)(uintptr_t)p->proof.data);
}

static const char *word(const struct piece *p, const char *key)
{
	return json_string_value(json_object_get(p->row, key)) ?: "";
}

/* Whose request it was: a customer's own people's is not the vendor's to read. */
static int find(struct centre *c, const struct api_request *q, struct piece *p, struct errmsg *e)
{
	const char *id = api_text(q, "id");
	struct store_query w;
	json_t *page;
	int rc = scope_query(c->store, q, 0, &w, e);

	if (rc != ERR_OK)
		return rc;
	page = store_evidence_list(c->store, &w, id, e);
	p->row = json_incref(json_array_get(json_object_get(page, "evidence"), 0));
	json_decref(page);
	if (!p->row)
		return errmsg_set(e, ERR_NOTFOUND, "nobody asked for %.100s", id);
	if (q->who.may & API_MAY_ALL && word(p, "account_of")[0])
		return errmsg_set(e, ERR_DENIED,
				  "the customer's people asked for these packets: they are theirs");
	return ERR_OK;
}

static bool is_hash(struct slice bytes, const char *hex)
{
	uint8_t raw[32];
	char text[65];

	mbedtls_sha256_ret(bytes.data, bytes.len, raw, 0);
	for (unsigned i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", raw[i]);
	return strcmp(text, hex) == 0;
}

static int fetch(struct centre *c, const char *id, struct piece *p, struct errmsg *e)
{
	char *bytes, *proof;
	size_t len;
	int rc = store_evidence_bytes(c->store, id, &bytes, &len, e);

	if (rc != ERR_OK)
		return rc;
	proof = store_evidence_proof(c->store, id);
	p->bytes = SLICE((uint8_t *)bytes, len);
	p->proof = SLICE((uint8_t *)proof, proof ? strlen(proof) : 0);
	if (!is_hash(p->bytes, word(p, "sha256")))
		return errmsg_set(e, ERR_IO, "the packets in the store were changed");
	return chain_proof(p->proof, word(p, "sha256"), p->tip, &p->lines, e) == ERR_OK ? ERR_OK
											: ERR_IO;
}

/* What is signed. */
static char *statement(const struct api_request *q, const struct piece *p)
{
	static const char *const told[] = {"id",    "site",    "customer", "sensor",
					   "alert", "file",    "sha256",   "size",
					   "time",  "account", "reason",   "answered"};
	json_t *o = json_pack("{ss}", "banken", "evidence");
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		json_object_set(o, told[i], json_object_get(p->row, told[i]));
	json_object_set_new(o, "chain_lines", json_integer((json_int_t)p->lines));
	json_object_set_new(o, "chain_tip", json_string(p->tip));
	json_object_set_new(o, "given_to", local_text(q->who.name));
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	return text;
}

/* Without keys (a demonstration) there is no signature. */
static int add_signature(struct centre *c, struct slice text, uint64_t now, FILE *out,
			 struct errmsg *e)
{
	uint8_t signature[SIGN_MAX];
	struct slice certificate = {NULL, 0};
	char path[600];
	size_t len;
	int rc;

	if (!c->keys)
		return ERR_OK;
	snprintf(path, sizeof(path), "%s/own.crt", c->config.keys_folder);
	rc = sign_bytes(c->keys, text, signature, &len, e);
	rc = rc == ERR_OK ? file_read(path, CERTIFICATE_MAX, &certificate, e) : rc;
	if (rc != ERR_OK)
		return ERR_IO;
	tar_add(out, "evidence.json.sig", SLICE(signature, len), now);
	tar_add(out, "centre.pem", certificate, now);
	payload_free(&certificate);
	return ERR_OK;
}

static int pack(struct centre *c, const struct api_request *q, const struct piece *p,
		struct api_answer *ret, struct errmsg *e)
{
	uint64_t now = q->now / NS_PER_SEC;
	char *text = statement(q, p), name[100];
	FILE *out = text ? open_memstream(&ret->bytes, &ret->len) : NULL;
	int rc;

	if (!out) {
		free(text);
		return errmsg_set(e, ERR_NOMEM, "no memory");
	}
	snprintf(name, sizeof(name), "%.99s", word(p, "file"));
	tar_add(out, "README.txt", SLICE_STR(readme), now);
	tar_add(out, name, p->bytes, now);
	tar_add(out, "chain.log", p->proof, now);
	tar_add(out, "evidence.json", SLICE((uint8_t *)text, strlen(text)), now);
	rc = add_signature(c, SLICE((uint8_t *)text, strlen(text)), now, out, e);
	tar_end(out);
	free(text);
	if (fclose(out) != 0)
		rc = errmsg_set(e, ERR_NOMEM, "no memory");
	ret->type = "application/x-tar";
	snprintf(ret->file_name, sizeof(ret->file_name), "evidence-%.100s.tar", word(p, "id"));
	return rc;
}

static void hand_over(struct piece *p, struct api_answer *ret)
{
	ret->bytes = (char *)(uintptr_t)p->bytes.data;
	ret->len = p->bytes.len;
	p->bytes = (struct slice){NULL, 0};
	ret->type = "application/x-pcapng";
	snprintf(ret->file_name, sizeof(ret->file_name), "%.120s", word(p, "file"));
}

static int download(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	struct piece p = {0};
	char owner[64];
	int rc = find(c, q, &p, e);

	rc = rc == ERR_OK ? fetch(c, api_text(q, "id"), &p, e) : rc;
	if (rc == ERR_OK) {
		store_site_owner(c->store, word(&p, "site"), owner);
		rc = pages_audit(c, q->who.name, owner, "evidence taken",
				 json_pack("{ss ss ss}", "order", word(&p, "id"), "about",
					   word(&p, "alert"), "sha256", word(&p, "sha256")),
				 e) < 0
			     ? ERR_IO
			     : ERR_OK;
	}
	if (rc == ERR_OK && strcmp(api_text(q, "format"), "tar") == 0)
		rc = pack(c, q, &p, ret, e);
	else if (rc == ERR_OK)
		hand_over(&p, ret);
	piece_free(&p);
	return rc;
}

/* --- the table --- */

static const char *const formats[] = {"pcapng", "tar", NULL};
static const struct api_field ask_fields[] = {
	{"sensor", API_IN_BODY, API_TEXT, true, 1, 63, NULL, "that raised the alert"},
	{"alert", API_IN_BODY, API_TEXT, true, 1, 127, NULL, "the alert's id"},
	{"reason", API_IN_BODY, API_TEXT, true, 3, 200, NULL, "why, for both audits"},
};
static const struct api_field list_fields[] = {SCOPE_SITE_FIELDS, SCOPE_PERIOD_FIELDS,
					       SCOPE_PAGE_FIELDS};
static const struct api_field take_fields[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 95, NULL, "of the request"},
	{"format", API_IN_QUERY, API_WORD, false, 0, 0, formats,
	 "pcapng: the packets (when not given); tar: with their proof"},
};

static const struct api_route routes[] = {
	{"GET", "/api/v1/evidence", API_MAY_SEE,
	 .summary = "packets of alerts that people asked for",
	 .returns = "requests: state, the sensor's answer, file, SHA-256, bytes here of all",
	 .fields = list_fields, .n_fields = ARRAY_SIZE(list_fields), .fn = list},
	{"POST", "/api/v1/evidence", API_MAY_APPROVE,
	 .summary = "ask a sensor for the packets of an alert; it decides by its configuration",
	 .returns = "\"order\": its id; GET /api/v1/evidence has what became of it",
	 .fields = ask_fields, .n_fields = ARRAY_SIZE(ask_fields), .fn = ask},
	{"GET", "/api/v1/evidence/{id}", API_MAY_APPROVE,
	 .summary = "the packets, checked against the sensor's hash chain",
	 .returns = "pcapng, or a tar with the chain's lines and the centre's signature",
	 .fields = take_fields, .n_fields = ARRAY_SIZE(take_fields), .fn = download},
};

struct api_table evidence_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}

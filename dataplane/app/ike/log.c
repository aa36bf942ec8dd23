#include "dataplane/api/record.h"
#include "dataplane/app/ike/ike.h"
#include "dataplane/app/text/names.h"
#include "dataplane/app/text/text.h"

/* Names as Suricata writes them. RFC 2408, 3.1; RFC 7296, 3.2 */
static const struct text_name v1_payloads[] = {
	{0, "None"},
	{1, "SecurityAssociation"},
	{2, "Proposal"},
	{3, "Transform"},
	{4, "KeyExchange"},
	{5, "Identification"},
	{6, "Certificate"},
	{7, "CertificateRequest"},
	{8, "Hash"},
	{9, "Signature"},
	{10, "Nonce"},
	{11, "Notification"},
	{12, "Delete"},
	{13, "VendorID"},
	{15, "SaKekPayload"},
	{16, "SaTekPayload"},
	{17, "KeyDownload"},
	{18, "SequenceNumber"},
	{19, "ProofOfPossession"},
	{20, "NatDiscovery"},
	{21, "NatOriginalAddress"},
	{22, "GroupAssociatedPolicy"},
};

static const struct text_name v2_payloads[] = {
	{0, "NoNextPayload"},
	{33, "SecurityAssociation"},
	{34, "KeyExchange"},
	{35, "IdentInitiator"},
	{36, "IdentResponder"},
	{37, "Certificate"},
	{38, "CertificateRequest"},
	{39, "Authentication"},
	{40, "Nonce"},
	{41, "Notify"},
	{42, "Delete"},
	{43, "VendorID"},
	{44, "TrafficSelectorInitiator"},
	{45, "TrafficSelectorResponder"},
	{46, "EncryptedAndAuthenticated"},
	{47, "Configuration"},
	{48, "ExtensibleAuthentication"},
};

/* RFC 7296, 3.10.1 and extensions */
static const struct text_name notifies[] = {
	{1, "UNSUPPORTED_CRITICAL_PAYLOAD"},
	{4, "INVALID_IKE_SPI"},
	{5, "INVALID_MAJOR_VERSION"},
	{7, "INVALID_SYNTAX"},
	{9, "INVALID_MESSAGE_ID"},
	{11, "INVALID_SPI"},
	{14, "NO_PROPOSAL_CHOSEN"},
	{17, "INVALID_KE_PAYLOAD"},
	{24, "AUTHENTICATION_FAILED"},
	{34, "SINGLE_PAIR_REQUIRED"},
	{35, "NO_ADDITIONAL_SAS"},
	{36, "INTERNAL_ADDRESS_FAILURE"},
	{37, "FAILED_CP_REQUIRED"},
	{38, "TS_UNACCEPTABLE"},
	{39, "INVALID_SELECTORS"},
	{43, "TEMPORARY_FAILURE"},
	{44, "CHILD_SA_NOT_FOUND"},
	{16384, "INITIAL_CONTACT"},
	{16385, "SET_WINDOW_SIZE"},
	{16386, "ADDITIONAL_TS_POSSIBLE"},
	{16387, "IPCOMP_SUPPORTED"},
	{16388, "NAT_DETECTION_SOURCE_IP"},
	{16389, "NAT_DETECTION_DESTINATION_IP"},
	{16390, "COOKIE"},
	{16391, "USE_TRANSPORT_MODE"},
	{16392, "HTTP_CERT_LOOKUP_SUPPORTED"},
	{16393, "REKEY_SA"},
	{16394, "ESP_TFC_PADDING_NOT_SUPPORTED"},
	{16395, "NON_FIRST_FRAGMENTS_ALSO"},
	{16404, "MULTIPLE_AUTH_SUPPORTED"},
	{16405, "ANOTHER_AUTH_FOLLOWS"},
	{16406, "REDIRECT_SUPPORTED"},
	{16430, "IKEV2_FRAGMENTATION_SUPPORTED"},
	{16431, "SIGNATURE_HASH_ALGORITHMS"},
};

/* IANA, "IKEv2 parameters" */
static const struct text_name v2_enc[] = {
	{1, "ENCR_DES_IV64"},
	{2, "ENCR_DES"},
	{3, "ENCR_3DES"},
	{4, "ENCR_RC5"},
	{5, "ENCR_IDEA"},
	{6, "ENCR_CAST"},
	{7, "ENCR_BLOWFISH"},
	{8, "ENCR_3IDEA"},
	{9, "ENCR_DES_IV32"},
	{11, "ENCR_NULL"},
	{12, "ENCR_AES_CBC"},
	{13, "ENCR_AES_CTR"},
	{14, "ENCR_AES_CCM_8"},
	{15, "ENCR_AES_CCM_12"},
	{16, "ENCR_AES_CCM_16"},
	{18, "ENCR_AES_GCM_8"},
	{19, "ENCR_AES_GCM_12"},
	{20, "ENCR_AES_GCM_16"},
	{21, "ENCR_NULL_AUTH_AES_GMAC"},
	{23, "ENCR_CAMELLIA_CBC"},
	{24, "ENCR_CAMELLIA_CTR"},
	{25, "ENCR_CAMELLIA_CCM_8"},
	{26, "ENCR_CAMELLIA_CCM_12"},
	{27, "ENCR_CAMELLIA_CCM_16"},
	{28, "ENCR_CHACHA20_POLY1305"},
};
static const struct text_name v2_auth[] = {
	{0, "NONE"},
	{1, "AUTH_HMAC_MD5_96"},
	{2, "AUTH_HMAC_SHA1_96"},
	{3, "AUTH_DES_MAC"},
	{4, "AUTH_KPDK_MD5"},
	{5, "AUTH_AES_XCBC_96"},
	{6, "AUTH_HMAC_MD5_128"},
	{7, "AUTH_HMAC_SHA1_160"},
	{8, "AUTH_AES_CMAC_96"},
	{9, "AUTH_AES_128_GMAC"},
	{10, "AUTH_AES_192_GMAC"},
	{11, "AUTH_AES_256_GMAC"},
	{12, "AUTH_HMAC_SHA2_256_128"},
	{13, "AUTH_HMAC_SHA2_384_192"},
	{14, "AUTH_HMAC_SHA2_512_256"},
};
static const struct text_name v2_dh[] = {
	{0, "None"},
	{1, "Modp768"},
	{2, "Modp1024"},
	{5, "Modp1536"},
	{14, "Modp2048"},
	{15, "Modp3072"},
	{16, "Modp4096"},
	{17, "Modp6144"},
	{18, "Modp8192"},
	{19, "Ecp256"},
	{20, "Ecp384"},
	{21, "Ecp521"},
	{22, "Modp1024s160"},
	{23, "Modp2048s224"},
	{24, "Modp2048s256"},
	{25, "Ecp192"},
	{26, "Ecp224"},
	{27, "BrainpoolP224r1"},
	{28, "BrainpoolP256r1"},
	{29, "BrainpoolP384r1"},
	{30, "BrainpoolP512r1"},
	{31, "Curve25519"},
	{32, "Curve448"},
};

/* RFC 2409, appendix A; IANA, "IPsec registry" */
static const struct text_name v1_enc[] = {
	{1, "EncDesCbc"},	{2, "EncIdeaCbc"}, {3, "EncBlowfishCbc"}, {4, "EncRc5R16B64Cbc"},
	{5, "EncTripleDesCbc"}, {6, "EncCastCbc"}, {7, "EncAesCbc"},	  {8, "EncCamelliaCbc"},
};
static const struct text_name v1_hash[] = {
	{1, "HashMd5"},	     {2, "HashSha"},	  {3, "HashTiger"},
	{4, "HashSha2_256"}, {5, "HashSha2_384"}, {6, "HashSha2_512"},
};
static const struct text_name v1_auth[] = {
	{1, "AuthPreSharedKey"},
	{2, "AuthDssSignatures"},
	{3, "AuthRsaSignatures"},
	{4, "AuthEncryptionWithRsa"},
	{5, "AuthRevisedEncryptionWithRsa"},
	{6, "AuthReserved"},
	{7, "AuthReserved"},
	{8, "AuthReserved"},
	{9, "AuthEcdsaSha256"},
	{10, "AuthEcdsaSha384"},
	{11, "AuthEcdsaSha512"},
};
static const struct text_name v1_dh[] = {
	{1, "GroupDefault768BitModp"},
	{2, "GroupAlternate1024BitModpGroup"},
	{3, "GroupEc2nOnGp2p155"},
	{4, "GroupEc2nOnGp2p185"},
	{5, "GroupModp1536Bit"},
	{6, "GroupEc2nOverGf2p163"},
	{7, "GroupEc2nOverGf2p163"},
	{8, "GroupEc2nOverGf2p283"},
	{9, "GroupEc2nOverGf2p283"},
	{10, "GroupEc2nOverGf2p409"},
	{11, "GroupEc2nOverGf2p409"},
	{12, "GroupEc2nOverGf2p571"},
	{13, "GroupEc2nOverGf2p571"},
	{14, "GroupModp2048Bit"},
	{15, "GroupModp3072Bit"},
	{16, "GroupModp4096Bit"},
	{17, "GroupModp6144Bit"},
	{18, "GroupModp8192Bit"},
	{19, "GroupRandomEcp256"},
	{20, "GroupRandomEcp384"},
	{21, "GroupRandomEcp521"},
	{22, "GroupModp1024With160BitPrime"},
	{23, "GroupModp2048With224BitPrime"},
	{24, "GroupModp2048With256BitPrime"},
	{25, "GroupRandomEcp192"},
	{26, "GroupRandomEcp224"},
	{27, "GroupBrainpoolEcp224"},
	{28, "GroupBrainpoolEcp256"},
	{29, "GroupBrainpoolEcp384"},
	{30, "GroupBrainpoolEcp512"},
};
static const struct text_name v1_life[] = {{1, "LifeTypeSeconds"}, {2, "LifeTypeKilobytes"}};

static const struct {
	const char *name, *raw;
	struct text_names values;
} attributes[] = {
	[0] = {"unknown", "unknown_raw", {0}},
	[1] = {"alg_enc", "alg_enc_raw", TEXT_NAMES(v1_enc)},
	[2] = {"alg_hash", "alg_hash_raw", TEXT_NAMES(v1_hash)},
	[3] = {"alg_auth", "alg_auth_raw", TEXT_NAMES(v1_auth)},
	[4] = {"alg_dh", "alg_dh_raw", TEXT_NAMES(v1_dh)},
	[5] = {"sa_group_type", "sa_group_type_raw", {0}},
	[6] = {"sa_group_prime", "sa_group_prime_raw", {0}},
	[7] = {"sa_group_generator_one", "sa_group_generator_one_raw", {0}},
	[8] = {"sa_group_generator_two", "sa_group_generator_two_raw", {0}},
	[9] = {"sa_group_curve_a", "sa_group_curve_a_raw", {0}},
	[10] = {"sa_group_curve_b", "sa_group_curve_b_raw", {0}},
	[11] = {"sa_life_type", "sa_life_type_raw", TEXT_NAMES(v1_life)},
	[12] = {"sa_life_duration", "sa_life_duration_raw", {0}},
	[13] = {"alg_prf", "alg_prf_raw", {0}},
	[14] = {"sa_key_length", "sa_key_length_raw", {0}},
	[15] = {"sa_field_size", "sa_field_size_raw", {0}},
	[16] = {"sa_group_order", "sa_group_order_raw", {0}},
};

static unsigned known(uint16_t type)
{
	return type < ARRAY_SIZE(attributes) ? type : 0;
}

const char *ike_attribute_name(uint16_t type)
{
	return attributes[known(type)].name;
}

static void log_attribute(struct record *r, const struct ike_attribute *a)
{
	unsigned i = known(a->type);
	const char *name = text_name(attributes[i].values, a->value);

	record_text(r, attributes[i].name, name ? name : "Unknown");
	if (a->has_number)
		record_uint(r, attributes[i].raw, a->number);
	else
		record_hex(r, attributes[i].raw, a->bytes, 0);
}

/* Attributes that the record's schema has a place for; of IKE 2's transforms it knows no PRF and
 * no ESN. */
enum { LOGGED = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 11 | 1 << 12 | 1 << 14 };

/* The last one of each kind. */
static void log_attributes(struct record *r, struct slice transform)
{
	struct ike_attribute last[ARRAY_SIZE(attributes)], a;
	struct cursor c = cursor_of(transform);
	uint32_t seen = 0;

	while (ike_attribute_next(&c, &a)) {
		last[known(a.type)] = a;
		seen |= 1u << known(a.type);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(attributes); i++) {
		if (seen & LOGGED & 1u << i)
			log_attribute(r, &last[i]);
	}
}

static void log_transforms(struct record *r, const char *field, const struct text_list *l)
{
	struct slice transform;
	uint32_t at = 0;

	record_array(r, field);
	while (text_list_next(l, &at, &transform)) {
		record_object(r, NULL);
		log_attributes(r, transform);
		record_end(r);
	}
	record_end(r);
}

static void log_side(struct record *r, const char *field, const struct ike_side *side,
		     const struct ike_tx *t)
{
	record_object(r, field);
	if (side->key_exchange.len > 0) {
		record_hex(r, "key_exchange_payload", kept_slice(&side->key_exchange), 0);
		record_uint(r, "key_exchange_payload_length", side->key_exchange.len);
	}
	if (side->nonce.len > 0) {
		record_hex(r, "nonce_payload", kept_slice(&side->nonce), 0);
		record_uint(r, "nonce_payload_length", side->nonce.len);
	}
	if (t && t->transforms.count > 0)
		log_transforms(r, "proposals", &t->transforms);
	record_end(r);
}

static void log_v1(struct record *r, const struct ike_state *s, const struct ike_tx *t)
{
	struct slice vendor;
	uint32_t at = 0;

	record_object(r, "ikev1");
	if (s->has_doi)
		record_uint(r, "doi", s->doi);
	record_bool(r, "encrypted_payloads", t->head.flags & IKE_ENCRYPTED);
	if (!(t->head.flags & IKE_ENCRYPTED)) {
		log_side(r, "client", &s->side[DIR_TS], t->dir == DIR_TS ? t : NULL);
		log_side(r, "server", &s->side[DIR_TC], NULL);
		if (t->vendors.count > 0) {
			record_array(r, "vendor_ids");
			while (text_list_next(&t->vendors, &at, &vendor))
				record_str(r, NULL, vendor);
			record_end(r);
		}
	}
	record_end(r);
}

static void log_v2(struct record *r, const struct ike_tx *t)
{
	struct cursor c = cursor_of(kept_slice(&t->notify));

	record_object(r, "ikev2");
	record_uint(r, "errors", t->errors);
	if (cursor_left(&c) > 0) {
		record_array(r, "notify");
		while (cursor_left(&c) > 0) {
			uint16_t n = cursor_u16(&c);

			text_log_name_or(r, NULL, text_name(TEXT_NAMES(notifies), n), "Notify", n);
		}
		record_end(r);
	}
	record_end(r);
}

static void log_chosen(struct record *r, const struct ike_state *s, const struct ike_tx *t)
{
	static const struct {
		uint8_t type;
		const char *field, *kind;
		struct text_names names;
	} table[] = {
		{IKE_ENC, "alg_enc", "IkeTransformEncType", TEXT_NAMES(v2_enc)},
		{IKE_AUTH, "alg_auth", "IkeTransformAuthType", TEXT_NAMES(v2_auth)},
		{IKE_DH, "alg_dh", "IkeTransformDHType", TEXT_NAMES(v2_dh)},
	};

	if (t->head.flags & IKE_INITIATOR) {
		record_text(r, "role", "initiator");
		return;
	}
	record_text(r, "role", "responder");
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		uint16_t id = s->last_id[table[i].type];

		text_log_name_or(r, table[i].field, text_name(table[i].names, id), table[i].kind,
				 id);
	}
}

static void log_payloads(struct record *r, const struct ike_tx *t)
{
	struct cursor c = cursor_of(kept_slice(&t->payloads));

	if (t->head.major == 1 ? t->payload_types == 0 : cursor_left(&c) == 0)
		return;
	record_array(r, "payload");
	for (uint32_t i = 0; t->head.major == 1 && i < 32; i++) {
		const char *name = text_name(TEXT_NAMES(v1_payloads), i);

		if (t->payload_types & 1u << i && name)
			record_text(r, NULL, name);
	}
	while (cursor_left(&c) > 0) {
		uint8_t n = cursor_u8(&c);

		text_log_name_or(r, NULL, text_name(TEXT_NAMES(v2_payloads), n), "IkePayloadType",
				 n);
	}
	record_end(r);
}

bool ike_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct ike_tx *t = container_of(tx, const struct ike_tx, tx);
	const struct ike_state *s = state;

	record_uint(r, "version_major", t->head.major);
	record_uint(r, "version_minor", t->head.minor);
	record_str(r, "init_spi", SLICE(t->init_spi, IKE_SPI_TEXT));
	record_str(r, "resp_spi", SLICE(t->resp_spi, IKE_SPI_TEXT));
	record_uint(r, "message_id", t->head.message_id);
	record_uint(r, "exchange_type", t->head.exchange);
	if (t->head.major == 2) {
		log_chosen(r, s, t);
	} else {
		if (s->side[DIR_TC].transforms > 0)
			log_attributes(r, kept_slice(&s->side[DIR_TC].transform));
		if (t->dir == DIR_TC && t->transforms.count > 1)
			log_transforms(r, "server_proposals", &t->transforms);
	}
	log_payloads(r, t);
	if (t->head.major == 1)
		log_v1(r, s, t);
	else
		log_v2(r, t);
	return true;
}

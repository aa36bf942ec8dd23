#include "dataplane/app/tls/x509.h"
#include "dataplane/app/text/text.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/number.h"

enum tag {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_BIT_STRING = 0x03,
	TAG_OCTET_STRING = 0x04,
	TAG_OID = 0x06,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_VERSION = 0xa0,
	TAG_EXTENSIONS = 0xa3,
};

enum der {
	DER_OK,
	DER_EMPTY, /* nothing there */
	DER_CUT,   /* shorter than it says */
	DER_FORM,  /* no DER: long tag, indefinite or padded length */
	DER_TAG,   /* another element */
};

/* The next element of any kind. */
static enum der der_any(struct cursor *c, uint8_t *ret_tag, struct slice *ret)
{
	uint32_t len = 0;
	uint8_t first;

	if (cursor_left(c) == 0)
		return DER_EMPTY;
	*ret_tag = cursor_u8(c);
	if ((*ret_tag & 0x1f) == 0x1f)
		return DER_FORM;
	first = cursor_u8(c);
	if (first < 0x80) {
		len = first;
	} else {
		unsigned bytes = first & 0x7f;

		if (bytes == 0 || bytes > 4 || cursor_peek(c) == 0)
			return c->bad ? DER_CUT : DER_FORM;
		while (bytes-- > 0)
			len = len << 8 | cursor_u8(c);
	}
	*ret = cursor_take(c, len);
	return c->bad ? DER_CUT : DER_OK;
}

static enum der der_next(struct cursor *c, uint8_t tag, struct slice *ret)
{
	uint8_t got = 0;
	enum der r = der_any(c, &got, ret);

	return r == DER_OK && got != tag ? DER_TAG : r;
}

/* A SEQUENCE that must be there. */
static enum x509_status sequence(struct cursor *c, struct cursor *ret)
{
	struct slice content;

	switch (der_next(c, TAG_SEQUENCE, &content)) {
	case DER_OK:
		*ret = cursor_of(content);
		return X509_OK;
	case DER_EMPTY:
		return X509_INVALID_LENGTH;
	case DER_CUT:
		return X509_INVALID_CERTIFICATE;
	default:
		return X509_INVALID_DER;
	}
}

static enum x509_status version(struct cursor *tbs)
{
	struct slice outer, number;
	struct cursor c;

	if (cursor_peek(tbs) != TAG_VERSION)
		return X509_OK;
	if (der_next(tbs, TAG_VERSION, &outer) != DER_OK)
		return X509_INVALID_VERSION;
	c = cursor_of(outer);
	if (der_next(&c, TAG_INTEGER, &number) != DER_OK || number.len == 0 || number.len > 4 ||
	    number.data[0] & 0x80)
		return X509_INVALID_VERSION;
	return X509_OK;
}

static enum x509_status algorithm(struct cursor *from)
{
	struct cursor c;
	struct slice oid;
	enum x509_status s = sequence(from, &c);

	if (s != X509_OK)
		return s;
	switch (der_next(&c, TAG_OID, &oid)) {
	case DER_OK:
		return X509_OK;
	case DER_EMPTY:
		return X509_INVALID_LENGTH;
	default:
		return X509_INVALID_ALGORITHM;
	}
}

/* `n` decimal digits; -1 when they are not there. */
static int digits(struct cursor *c, unsigned n)
{
	int value = 0;

	while (n-- > 0) {
		int d = cursor_peek(c);

		if (d < '0' || d > '9')
			return -1;
		value = value * 10 + (d - '0');
		cursor_skip(c, 1);
	}
	return value;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool date_valid(int year, int month, int day)
{
	static const int last[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (year < 0 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= last[month - 1] + (month == 2 && leap);
}

/* "Z" or, for UTCTime with seconds, "+hhmm"; seconds to subtract. */
static bool time_zone(struct cursor *c, bool offset_allowed, int64_t *ret)
{
	uint8_t sign = cursor_u8(c);
	int hour, minute;

	*ret = 0;
	if (sign == 'Z')
		return true;
	if (!offset_allowed || (sign != '+' && sign != '-'))
		return false;
	hour = digits(c, 2);
	minute = digits(c, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return false;
	*ret = (hour * 60 + minute) * 60 * (sign == '+' ? 1 : -1);
	return true;
}

static bool time_text(struct slice text, bool utc, int64_t *ret)
{
	struct cursor c = cursor_of(text);
	int year = digits(&c, utc ? 2 : 4), month = digits(&c, 2), day = digits(&c, 2);
	int hour = digits(&c, 2), minute = digits(&c, 2), second = 0;
	bool seconds = cursor_peek(&c) >= '0' && cursor_peek(&c) <= '9';
	int64_t zone;

	if (seconds)
		second = digits(&c, 2);
	if (!utc && (cursor_peek(&c) == '.' || cursor_peek(&c) == ',')) {
		cursor_skip(&c, 1);
		while (cursor_peek(&c) >= '0' && cursor_peek(&c) <= '9')
			cursor_skip(&c, 1);
	}
	if (utc && year >= 0)
		year += year < 50 ? 2000 : 1900;
	if (!date_valid(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
	    second < 0 || second > 59 || !time_zone(&c, utc && seconds, &zone))
		return false;
	*ret = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
	return true;
}

static bool one_time(struct cursor *c, int64_t *ret)
{
	struct slice text;
	uint8_t tag = 0;

	if (der_any(c, &tag, &text) != DER_OK)
		return false;
	if (tag != TAG_UTC_TIME && tag != TAG_GENERALIZED_TIME)
		return false;
	return time_text(text, tag == TAG_UTC_TIME, ret);
}

static enum x509_status validity(struct cursor *tbs, struct x509 *ret)
{
	struct cursor c;
	enum x509_status s = sequence(tbs, &c);

	if (s != X509_OK)
		return s;
	if (!one_time(&c, &ret->not_before) || !one_time(&c, &ret->not_after))
		return X509_INVALID_DATE;
	return X509_OK;
}

static enum x509_status public_key(struct cursor *tbs)
{
	struct cursor c;
	struct slice bits;
	enum x509_status s = sequence(tbs, &c);

	if (s == X509_OK)
		s = algorithm(&c);
	if (s != X509_OK)
		return s;
	if (der_next(&c, TAG_BIT_STRING, &bits) != DER_OK)
		return X509_INVALID_CERTIFICATE;
	return X509_OK;
}

static bool extension(struct cursor *list)
{
	struct cursor c;
	struct slice part;

	if (sequence(list, &c) != X509_OK || der_next(&c, TAG_OID, &part) != DER_OK)
		return false;
	if (cursor_peek(&c) == TAG_BOOLEAN && der_next(&c, TAG_BOOLEAN, &part) != DER_OK)
		return false;
	return der_next(&c, TAG_OCTET_STRING, &part) == DER_OK;
}

/* What may follow the key. Unique identifiers are not taken. */
static enum x509_status extensions(struct cursor *tbs)
{
	struct slice outer;
	struct cursor c, list;
	enum x509_status s;
	int tag = cursor_peek(tbs);

	if (tag < 0)
		return X509_OK;
	if (tag == 0x81 || tag == 0x82)
		return X509_INVALID_CERTIFICATE;
	if (der_next(tbs, TAG_EXTENSIONS, &outer) != DER_OK)
		return X509_INVALID_EXTENSIONS;
	c = cursor_of(outer);
	s = sequence(&c, &list);
	while (s == X509_OK && cursor_left(&list) > 0) {
		if (!extension(&list))
			s = X509_INVALID_CERTIFICATE;
	}
	return s;
}

static enum x509_status name(struct cursor *tbs, struct slice *ret)
{
	struct cursor c;
	enum x509_status s = sequence(tbs, &c);

	if (s == X509_OK)
		*ret = cursor_rest(&c);
	return s;
}

static enum x509_status to_be_signed(struct cursor tbs, struct x509 *ret)
{
	enum x509_status s = version(&tbs);

	if (s == X509_OK && der_next(&tbs, TAG_INTEGER, &ret->serial) != DER_OK)
		s = X509_INVALID_SERIAL;
	if (s == X509_OK)
		s = algorithm(&tbs);
	if (s == X509_OK)
		s = name(&tbs, &ret->issuer);
	if (s == X509_OK)
		s = validity(&tbs, ret);
	if (s == X509_OK)
		s = name(&tbs, &ret->subject);
	if (s == X509_OK)
		s = public_key(&tbs);
	if (s == X509_OK)
		s = extensions(&tbs);
	return s;
}

enum x509_status x509_read(struct slice der, struct x509 *ret)
{
	struct cursor whole = cursor_of(der), c, tbs;
	struct slice signature;
	enum x509_status s = sequence(&whole, &c);

	if (s == X509_OK)
		s = sequence(&c, &tbs);
	if (s == X509_OK)
		s = to_be_signed(tbs, ret);
	if (s == X509_OK)
		s = algorithm(&c);
	if (s == X509_OK && (der_next(&c, TAG_BIT_STRING, &signature) != DER_OK ||
			     signature.len == 0 || signature.data[0] > 7))
		s = X509_INVALID_CERTIFICATE;
	return s;
}

/* --- names as text --- */

struct out {
	char *buf;
	size_t len;
	bool nul, invalid;
};

static void put(struct out *o, struct slice s)
{
	size_t room = X509_NAME_MAX - o->len, n = s.len < room ? s.len : room;

	if (n == 0)
		return;
	if (memchr(s.data, 0, s.len))
		o->nul = true;
	memcpy(o->buf + o->len, s.data, n);
	o->len += n;
}

static void put_text(struct out *o, const char *s)
{
	put(o, slice_of(s));
}

/* The names that Suricata's library gives attribute types; the rest is "OID(1.2.3)". */
static const struct {
	const char *oid, *name;
} attribute_names[] = {
	{"2.5.4.3", "CN"},
	{"2.5.4.6", "C"},
	{"2.5.4.10", "O"},
	{"2.5.4.11", "OU"},
	{"2.5.4.7", "L"},
	{"2.5.4.8", "ST"},
	{"1.2.840.113549.1.9.1", "Email"},
	{"0.9.2342.19200300.100.1.25", "DC"},
	{"0.9.2342.19200300.100.1.1", "uid"},
	{"2.5.4.5", "serialNumber"},
	{"2.5.4.9", "streetAddress"},
	{"2.5.4.15", "businessCategory"},
	{"2.5.4.17", "postalCode"},
	{"1.3.6.1.4.1.311.60.2.1.1", "msJurisdictionLocality"},
	{"1.3.6.1.4.1.311.60.2.1.2", "msJurisdictionStateOrProvince"},
	{"1.3.6.1.4.1.311.60.2.1.3", "msJurisdictionCountry"},
	{"2.5.4.0", "objectClass"},
	{"2.5.4.1", "aliasedEntryName"},
	{"2.5.4.2", "knowledgeInformation"},
	{"2.5.4.4", "surname"},
	{"2.5.4.12", "title"},
	{"2.5.4.13", "description"},
	{"2.5.4.14", "searchGuide"},
	{"2.5.4.16", "postalAddress"},
	{"2.5.4.41", "name"},
	{"2.5.4.42", "givenName"},
	{"2.5.4.43", "initials"},
	{"2.5.4.44", "generationQualifier"},
	{"2.5.4.45", "uniqueIdentifier"},
	{"2.5.4.46", "dnQualifier"},
	{"1.2.840.113549.1.9.2", "unstructuredName"},
	{"1.2.840.113549.1.9.3", "contentType"},
	{"1.2.840.113549.1.9.4", "id-messageDigest"},
	{"1.2.840.113549.1.9.5", "signing-time"},
	{"1.2.840.113549.1.9.7", "challengePassword"},
	{"1.2.840.113549.1.9.14", "extensionRequest"},
	{"1.2.840.113549.1.9.15", "smimeCapabilities"},
	{"1.2.840.113549.1.9.20", "friendlyName"},
	{"1.2.840.113549.1.1.1", "rsaEncryption"},
	{"2.5.29.14", "subjectKeyIdentifier"},
	{"2.5.29.17", "subjectAltName"},
	{"2.16.840.1.113730.1.1", "nsCertType"},
};

enum { OID_TEXT = 256 };

/* Dotted text of an object identifier; cut when it is absurdly long. */
static void oid_text(struct slice oid, char ret[OID_TEXT])
{
	uint64_t arc = 0;
	char *at = ret;

	for (size_t i = 0; i < oid.len && at + 2 * NUMBER_MAX + 4 < ret + OID_TEXT; i++) {
		arc = arc << 7 | (oid.data[i] & 0x7f);
		if (oid.data[i] & 0x80)
			continue;
		if (at == ret) {
			uint64_t top = arc < 80 ? arc / 40 : 2;

			at = number_put(at, top);
			arc -= top * 40;
		}
		*at++ = '.';
		at = number_put(at, arc);
		arc = 0;
	}
	*at = '\0';
}

static void put_type(struct out *o, struct slice oid)
{
	char text[OID_TEXT];

	oid_text(oid, text);
	for (size_t i = 0; i < ARRAY_SIZE(attribute_names); i++) {
		if (strcmp(text, attribute_names[i].oid) == 0) {
			put_text(o, attribute_names[i].name);
			return;
		}
	}
	put_text(o, "OID(");
	put_text(o, text);
	put_text(o, ")");
}

static void put_code_point(struct out *o, uint32_t cp)
{
	uint8_t b[4];
	size_t n;

	if (cp < 0x80) {
		b[0] = (uint8_t)cp;
		n = 1;
	} else if (cp < 0x800) {
		b[0] = (uint8_t)(0xc0 | cp >> 6);
		b[1] = (uint8_t)(0x80 | (cp & 0x3f));
		n = 2;
	} else if (cp < 0x10000) {
		b[0] = (uint8_t)(0xe0 | cp >> 12);
		b[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		b[2] = (uint8_t)(0x80 | (cp & 0x3f));
		n = 3;
	} else {
		b[0] = (uint8_t)(0xf0 | cp >> 18);
		b[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
		b[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		b[3] = (uint8_t)(0x80 | (cp & 0x3f));
		n = 4;
	}
	put(o, SLICE(b, n));
}

/* BMPString: UTF-16, big endian. */
static void put_utf16(struct out *o, struct slice s)
{
	struct cursor c = cursor_of(s);

	while (cursor_left(&c) > 0) {
		uint32_t unit = cursor_u16(&c);

		if (unit >= 0xd800 && unit < 0xdc00) {
			uint32_t low = cursor_u16(&c);

			if (low < 0xdc00 || low > 0xdfff)
				c.bad = true;
			unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
		} else if (unit >= 0xdc00 && unit < 0xe000) {
			c.bad = true;
		}
		if (c.bad) {
			o->invalid = true;
			return;
		}
		put_code_point(o, unit);
	}
}

static void put_hex(struct out *o, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		char two[2] = {hex[s.data[i] >> 4], hex[s.data[i] & 15]};

		put(o, SLICE(two, 2));
	}
}

static void put_value(struct out *o, uint8_t tag, struct slice value)
{
	switch (tag) {
	case 0x07: /* ObjectDescriptor */
	case 0x0c: /* UTF8String */
	case 0x12: /* NumericString */
	case 0x13: /* PrintableString */
	case 0x14: /* T61String */
	case 0x15: /* VideotexString */
	case 0x16: /* IA5String */
	case 0x19: /* GraphicString */
	case 0x1a: /* VisibleString */
	case 0x1b: /* GeneralString */
		if (!text_is_utf8(value))
			o->invalid = true;
		put(o, value);
		break;
	case 0x1e: /* BMPString */
		put_utf16(o, value);
		break;
	default:
		put_hex(o, value);
		break;
	}
}

/* One RelativeDistinguishedName; false ends the name there. */
static bool put_rdn(struct out *o, struct cursor *rdns, bool first_rdn)
{
	struct slice set, oid, value;
	struct cursor c, atv;
	uint8_t tag = 0;
	bool first = true;

	if (der_next(rdns, TAG_SET, &set) != DER_OK || set.len == 0)
		return false;
	c = cursor_of(set);
	while (cursor_left(&c) > 0) {
		if (sequence(&c, &atv) != X509_OK || der_next(&atv, TAG_OID, &oid) != DER_OK ||
		    der_any(&atv, &tag, &value) != DER_OK)
			return false;
		if (!first)
			put_text(o, " + ");
		else if (!first_rdn)
			put_text(o, ", ");
		first = false;
		put_type(o, oid);
		put_text(o, "=");
		put_value(o, tag, value);
	}
	return true;
}

int x509_name_text(struct slice name, char ret[X509_NAME_MAX])
{
	struct out o = {.buf = ret};
	struct cursor c = cursor_of(name);

	for (bool first = true; cursor_left(&c) > 0; first = false) {
		size_t before = o.len;

		if (!put_rdn(&o, &c, first)) {
			o.len = before;
			break;
		}
	}
	if (o.invalid) {
		o.len = 0;
		put_text(&o, "<X509Error: Invalid X.509 name>");
		return (int)o.len;
	}
	return o.nul ? -1 : (int)o.len;
}

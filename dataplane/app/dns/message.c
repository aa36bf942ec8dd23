#include "dataplane/app/dns/message.h"

bool dns_header_read(struct slice message, struct dns_header *ret)
{
	struct cursor c = cursor_of(message);

	ret->id = cursor_u16(&c);
	ret->flags = cursor_u16(&c);
	for (unsigned i = 0; i < 4; i++)
		ret->count[i] = cursor_u16(&c);
	return !c.bad;
}

bool dns_header_valid(const struct dns_header *h, size_t len)
{
	size_t records = (size_t)h->count[0] + h->count[1] + h->count[2] + h->count[3];

	if (2 * records > len)
		return false;
	if (records == 0 && len > DNS_HEADER)
		return false;
	return h->flags & DNS_QR || h->count[0] > 0;
}

struct dns_reader dns_reader_of(struct slice message)
{
	struct dns_reader r = {message, cursor_of(message), DNS_MESSAGE_STEPS};

	cursor_skip(&r.c, DNS_HEADER);
	return r;
}

static void append(struct dns_name *name, struct slice label)
{
	size_t room;

	if (name->flags & DNS_NAME_CUT)
		return;
	if (name->len > 0 && name->len < DNS_NAME_MAX)
		name->text[name->len++] = '.';
	room = DNS_NAME_MAX - (size_t)name->len;
	if (label.len > room)
		name->flags |= DNS_NAME_CUT;
	else
		room = label.len;
	memcpy(name->text + name->len, label.data, room);
	name->len = (uint16_t)(name->len + room);
}

enum step { STEP_ON, STEP_END, STEP_JUMP, STEP_LOOP, STEP_BAD };

/* One label or pointer at `at`, which moves on. */
static enum step name_step(struct slice message, struct cursor *at, struct dns_name *ret)
{
	int first = cursor_peek(at);
	size_t here, offset;

	if (first <= 0) {
		cursor_skip(at, first == 0);
		return STEP_END;
	}
	if (first < 0x40) {
		cursor_skip(at, 1);
		append(ret, cursor_take(at, (size_t)first));
		return at->bad ? STEP_BAD : STEP_ON;
	}
	if (first < 0xc0)
		return STEP_BAD;
	here = (size_t)(at->pos - message.data);
	offset = cursor_u16(at) & 0x3fff;
	if (at->bad || offset > message.len)
		return STEP_BAD;
	return offset == here ? STEP_LOOP : STEP_JUMP;
}

bool dns_name_read(struct dns_reader *r, struct cursor *c, struct dns_name *ret)
{
	struct cursor at = *c;
	bool jumped = false;

	ret->len = 0;
	ret->flags = 0;
	for (unsigned steps = 1;; steps++) {
		struct cursor before = at;
		enum step step = name_step(r->message, &at, ret);

		if (step == STEP_END)
			break;
		if (step == STEP_BAD || r->steps-- == 0)
			return false;
		if (step == STEP_LOOP) {
			ret->flags |= DNS_NAME_LOOP;
			if (jumped)
				return true;
			return false;
		}
		if (step == STEP_JUMP) {
			uint16_t offset = cursor_u16(&before) & 0x3fff;

			if (!jumped)
				*c = at;
			jumped = true;
			at = cursor_of(slice_sub(r->message, offset, r->message.len));
		}
		if (steps > DNS_NAME_STEPS) {
			ret->flags |= DNS_NAME_LABELS | DNS_NAME_CUT;
			return jumped;
		}
		if (ret->flags & DNS_NAME_CUT && jumped)
			return true;
	}
	if (!jumped)
		*c = at;
	return true;
}

bool dns_question_read(struct dns_reader *r, struct dns_name *name, struct dns_question *ret)
{
	if (!dns_name_read(r, &r->c, name))
		return false;
	ret->type = cursor_u16(&r->c);
	ret->class = cursor_u16(&r->c);
	return !r->c.bad;
}

bool dns_rr_read(struct dns_reader *r, struct dns_name *name, struct dns_rr *ret)
{
	if (!dns_name_read(r, &r->c, name))
		return false;
	ret->type = cursor_u16(&r->c);
	ret->class = cursor_u16(&r->c);
	ret->ttl = cursor_u32(&r->c);
	ret->data = cursor_take(&r->c, cursor_u16(&r->c));
	return !r->c.bad;
}

bool dns_rr_name(struct dns_reader *r, const struct dns_rr *rr, struct dns_name *ret)
{
	struct cursor c = cursor_of(rr->data);

	if (rr->type == DNS_MX)
		cursor_skip(&c, 2);
	return !c.bad && dns_name_read(r, &c, ret);
}

bool dns_rr_soa(struct dns_reader *r, const struct dns_rr *rr, struct dns_soa *ret)
{
	struct cursor c = cursor_of(rr->data);

	if (!dns_name_read(r, &c, &ret->mname) || !dns_name_read(r, &c, &ret->rname))
		return false;
	ret->serial = cursor_u32(&c);
	ret->refresh = cursor_u32(&c);
	ret->retry = cursor_u32(&c);
	ret->expire = cursor_u32(&c);
	ret->minimum = cursor_u32(&c);
	return !c.bad;
}

bool dns_rr_srv(struct dns_reader *r, const struct dns_rr *rr, struct dns_srv *ret)
{
	struct cursor c = cursor_of(rr->data);

	ret->priority = cursor_u16(&c);
	ret->weight = cursor_u16(&c);
	ret->port = cursor_u16(&c);
	return !c.bad && dns_name_read(r, &c, &ret->target);
}

bool dns_rr_valid(struct dns_reader *r, const struct dns_rr *rr, uint8_t *name_flags)
{
	union {
		struct dns_name name;
		struct dns_soa soa;
		struct dns_srv srv;
	} u;
	bool ok;

	if (rr->data.len == 0)
		return false;
	switch (rr->type) {
	case DNS_CNAME:
	case DNS_NS:
	case DNS_PTR:
	case DNS_MX:
		ok = dns_rr_name(r, rr, &u.name);
		*name_flags |= ok ? u.name.flags : 0;
		return ok;
	case DNS_SOA:
		ok = dns_rr_soa(r, rr, &u.soa);
		*name_flags |= ok ? u.soa.mname.flags | u.soa.rname.flags : 0;
		return ok;
	case DNS_SRV:
		ok = dns_rr_srv(r, rr, &u.srv);
		*name_flags |= ok ? u.srv.target.flags : 0;
		return ok;
	case DNS_TXT:
		return rr->data.data[0] < rr->data.len;
	case DNS_SSHFP:
		return rr->data.len >= 2;
	default:
		return true;
	}
}

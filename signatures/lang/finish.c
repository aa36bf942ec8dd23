#include "signatures/lang/build.h"

#include <stdio.h>
#include <string.h>

#include "signatures/lang/check.h"
#include "signatures/lang/classes.h"
#include "signatures/lang/head.h"
#include "signatures/lang/keywords.h"
#include "signatures/lang/text.h"

/* The end of reading a rule: direction, what it is looked at with, and the const form. */

/* ---- direction ---- */

static bool list_sides(const struct lang_build *b, const struct build_buffer *buf, unsigned *ret)
{
	const char *protos = buf->buffer ? buf->buffer->protos : buf->own->protos;
	uint8_t sides = buf->buffer ? buf->buffer->sides : buf->own->sides;

	*ret = 0;
	if (!protos)
		return false;
	for (const char *at = protos, *end; *at; at = *end ? end + 1 : end) {
		char name[32];
		size_t len;
		bool server_only;

		end = strchrnul(at, '|');
		len = (size_t)(end - at);
		server_only = at[len - 1] == '>';
		snprintf(name, sizeof(name), "%.*s", (int)(len - server_only), at);
		if (b->app && !lang_app_covers(b->app, name))
			continue;
		*ret |= server_only ? (unsigned)LANG_TO_SERVER : sides;
	}
	return *ret != 0;
}

static int narrow(struct lang_build *b, bool to_server)
{
	struct rule *r = b->rule;

	if (r->to_server && r->to_client)
		*(to_server ? &r->to_client : &r->to_server) = false;
	else if (to_server ? r->to_client : r->to_server)
		return lang_fail(b,
				 "the rule is for the direction to the %s, but a keyword exists "
				 "only in the other one",
				 to_server ? "client" : "server");
	return ERR_OK;
}

static void written_direction(struct lang_build *b)
{
	struct rule *r = b->rule;

	unsigned sides = b->sides ? b->sides : (unsigned)LANG_BOTH;

	r->to_server = sides & LANG_TO_SERVER;
	r->to_client = sides & LANG_TO_CLIENT;
	if (r->to_server != r->to_client)
		r->flow |= r->to_server ? RULE_FLOW_TO_SERVER : RULE_FLOW_TO_CLIENT;
}

static int work_out_direction(struct lang_build *b)
{
	bool server_only = false, client_only = false;
	unsigned sides;

	for (uint32_t i = 0; i < b->nbuffers; i++) {
		if (!list_sides(b, &b->buffers[i], &sides))
			continue;
		server_only |= sides == LANG_TO_SERVER;
		client_only |= sides == LANG_TO_CLIENT;
	}
	if (server_only && client_only)
		return lang_fail(b, "keywords of both directions stand together");
	if (server_only || client_only)
		return narrow(b, server_only);
	return ERR_OK;
}

/* ---- what it is looked at with ---- */

static bool is_packet(const struct build_buffer *buf)
{
	return buf->buffer && buf->buffer->where == LANG_ON_PACKET;
}

static bool is_frame(const struct build_buffer *buf)
{
	return buf->buffer && buf->buffer->where == LANG_ON_FRAME;
}

static int check_mix(struct lang_build *b)
{
	bool frame = false, app = false, packet = false;

	for (uint32_t i = 0; i < b->nbuffers; i++) {
		const struct build_buffer *buf = &b->buffers[i];

		frame |= is_frame(buf);
		packet |= is_packet(buf);
		app |= !is_frame(buf) && !is_packet(buf);
	}
	if (b->flags & BUILD_NEED_PACKET && (frame || app))
		return lang_fail(b,
				 "keywords of packets (dsize, flags, ttl and the like) do not go "
				 "together with those of a protocol or stream");
	if (b->flags & BUILD_NEED_PACKET && b->flags & BUILD_NEED_STREAM)
		return lang_fail(b, "keywords of packets do not go together with tcp-stream or "
				    "flow:only_stream");
	if (frame && (app || packet || b->payload.count))
		return lang_fail(b,
				 "a frame does not go together with other buffers or the payload");
	return ERR_OK;
}

static bool on_tcp(const struct lang_build *b)
{
	return b->proto.any || b->proto.bits[0] & 1 << 6;
}

/* Payload of TCP is the stream's, unless something looks at packets; with a fixed place in the
 * payload or stream_size, packets are looked at too. */
static void work_out_need(struct lang_build *b)
{
	static const uint32_t either = BUILD_NEED_PACKET | BUILD_NEED_STREAM;

	if (b->payload.count && on_tcp(b) && !(b->flags & either)) {
		b->flags |= BUILD_NEED_STREAM;
		for (uint32_t i = 0; i < b->payload.count; i++) {
			const struct rule_item *item = &b->payload.items[i];

			if (item->kind == RULE_ITEM_CONTENT &&
			    (item->content->depth.set || item->content->offset.set))
				b->flags |= BUILD_NEED_PACKET;
		}
		for (uint32_t i = 0; i < b->packet.count; i++) {
			if (b->packet.items[i].kind == RULE_ITEM_STREAM_SIZE)
				b->flags |= BUILD_NEED_PACKET;
		}
	}
	b->rule->need_packet = b->flags & BUILD_NEED_PACKET;
	b->rule->need_stream = b->flags & BUILD_NEED_STREAM;
}

/* Words of flow that are looked at when matching, besides the direction. */
static bool flow_matches(const struct rule *r)
{
	return r->flow & ~(uint32_t)(RULE_FLOW_TO_SERVER | RULE_FLOW_TO_CLIENT);
}

static bool only_kinds(const struct build_list *list, uint64_t kinds)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (!(kinds & BUILD_KIND(list->items[i].kind)))
			return false;
	}
	return true;
}

static bool only_sets(const struct build_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i].kind == RULE_ITEM_FLOWBITS &&
		    list->items[i].flowbits->cmd != RULE_BIT_SET)
			return false;
	}
	return true;
}

static bool is_ip_only(const struct lang_build *b)
{
	static const uint64_t kinds = BUILD_KIND(RULE_ITEM_FLOWBITS) | BUILD_KIND(RULE_ITEM_XBITS) |
				      BUILD_KIND(RULE_ITEM_HOSTBITS) | BUILD_KIND(RULE_ITEM_IPREP) |
				      BUILD_KIND(RULE_ITEM_TAG) | BUILD_KIND(RULE_ITEM_IP_PROTO) |
				      BUILD_KIND(RULE_ITEM_L3_PROTO);
	const struct rule *r = b->rule;

	if (b->app || b->payload.count || b->nbuffers || flow_matches(r) || r->bypass ||
	    !r->to_server || !r->to_client)
		return false;
	return only_kinds(&b->packet, kinds) && only_kinds(&b->post, kinds) &&
	       only_sets(&b->packet) && only_sets(&b->post);
}

static bool is_proto_only(const struct lang_build *b)
{
	static const uint64_t kinds =
		BUILD_KIND(RULE_ITEM_APP_PROTOCOL) | BUILD_KIND(RULE_ITEM_FLOWBITS);
	bool any = false;

	if (b->app || b->payload.count || b->nbuffers || flow_matches(b->rule) ||
	    !only_kinds(&b->packet, kinds) || !only_sets(&b->packet))
		return false;
	for (uint32_t i = 0; i < b->packet.count; i++)
		any |= b->packet.items[i].kind == RULE_ITEM_APP_PROTOCOL;
	return any;
}

static bool is_decode_only(const struct lang_build *b)
{
	return !b->payload.count && !b->nbuffers && !flow_matches(b->rule) && b->packet.count &&
	       only_kinds(&b->packet, BUILD_KIND(RULE_ITEM_DECODE_EVENT));
}

/* ip_proto and l3_proto are worked into the protocol, not matched. */
static bool packet_matches(const struct lang_build *b)
{
	static const uint64_t aside =
		BUILD_KIND(RULE_ITEM_IP_PROTO) | BUILD_KIND(RULE_ITEM_L3_PROTO);

	return flow_matches(b->rule) || !only_kinds(&b->packet, aside);
}

static enum rule_type work_out_type(const struct lang_build *b)
{
	const struct rule *r = b->rule;
	bool packet = false;

	if (is_proto_only(b))
		return RULE_TYPE_PROTO_ONLY;
	if (is_ip_only(b))
		return b->negated_addrs ? RULE_TYPE_LIKE_IP_ONLY : RULE_TYPE_IP_ONLY;
	if (is_decode_only(b))
		return RULE_TYPE_DECODE_ONLY;
	for (uint32_t i = 0; i < b->nbuffers; i++)
		packet |= is_packet(&b->buffers[i]);
	if (packet)
		return RULE_TYPE_PACKET;
	if (b->nbuffers)
		return RULE_TYPE_TX;
	if (b->payload.count && r->need_packet == r->need_stream)
		return RULE_TYPE_PACKET_STREAM;
	if (b->payload.count)
		return r->need_packet ? RULE_TYPE_PACKET : RULE_TYPE_STREAM;
	return !packet_matches(b) && b->app ? RULE_TYPE_APP : RULE_TYPE_PACKET;
}

/* A rule on ip with one ip_proto is a rule on that protocol. */
static void layer_of_ip_proto(struct lang_build *b)
{
	static const struct {
		uint64_t number;
		enum rule_layer layer;
	} layers[] = {{1, RULE_LAYER_ICMPV4},
		      {6, RULE_LAYER_TCP},
		      {17, RULE_LAYER_UDP},
		      {58, RULE_LAYER_ICMPV6},
		      {132, RULE_LAYER_SCTP}};

	for (uint32_t i = 0; i < b->packet.count; i++) {
		const struct rule_item *item = &b->packet.items[i];

		if (item->kind != RULE_ITEM_IP_PROTO || item->uint->negated ||
		    item->uint->min != item->uint->max || b->rule->proto.layer != RULE_LAYER_IP)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(layers); k++) {
			if (layers[k].number == item->uint->min)
				b->rule->proto.layer = layers[k].layer;
		}
	}
}

/* ---- the const form ---- */

static struct rule_list freeze(const struct build_list *list)
{
	return (struct rule_list){list->count, list->items};
}

/* Lists that are no buffer's: each item goes to the list of its kind. */
static void spread(struct lang_build *b, struct build_buffer *buf, struct build_list *app,
		   struct build_list *files)
{
	uint16_t place = b->place;

	for (uint32_t i = 0; i < buf->items.count; i++) {
		const struct rule_item *item = &buf->items.items[i];
		bool file = item->kind == RULE_ITEM_FILE_HASH || item->kind == RULE_ITEM_FILESIZE;

		if (item->kind != RULE_ITEM_FILESTORE)
			*build_add(b, file ? files : app, item->kind) = *item;
	}
	b->place = place;
}

static void freeze_buffer(struct lang_build *b, const struct build_buffer *buf,
			  struct rule_buffer *to)
{
	to->buffer = buf->buffer;
	to->name = buf->name;
	to->key = buf->type;
	to->ntransforms = buf->ntransforms;
	if (buf->ntransforms)
		to->transforms =
			memcpy(LANG_NEW_N(b->arena, struct rule_transform, buf->ntransforms),
			       buf->transforms, buf->ntransforms * sizeof(buf->transforms[0]));
	to->items = freeze(&buf->items);
}

static void freeze_buffers(struct lang_build *b)
{
	struct build_list app = {0}, files = {0};
	struct rule *r = b->rule;
	struct rule_buffer *buffers = LANG_NEW_N(b->arena, struct rule_buffer, b->nbuffers + 1);
	struct build_buffer base64 = {.items = b->base64};

	for (uint32_t i = 0; i < b->nbuffers; i++) {
		if (b->buffers[i].buffer)
			freeze_buffer(b, &b->buffers[i], &buffers[r->nbuffers++]);
		else
			spread(b, &b->buffers[i], &app, &files);
	}
	if (b->base64.count) {
		base64.buffer = lang_buffer_find("base64_data");
		base64.name = base64.type = base64.buffer->name;
		freeze_buffer(b, &base64, &buffers[r->nbuffers++]);
	}
	r->buffers = buffers;
	r->app = freeze(&app);
	r->files = freeze(&files);
}

static bool find_fast(struct rule *r, const struct rule_list *list, int32_t at)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i].kind == RULE_ITEM_CONTENT &&
		    list->items[i].content->flags & RULE_CONTENT_FAST) {
			r->fast_pattern = list->items[i].content;
			r->fast_buffer = at;
			return true;
		}
	}
	return false;
}

static void freeze_rule(struct lang_build *b)
{
	struct rule *r = b->rule;
	bool found;

	if (b->payload.count && build_has_replace(&b->payload))
		build_add(b, &b->post, RULE_ITEM_REPLACE);
	r->packet = freeze(&b->packet);
	r->payload = freeze(&b->payload);
	r->post = freeze(&b->post);
	freeze_buffers(b);
	r->fast_buffer = -1;
	found = find_fast(r, &r->payload, -1);
	for (uint32_t i = 0; i < r->nbuffers && !found; i++) {
		if (r->buffers[i].buffer->where != LANG_ON_BASE64)
			found = find_fast(r, &r->buffers[i].items, (int32_t)i);
	}
	if (r->nbyte_vars)
		r->byte_vars = memcpy(LANG_NEW_N(b->arena, const char *, r->nbyte_vars),
				      b->byte_vars, r->nbyte_vars * sizeof(b->byte_vars[0]));
	r->proto.app = b->app;
}

int build_finish(struct lang_build *b)
{
	struct rule *r = b->rule;

	b->keyword = NULL;
	if (r->priority == 0 && !(b->flags & BUILD_PRIORITY) && !r->classtype)
		r->priority = LANG_PRIORITY_DEFAULT;
	if (b->app && b->proto.any)
		head_app_layer(b);
	written_direction(b);
	if (build_check_lists(b) != ERR_OK || check_mix(b) != ERR_OK ||
	    work_out_direction(b) != ERR_OK || build_check_whole(b) != ERR_OK)
		return ERR_INVALID;
	work_out_need(b);
	layer_of_ip_proto(b);
	r->type = work_out_type(b);
	freeze_rule(b);
	return ERR_OK;
}

#include "dataplane/app/rdp/rdp.h"

bool rdp_block_next(struct cursor *c, uint16_t *ret_type, struct cursor *ret)
{
	uint16_t len;

	if (cursor_left(c) < 4)
		return false;
	*ret_type = cursor_u16_le(c);
	len = cursor_u16_le(c);
	if (len < 4)
		return false;
	*ret = cursor_child(c, len - 4u);
	return !c->bad;
}

static bool depth_known(uint16_t n)
{
	return n == 0 || (n >= 0xca00 && n <= 0xca04);
}

static bool high_depth_known(uint16_t n)
{
	return n == 0 || n == 4 || n == 8 || n == 15 || n == 16 || n == 24;
}

/* Each field needs the one before; what is not as specified ends them. */
static void optional_fields(struct cursor *c, struct rdp_core *r)
{
#define FIELD(which, read, good)                                                                   \
	do {                                                                                       \
		read;                                                                              \
		if (c->bad || !(good))                                                             \
			return;                                                                    \
		r->optional = (which);                                                             \
	} while (0)
	uint32_t n;

	FIELD(RDP_HAS_POST_BETA2, r->post_beta2_depth = cursor_u16_le(c),
	      depth_known(r->post_beta2_depth));
	FIELD(RDP_HAS_PRODUCT_ID, r->product_id = cursor_u16_le(c), true);
	FIELD(RDP_HAS_SERIAL, r->serial = cursor_u32_le(c), true);
	FIELD(RDP_HAS_HIGH_DEPTH, r->high_depth = cursor_u16_le(c),
	      high_depth_known(r->high_depth));
	FIELD(RDP_HAS_SUPPORTED, n = cursor_u16_le(c), n <= 0xf);
	FIELD(RDP_HAS_CAPABILITIES, r->capabilities = cursor_u16_le(c), r->capabilities <= 0x7ff);
	FIELD(RDP_HAS_ID, r->id = cursor_take(c, 64), true);
	FIELD(RDP_HAS_HINT, r->connection_hint = cursor_u8(c), r->connection_hint <= 7);
	FIELD(RDP_HAS_PAD, cursor_u8(c), true);
	FIELD(RDP_HAS_PROTOCOL, n = cursor_u32_le(c), n <= 0xf);
	FIELD(RDP_HAS_WIDTH, r->physical_width = cursor_u32_le(c),
	      r->physical_width >= 10 && r->physical_width <= 10000);
	FIELD(RDP_HAS_HEIGHT, r->physical_height = cursor_u32_le(c),
	      r->physical_height >= 10 && r->physical_height <= 10000);
	FIELD(RDP_HAS_ORIENTATION, r->orientation = cursor_u16_le(c),
	      r->orientation <= 270 && r->orientation % 90 == 0);
	FIELD(RDP_HAS_SCALE, r->scale = cursor_u32_le(c), r->scale >= 100 && r->scale <= 500);
	FIELD(RDP_HAS_DEVICE_SCALE, r->device_scale = cursor_u32_le(c),
	      r->device_scale == 100 || r->device_scale == 140 || r->device_scale == 180);
#undef FIELD
}

bool rdp_core_read(struct cursor c, struct rdp_core *ret)
{
	*ret = (struct rdp_core){.version = cursor_u32_le(&c)};
	ret->width = cursor_u16_le(&c);
	ret->height = cursor_u16_le(&c);
	ret->color_depth = cursor_u16_le(&c);
	cursor_u16_le(&c); /* secure access sequence */
	ret->keyboard_layout = cursor_u32_le(&c);
	ret->build = cursor_u32_le(&c);
	ret->name = cursor_take(&c, 32);
	ret->keyboard_type = cursor_u32_le(&c);
	ret->keyboard_subtype = cursor_u32_le(&c);
	ret->function_keys = cursor_u32_le(&c);
	ret->ime = cursor_take(&c, 64);
	if (c.bad)
		return false;
	optional_fields(&c, ret);
	return true;
}

#include "dataplane/api/record.h"
#include "dataplane/app/dnp3/dnp3.h"

struct log {
	struct record *record;
	const struct dnp3_object *object;
	unsigned points; /* of the whole record */
	bool open;	 /* the array */
};

static void value_log(struct record *r, const struct dnp3_value *v)
{
	switch (v->field->kind) {
	case DNP3_I16:
	case DNP3_I32:
		record_int(r, v->field->name, v->integer);
		return;
	case DNP3_FLOAT:
	case DNP3_DOUBLE:
		record_double(r, v->field->name, v->real);
		return;
	case DNP3_TEXT:
	case DNP3_REST:
		record_str(r, v->field->name, v->text);
		return;
	default:
		record_uint(r, v->field->name, v->number);
		return;
	}
}

static void point_log(void *context, const struct dnp3_point *p)
{
	struct log *l = context;
	uint8_t code = dnp3_prefix_code(l->object);

	if (l->points == DNP3_POINTS_LOGGED)
		return;
	l->points++;
	if (!l->open)
		record_array(l->record, "points");
	l->open = true;
	record_object(l->record, NULL);
	record_uint(l->record, "prefix", p->prefix);
	record_uint(l->record, "index", p->index);
	if (code >= 4 && code <= 6)
		record_uint(l->record, "size", p->prefix);
	for (unsigned i = 0; i < p->count; i++)
		value_log(l->record, &p->values[i]);
	record_end(l->record);
}

static bool object_log(struct log *l, struct cursor *c, const struct dnp3_object *o,
		       bool has_points)
{
	struct record *r = l->record;
	bool whole;

	l->object = o;
	l->open = false;
	record_object(r, NULL);
	record_uint(r, "group", o->group);
	record_uint(r, "variation", o->variation);
	record_uint(r, "qualifier", o->qualifier);
	record_uint(r, "prefix_code", dnp3_prefix_code(o));
	record_uint(r, "range_code", dnp3_range_code(o));
	record_uint(r, "start", o->start);
	record_uint(r, "stop", o->stop);
	record_uint(r, "count", o->count);
	whole = !has_points || dnp3_points_read(c, o, point_log, l);
	if (l->open)
		record_end(r);
	record_end(r);
	return whole;
}

enum { OBJECT_HEAD = 3 };

static void objects_log(struct record *r, const struct dnp3_tx *t)
{
	struct log l = {.record = r};
	struct cursor c = dnp3_objects(t);
	bool good = true;

	if (cursor_left(&c) < OBJECT_HEAD)
		return;
	record_array(r, "objects");
	while (good && cursor_left(&c) >= OBJECT_HEAD && l.points < DNP3_POINTS_LOGGED) {
		struct dnp3_object o;
		bool has_points;

		good = dnp3_object_read(&c, &o, &has_points);
		good = object_log(&l, &c, &o, has_points) && good;
	}
	record_end(r);
}

static void application_log(struct record *r, const struct dnp3_tx *t)
{
	record_object(r, "application");
	record_object(r, "control");
	record_bool(r, "fir", t->control & 0x80);
	record_bool(r, "fin", t->control & 0x40);
	record_bool(r, "con", t->control & 0x20);
	record_bool(r, "uns", t->control & 0x10);
	record_uint(r, "sequence", t->control & 0x0f);
	record_end(r);
	record_uint(r, "function_code", t->function);
	objects_log(r, t);
	record_bool(r, "complete", t->complete);
	record_end(r);
}

static void indications_log(struct record *r, uint16_t indications)
{
	record_object(r, "iin");
	if (indications) {
		record_array(r, "indicators");
		for (unsigned i = 0; i < DNP3_INDICATORS; i++) {
			if (indications & dnp3_indicators[i].mask)
				record_text(r, NULL, dnp3_indicators[i].name);
		}
		record_end(r);
	}
	record_end(r);
}

bool dnp3_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct dnp3_tx *t = container_of(tx, const struct dnp3_tx, tx);

	if (!t->done)
		return false;
	if (t->request)
		record_text(r, "type", "request");
	else
		record_text(r, "type",
			    t->function == DNP3_UNSOLICITED_RESPONSE ? "unsolicited_response"
								     : "response");
	record_object(r, "control");
	record_bool(r, "dir", t->link_control & 0x80);
	record_bool(r, "pri", t->link_control & 0x40);
	record_bool(r, "fcb", t->link_control & 0x20);
	record_bool(r, "fcv", t->link_control & 0x10);
	record_uint(r, "function_code", t->link_control & 0x0f);
	record_end(r);
	record_uint(r, "src", t->src);
	record_uint(r, "dst", t->dst);
	application_log(r, t);
	if (!t->request)
		indications_log(r, t->indications);
	return true;
}

void dnp3_log_alert(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct dnp3_tx *t = container_of(tx, const struct dnp3_tx, tx);

	record_object(r, "dnp3");
	if (t->done) {
		record_object(r, t->request ? "request" : "response");
		dnp3_log(tx, state, r);
		record_end(r);
	}
	record_end(r);
}

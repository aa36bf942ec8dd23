/* Loads rule files and says what became of them; with -j the rules as JSON lines, for comparing
 * with other readers of the language; with -r each is printed and read again. A tool of the tests.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "signatures/lang/buffers.h"
#include "signatures/lang/lang.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put_bytes(struct slice s)
{
	putchar('"');
	for (size_t i = 0; i < s.len; i++)
		printf("%02x", s.data[i]);
	putchar('"');
}

static void put_value(const char *name, const struct rule_value *v)
{
	if (v->set)
		printf(",\"%s\":%s%lld%s", name, v->var ? "\"v" : "",
		       v->var ? (long long)v->index : (long long)v->number, v->var ? "\"" : "");
}

static void put_item(const struct rule_item *item)
{
	printf("{\"kind\":%u", item->kind);
	if (item->kind == RULE_ITEM_CONTENT) {
		const struct rule_content *c = item->content;

		printf(",\"flags\":%u,\"bytes\":", c->flags);
		put_bytes(c->bytes);
		put_value("depth", &c->depth);
		put_value("offset", &c->offset);
		put_value("distance", &c->distance);
		put_value("within", &c->within);
	} else if (item->kind == RULE_ITEM_PCRE) {
		printf(",\"flags\":%u,\"re\":", item->pcre->flags);
		put_bytes(slice_of(item->pcre->pattern));
	}
	putchar('}');
}

static void put_list(const char *name, const struct rule_list *list)
{
	printf(",\"%s\":[", name);
	for (uint32_t i = 0; i < list->count; i++) {
		printf("%s", i ? "," : "");
		put_item(&list->items[i]);
	}
	putchar(']');
}

static void put_rule(const struct rule *r)
{
	printf("{\"sid\":%u,\"gid\":%u,\"rev\":%u,\"app\":\"%s\",\"type\":%d,\"ts\":%d,\"tc\":%d,"
	       "\"pkt\":%d,\"stream\":%d,\"prio\":%u,\"noalert\":%d,\"layer\":%d",
	       r->sid, r->gid, r->rev, r->proto.app ? r->proto.app : "", r->type, r->to_server,
	       r->to_client, r->need_packet, r->need_stream, r->priority, r->noalert,
	       r->proto.layer);
	printf(",\"src_any\":%d,\"dst_any\":%d,\"sp_any\":%d,\"dp_any\":%d", r->src->any,
	       r->dst->any, r->sport->any, r->dport->any);
	put_list("packet", &r->packet);
	put_list("payload", &r->payload);
	put_list("post", &r->post);
	put_list("appl", &r->app);
	put_list("files", &r->files);
	printf(",\"buffers\":[");
	for (uint32_t i = 0; i < r->nbuffers; i++) {
		printf("%s{\"name\":\"%s\",\"xf\":%u", i ? "," : "", r->buffers[i].name,
		       r->buffers[i].ntransforms);
		put_list("items", &r->buffers[i].items);
		putchar('}');
	}
	printf("]}\n");
}

/* Prints each rule, reads that and prints it again: both texts must be the same. */
static unsigned round_trip(const struct lang_set *set)
{
	static char first[1 << 17], second[1 << 17];
	unsigned wrong = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		struct lang_set *again = lang_set_new();
		long n = lang_print(set->rules[i], first, sizeof(first));

		if (n < 0 || lang_parse_line(first, NULL, NULL, again) != ERR_OK) {
			fprintf(stderr, "%s\n  %s\n", first,
				again->nproblems ? again->problems[0].text : "too long");
			wrong++;
		} else if (lang_print(again->rules[0], second, sizeof(second)) != n ||
			   strcmp(first, second) != 0) {
			fprintf(stderr, "%s\n%s\n", first, second);
			wrong++;
		}
		lang_set_free(again);
	}
	return wrong;
}

int main(int argc, char **argv)
{
	struct lang_set *set = lang_set_new();
	bool json = argc > 1 && strcmp(argv[1], "-j") == 0;
	bool again = argc > 1 && strcmp(argv[1], "-r") == 0;
	struct errmsg e = {""};
	double start = seconds();

	for (int i = 1 + (json || again); set && i < argc; i++) {
		if (lang_load_file(argv[i], NULL, NULL, set, &e) != ERR_OK) {
			fprintf(stderr, "%s\n", e.text);
			return 2;
		}
	}
	if (!set)
		return 2;
	fprintf(stderr, "%u rules, %u failed, %u skipped, %u not required, %.3f s\n", set->count,
		set->failed, set->skipped, set->not_required, seconds() - start);
	for (uint32_t i = 0; i < set->nproblems; i++)
		fprintf(stderr, "%s%s\n",
			set->problems[i].verdict == LANG_SKIPPED ? "skipped: " : "",
			set->problems[i].text);
	for (uint32_t i = 0; json && i < set->count; i++)
		put_rule(set->rules[i]);
	if (again)
		fprintf(stderr, "%u rules differ when printed and read again\n", round_trip(set));
	lang_set_free(set);
	return 0;
}

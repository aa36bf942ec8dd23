#include "signatures/lang/writer.h"

#include <string.h>

/* Items in canonical form, one function a group of kinds. */

static void put_value(struct lang_writer *w, const struct rule_value *v)
{
	if (v->var)
		lang_put(w, "%s", w->rule->byte_vars[v->index]);
	else
		lang_put(w, "%lld", (long long)v->number);
}

static void put_modifier(struct lang_writer *w, const char *name, const struct rule_value *v)
{
	if (!v->set)
		return;
	lang_put(w, "%s:", name);
	put_value(w, v);
	lang_put(w, "; ");
}

static void put_content(struct lang_writer *w, const struct rule_content *c)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {{RULE_CONTENT_NOCASE, "nocase"},
		     {RULE_CONTENT_STARTSWITH, "startswith"},
		     {RULE_CONTENT_ENDSWITH, "endswith"},
		     {RULE_CONTENT_RAWBYTES, "rawbytes"}};

	lang_put(w, "content:%s\"", c->flags & RULE_CONTENT_NEGATED ? "!" : "");
	lang_put_bytes(w, c->bytes);
	lang_put(w, "\"; ");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (c->flags & words[i].flag)
			lang_put(w, "%s; ", words[i].word);
	}
	put_modifier(w, "offset", &c->offset);
	if (!(c->flags & RULE_CONTENT_STARTSWITH))
		put_modifier(w, "depth", &c->depth);
	put_modifier(w, "distance", &c->distance);
	put_modifier(w, "within", &c->within);
	if (c->flags & RULE_CONTENT_FAST_ONLY)
		lang_put(w, "fast_pattern:only; ");
	else if (c->flags & RULE_CONTENT_FAST_CHOP)
		lang_put(w, "fast_pattern:%u,%u; ", c->chop_offset, c->chop_len);
	else if (c->flags & RULE_CONTENT_FAST)
		lang_put(w, "fast_pattern; ");
	if (c->replace.len) {
		lang_put(w, "replace:\"");
		lang_put_bytes(w, c->replace);
		lang_put(w, "\"; ");
	}
}

static void put_pcre(struct lang_writer *w, const struct rule_pcre *p)
{
	static const struct {
		uint32_t flag;
		char letter;
	} letters[] = {{RULE_PCRE_CASELESS, 'i'},  {RULE_PCRE_DOTALL, 's'},
		       {RULE_PCRE_MULTILINE, 'm'}, {RULE_PCRE_EXTENDED, 'x'},
		       {RULE_PCRE_ANCHORED, 'A'},  {RULE_PCRE_DOLLAR_ENDONLY, 'E'},
		       {RULE_PCRE_UNGREEDY, 'G'},  {RULE_PCRE_LIMIT, 'O'},
		       {RULE_PCRE_RELATIVE, 'R'},  {RULE_PCRE_RAWBYTES, 'B'}};

	lang_put(w, "pcre:%s\"/%s/", p->flags & RULE_PCRE_NEGATED ? "!" : "", p->pattern);
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		if (p->flags & letters[i].flag)
			lang_put(w, "%c", letters[i].letter);
	}
	for (uint32_t i = 0; i < p->ncaptures; i++) {
		const struct rule_capture *c = &p->captures[i];

		if (c->listed)
			lang_put(w, ", %s:%s%s", c->kind == RULE_CAPTURE_FLOW_VAR ? "flow" : "pkt",
				 c->name, c->keyed ? ", pkt:value" : "");
	}
	lang_put(w, "\"; ");
}

/* ---- bytes as numbers ---- */

static const char *const bases[] = {[RULE_BASE_BINARY] = "",
				    [RULE_BASE_DEC] = ",string,dec",
				    [RULE_BASE_HEX] = ",string,hex",
				    [RULE_BASE_OCT] = ",string,oct",
				    [RULE_BASE_AUTO] = ",string"};
static const char *const endians[] = {
	[RULE_ENDIAN_BIG] = "", [RULE_ENDIAN_LITTLE] = ",little", [RULE_ENDIAN_DCE] = ",dce"};

static void put_byte_test(struct lang_writer *w, const struct rule_byte_test *t)
{
	static const char *const ops[] = {
		[RULE_CMP_EQ] = "=",  [RULE_CMP_LT] = "<",  [RULE_CMP_GT] = ">",
		[RULE_CMP_LE] = "<=", [RULE_CMP_GE] = ">=", [RULE_CMP_AND] = "&",
		[RULE_CMP_OR] = "^"};

	lang_put(w, "byte_test:");
	put_value(w, &t->nbytes);
	lang_put(w, ",%s%s,", t->negated ? "!" : "", ops[t->op]);
	if (t->operand.var)
		put_value(w, &t->operand);
	else
		lang_put(w, "%llu", (unsigned long long)t->operand.number);
	lang_put(w, ",");
	put_value(w, &t->offset);
	lang_put(w, "%s%s%s", t->relative ? ",relative" : "", bases[t->base], endians[t->endian]);
	if (t->masked)
		lang_put(w, ",bitmask 0x%llx", (unsigned long long)t->bitmask);
	lang_put(w, "; ");
}

static void put_byte_jump(struct lang_writer *w, const struct rule_byte_jump *j)
{
	lang_put(w, "byte_jump:");
	put_value(w, &j->nbytes);
	lang_put(w, ",");
	put_value(w, &j->offset);
	lang_put(w, "%s%s%s%s%s%s", j->relative ? ",relative" : "", bases[j->base],
		 endians[j->endian], j->align ? ",align" : "",
		 j->from_beginning ? ",from_beginning" : "", j->from_end ? ",from_end" : "");
	if (j->multiplier != 1)
		lang_put(w, ",multiplier %u", j->multiplier);
	if (j->post_offset)
		lang_put(w, ",post_offset %lld", (long long)j->post_offset);
	lang_put(w, "; ");
}

static void put_byte_extract(struct lang_writer *w, const struct rule_byte_extract *x)
{
	lang_put(w, "byte_extract:%u,%lld,%s%s%s%s", x->nbytes, (long long)x->offset,
		 w->rule->byte_vars[x->result], x->relative ? ",relative" : "", bases[x->base],
		 endians[x->endian]);
	if (x->multiplier != 1)
		lang_put(w, ",multiplier %u", x->multiplier);
	if (x->align)
		lang_put(w, ",align %u", x->align);
	lang_put(w, "; ");
}

static void put_byte_math(struct lang_writer *w, const struct rule_byte_math *m)
{
	static const char *const ops[] = {
		[RULE_MATH_ADD] = "+", [RULE_MATH_SUB] = "-",  [RULE_MATH_MUL] = "*",
		[RULE_MATH_DIV] = "/", [RULE_MATH_SHL] = "<<", [RULE_MATH_SHR] = ">>"};
	static const char *const strings[] = {
		[RULE_BASE_DEC] = "dec", [RULE_BASE_HEX] = "hex", [RULE_BASE_OCT] = "oct"};

	lang_put(w, "byte_math:bytes ");
	put_value(w, &m->nbytes);
	lang_put(w, ",offset %lld,oper %s,rvalue ", (long long)m->offset, ops[m->op]);
	put_value(w, &m->rvalue);
	lang_put(w, ",result %s%s", w->rule->byte_vars[m->result], m->relative ? ",relative" : "");
	if (m->base != RULE_BASE_BINARY)
		lang_put(w, ",string %s", strings[m->base]);
	if (m->endian == RULE_ENDIAN_LITTLE)
		lang_put(w, ",endian little");
	if (m->masked)
		lang_put(w, ",bitmask 0x%llx", (unsigned long long)m->bitmask);
	lang_put(w, "; ");
}

static void put_isdataat(struct lang_writer *w, const struct rule_isdataat *d)
{
	lang_put(w, "isdataat:%s", d->negated ? "!" : "");
	put_value(w, &d->at);
	lang_put(w, "%s%s; ", d->relative ? ",relative" : "", d->rawbytes ? ",rawbytes" : "");
}

static void put_base64_decode(struct lang_writer *w, const struct rule_base64_decode *d)
{
	lang_put(w, "base64_decode:bytes %u,offset %u%s; ", d->bytes, d->offset,
		 d->relative ? ",relative" : "");
}

/* ---- integers ---- */

/* Keywords by kind; the others write themselves. */
static const char *const uint_keywords[RULE_ITEM_KINDS] = {[RULE_ITEM_BSIZE] = "bsize",
							   [RULE_ITEM_TTL] = "ttl",
							   [RULE_ITEM_TOS] = "tos",
							   [RULE_ITEM_ID] = "id",
							   [RULE_ITEM_IP_PROTO] = "ip_proto",
							   [RULE_ITEM_FRAGOFFSET] = "fragoffset",
							   [RULE_ITEM_TCP_SEQ] = "tcp.seq",
							   [RULE_ITEM_TCP_ACK] = "tcp.ack",
							   [RULE_ITEM_TCP_WINDOW] = "tcp.window",
							   [RULE_ITEM_TCP_MSS] = "tcp.mss",
							   [RULE_ITEM_TCP_WSCALE] = "tcp.wscale",
							   [RULE_ITEM_ITYPE] = "itype",
							   [RULE_ITEM_ICODE] = "icode",
							   [RULE_ITEM_ICMP_ID] = "icmp_id",
							   [RULE_ITEM_ICMP_SEQ] = "icmp_seq",
							   [RULE_ITEM_ICMPV6_MTU] = "icmpv6.mtu",
							   [RULE_ITEM_DSIZE] = "dsize",
							   [RULE_ITEM_TEMPLATE2] = "template2",
							   [RULE_ITEM_FLOW_AGE] = "flow.age",
							   [RULE_ITEM_FILESIZE] = "filesize",
							   [RULE_ITEM_URILEN] = "urilen"};

static uint64_t top(const struct rule_uint *u)
{
	return u->width == 64 ? UINT64_MAX : (UINT64_C(1) << u->width) - 1;
}

static void put_uint(struct lang_writer *w, const struct rule_uint *u)
{
	unsigned long long min = u->min, max = u->max;
	bool never = u->negated && min == 0 && max == top(u);

	if (never)
		lang_put(w, "<0");
	else if (min == max)
		lang_put(w, "%s%llu", u->negated ? "!" : "", min);
	else if (max == top(u))
		lang_put(w, ">%llu", min - 1);
	else if (min == 0)
		lang_put(w, "<%llu", max + 1);
	else
		lang_put(w, "%llu<>%llu", min - 1, max + 1);
}

static void put_stream_size(struct lang_writer *w, const struct rule_stream_size *s)
{
	static const char *const sides[] = {[RULE_SIDE_CLIENT] = "client",
					    [RULE_SIDE_SERVER] = "server",
					    [RULE_SIDE_BOTH] = "both",
					    [RULE_SIDE_EITHER] = "either"};
	const struct rule_uint *u = &s->size;
	bool all = u->min == 0 && u->max == UINT32_MAX;
	unsigned long long n = u->min == u->max ? u->min : u->max == UINT32_MAX ? u->min : u->max;
	const char *op = u->min == u->max	? u->negated ? "!=" : "="
			 : all			? u->negated ? "<" : ">="
			 : u->max == UINT32_MAX ? ">="
						: "<=";

	lang_put(w, "stream_size:%s,%s,%llu; ", sides[s->side], op, all ? 0 : n);
}

/* ---- the packet ---- */

static void put_bits(struct lang_writer *w, const struct rule_item *item)
{
	static const char *const modes[] = {[RULE_BITS_EXACT] = "",
					    [RULE_BITS_ALL] = "+",
					    [RULE_BITS_ANY] = "*",
					    [RULE_BITS_NOT] = "!"};
	bool tcp = item->kind == RULE_ITEM_TCP_FLAGS;
	const char *letters = tcp ? "FSRPAUEC" : "MDR";

	lang_put(w, "%s:%s", tcp ? "tcp.flags" : "fragbits", modes[item->bits->mode]);
	for (int i = 0; letters[i]; i++) {
		if (item->bits->bits & 1 << i)
			lang_put(w, "%c", letters[i]);
	}
	if (!item->bits->bits)
		lang_put(w, tcp ? "0" : ",");
	for (int i = 0; item->bits->ignored && letters[i]; i++) {
		if (item->bits->ignored & 1 << i)
			lang_put(w, "%s%c", item->bits->ignored & ((1 << i) - 1) ? "" : ",",
				 letters[i]);
	}
	lang_put(w, "; ");
}

static void put_ipopt(struct lang_writer *w, enum rule_ipopt opt)
{
	static const char *const names[] = {
		[RULE_IPOPT_RR] = "rr",	      [RULE_IPOPT_LSRR] = "lsrr",
		[RULE_IPOPT_EOL] = "eol",     [RULE_IPOPT_NOP] = "nop",
		[RULE_IPOPT_TS] = "ts",	      [RULE_IPOPT_SEC] = "sec",
		[RULE_IPOPT_ESEC] = "esec",   [RULE_IPOPT_SSRR] = "ssrr",
		[RULE_IPOPT_SATID] = "satid", [RULE_IPOPT_ANY] = "any"};

	lang_put(w, "ipopts:%s; ", names[opt]);
}

static void put_rpc(struct lang_writer *w, const struct rule_rpc *r)
{
	const struct rule_value *values[] = {&r->version, &r->procedure};

	lang_put(w, "rpc:%u", r->program);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (values[i]->set)
			lang_put(w, ",%lld", (long long)values[i]->number);
		else
			lang_put(w, ",*");
	}
	lang_put(w, "; ");
}

/* ---- flow, bits and variables ---- */

static const char *const commands[] = {[RULE_BIT_ISSET] = "isset",
				       [RULE_BIT_ISNOTSET] = "isnotset",
				       [RULE_BIT_SET] = "set",
				       [RULE_BIT_UNSET] = "unset",
				       [RULE_BIT_TOGGLE] = "toggle"};

static void put_flowbits(struct lang_writer *w, const struct rule_flowbits *f)
{
	lang_put(w, "flowbits:%s", commands[f->cmd]);
	for (uint32_t i = 0; i < f->count; i++)
		lang_put(w, "%c%s", i ? '|' : ',', f->names[i]);
	lang_put(w, "; ");
}

static void put_xbits(struct lang_writer *w, const struct rule_item *item)
{
	const struct rule_xbits *x = item->xbits;

	if (item->kind == RULE_ITEM_HOSTBITS) {
		lang_put(w, "hostbits:%s,%s,%s; ", commands[x->cmd], x->name,
			 x->track == RULE_TRACK_SRC ? "src" : "dst");
		return;
	}
	lang_put(w, "xbits:%s,%s,track %s,expire %u; ", commands[x->cmd], x->name,
		 x->track == RULE_TRACK_SRC   ? "ip_src"
		 : x->track == RULE_TRACK_DST ? "ip_dst"
					      : "ip_pair",
		 x->expire);
}

static void put_flowint(struct lang_writer *w, const struct rule_flowint *f)
{
	static const char *const ops[] = {[RULE_FLOWINT_SET] = "=",
					  [RULE_FLOWINT_ADD] = "+",
					  [RULE_FLOWINT_SUB] = "-",
					  [RULE_FLOWINT_EQ] = "==",
					  [RULE_FLOWINT_NE] = "!=",
					  [RULE_FLOWINT_LT] = "<",
					  [RULE_FLOWINT_LE] = "<=",
					  [RULE_FLOWINT_GT] = ">",
					  [RULE_FLOWINT_GE] = ">=",
					  [RULE_FLOWINT_ISSET] = "isset",
					  [RULE_FLOWINT_ISNOTSET] = "isnotset"};

	lang_put(w, "flowint:%s,%s", f->name, ops[f->op]);
	if (f->op != RULE_FLOWINT_ISSET && f->op != RULE_FLOWINT_ISNOTSET) {
		if (f->operand_var)
			lang_put(w, ",%s", f->operand_var);
		else
			lang_put(w, ",%u", f->number);
	}
	lang_put(w, "; ");
}

static void put_varmatch(struct lang_writer *w, const struct rule_item *item)
{
	lang_put(w, "%s:%s,\"", item->kind == RULE_ITEM_FLOWVAR ? "flowvar" : "pktvar",
		 item->varmatch->name);
	lang_put_bytes(w, item->varmatch->bytes);
	lang_put(w, "\"; ");
}

static void put_iprep(struct lang_writer *w, const struct rule_iprep *r)
{
	const char *side = r->track == RULE_TRACK_SRC	 ? "src"
			   : r->track == RULE_TRACK_DST	 ? "dst"
			   : r->track == RULE_TRACK_BOTH ? "both"
							 : "any";
	unsigned min = (unsigned)r->value.min, max = (unsigned)r->value.max;

	lang_put(w, "iprep:%s,%s,", side, r->category);
	if (r->isset || r->isnotset)
		lang_put(w, "%s; ", r->isset ? "isset" : "isnotset");
	else if (r->value.negated)
		lang_put(w, "<,0; ");
	else if (min == max)
		lang_put(w, "=,%u; ", min);
	else if (max == 255)
		lang_put(w, ">,%u; ", min - 1);
	else
		lang_put(w, "<,%u; ", max + 1);
}

static void put_geoip(struct lang_writer *w, const struct rule_geoip *g)
{
	const char *side = g->both			 ? "both"
			   : g->source && g->destination ? "any"
			   : g->source			 ? "src"
							 : "dst";

	lang_put(w, "geoip:%s", side);
	for (uint32_t i = 0; i < g->count; i++)
		lang_put(w, ",%s%s", g->negated ? "!" : "", g->countries[i]);
	lang_put(w, "; ");
}

/* ---- lists in files ---- */

static void put_set_options(struct lang_writer *w, enum rule_dataset_type type, const char *load,
			    uint64_t memcap, uint32_t hashsize)
{
	static const char *const types[] = {[RULE_DATASET_STRING] = "string",
					    [RULE_DATASET_MD5] = "md5",
					    [RULE_DATASET_SHA256] = "sha256",
					    [RULE_DATASET_IPV4] = "ipv4",
					    [RULE_DATASET_IP] = "ip"};

	lang_put(w, ",type %s", types[type]);
	if (load)
		lang_put(w, ",load %s", load);
	if (memcap)
		lang_put(w, ",memcap %llu", (unsigned long long)memcap);
	if (hashsize)
		lang_put(w, ",hashsize %u", hashsize);
}

static void put_dataset(struct lang_writer *w, const struct rule_dataset *d)
{
	lang_put(w, "dataset:%s,%s", commands[d->cmd], d->name);
	put_set_options(w, d->type, d->load, d->memcap, d->hashsize);
	if (d->save)
		lang_put(w, ",save %s", d->save);
	if (d->state)
		lang_put(w, ",state %s", d->state);
	lang_put(w, "; ");
}

static void put_datarep(struct lang_writer *w, const struct rule_datarep *d)
{
	lang_put(w, "datarep:%s,%s,%u", d->name,
		 d->op == RULE_CMP_LT	? "<"
		 : d->op == RULE_CMP_GT ? ">"
					: "==",
		 d->value);
	put_set_options(w, d->type, d->load, d->memcap, d->hashsize);
	lang_put(w, "; ");
}

static void put_hash_list(struct lang_writer *w, const struct rule_hash_list *h)
{
	const char *name = h->algorithm == 16	? "filemd5"
			   : h->algorithm == 20 ? "filesha1"
						: "filesha256";

	lang_put(w, "%s:%s%s; ", name, h->negated ? "!" : "", h->path);
}

/* ---- what happens afterwards ---- */

static void put_filestore(struct lang_writer *w, const struct rule_filestore *f)
{
	static const char *const scopes[] = {[RULE_STORE_FILE] = "file",
					     [RULE_STORE_TX] = "tx",
					     [RULE_STORE_SSN] = "ssn",
					     [RULE_STORE_FLOW] = "flow"};

	lang_put(w, "filestore:%s,%s; ",
		 !f->explicit_direction		? "default"
		 : f->to_server && f->to_client ? "both"
		 : f->to_server			? "request"
						: "response",
		 scopes[f->scope]);
}

static void put_tag(struct lang_writer *w, const struct rule_tag *t)
{
	static const char *const metrics[] = {[RULE_TAG_PACKETS] = "packets",
					      [RULE_TAG_BYTES] = "bytes",
					      [RULE_TAG_SECONDS] = "seconds"};

	if (t->metric == RULE_TAG_ALL) {
		lang_put(w, "tag:%s; ", t->host ? "host" : "session");
		return;
	}
	lang_put(w, "tag:%s,%u,%s,%s; ", t->host ? "host" : "session", t->count, metrics[t->metric],
		 t->source ? "src" : "dst");
}

static void put_named(struct lang_writer *w, const struct rule_item *item)
{
	const char *name = item->kind == RULE_ITEM_L3_PROTO	  ? "l3_proto"
			   : item->kind == RULE_ITEM_DECODE_EVENT ? "decode-event"
			   : item->kind == RULE_ITEM_STREAM_EVENT ? "stream-event"
			   : item->kind == RULE_ITEM_APP_EVENT	  ? "app-layer-event"
								  : "app-layer-protocol";

	lang_put(w, "%s:%s%s; ", name, item->named->negated ? "!" : "", item->named->name);
}

static void put_app(struct lang_writer *w, const struct rule_app *a)
{
	bool quoted =
		strcmp(a->keyword, "tls.subject") == 0 || strcmp(a->keyword, "tls.issuerdn") == 0;

	if (a->arg[0])
		lang_put(w, quoted ? "%s:%s\"%s\"; " : "%s:%s%s; ", a->keyword,
			 a->negated ? "!" : "", a->arg);
	else
		lang_put(w, "%s; ", a->keyword);
}

static void put_packet_item(struct lang_writer *w, const struct rule_item *item)
{
	switch (item->kind) {
	case RULE_ITEM_IPOPTS:
		put_ipopt(w, item->ipopt);
		break;
	case RULE_ITEM_SAMEIP:
		lang_put(w, "sameip; ");
		break;
	case RULE_ITEM_TCP_FLAGS:
	case RULE_ITEM_FRAGBITS:
		put_bits(w, item);
		break;
	case RULE_ITEM_RPC:
		put_rpc(w, item->rpc);
		break;
	case RULE_ITEM_CSUM:
		lang_put(w, "%s-csum:%s; ", item->csum->layer,
			 item->csum->valid ? "valid" : "invalid");
		break;
	case RULE_ITEM_ASN1:
		lang_put(w, "asn1:%s; ", item->asn1->args);
		break;
	case RULE_ITEM_STREAM_SIZE:
		put_stream_size(w, item->stream_size);
		break;
	case RULE_ITEM_L3_PROTO:
	case RULE_ITEM_DECODE_EVENT:
	case RULE_ITEM_STREAM_EVENT:
	case RULE_ITEM_APP_EVENT:
	case RULE_ITEM_APP_PROTOCOL:
		put_named(w, item);
		break;
	case RULE_ITEM_FLOWBITS:
		put_flowbits(w, item->flowbits);
		break;
	case RULE_ITEM_XBITS:
	case RULE_ITEM_HOSTBITS:
		put_xbits(w, item);
		break;
	case RULE_ITEM_FLOWINT:
		put_flowint(w, item->flowint);
		break;
	case RULE_ITEM_FLOWVAR:
	case RULE_ITEM_PKTVAR:
		put_varmatch(w, item);
		break;
	case RULE_ITEM_IPREP:
		put_iprep(w, item->iprep);
		break;
	case RULE_ITEM_GEOIP:
		put_geoip(w, item->geoip);
		break;
	}
}

static void put_other_item(struct lang_writer *w, const struct rule_item *item)
{
	switch (item->kind) {
	case RULE_ITEM_DATASET:
		put_dataset(w, item->dataset);
		break;
	case RULE_ITEM_DATAREP:
		put_datarep(w, item->datarep);
		break;
	case RULE_ITEM_FILE_HASH:
		put_hash_list(w, item->hash_list);
		break;
	case RULE_ITEM_APP:
		put_app(w, item->app);
		break;
	case RULE_ITEM_FILESTORE:
		put_filestore(w, item->filestore);
		break;
	case RULE_ITEM_TAG:
		put_tag(w, item->tag);
		break;
	case RULE_ITEM_CONFIG:
		lang_put(w, "config:%s %s,type %s,scope %s; ", item->config->subsystem,
			 item->config->state, item->config->type, item->config->scope);
		break;
	case RULE_ITEM_MARK:
		lang_put(w, "nfq_set_mark:%u/%u; ", item->mark->mark, item->mark->mask);
		break;
	default:
		put_packet_item(w, item);
	}
}

/* urilen stands in the list of the buffer it looks at. */
static bool is_raw_uri(const struct rule *r, const struct rule_item *item)
{
	for (uint32_t i = 0; i < r->nbuffers; i++) {
		const struct rule_list *l = &r->buffers[i].items;

		if (item >= l->items && item < l->items + l->count)
			return strcmp(r->buffers[i].name, "http.uri.raw") == 0;
	}
	return false;
}

void lang_put_item(struct lang_writer *w, const struct rule_item *item)
{
	if (uint_keywords[item->kind]) {
		lang_put(w, "%s:", uint_keywords[item->kind]);
		put_uint(w, item->uint);
		if (item->kind == RULE_ITEM_URILEN && is_raw_uri(w->rule, item))
			lang_put(w, ",raw");
		lang_put(w, "; ");
	} else if (item->kind == RULE_ITEM_CONTENT) {
		put_content(w, item->content);
	} else if (item->kind == RULE_ITEM_PCRE) {
		put_pcre(w, item->pcre);
	} else if (item->kind == RULE_ITEM_BYTE_TEST) {
		put_byte_test(w, item->byte_test);
	} else if (item->kind == RULE_ITEM_BYTE_JUMP) {
		put_byte_jump(w, item->byte_jump);
	} else if (item->kind == RULE_ITEM_BYTE_EXTRACT) {
		put_byte_extract(w, item->byte_extract);
	} else if (item->kind == RULE_ITEM_BYTE_MATH) {
		put_byte_math(w, item->byte_math);
	} else if (item->kind == RULE_ITEM_ISDATAAT) {
		put_isdataat(w, item->isdataat);
	} else if (item->kind == RULE_ITEM_BASE64_DECODE) {
		put_base64_decode(w, item->base64_decode);
	} else {
		put_other_item(w, item);
	}
	if (item->prefilter)
		lang_put(w, "prefilter; ");
}

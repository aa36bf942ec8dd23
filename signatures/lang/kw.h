/* The set-up functions of the keywords, by file. Each reads its argument (NULL without one), adds
 * to the rule being built and returns 0 or an error with the reason set. Private to lang. */
#pragma once

#include "signatures/lang/build.h"
#include "signatures/lang/keywords.h"

/* kw_content.c */
int kw_content(struct lang_build *b, char *arg);
int kw_uricontent(struct lang_build *b, char *arg);
int kw_nocase(struct lang_build *b, char *arg);
int kw_rawbytes(struct lang_build *b, char *arg);
int kw_replace(struct lang_build *b, char *arg);
int kw_depth(struct lang_build *b, char *arg);
int kw_offset(struct lang_build *b, char *arg);
int kw_startswith(struct lang_build *b, char *arg);
int kw_endswith(struct lang_build *b, char *arg);
int kw_distance(struct lang_build *b, char *arg);
int kw_within(struct lang_build *b, char *arg);
int kw_fast_pattern(struct lang_build *b, char *arg);
int kw_legacy(struct lang_build *b, char *arg);
/* Bytes written as text with |41 42| and escapes. */
int kw_bytes(struct lang_build *b, const char *text, struct slice *ret);

/* kw_pcre.c */
int kw_pcre(struct lang_build *b, char *arg);

/* kw_bytes.c */
int kw_byte_test(struct lang_build *b, char *arg);
int kw_byte_jump(struct lang_build *b, char *arg);
int kw_byte_extract(struct lang_build *b, char *arg);
int kw_byte_math(struct lang_build *b, char *arg);
int kw_isdataat(struct lang_build *b, char *arg);

/* kw_buffer.c */
int kw_sticky(struct lang_build *b, const struct lang_buffer *buffer);
int kw_response_body(struct lang_build *b, char *arg);
int kw_pkt_data(struct lang_build *b, char *arg);
int kw_base64_data(struct lang_build *b, char *arg);
int kw_base64_decode(struct lang_build *b, char *arg);
int kw_frame(struct lang_build *b, char *arg);
int kw_transform(struct lang_build *b, char *arg); /* detail: its name */
int kw_xor(struct lang_build *b, char *arg);
int kw_pcrexform(struct lang_build *b, char *arg);
int kw_bsize(struct lang_build *b, char *arg);
int kw_urilen(struct lang_build *b, char *arg);
int kw_asn1(struct lang_build *b, char *arg);

/* kw_dataset.c */
int kw_dataset(struct lang_build *b, char *arg);
int kw_datarep(struct lang_build *b, char *arg);

/* kw_packet.c */
int kw_uint8(struct lang_build *b, char *arg);
int kw_uint16(struct lang_build *b, char *arg);
int kw_uint32(struct lang_build *b, char *arg);
int kw_plain_u32(struct lang_build *b, char *arg); /* a number, no operator */
int kw_plain_u16(struct lang_build *b, char *arg);
int kw_id(struct lang_build *b, char *arg);
int kw_window(struct lang_build *b, char *arg);
int kw_tos(struct lang_build *b, char *arg);
int kw_ip_proto(struct lang_build *b, char *arg);
int kw_ipopts(struct lang_build *b, char *arg);
int kw_fragbits(struct lang_build *b, char *arg);
int kw_fragoffset(struct lang_build *b, char *arg);
int kw_sameip(struct lang_build *b, char *arg);
int kw_tcp_flags(struct lang_build *b, char *arg);
int kw_dsize(struct lang_build *b, char *arg);
int kw_csum(struct lang_build *b, char *arg);
int kw_l3_proto(struct lang_build *b, char *arg);
int kw_rpc(struct lang_build *b, char *arg);
int kw_stream_size(struct lang_build *b, char *arg);
int kw_decode_event(struct lang_build *b, char *arg); /* detail: prefix of the event's name */
int kw_mark(struct lang_build *b, char *arg);

/* kw_flow.c */
int kw_flow(struct lang_build *b, char *arg);
int kw_flowbits(struct lang_build *b, char *arg);
int kw_flowint(struct lang_build *b, char *arg);
int kw_xbits(struct lang_build *b, char *arg);
int kw_hostbits(struct lang_build *b, char *arg);
int kw_varmatch(struct lang_build *b, char *arg);
int kw_iprep(struct lang_build *b, char *arg);
int kw_geoip(struct lang_build *b, char *arg);
int kw_app_protocol(struct lang_build *b, char *arg);
int kw_app_event(struct lang_build *b, char *arg);

/* kw_meta.c */
int kw_msg(struct lang_build *b, char *arg);
int kw_sid(struct lang_build *b, char *arg);
int kw_gid(struct lang_build *b, char *arg);
int kw_rev(struct lang_build *b, char *arg);
int kw_priority(struct lang_build *b, char *arg);
int kw_classtype(struct lang_build *b, char *arg);
int kw_reference(struct lang_build *b, char *arg);
int kw_metadata(struct lang_build *b, char *arg);
int kw_target(struct lang_build *b, char *arg);
int kw_requires(struct lang_build *b, char *arg);
int kw_noalert(struct lang_build *b, char *arg);
int kw_alert(struct lang_build *b, char *arg);
int kw_bypass(struct lang_build *b, char *arg);
int kw_prefilter(struct lang_build *b, char *arg);
int kw_threshold(struct lang_build *b, char *arg);
int kw_detection_filter(struct lang_build *b, char *arg);
int kw_tag(struct lang_build *b, char *arg);
int kw_config(struct lang_build *b, char *arg);
int kw_lua(struct lang_build *b, char *arg);

/* kw_file.c */
int kw_file_buffer(struct lang_build *b, char *arg); /* filename, fileext, filemagic */
int kw_file_hash(struct lang_build *b, char *arg);
int kw_filesize(struct lang_build *b, char *arg);
int kw_filestore(struct lang_build *b, char *arg);

/* kw_app.c: keywords that a protocol evaluates; the argument is checked here */
int kw_app_flag(struct lang_build *b, char *arg); /* no argument */
int kw_app_post(struct lang_build *b, char *arg);
int kw_fingerprint(struct lang_build *b, char *arg);
int kw_app_u8(struct lang_build *b, char *arg);
int kw_app_u16(struct lang_build *b, char *arg);
int kw_app_u32(struct lang_build *b, char *arg);
int kw_app_u32_inclusive(struct lang_build *b, char *arg); /* the ends of "3-9" are meant too */
int kw_app_u64(struct lang_build *b, char *arg);
int kw_app_text(struct lang_build *b, char *arg);
int kw_app_checked(struct lang_build *b, char *arg); /* by a table there */

/* Common: a content is to be looked for first. */
int kw_prefer_content(struct lang_build *b, struct rule_content *c);
/* Common: an integer comparison as Suricata's newer keywords write it: 5, =5, !5, !=5, <5, <=5, >5,
 * >=5, 5-9 and 5<>9 (both exclusive). */
bool kw_read_uint(const char *arg, uint8_t width, bool units, struct rule_uint *ret);
/* The same with a sentence when it is none. */
int kw_uint_arg(struct lang_build *b, const char *arg, uint8_t width, bool units,
		struct rule_uint *ret);
/* Adds an integer item to the packet's list. */
int kw_packet_uint(struct lang_build *b, const struct rule_uint *u);

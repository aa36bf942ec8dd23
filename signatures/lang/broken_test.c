/* Rules that Suricata 7.0.10 refuses, each with the sentence that is said about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "signatures/lang/lang.h"

struct broken {
	const char *rule, *problem;
};

/* Whole rules, with the whole text of the problem in a file named "f". */
static const struct broken rules[] = {
	{"alert",
	 "f:1: the rule has no options: action, protocol, addresses, ports and direction must "
	 "stand before ( )"},
	{"alert tcp any any -> any any",
	 "f:1: the rule has no options: action, protocol, addresses, ports and direction must "
	 "stand before ( )"},
	{"alert tcp any -> any any (sid:1;)",
	 "f:1: sid 1: the rule has no options: action, protocol, addresses, ports and "
	 "direction must stand before ( )"},
	{"alert tcp any any -> any (sid:1;)",
	 "f:1: sid 1: the rule has no options: action, protocol, addresses, ports and "
	 "direction must stand before ( )"},
	{"alert ipv6 any any -> any any (l3_proto:ipv6; sid:1;)",
	 "f:1: sid 1: l3_proto: the rule's protocol says it already"},
	{"alert ip any any -> any any (ip_proto:Icmp; sid:1;)",
	 "f:1: sid 1: ip_proto: \"Icmp\" is no IP protocol (a number from 0 to 255 or a name)"},
	{"alert tcp any any any any any (sid:1;)",
	 "f:1: sid 1: \"any\" is no direction; -> and <> are"},
	{"alert tcp any any <- any any (sid:1;)",
	 "f:1: sid 1: \"<-\" is no direction; -> and <> are"},
	{"alert tcp any any => any any (sid:1;)",
	 "f:1: sid 1: \"=>\" is no direction; -> and <> are"},
	{"allert tcp any any -> any any (sid:1;)",
	 "f:1: sid 1: \"allert\" is no action (alert, pass, drop, reject, rejectsrc, "
	 "rejectdst, rejectboth, config)"},
	{"alert tpc any any -> any any (sid:1;)",
	 "f:1: sid 1: \"tpc\" is no protocol a rule can be written for"},
	{"alert esp any any -> any any (sid:1;)",
	 "f:1: sid 1: \"esp\" is no protocol a rule can be written for"},
	{"alert irc any any -> any any (sid:1;)",
	 "f:1: sid 1: \"irc\" is no protocol a rule can be written for"},
	{"alert tcp any any -> any any ()", "f:1: the rule has no sid"},
	{"alert tcp any any -> any any (content:\"a\";)", "f:1: the rule has no sid"},
	{"alert tcp any any -> any any (sid:1)", "f:1: sid 1: an option does not end with ;"},
	{"alert tcp any any -> any any (sid:1;) more", "f:1: sid 1: an option does not end with ;"},
	{"alert tcp any any -> any any (sid:0;)", "f:1: sid: 0 is no sid"},
	{"alert tcp any any -> any any (sid:-1;)",
	 "f:1: sid: it must be a number from 0 to 4294967294, not \"-1\""},
	{"alert tcp any any -> any any (sid:4294967296;)",
	 "f:1: sid: it must be a number from 0 to 4294967294, not \"4294967296\""},
	{"alert tcp any any -> any any (sid:x;)",
	 "f:1: sid: it must be a number from 0 to 4294967294, not \"x\""},
	{"alert tcp any any -> any any (sid:1; sid:2;)", "f:1: sid 1: sid: it was given before"},
	{"alert tcp any any -> any any (sid;)", "f:1: sid: its argument is missing"},
	{"alert tcp $NOTHING any -> any any (sid:1;)",
	 "f:1: sid 1: the address variable $NOTHING is not defined"},
	{"alert tcp any $NOTHING -> any any (sid:1;)",
	 "f:1: sid 1: the port variable $NOTHING is not defined"},
	{"alert tcp !any any -> any any (sid:1;)",
	 "f:1: sid 1: the negated addresses are all addresses"},
	{"alert tcp any !any -> any any (sid:1;)", "f:1: sid 1: the negated ports are all ports"},
	{"alert tcp [1.2.3.4 any -> any any (sid:1;)",
	 "f:1: sid 1: the [ and ] of the addresses and ports do not match"},
	{"alert tcp 1.2.3.4] any -> any any (sid:1;)",
	 "f:1: sid 1: the [ and ] of the addresses and ports do not match"},
	{"alert tcp [] any -> any any (sid:1;)", "f:1: sid 1: no address is left of the list"},
	{"alert tcp [1.2.3.4,,1.2.3.5] any -> any any (sid:1;)",
	 "f:1: sid 1: \"\" is no address, prefix or range of addresses"},
	{"alert tcp 1.2.3 any -> any any (sid:1;)",
	 "f:1: sid 1: \"1.2.3\" is no address, prefix or range of addresses"},
	{"alert tcp 1.2.3.256 any -> any any (sid:1;)",
	 "f:1: sid 1: \"1.2.3.256\" is no address, prefix or range of addresses"},
	{"alert tcp 1.2.3.4/33 any -> any any (sid:1;)",
	 "f:1: sid 1: \"1.2.3.4/33\" is no address, prefix or range of addresses"},
	{"alert tcp 1.2.3.4/255.0.255.0 any -> any any (sid:1;)",
	 "f:1: sid 1: \"1.2.3.4/255.0.255.0\" is no address, prefix or range of addresses"},
	{"alert tcp 1.2.3.9-1.2.3.4 any -> any any (sid:1;)",
	 "f:1: sid 1: \"1.2.3.9-1.2.3.4\" is no address, prefix or range of addresses"},
	{"alert tcp ::1-::2 any -> any any (sid:1;)",
	 "f:1: sid 1: \"::1-::2\" is no address, prefix or range of addresses"},
	{"alert tcp ::1/129 any -> any any (sid:1;)",
	 "f:1: sid 1: \"::1/129\" is no address, prefix or range of addresses"},
	{"alert tcp [1.2.3.4,!1.2.3.4] any -> any any (sid:1;)",
	 "f:1: sid 1: no address is left of the list"},
	{"alert tcp [10.0.0.0/8,!0.0.0.0/0,!::/0] any -> any any (sid:1;)",
	 "f:1: sid 1: the negated addresses are all addresses"},
	{"alert tcp example.com any -> any any (sid:1;)",
	 "f:1: sid 1: \"example.com\" is no address, prefix or range of addresses"},
	{"alert tcp any 65536 -> any any (sid:1;)",
	 "f:1: sid 1: \"65536\" is no port or range of ports (0 to 65535)"},
	{"alert tcp any 20:10 -> any any (sid:1;)",
	 "f:1: sid 1: \"20:10\" is no port or range of ports (0 to 65535)"},
	{"alert tcp any [80 -> any any (sid:1;)",
	 "f:1: sid 1: the [ and ] of the addresses and ports do not match"},
	{"alert tcp any [80,!80] -> any any (sid:1;)", "f:1: sid 1: no port is left of the list"},
	{"alert tcp any http -> any any (sid:1;)",
	 "f:1: sid 1: \"http\" is no port or range of ports (0 to 65535)"},
	{"alert tcp any 1-5 -> any any (sid:1;)",
	 "f:1: sid 1: \"1-5\" is no port or range of ports (0 to 65535)"},
	{"alert icmp any [80,x] -> any any (sid:1;)",
	 "f:1: sid 1: \"x\" is no port or range of ports (0 to 65535)"},
	{"alert http any any -> any any (urilen:x; sid:1;)",
	 "f:1: sid 1: urilen: it needs a number of 16 bits, perhaps behind < > <= >= or !, or "
	 "a range like 1-9, that can both hold and fail, not \"x\""},
	{"alert icmp any any -> any any (itype:300; sid:1;)",
	 "f:1: sid 1: itype: it needs a number of 8 bits, perhaps behind < > <= >= or !, or a "
	 "range like 1-9, that can both hold and fail, not \"300\""},
	{"alert icmp any any -> any any (icode:x; sid:1;)",
	 "f:1: sid 1: icode: it needs a number of 8 bits, perhaps behind < > <= >= or !, or a "
	 "range like 1-9, that can both hold and fail, not \"x\""},
	{"alert http any any -> any any (filesize:x; sid:1;)",
	 "f:1: sid 1: filesize: it needs a number of 64 bits, perhaps behind < > <= >= or !, "
	 "or a range like 1-9, that can both hold and fail, not \"x\""},
	{"alert http any any -> any any (tls.sni; content:\"a\"; sid:1;)",
	 "f:1: sid 1: tls.sni: it belongs to tls, but the rule is for http"},
	{"alert dns any any -> any any (http.uri; content:\"a\"; sid:1;)",
	 "f:1: sid 1: http.uri: it belongs to http, but the rule is for dns"},
	{"alert tls any any -> any any (tls.version:9.9; sid:1;)",
	 "f:1: sid 1: tls.version: it needs 1.0, 1.1, 1.2, 1.3 or 0x and the version, not "
	 "\"9.9\""},
	{"alert tls any any -> any any (ssl_state:asleep; sid:1;)",
	 "f:1: sid 1: ssl_state: it needs client_hello, server_hello, client_keyx, "
	 "server_keyx, unknown, not \"asleep\""},
	{"alert tls any any -> any any (ja3.hash; content:\"abc\"; sid:1;)",
	 "f:1: sid 1: a content of ja3.hash must have 32 digits"},
	{"alert dns any any -> any any (dns.opcode:x; sid:1;)",
	 "f:1: sid 1: dns.opcode: it needs a number from 0 to 255, perhaps behind !, not \"x\""},
	{"alert dns any any -> any any (dns.query; sid:1;)",
	 "f:1: sid 1: nothing is matched in the buffer dns.query"},
	{"alert smb any any -> any any (dcerpc.iface:nothing; sid:1;)",
	 "f:1: sid 1: dcerpc.iface: it needs a UUID, then perhaps a version, then perhaps "
	 "any_frag, not \"nothing\""},
	{"alert mqtt any any -> any any (mqtt.type:NOTHING; sid:1;)",
	 "f:1: sid 1: mqtt.type: it needs a type of control packet, not \"NOTHING\""},
	{"alert ftp any any -> any any (ftpdata_command:retr; sid:1;)",
	 "f:1: sid 1: ftpdata_command: it belongs to ftp-data, but the rule is for ftp"},
	{"alert krb5 any any -> any any (krb5_msg_type:x; sid:1;)",
	 "f:1: sid 1: krb5_msg_type: it needs a number from 0 to 255, not \"x\""},
	{"alert snmp any any -> any any (snmp.version:x; sid:1;)",
	 "f:1: sid 1: snmp.version: it needs a number of 32 bits, perhaps behind < > <= >= or "
	 "!, or a range like 1-9, that can both hold and fail, not \"x\""},
	{"alert http2 any any -> any any (http2.errorcode:NOTHING; sid:1;)",
	 "f:1: sid 1: http2.errorcode: it needs an error code, not \"NOTHING\""},
	{"alert http1 any any -> any any (frame:nothing; content:\"a\"; sid:1;)",
	 "f:1: sid 1: frame: there is no frame nothing of http1"},
	{"config dns any any -> any any (config:nothing; sid:1;)",
	 "f:1: sid 1: config: it needs \"logging disable, type ..., scope ...\""},
	{"alert tcp-pkt any any -> any any (content:\"a\"; flow:only_stream; sid:1;)",
	 "f:1: sid 1: keywords of packets do not go together with tcp-stream or "
	 "flow:only_stream"},
	{"alert tcp-stream any any -> any any (dsize:5; content:\"a\"; sid:1;)",
	 "f:1: sid 1: keywords of packets do not go together with tcp-stream or "
	 "flow:only_stream"},
	{"alert tls any any -> any any (tls_cert_expired:1; sid:1;)",
	 "f:1: sid 1: tls_cert_expired: it takes no argument"},
	{"alert snmp any any -> any any (snmp.pdu_type:x; sid:1;)",
	 "f:1: sid 1: snmp.pdu_type: it needs a number, not \"x\""},
	{"alert modbus any any -> any any (modbus:nothing; sid:1;)",
	 "f:1: sid 1: modbus: it needs unit, function, subfunction, access, address and value, "
	 "not \"nothing\""},
	{"alert dnp3 any any -> any any (dnp3_func:300; sid:1;)",
	 "f:1: sid 1: dnp3_func: it needs a function code, not \"300\""},
	{"alert enip any any -> any any (enip_command:x; sid:1;)",
	 "f:1: sid 1: enip_command: it needs a number from 0 to 65535, not \"x\""},
	{"alert mqtt any any -> any any (mqtt.qos:3; sid:1;)",
	 "f:1: sid 1: mqtt.qos: it needs 0, 1 or 2, not \"3\""},
	{"alert mqtt any any -> any any (mqtt.connack.session_present:maybe; sid:1;)",
	 "f:1: sid 1: mqtt.connack.session_present: it needs yes, true, no or false, not "
	 "\"maybe\""},
	{"alert rfb any any -> any any (rfb.secresult:maybe; sid:1;)",
	 "f:1: sid 1: rfb.secresult: it needs ok, fail, toomany or unknown, not \"maybe\""},
	{"alert http2 any any -> any any (http2.settings:NOTHING=1; sid:1;)",
	 "f:1: sid 1: http2.settings: it needs a setting, perhaps with a comparison, not "
	 "\"NOTHING=1\""},
	{"alert http2 any any -> any any (http2.frametype:300; sid:1;)",
	 "f:1: sid 1: http2.frametype: it needs a frame type, not \"300\""},
	{"alert ike any any -> any any (ike.chosen_sa_attribute:nothing=1; sid:1;)",
	 "f:1: sid 1: ike.chosen_sa_attribute: it needs an attribute, = and a number, not "
	 "\"nothing=1\""},
	{"alert nfs any any -> any any (nfs_procedure:x; sid:1;)",
	 "f:1: sid 1: nfs_procedure: it needs a number of 32 bits, perhaps behind < > <= >= or "
	 "!, or a range like 1-9, that can both hold and fail, not \"x\""},
	{"alert dhcp any any -> any any (dhcp.leasetime:x; sid:1;)",
	 "f:1: sid 1: dhcp.leasetime: it needs a number of 64 bits, perhaps behind < > <= >= "
	 "or !, or a range like 1-9, that can both hold and fail, not \"x\""},
};

/* Options, in front of which stands `alert tcp any any -> any any (` and behind which stands
 * ` sid:1;)`; the problem is what stands behind "f:1: sid 1: ". */
static const struct broken options[] = {
	{"nonsense:1;", "nonsense: there is no such keyword"},
	{"content;", "content: its argument is missing"},
	{"content:;", "content: its argument is missing"},
	{"content:\"\";", "content: it is empty"},
	{"content:a;", "content: its argument must stand in \" \""},
	{"content:\"a;",
	 "content: the \" is not closed at the end of the option, perhaps for a missing or "
	 "unescaped ;"},
	{"content:\"|4|\";", "content: a byte between | | has only one digit"},
	{"content:\"|4g|\";", "content: g is no hexadecimal digit"},
	{"content:\"|41\";", "content: a | is not closed"},
	{"content:\"a\"b\";", "content: a \" inside must be written \\\""},
	{"content:\"\\a\";", "content: only : ; \\ and \" can follow a \\, not a"},
	{"content:\"a\"; content:\"b\"; nocase:1;", "nocase: it takes no argument"},
	{"nocase;", "nocase: there is no content before it"},
	{"content:\"a\"; nocase; nocase;", "nocase: it was given before for the same content"},
	{"depth:5;", "depth: there is no content before it"},
	{"content:\"abc\"; depth:2;", "depth: depth 2 is smaller than the content of 3 bytes"},
	{"content:\"abc\"; depth:x;",
	 "depth: \"x\" is neither a number nor a byte variable defined before"},
	{"content:\"abc\"; depth:70000;", "depth: 70000 is not in the range 0 to 65535"},
	{"content:\"abc\"; depth:5; depth:5;",
	 "depth: depth or startswith was given before for the same content"},
	{"content:\"abc\"; offset:-1;", "offset: -1 is not in the range 0 to 65535"},
	{"content:\"abc\"; offset:65536;", "offset: 65536 is not in the range 0 to 65535"},
	{"content:\"abc\"; offset:1; offset:2;",
	 "offset: it was given before for the same content"},
	{"content:\"abc\"; distance:1; offset:2;",
	 "offset: depth, offset and startswith do not go together with distance and within for "
	 "one content"},
	{"content:\"abc\"; offset:2; distance:1;",
	 "distance: distance and within do not go together with depth, offset and startswith "
	 "for one content"},
	{"content:\"abc\"; depth:5; within:5;",
	 "within: distance and within do not go together with depth, offset and startswith for "
	 "one content"},
	{"content:\"abc\"; within:2;", "within: within 2 is smaller than the content of 3 bytes"},
	{"content:\"abc\"; within:x;",
	 "within: \"x\" is neither a number nor a byte variable defined before"},
	{"content:\"abc\"; distance:3000000;",
	 "distance: 3000000 is not in the range -1048576 to 1048576"},
	{"content:\"abc\"; within:5; within:6;",
	 "within: it was given before for the same content"},
	{"distance:1;", "distance: there is no content before it"},
	{"within:1;", "within: there is no content before it"},
	{"offset:1;", "offset: there is no content before it"},
	{"content:\"abc\"; startswith; depth:5;",
	 "depth: depth or startswith was given before for the same content"},
	{"content:\"abc\"; startswith; offset:1;",
	 "offset: it does not go together with startswith"},
	{"content:\"abc\"; startswith; distance:1;",
	 "distance: distance and within do not go together with depth, offset and startswith "
	 "for one content"},
	{"content:\"abc\"; startswith; startswith;",
	 "startswith: depth or startswith was given before for the same content"},
	{"startswith;", "startswith: there is no content before it"},
	{"endswith;", "endswith: there is no content before it"},
	{"content:\"abc\"; offset:var;",
	 "offset: \"var\" is neither a number nor a byte variable defined before"},
	{"content:\"abc\"; depth:var;",
	 "depth: \"var\" is neither a number nor a byte variable defined before"},
	{"content:\"abc\"; fast_pattern; content:\"d\"; fast_pattern;",
	 "fast_pattern: only one content of a rule can have it"},
	{"content:\"abc\"; fast_pattern; fast_pattern;",
	 "fast_pattern: it was given before for the same content"},
	{"content:\"abc\"; fast_pattern:1,5;",
	 "fast_pattern: offset and length reach to 6, but the content has 3 bytes"},
	{"content:\"abc\"; fast_pattern:1;",
	 "fast_pattern: only \"only\" or an offset and a length can follow"},
	{"content:\"abc\"; fast_pattern:wrong;",
	 "fast_pattern: only \"only\" or an offset and a length can follow"},
	{"content:\"abc\"; distance:1; fast_pattern:only;",
	 "fast_pattern: only does not go together with a negated content or one that has a "
	 "position"},
	{"fast_pattern;", "fast_pattern: there is no content before it"},
	{"rawbytes;", "rawbytes: there is no content of the payload before it"},
	{"content:\"a\"; http_uri; rawbytes;",
	 "rawbytes: there is no content of the payload before it"},
	{"http_uri;", "http_uri: there is no content before it"},
	{"content:\"a\"; rawbytes; http_uri;", "http_uri: it does not go together with rawbytes"},
	{"content:\"a\"; http_uri; http_header;", "http_header: there is no content before it"},
	{"content:\"a\"; http_uri; http_uri;", "http_uri: there is no content before it"},
	{"http.uri; content:\"a\"; http_header;",
	 "http_header: a sticky buffer is in force; pkt_data ends it"},
	{"http.uri;", "nothing is matched in the buffer http.uri"},
	{"http.uri; to_lowercase; http.header; content:\"a\";",
	 "http.header: nothing is matched after the transforms before it"},
	{"to_lowercase;", "to_lowercase: a transform must directly follow a sticky buffer"},
	{"http.uri; to_lowercase;", "nothing is matched in the buffer http.uri"},
	{"http.uri; to_lowercase; content:\"A\";",
	 "content: the buffer can never hold these bytes after its transforms"},
	{"http.uri; strip_whitespace; content:\"a b\";",
	 "content: the buffer can never hold these bytes after its transforms"},
	{"http.header.raw; content:\"a\";",
	 "http.header.raw needs flow:to_server or flow:to_client"},
	{"http.method; content:\" GET\";",
	 "a content of http.method must have no blank at its ends"},
	{"http.host; content:\"UPPER\";",
	 "a content of http.host must have lower case without nocase, as the buffer always is"},
	{"http.host; content:\"a\"; nocase;",
	 "a content of http.host must have lower case without nocase, as the buffer always is"},
	{"content:\"UPPER\"; http_host;",
	 "a content of http.host must have lower case without nocase, as the buffer always is"},
	{"http.stat_code; content:\"1\"; http.uri; content:\"a\";",
	 "keywords of both directions stand together"},
	{"http.uri; content:\"a\"; bsize:0;", "the contents need 1 bytes, but bsize allows 0"},
	{"http.uri; content:\"abc\"; bsize:2;", "the contents need 3 bytes, but bsize allows 2"},
	{"bsize:5;", "bsize: a sticky buffer must stand before it"},
	{"http.uri; bsize:x; content:\"a\";",
	 "bsize: it needs a number of 64 bits, perhaps behind < > <= >= or !, or a range like "
	 "1-9, that can both hold and fail, not \"x\""},
	{"http.uri; bsize:5<>5; content:\"a\";",
	 "bsize: it needs a number of 64 bits, perhaps behind < > <= >= or !, or a range like "
	 "1-9, that can both hold and fail, not \"5<>5\""},
	{"pcre:\"abc\";", "pcre: the expression must stand between two /"},
	{"pcre:\"/abc\";", "pcre: the expression must stand between two /"},
	{"pcre:\"/(/\";",
	 "pcre: the expression is not valid: missing closing parenthesis at offset 1"},
	{"pcre:\"/a/z\";", "pcre: there is no modifier z"},
	{"pcre:\"/a/UH\";", "pcre: only one modifier can choose a buffer"},
	{"pcre:\"/[z-a]/\";",
	 "pcre: the expression is not valid: range out of order in character class at offset 3"},
	{"pcre:\"/a/RB\"; pcre:\"/(?<x/\";",
	 "pcre: R needs a content or pcre before it in the same buffer"},
	{"http.uri; pcre:\"/a/H\";",
	 "pcre: its modifier chooses http.header, but another buffer is in force"},
	{"pcre:\"/(a)/, foo:bar\";", "pcre: there is no modifier ,"},
	{"byte_test:1,=,1;",
	 "byte_test: it needs a number of bytes, an operator, a value and an offset, then "
	 "options, with commas between"},
	{"byte_test:9,=,1,0;",
	 "byte_test: 9 bytes are more than 8, which is the most without \"string\""},
	{"byte_test:1,~,1,0;", "byte_test: \"~\" is no operator; =, !=, <, >, <=, >=, & and ^ are"},
	{"byte_test:1,=,x,0;",
	 "byte_test: \"x\" is neither a number nor a byte variable defined before"},
	{"byte_test:1,=,1,x;",
	 "byte_test: \"x\" is neither a number nor a byte variable defined before"},
	{"byte_test:1,=,1,0,nothing;", "byte_test: \"nothing\" is no option of it"},
	{"byte_test:1,=,1,0,hex;", "byte_test: a base needs \"string\""},
	{"byte_test:24,=,1,0,string,dec;",
	 "byte_test: 24 bytes are more than 23, which is the most with \"string\""},
	{"byte_jump:1;",
	 "byte_jump: it needs a number of bytes and an offset, then options, with commas "
	 "between"},
	{"byte_jump:9,0;",
	 "byte_jump: 9 bytes are more than 8, which is the most without \"string\""},
	{"byte_jump:1,0,from_beginning,from_end;",
	 "byte_jump: from_beginning and from_end do not go together"},
	{"byte_jump:1,x;",
	 "byte_jump: \"x\" is neither a number nor a byte variable defined before"},
	{"byte_jump:1,0,wrong;", "byte_jump: \"wrong\" is no option of it"},
	{"byte_jump:1,0,multiplier 0;", "byte_jump: the multiplier must be 1 to 65535, not \"0\""},
	{"byte_extract:1,0;",
	 "byte_extract: it needs a number of bytes, an offset and a name, then options, with "
	 "commas between"},
	{"byte_extract:9,0,v;",
	 "byte_extract: 9 bytes are more than 8, which is the most for this form"},
	{"byte_extract:1,0,v,align 3;", "byte_extract: align must be 2 or 4, not \"3\""},
	{"byte_extract:1,0,v,multiplier 0;",
	 "byte_extract: the multiplier must be 1 to 65535, not \"0\""},
	{"byte_math:bytes 1;",
	 "byte_math: offset is missing; it needs bytes, offset, oper, rvalue and result"},
	{"byte_math:bytes 1,offset 0,oper %,rvalue 1,result r;",
	 "byte_math: \"%\" is no operator; +, -, *, /, << and >> are"},
	{"byte_math:bytes 11,offset 0,oper +,rvalue 1,result r;",
	 "byte_math: bytes must be 1 to 10, not 11"},
	{"byte_math:bytes 1,offset 0,oper +,rvalue x,result r;",
	 "byte_math: \"x\" is neither a number nor a byte variable defined before"},
	{"byte_math:bytes 1,offset 0,oper +,rvalue 1,result r,endian middle;",
	 "byte_math: endian must be big or little, not \"middle\""},
	{"isdataat:x;", "isdataat: \"x\" is neither a number nor a byte variable defined before"},
	{"isdataat:70000;", "isdataat: the position must be 0 to 65535, not \"70000\""},
	{"isdataat:1,sideways;",
	 "isdataat: it needs a position, then perhaps \"relative\", then perhaps \"rawbytes\""},
	{"isdataat;", "isdataat: its argument is missing"},
	{"dsize:x;",
	 "dsize: it needs a number of 16 bits, perhaps behind < > <= >= or !, or a range like "
	 "1-9, that can both hold and fail, not \"x\""},
	{"dsize:5<>5;",
	 "dsize: it needs a number of 16 bits, perhaps behind < > <= >= or !, or a range like "
	 "1-9, that can both hold and fail, not \"5<>5\""},
	{"content:\"abcdef\"; dsize:3;", "the contents need 6 bytes, but dsize allows 3"},
	{"dsize:1; dsize:2;", "dsize: it was given before"},
	{"base64_data; content:\"a\";", "base64_data: base64_decode must stand before it"},
	{"base64_decode:bytes x;",
	 "base64_decode: only \"bytes\" with at most 65535, \"offset\" with a number and "
	 "\"relative\" can stand there"},
	{"flags:Q;",
	 "flags: it needs letters of F S R P A U E C 1 2 or 0, perhaps with one of + * !, then "
	 "perhaps a comma and letters to ignore"},
	{"flags;", "flags: its argument is missing"},
	{"ttl:256;",
	 "ttl: it needs a number of 8 bits, perhaps behind < > <= >= or !, or a range like "
	 "1-9, that can both hold and fail, not \"256\""},
	{"ttl:x;",
	 "ttl: it needs a number of 8 bits, perhaps behind < > <= >= or !, or a range like "
	 "1-9, that can both hold and fail, not \"x\""},
	{"tos:256;",
	 "tos: it must be a number from 0 to 255 (x and hexadecimal digits, or decimal), not "
	 "\"256\""},
	{"id:65536;", "id: it must be a number from 0 to 65535, not \"65536\""},
	{"ip_proto:256;", "ip_proto: \"256\" is no IP protocol (a number from 0 to 255 or a name)"},
	{"ip_proto:nothing;",
	 "ip_proto: \"nothing\" is no IP protocol (a number from 0 to 255 or a name)"},
	{"ipopts:nothing;", "ipopts: \"nothing\" is no IP option it knows"},
	{"fragbits:X;", "fragbits: it needs letters of M, D and R, perhaps with one of + * !"},
	{"fragoffset:x;",
	 "fragoffset: it must be a number from 0 to 65535, perhaps behind < or >, not \"x\""},
	{"seq:x;", "seq: it must be a number from 0 to 4294967295, not \"x\""},
	{"ack:4294967296;", "ack: it must be a number from 0 to 4294967295, not \"4294967296\""},
	{"window:x;", "window: it must be a number from 0 to 65535, not \"x\""},
	{"tcp.mss:x;",
	 "tcp.mss: it needs a number of 16 bits, perhaps behind < > <= >= or !, or a range "
	 "like 1-9, that can both hold and fail, not \"x\""},
	{"icmp_id:x;", "icmp_id: it must be a number from 0 to 65535, not \"x\""},
	{"icmp_seq:70000;", "icmp_seq: it must be a number from 0 to 65535, not \"70000\""},
	{"stream_size:both,~,5;",
	 "stream_size: it needs client, server, both or either, one of < > = != <= >=, and a "
	 "number of 32 bits"},
	{"stream_size:nobody,=,5;",
	 "stream_size: it needs client, server, both or either, one of < > = != <= >=, and a "
	 "number of 32 bits"},
	{"flow:nowhere;", "flow: there is no word nowhere for it"},
	{"flow:to_server,to_client;", "flow: to_client contradicts or repeats another word of it"},
	{"flow:established,not_established;",
	 "flow: not_established contradicts or repeats another word of it"},
	{"flow:established,stateless;",
	 "flow: stateless contradicts or repeats another word of it"},
	{"flow:established; flow:established;", "flow: it was given before"},
	{"flow:no_stream,only_stream;",
	 "flow: only_stream contradicts or repeats another word of it"},
	{"flow.age:x;",
	 "flow.age: it needs a number of 32 bits, perhaps behind < > <= >= or !, or a range "
	 "like 1-9, that can both hold and fail, not \"x\""},
	{"flowbits:isset;", "flowbits: a name is missing"},
	{"flowbits:wrong,a;",
	 "flowbits: \"wrong\" is none of set, unset, toggle, isset, isnotset and noalert"},
	{"flowbits:set,a b;", "flowbits: a name cannot hold blanks"},
	{"flowbits:set;", "flowbits: a name is missing"},
	{"flowbits:noalert,a;", "flowbits: noalert has no name"},
	{"flowint:a,+,1;",
	 "flowint: it needs a name and isset or isnotset, or a name, one of = + - == != < <= > "
	 ">= and a number or name"},
	{"flowint:name,~,1;",
	 "flowint: it needs a name and isset or isnotset, or a name, one of = + - == != < <= > "
	 ">= and a number or name"},
	{"hostbits:set;", "hostbits: it needs a command and a name, then perhaps src or dst"},
	{"xbits:set,a;",
	 "xbits: it needs a command, a name, \"track\" with what, then perhaps \"expire\" with "
	 "seconds"},
	{"xbits:set,a,track nobody;",
	 "xbits: track must be ip_src, ip_dst or ip_pair, not \"nobody\""},
	{"xbits:set,a,track ip_src,expire 0;", "xbits: expire needs a number of seconds above 0"},
	{"threshold:type limit;", "threshold: track is missing"},
	{"threshold:type never,track by_src,count 1,seconds 1;",
	 "threshold: it needs type limit, threshold or both, track by_src, by_dst, by_both or "
	 "by_rule, count and seconds, each once"},
	{"detection_filter:track by_src,count 1;", "detection_filter: seconds is missing"},
	{"detection_filter:track by_src,count 1,seconds 1; threshold:type limit,track "
	 "by_src,count 1,seconds 1;",
	 "threshold: it does not go together with detection_filter"},
	{"priority:x;", "priority: it must be a number, not \"x\""},
	{"rev:x;", "rev: it must be a number from 0 to 4294967295, not \"x\""},
	{"rev:1; rev:2;", "rev: it was given before"},
	{"gid:x;", "gid: it must be a number from 0 to 4294967295, not \"x\""},
	{"msg:a;", "msg: its argument must stand in \" \""},
	{"msg:\"a\"; msg:\"b\";", "msg: it was given before"},
	{"reference:cve;", "reference: it needs a kind, a comma and the reference"},
	{"metadata:;", "metadata: its argument is missing"},
	{"target:nobody;", "target: it must be src_ip or dest_ip, not \"nobody\""},
	{"tag:session,10;",
	 "tag: it needs session or host, then perhaps a count and packets, bytes or seconds, "
	 "then perhaps src or dst"},
	{"tag:nobody,10,packets;",
	 "tag: it needs session or host, then perhaps a count and packets, bytes or seconds, "
	 "then perhaps src or dst"},
	{"noalert:1;", "noalert: it takes no argument"},
	{"bypass:1;", "bypass: it takes no argument"},
	{"app-layer-protocol:nothing;",
	 "app-layer-protocol: \"nothing\" is no application protocol"},
	{"app-layer-event:nothing;", "app-layer-event: there is no event nothing"},
	{"decode-event:nothing;", "decode-event: there is no event nothing"},
	{"stream-event:nothing;", "stream-event: there is no event nothing"},
	{"geoip:dst;", "geoip: a country is missing"},
	{"iprep:src,Cat,>,300;",
	 "iprep: it needs any, src, dst or both, a category, one of < > = and a score from 0 "
	 "to 127"},
	{"http.uri; dataset:isset;",
	 "dataset: it needs set, unset, isset or isnotset, then a name"},
	{"http.uri; dataset:never,a,type string;",
	 "dataset: it needs set, unset, isset or isnotset, then a name"},
	{"http.uri; dataset:isset,a,type number;", "dataset: there is no type \"number\""},
	{"dataset:isset,a,type string;", "dataset: a sticky buffer must stand before it"},
	{"config:logging disable;", "config: it needs \"logging disable, type ..., scope ...\""},
	{"dns.rcode:1;", "dns.rcode: there is no such keyword in this release (lang=8 has it)"},
	{"content:\"abc\"; within:5; startswith;",
	 "startswith: depth, offset and startswith do not go together with distance and within "
	 "for one content"},
	{"content:\"abc\"; offset:3; startswith;",
	 "startswith: it does not go together with offset"},
	{"uricontent:\"a\"; http_header;", "http_header: there is no content before it"},
	{"content:\"a\"; depth:65536;", "depth: 65536 is not in the range 0 to 65535"},
	{"http.uri; content:\"a\"; within:-5;",
	 "within: within -5 is smaller than the content of 1 bytes"},
	{"pcre:\"/a/PP\";", "pcre: only one modifier can choose a buffer"},
	{"http.uri; xor:\"0g\"; content:\"a\";", "xor: g is no hexadecimal digit"},
	{"http.uri; xor:\"abc\"; content:\"a\";",
	 "xor: the key must be 1 to 255 bytes of two hexadecimal digits each"},
	{"http.uri; pcrexform:\"(\"; content:\"a\";",
	 "pcrexform: the expression is not valid: missing closing parenthesis at offset 1"},
	{"http.uri; pcrexform:\"abc\"; content:\"a\";",
	 "pcrexform: the expression must have exactly one group, not 0"},
	{"http.uri; url_decode:1; content:\"a\";", "url_decode: it takes no argument"},
	{"byte_jump:4,0,multiplier 70000;",
	 "byte_jump: the multiplier must be 1 to 65535, not \"70000\""},
	{"byte_jump:4,0,post_offset x;",
	 "byte_jump: post_offset must be -65535 to 65535, not \"x\""},
	{"byte_test:4,=,1,0,bitmask x;",
	 "byte_test: \"x\" is no mask of at most 32 bits in hexadecimal"},
	{"byte_test:1,=,1,0,string,oct,extra;", "byte_test: \"extra\" is no option of it"},
	{"byte_extract:4,0,v,string,float;", "byte_extract: \"float\" is no option of it"},
	{"byte_math:bytes 1,offset 0,oper +,rvalue 1;",
	 "byte_math: result is missing; it needs bytes, offset, oper, rvalue and result"},
	{"byte_math:bytes 1,offset 0,oper +,rvalue 1,result r,bitmask x;",
	 "byte_math: \"x\" is no mask of at most 32 bits in hexadecimal"},
	{"base64_decode:offset x;",
	 "base64_decode: only \"bytes\" with at most 65535, \"offset\" with a number and "
	 "\"relative\" can stand there"},
	{"base64_decode; base64_data; base64_data; content:\"a\";",
	 "base64_data: it was given before"},
	{"icmpv6.mtu:x;",
	 "icmpv6.mtu: it needs a number of 32 bits, perhaps behind < > <= >= or !, or a range "
	 "like 1-9, that can both hold and fail, not \"x\""},
	{"ssl_version:tls9;",
	 "ssl_version: it needs sslv2, sslv3, tls1.0 to tls1.3, all or none behind !, not "
	 "\"tls9\""},
	{"tls.fingerprint:\"aa\";",
	 "a content of tls.cert_fingerprint must have 20 bytes of two digits with : between"},
	{"tls_cert_notbefore:yesterday;",
	 "tls_cert_notbefore: it needs a time like 2015-10-22 23:59:59, < > or <> with it, not "
	 "\"yesterday\""},
	{"ssh.protoversion:x.y.z.w;",
	 "ssh.protoversion: it needs a version like 2.0, or 2_compat, not \"x.y.z.w\""},
	{"geoip:sideways,DE;", "geoip: \"sideways\" is no country of two letters"},
	{"tcpv4-csum:maybe;", "tcpv4-csum: it must be valid or invalid, not \"maybe\""},
	{"rpc:x;", "rpc: it needs a program number, then perhaps a version and a procedure, each a "
		   "number or *"},
	{"asn1:nothing;", "asn1: it needs bitstring_overflow, double_overflow, or oversize_length, "
			  "absolute_offset or relative_offset with a number"},
	{"nfq_set_mark:x;", "nfq_set_mark: it needs a mark, a / and a mask"},
	{"l3_proto:ipv5;", "l3_proto: it must be ipv4 or ipv6, not \"ipv5\""},
	{"flowvar:name;", "flowvar: it needs a name, a comma and the bytes it must hold"},
	{"pktvar:name;", "pktvar: it needs a name, a comma and the bytes it must hold"},
	{"flow:established,to_client; http.uri; content:\"a\";",
	 "the rule is for the direction to the client, but a keyword exists only in the other "
	 "one"},
	{"datarep:a;", "datarep: it needs a name, one of < > == and a number from 0 to 65535"},
	{"target:src_ip; target:dest_ip;", "target: it contradicts the target given before"},
	{"tag:host,10,cups,src;",
	 "tag: it needs session or host, then perhaps a count and packets, bytes or seconds, "
	 "then perhaps src or dst"},
};

static void refused(const char *rule, const char *problem)
{
	struct lang_set *set = lang_set_new();

	assert_int_equal(lang_load_bytes(slice_of(rule), "f", NULL, NULL, set), ERR_OK);
	if (set->count != 0 || set->nproblems != 1 || strcmp(set->problems[0].text, problem) != 0)
		fail_msg("%s\n  is:     %s\n  not:    %s", rule,
			 set->nproblems ? set->problems[0].text : "loaded", problem);
	assert_int_equal(set->failed, 1);
	lang_set_free(set);
}

static void whole_rules(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		refused(rules[i].rule, rules[i].problem);
}

static void single_options(void **state)
{
	char rule[512], problem[512];

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		snprintf(rule, sizeof(rule), "alert tcp any any -> any any (%s sid:1;)",
			 options[i].rule);
		snprintf(problem, sizeof(problem), "f:1: sid 1: %s", options[i].problem);
		refused(rule, problem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_rules),
		cmocka_unit_test(single_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

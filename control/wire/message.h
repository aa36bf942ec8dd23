/* What programs say to each other, as plain C. banken.proto is the same on the wire; only this
 * folder sees generated protobuf. See README.md for how to send and receive.
 *
 * Units: times are nanoseconds since 1970-01-01 UTC (0 = not known); durations are seconds.
 * Absent: text "" (NULL is written as ""), numbers 0, addresses all zero, lists n == 0, enums 0.
 * Ownership: when sending, everything pointed to stays the caller's; a decoded message owns all it
 * points to until message_free. Text from a peer is valid UTF-8 without NUL but otherwise hostile:
 * escape it where it is shown. A struct only ever gains members. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

struct text_list {
	const char **items;
	size_t n;
};

struct addr_list {
	struct ip_addr *items;
	size_t n;
};

/* ---- hosts and flows ---- */

enum host_side { HOST_SIDE_UNSPECIFIED, HOST_SIDE_INSIDE, HOST_SIDE_OUTSIDE };

/* A host as it was known at the time. */
struct host_ident {
	struct mac_addr mac;
	struct ip_addr ip;
	uint32_t vlan; /* 0: untagged */
	const char *name;
	enum host_side side;
	const char *user;
	const char *vendor;	 /* of the MAC */
	const char *switch_name; /* port binding, when learnt */
	const char *switch_port;
	const char *os;	  /* operating system */
	const char *role; /* "printer", "file-server", ... */
};

struct flow_tuple {
	struct ip_addr src, dst; /* src opened the flow */
	uint32_t src_port, dst_port;
	uint32_t proto; /* IANA number */
	uint32_t vlan;	/* outermost, 0: untagged */
	const char *community_id;
	const char *app_proto; /* as in EVE */
	uint64_t flow_id;      /* as in EVE */
	const char *in_iface;
};

/* ---- alerts ---- */

/* EVE's numbers; 1 is the highest. */
enum severity {
	SEVERITY_UNSPECIFIED,
	SEVERITY_HIGH,
	SEVERITY_MEDIUM,
	SEVERITY_LOW,
	SEVERITY_INFO,
};

enum confidence {
	CONFIDENCE_UNSPECIFIED,
	CONFIDENCE_POTENTIAL,
	CONFIDENCE_KNOWN,
};

/* Where the packets and bytes of a hit are (E1, E2). */
struct evidence_ref {
	const char *file;      /* pcapng on the sensor, "" when none was kept */
	uint64_t packet;       /* number of the packet that matched, from 1 */
	const char *buffer;    /* what was matched, e.g. "http.uri" */
	uint64_t offset;       /* of the match in that buffer, bytes */
	struct slice matched;  /* the matched bytes, bounded */
	const char *rule_text; /* as loaded */
	const char *sha256;    /* of a file concerned, hex */
	const char *file_name; /* as the traffic named it */
};

struct alert {
	const char *id; /* unique over all sensors and restarts; doubles are dropped by it */
	uint64_t time;
	struct host_ident host;	  /* the one to act on (the infected or attacking inside host) */
	struct host_ident peer;	  /* the other end */
	bool host_is_source;	  /* host is flow.src */
	bool handshake_completed; /* Q8: the addresses are proven by a TCP handshake */
	struct flow_tuple flow;
	uint32_t gid, sid, rev; /* gid 2: behaviour */
	const char *msg;
	const char *classtype; /* short name, e.g. "trojan-activity" */
	const char *category;  /* classification's text as in EVE */
	enum severity severity;
	enum confidence confidence;
	struct text_list tactics;    /* ATT&CK, e.g. "TA0011" */
	struct text_list techniques; /* ATT&CK, e.g. "T1071.001" */
	struct text_list reasons;    /* behaviour: sentences with their figures */
	const char *url;	     /* or host name concerned, "" when none */
	const char *source;	     /* "" our own; else the external product (Q15) */
	struct evidence_ref evidence;
	struct slice eve; /* the EVE record, one JSON object without a newline */
	bool to_client;	  /* the bytes that matched came from who did not open the flow */
};

/* Of the pack self-test: it proves a way, and is nobody's deed. */
enum { SELF_TEST_SID_NAME = 9000010, SELF_TEST_SID_DATAGRAM };
static inline bool alert_is_self_test(const struct alert *a)
{
	return a->gid == 1 && (a->sid == SELF_TEST_SID_NAME || a->sid == SELF_TEST_SID_DATAGRAM);
}

/* ---- other reports ---- */

struct flow_summary {
	struct flow_tuple flow;
	uint64_t start, end;
	uint64_t packets_to_server, packets_to_client;
	uint64_t bytes_to_server, bytes_to_client;
	const char *state;
	const char *reason; /* why it ended, as in EVE */
	bool alerted;
	/* Other record kinds travel here too: EVE's event_type ("flow", "dns", "http", ...). */
	const char *event_type;
	struct slice eve;
	const char *id; /* record id, as alert.id */
};

enum host_fact_kind {
	HOST_FACT_UNSPECIFIED,
	HOST_FACT_SEEN, /* MAC and IP belong together */
	HOST_FACT_NAME,
	HOST_FACT_USER,
	HOST_FACT_OS,
	HOST_FACT_ROLE,
	HOST_FACT_PORT,
	HOST_FACT_LEFT,	  /* MAC and IP no longer belong together */
	HOST_FACT_CLIENT, /* fingerprint of a program that speaks TLS there: JA4 */
};

/* One fact with its source and age (E3). */
struct host_fact {
	struct host_ident host;
	enum host_fact_kind kind;
	const char *value;
	const char *source; /* "arp", "dhcp", "packet", "mdns", ... */
	uint64_t first_seen, last_seen;
	enum confidence confidence;
};

struct named_count {
	const char *name;
	uint64_t value;
	bool estimated; /* D10: not counted by the driver but concluded */
};

struct named_count_list {
	struct named_count *items;
	size_t n;
};

struct component_version {
	const char *component; /* "banken-dataplane", "rules", ... */
	const char *version;
};

struct component_version_list {
	struct component_version *items;
	size_t n;
};

/* One lane of one worker's way to control. */
struct ring_health {
	const char *name; /* "worker-0 alert" */
	uint64_t written, lost;
	uint64_t fill, size; /* bytes */
};

struct ring_health_list {
	struct ring_health *items;
	size_t n;
};

struct spool_health {
	const char *destination;
	uint64_t records, bytes, limit; /* waiting; bytes of the limit */
	uint64_t oldest;		/* time of the oldest record waiting */
	uint64_t dropped_alerts, dropped_records;
	bool disk_full;
};

struct spool_health_list {
	struct spool_health *items;
	size_t n;
};

/* Counters run from the dataplane's start. rx_packets = processed + sum of drops (D10). */
struct sensor_health {
	uint64_t uptime;	   /* of control, seconds */
	uint64_t dataplane_uptime; /* seconds; 0: not running */
	bool dataplane_alive;	   /* its heartbeat is younger than 3 s */
	uint64_t rx_packets, rx_bytes, processed;
	struct named_count_list drops;	  /* by reason */
	struct named_count_list counters; /* all others */
	struct ring_health_list rings;
	struct text_list span; /* state of the mirror port in sentences (D9) */
	struct component_version_list versions;
	struct spool_health_list spools;
	uint64_t rules_loaded, rules_skipped, rules_failed;
	const char *config_version;
	double cpu_share; /* of control, 0..1 of one core */
	uint64_t memory_bytes;
	uint64_t disk_free_bytes;
	struct text_list problems; /* what an operator must know, one sentence each */
};

/* What was seen of a watched host so far (Q9); every 200 ms while a watch runs. */
struct watch_result {
	const char *command_id;
	struct host_ident host;
	uint64_t since, until; /* the time this covers */
	uint64_t attempts;     /* frames from the host to non-exempt peers */
	/* Frames to the host from non-exempt peers that answer what it sent after `since`: a
	 * SYN-ACK, an ACK of new bytes, a datagram back. A peer's retransmission of older bytes is
	 * none: the mirror copies it although the cut drops it. */
	uint64_t answers;
	uint64_t sessions;	  /* TCP sessions with non-exempt peers that went on both ways */
	uint64_t exempt_attempts; /* frames from the host to exempt peers */
	uint64_t exempt_answers;
	uint64_t first_attempt, last_attempt;
	uint64_t first_answer, last_answer;
	struct ip_addr last_peer; /* the last non-exempt peer that answered */
	bool blind;		  /* the sensor cannot say: `blind_reason` */
	const char *blind_reason;
	uint32_t number; /* runs up from 1 for this watch */
};

enum report_kind {
	REPORT_NONE,
	REPORT_ALERT,
	REPORT_FLOW,
	REPORT_HOST_FACT,
	REPORT_HEALTH,
	REPORT_WATCH,
};

/* Sensor to mitigator and centre. */
struct report {
	uint64_t sequence;  /* the sensor's running number over all reports */
	const char *sensor; /* the name in its certificate */
	uint64_t time;
	enum report_kind kind;
	union {
		struct alert alert;
		struct flow_summary flow;
		struct host_fact host_fact;
		struct sensor_health health;
		struct watch_result watch;
	};
};

/* ---- commands ---- */

enum command_action {
	COMMAND_UNSPECIFIED,
	COMMAND_QUARANTINE, /* until a person releases */
	COMMAND_BLOCK,	    /* until the next judgement; ends by itself */
	COMMAND_RESET,	    /* end the sessions going on, nothing more */
	COMMAND_RELEASE,
	COMMAND_RECOVER,
};

/* Why a host is cut; permit at Safe lifts a policy cut, never a threat cut (Q3). */
enum command_cause {
	COMMAND_CAUSE_UNSPECIFIED,
	COMMAND_CAUSE_THREAT,
	COMMAND_CAUSE_POLICY,
	COMMAND_CAUSE_MANUAL,
	COMMAND_CAUSE_VENDOR, /* by the vendor under the customer's mandate (Q13) */
};

enum command_scope {
	COMMAND_SCOPE_UNSPECIFIED,
	COMMAND_SCOPE_FULL,	     /* only exempt addresses stay reachable */
	COMMAND_SCOPE_INTERNAL_ONLY, /* exempt and `internal` addresses stay reachable (Q5) */
};

/* Travels signed (sign.h): a receiver acts only on what sign_check accepted, and on each
 * command_id once. */
struct quarantine_command {
	const char *command_id;
	enum command_action action;
	enum command_cause cause;
	struct host_ident host;	   /* switch_name and switch_port: the learnt binding */
	struct addr_list more_ips; /* further addresses of the same host */
	enum command_scope scope;
	const char *method;	   /* driver, e.g. "enforcer", "openvswitch", "reset" */
	const char *target;	   /* which enforcer or switch, "" = the one that has the host */
	struct text_list exempt;   /* addresses or prefixes left reachable, "10.0.0.5/32" */
	struct text_list internal; /* prefixes that INTERNAL_ONLY leaves reachable */
	uint64_t issued;	   /* by the mitigator */
	uint64_t order_expires;	   /* after that the order must not be begun any more */
	uint64_t lease_expires;	   /* the cut ends by itself then; 0: it never does (Q8) */
	uint64_t review;	   /* a person must look by then; changes nothing by itself */
	const char *reason;	   /* one sentence */
	const char *threat_id;
	const char *replaces; /* RELEASE: the command that is undone, "" = whatever cuts the host */
	const char *issuer;   /* program and name */
	const char *actor;    /* the person, or "automatic" */
};

/* Q9's life cycle. */
enum command_state {
	COMMAND_STATE_UNSPECIFIED,
	COMMAND_STATE_REQUESTED,
	COMMAND_STATE_HELD, /* asks a person */
	COMMAND_STATE_SENT,
	COMMAND_STATE_ACKED,
	COMMAND_STATE_VERIFIED,
	COMMAND_STATE_STILL_SEEN,
	COMMAND_STATE_QUIET, /* no attempt: unproven */
	COMMAND_STATE_FAILED,
	COMMAND_STATE_EXPIRED,
	COMMAND_STATE_RELEASED,
	COMMAND_STATE_OUTSIDE_POLICY,
	COMMAND_STATE_EXCEPTION,
	COMMAND_STATE_REFUSED,	 /* by the receiver: signature, expiry, protected, double */
	COMMAND_STATE_RELEASING, /* released or ended, not every method has confirmed */
};

struct command_status {
	const char *command_id;
	enum command_state state;
	uint64_t time;
	const char *actor;  /* program and name, or the person */
	const char *reason; /* one sentence */
	const char *method;
	struct host_ident host;
	uint64_t drops; /* the enforcer's drop counter for the host, frames */
	uint64_t sessions_cut;
};

/* Mitigator to sensor: count what the host does from now on. The same command_id again extends
 * it. Signed. */
struct watch_order {
	const char *command_id;
	struct host_ident host;
	struct text_list exempt; /* as in the command */
	uint64_t issued, expires;
	bool stop;
};

/* Mitigator to sensor: end the host's sessions from the response port. Signed. */
struct reset_order {
	const char *command_id;
	struct host_ident host;
	bool one_flow; /* only `flow`, else every flow of the host not exempt */
	struct flow_tuple flow;
	struct text_list exempt;
	uint64_t issued, order_expires;
	uint64_t keep_until; /* new sessions are reset too until then; 0: only those going on; past:
				let go */
};

/* ---- events and state for the centre ---- */

enum event_number {
	EVENT_NUMBER_UNSPECIFIED = 0,
	EVENT_THREAT_DETECTED = 1188,
	EVENT_HOST_CUT = 1190,
};

/* Q1. */
struct event {
	enum event_number number;
	const char *id;
	uint64_t time;
	struct host_ident host;
	const char *name; /* of the threat */
	enum severity severity;
	const char *category;
	const char *url;
	const char *threat_id;
	const char *alert_id;	/* that led to it */
	const char *command_id; /* 1190 */
	const char *mode;	/* "monitor", "notify", "approve", "automatic" */
	const char *text;	/* one sentence */
	bool test;		/* of a self-test (C4) */
};

/* Judgement levels, P1. */
enum level { LEVEL_UNSPECIFIED, LEVEL_SAFE, LEVEL_CAUTION, LEVEL_WARNING, LEVEL_DANGER };

struct host_state {
	const char *id; /* the mitigator's */
	struct host_ident host;
	enum level level;
	uint64_t level_since;
	uint64_t first_seen, last_seen;
	uint64_t alerts;
	bool is_protected; /* Q6 */
	const char *protected_reason;
	const char *cut; /* command_id of the cut in force, "" when none */
};

struct host_state_list {
	struct host_state *items;
	size_t n;
};

struct incident_step {
	uint64_t time;
	const char *stage; /* kill chain: "delivery", "command-and-control", ... */
	const char *text;
	const char *alert_id;
	const char *technique;
	const char *text_ja; /* as `text`, in Japanese */
	uint64_t last;	     /* seen; `time` is when first */
	uint64_t hits;
	const char *peer; /* the other end, as text */
};

struct incident_step_list {
	struct incident_step *items;
	size_t n;
};

/* Alerts of one host that belong together (D7). */
struct incident_state {
	const char *id;
	const char *host_id;
	struct host_ident host;
	uint64_t opened, updated, closed;
	const char *state; /* NIST SP 800-61: "detected", "contained", ... */
	const char *title;
	enum severity severity;
	double risk;
	const char *root_cause;
	struct incident_step_list steps;
	struct text_list handling; /* recommended, in order */
	struct text_list linked;   /* incidents of other hosts */
	const char *threat_id;
	const char *root_cause_ja;
	struct text_list handling_ja;
	struct text_list affected; /* further hosts concerned, as text */
	const char *attacker;	   /* who did it and to whom, as text */
	const char *victim;
	struct text_list techniques; /* ATT&CK */
	enum level level;	     /* by the risk table */
};

struct incident_state_list {
	struct incident_state *items;
	size_t n;
};

struct state_change {
	enum command_state state;
	uint64_t time;
	const char *actor;
	const char *reason;
};

struct state_change_list {
	struct state_change *items;
	size_t n;
};

struct quarantine_state {
	struct quarantine_command command;
	enum command_state state;
	struct state_change_list history;
	uint64_t detected, reported, ordered, acked, verified, released; /* times */
};

struct quarantine_state_list {
	struct quarantine_state *items;
	size_t n;
};

/* P6. */
struct judgement {
	const char *host_id;
	struct host_ident host;
	uint64_t time;
	enum level level;
	uint32_t count; /* P2 */
	const char *trigger;
	struct text_list actions; /* that fired */
	const char *policy;	  /* its version */
};

struct judgement_list {
	struct judgement *items;
	size_t n;
};

/* Mitigator to centre: what changed since the last one; `full` = everything there is. */
struct mitigator_state {
	uint64_t time;
	const char *mitigator;
	bool full;
	struct host_state_list hosts;
	struct incident_state_list incidents;
	struct quarantine_state_list quarantines;
	struct judgement_list judgements;
	const char *mode;
	const char *policy; /* its version */
	struct text_list problems;
	struct component_version_list versions;
	uint64_t uptime;
	bool kill_switch;
	const char *mandate; /* what the customer allows, as JSON (mitigator/vendor/mandate.h) */
	const char *policy_text; /* its YAML, when the centre has not got it; "" as before */
};

/* ---- configuration and enrolment ---- */

enum config_kind {
	CONFIG_UNSPECIFIED,
	CONFIG_PROGRAM,	   /* the receiver's own YAML */
	CONFIG_RULES,	   /* a rule bundle */
	CONFIG_EXCEPTIONS, /* P9 */
	CONFIG_LISTS,	   /* D4 */
	CONFIG_POLICY,	   /* P1 */
};

/* Signed. The receiver keeps the old when the new is refused. */
struct config_push {
	enum config_kind kind;
	const char *version;
	const char *sha256; /* of `body`, hex */
	struct slice body;
	uint64_t issued;
	const char *issuer;
	const char *actor;
};

struct config_result {
	enum config_kind kind;
	const char *version;
	bool accepted;
	const char *text; /* one sentence */
	uint64_t time;
};

/* One code, used once, gives a certificate (C1). The key never leaves the program: `csr` is a
 * PKCS#10 request in DER. With `renew` the connection's own certificate stands for the code. */
struct enrol_request {
	const char *code;
	const char *role; /* "sensor", "mitigator", "enforcer" */
	const char *name;
	struct slice csr;
	bool renew;
};

struct trusted_ca {
	struct slice der;
};

struct trusted_ca_list {
	struct trusted_ca *items;
	size_t n;
};

struct enrol_answer {
	struct slice certificate; /* DER */
	struct slice ca;	  /* DER */
	uint64_t expires;
	const char *refused;		/* one sentence; "" when a certificate was issued */
	const char *name, *role, *site; /* in the certificate */
	struct trusted_ca_list more;	/* trusted beside `ca` while the CA changes */
};

/* Signed by the centre: whom to trust from now on. The newest number holds. */
struct trust_order {
	uint64_t number, issued;
	struct trusted_ca_list cas; /* the first one issues */
	struct text_list revoked;   /* serial numbers, lower-case hex */
};

struct trust_result {
	uint64_t number;
	bool accepted;
	const char *text;
};

/* ---- artefacts: files that the centre has put in force (artefact.h) ---- */

enum artefact_kind {
	ARTEFACT_UNSPECIFIED,
	ARTEFACT_CONFIG,   /* a configuration version */
	ARTEFACT_BUNDLE,   /* a signature bundle */
	ARTEFACT_PATTERN,  /* a custom pattern (E5) */
	ARTEFACT_FIRMWARE, /* a firmware bundle */
	ARTEFACT_KINDS,
};

enum artefact_state {
	ARTEFACT_STATE_UNSPECIFIED,
	ARTEFACT_STATE_FETCHING,
	ARTEFACT_STATE_IN_FORCE,
	ARTEFACT_STATE_REFUSED, /* by who should use it: the one before stays */
	ARTEFACT_STATE_FAILED,	/* expired, no room, hash wrong: the one before stays */
};

/* Signed by the centre. */
struct artefact_offer {
	const char *id;	 /* of this delivery */
	const char *box; /* whom it is for, as in its certificate */
	uint64_t number; /* runs up for each box; an older one is not carried out */
	enum artefact_kind kind;
	const char *version;
	uint64_t size; /* bytes */
	const char *sha256;
	uint64_t issued, expires; /* not begun after that */
	bool back;		  /* a roll-back to it */
	const char *actor, *reason;
};

struct artefact_want {
	const char *sha256;
	uint64_t offset, most; /* bytes */
};

struct artefact_chunk {
	const char *sha256;
	uint64_t offset;
	struct slice data;
	const char *refused; /* why there is none */
};

struct artefact_result {
	const char *id;
	uint64_t number;
	enum artefact_kind kind;
	const char *version, *sha256;
	enum artefact_state state;
	const char *text;
	uint64_t time;
};

/* ---- the message ---- */

/* Known-bad entries found in an incident, offered to the fleet (Q14). */
struct proposal_entry {
	const char *kind, *value, *comment; /* ip, domain, url, file (SHA-256 in hex) */
};

struct proposal_entry_list {
	struct proposal_entry *items;
	size_t n;
};

struct list_proposal {
	const char *id;
	uint64_t time;
	const char *host_id, *incident, *threat_id, *threat;
	struct proposal_entry_list entries;
};

/* Centre to mitigator or sensor: what a person asked for at the centre's pages. */
struct person_order {
	const char *id, *target;  /* the order's; the mitigator's or sensor's name */
	const char *customer;	  /* whose account it was; "" = of the vendor */
	const char *account;	  /* the person's */
	const char *act;	  /* "approve", "refuse", "release", "except", "mandate",
				 "policy", "policy-try", "collect"; to a sensor:
				 "evidence" */
	const char *subject;	  /* a cut's command_id, an alert's id; "" */
	const char *body;	  /* JSON of what the act needs besides; "" */
	const char *reason;	  /* one sentence */
	uint64_t issued, expires; /* after that it must not be carried out */
};

/* Sensor to centre: a part of a piece of kept packets that a person asked for (E1, act "evidence").
 * Parts come in order, the CommandStatus of the order after the last. */
struct evidence_part {
	const char *order, *alert; /* the order's id; the alert's */
	const char *file, *sha256; /* the piece's name; hex, of all of it */
	uint64_t size, offset;	   /* bytes of all of it; where this part begins */
	struct slice data;
	const char *proof; /* with offset 0: the chain's lines from the piece's to the last */
};

/* The end of an audit log, kept elsewhere. */
struct audit_head_note {
	uint64_t time;
	uint64_t lines;
	const char *hash, *problem;
};

/* A harmless frame is to be put into the dataplane (C4); signed by the centre. */
struct self_test_order {
	const char *id;
	uint64_t issued, order_expires;
	uint32_t number; /* source port of the frame, 1024 to 65535 */
};

/* Mitigator to sensor: hand over a carved file (E4). The sensor's own list decides what may leave;
 * `file_types` only narrows it. Signed. */
struct collect_order {
	const char *command_id;
	const char *sha256; /* of the content, 64 hex digits */
	struct text_list file_types;
	const char *person, *reason;
	uint64_t issued, order_expires;
};

/* Sensor to mitigator: a piece of it, sealed (seal.h, about `sha256`), in order. */
struct sample_part {
	const char *command_id, *sha256, *file_type;
	const char *name;      /* as the network called it */
	const char *sealed_to; /* fingerprint of the key that opens it */
	uint64_t size, offset; /* of the sealed bytes */
	struct slice data;
};

enum message_kind {
	MESSAGE_NONE,
	MESSAGE_REPORT,
	MESSAGE_COMMAND,
	MESSAGE_STATUS,
	MESSAGE_WATCH,
	MESSAGE_RESET,
	MESSAGE_EVENT,
	MESSAGE_MITIGATOR_STATE,
	MESSAGE_CONFIG_PUSH,
	MESSAGE_CONFIG_RESULT,
	MESSAGE_ENROL_REQUEST,
	MESSAGE_ENROL_ANSWER,
	MESSAGE_LIST_PROPOSAL,
	MESSAGE_AUDIT_HEAD,
	MESSAGE_ARTEFACT_OFFER,
	MESSAGE_ARTEFACT_WANT,
	MESSAGE_ARTEFACT_CHUNK,
	MESSAGE_ARTEFACT_RESULT,
	MESSAGE_TRUST_ORDER,
	MESSAGE_TRUST_RESULT,
	MESSAGE_SELF_TEST,
	MESSAGE_PERSON_ORDER,
	MESSAGE_COLLECT,
	MESSAGE_SAMPLE_PART,
	MESSAGE_EVIDENCE_PART,
};

/* Set on a decoded message that came signed; sign_check judges it. */
struct message_signature {
	struct slice body;	  /* the very bytes that were signed */
	struct slice value;	  /* ECDSA P-256 over SHA-256, DER */
	struct slice certificate; /* the signer's, DER */
};

struct message {
	enum message_kind kind;
	union {
		struct report report;
		struct quarantine_command command;
		struct command_status status;
		struct watch_order watch;
		struct reset_order reset;
		struct event event;
		struct mitigator_state mitigator_state;
		struct config_push config_push;
		struct config_result config_result;
		struct enrol_request enrol_request;
		struct enrol_answer enrol_answer;
		struct list_proposal list_proposal;
		struct audit_head_note audit_head;
		struct artefact_offer artefact_offer;
		struct artefact_want artefact_want;
		struct artefact_chunk artefact_chunk;
		struct artefact_result artefact_result;
		struct trust_order trust_order;
		struct trust_result trust_result;
		struct self_test_order self_test;
		struct person_order person_order;
		struct collect_order collect;
		struct sample_part sample_part;
		struct evidence_part evidence_part;
	};
	struct message_signature signature; /* value.len == 0: came unsigned */
};

/* Payload bytes of `m`, to be freed with payload_free. Text that is not UTF-8 is
 * mended (U+FFFD), never a reason to fail. ERR_LIMIT when it is over WIRE_PAYLOAD_MAX, ERR_NOMEM,
 * ERR_INVALID for MESSAGE_NONE. Fields that a newer peer added are not in `m`: pass a message on
 * as the bytes that came. */
int message_encode(const struct message *m, struct slice *ret, struct errmsg *e);
void payload_free(struct slice *payload);

/* The message in `payload`, which is not kept. NULL with a sentence when it is malformed, over a
 * limit or of an unknown kind. Unknown enum values become 0, unknown fields are ignored. */
struct message *message_decode(struct slice payload, struct errmsg *e);
void message_free(struct message *m);

/* Fixed lower-case words for logs, JSON and pages: "high", "threat", "still-seen", ... */
const char *severity_text(enum severity s);
const char *confidence_text(enum confidence c);
const char *host_side_text(enum host_side s);
const char *command_action_text(enum command_action a);
const char *command_cause_text(enum command_cause c);
const char *command_scope_text(enum command_scope s);
const char *command_state_text(enum command_state s);
const char *level_text(enum level l);
const char *message_kind_text(enum message_kind k);
const char *report_kind_text(enum report_kind k);
const char *artefact_kind_text(enum artefact_kind k); /* "config", "bundle", ... */
const char *artefact_state_text(enum artefact_state s);
/* ERR_INVALID when there is no such word. */
int command_state_parse(const char *word, enum command_state *ret);
int level_parse(const char *word, enum level *ret);
int artefact_kind_parse(const char *word, enum artefact_kind *ret);
int artefact_state_parse(const char *word, enum artefact_state *ret);

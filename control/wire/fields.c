/* One line a field, in the order of banken.proto; fields_test compares both. */
#include "control/wire/fields.h"

#include <stddef.h>

#include "control/wire/banken.pb-c.h"
#include "dataplane/base/slice.h"

#define FIELD(type, member, of, ...)                                                               \
	{                                                                                          \
		.name = #member, .offset = offsetof(struct type, member), .kind = of, __VA_ARGS__  \
	}
#define U32(type, member)      FIELD(type, member, MAP_U32)
#define U64(type, member)      FIELD(type, member, MAP_U64)
#define BOOL(type, member)     FIELD(type, member, MAP_BOOL)
#define DOUBLE(type, member)   FIELD(type, member, MAP_DOUBLE)
#define ENUM(type, member)     FIELD(type, member, MAP_ENUM)
#define TEXT(type, member)     FIELD(type, member, MAP_TEXT)
#define BYTES(type, member)    FIELD(type, member, MAP_BYTES)
#define IP(type, member)       FIELD(type, member, MAP_IP)
#define MAC(type, member)      FIELD(type, member, MAP_MAC)
#define TEXTS(type, member)    FIELD(type, member, MAP_TEXT_LIST)
#define IPS(type, member)      FIELD(type, member, MAP_IP_LIST)
#define SUB(type, member, of)  FIELD(type, member, MAP_STRUCT, .sub = &of##_map)
#define LIST(type, member, of) FIELD(type, member, MAP_STRUCT_LIST, .sub = &of##_map)
#define ONEOF(type, member, value, of)                                                             \
	FIELD(type, member, MAP_ONEOF, .sub = &of##_map, .kind_value = value,                      \
	      .kind_offset = offsetof(struct type, kind))

#define MAP(type)                                                                                  \
	static const struct map type##_map = {                                                     \
		.pb = &banken__v1__##type##__descriptor,                                           \
		.fields = type##_fields,                                                           \
		.n_fields = ARRAY_SIZE(type##_fields),                                             \
		.size = sizeof(struct type),                                                       \
	}

static const struct map_field host_ident_fields[] = {
	MAC(host_ident, mac),	       IP(host_ident, ip),
	U32(host_ident, vlan),	       TEXT(host_ident, name),
	ENUM(host_ident, side),	       TEXT(host_ident, user),
	TEXT(host_ident, vendor),      TEXT(host_ident, switch_name),
	TEXT(host_ident, switch_port), TEXT(host_ident, os),
	TEXT(host_ident, role),
};
MAP(host_ident);

static const struct map_field flow_tuple_fields[] = {
	IP(flow_tuple, src),
	IP(flow_tuple, dst),
	U32(flow_tuple, src_port),
	U32(flow_tuple, dst_port),
	U32(flow_tuple, proto),
	U32(flow_tuple, vlan),
	TEXT(flow_tuple, community_id),
	TEXT(flow_tuple, app_proto),
	U64(flow_tuple, flow_id),
	TEXT(flow_tuple, in_iface),
};
MAP(flow_tuple);

static const struct map_field evidence_ref_fields[] = {
	TEXT(evidence_ref, file),   U64(evidence_ref, packet),	   TEXT(evidence_ref, buffer),
	U64(evidence_ref, offset),  BYTES(evidence_ref, matched),  TEXT(evidence_ref, rule_text),
	TEXT(evidence_ref, sha256), TEXT(evidence_ref, file_name),
};
MAP(evidence_ref);

static const struct map_field alert_fields[] = {
	TEXT(alert, id),
	U64(alert, time),
	SUB(alert, host, host_ident),
	SUB(alert, peer, host_ident),
	BOOL(alert, host_is_source),
	BOOL(alert, handshake_completed),
	SUB(alert, flow, flow_tuple),
	U32(alert, gid),
	U32(alert, sid),
	U32(alert, rev),
	TEXT(alert, msg),
	TEXT(alert, classtype),
	TEXT(alert, category),
	ENUM(alert, severity),
	ENUM(alert, confidence),
	TEXTS(alert, tactics),
	TEXTS(alert, techniques),
	TEXTS(alert, reasons),
	TEXT(alert, url),
	TEXT(alert, source),
	SUB(alert, evidence, evidence_ref),
	BYTES(alert, eve),
	BOOL(alert, to_client),
};
MAP(alert);

static const struct map_field flow_summary_fields[] = {
	SUB(flow_summary, flow, flow_tuple),
	U64(flow_summary, start),
	U64(flow_summary, end),
	U64(flow_summary, packets_to_server),
	U64(flow_summary, packets_to_client),
	U64(flow_summary, bytes_to_server),
	U64(flow_summary, bytes_to_client),
	TEXT(flow_summary, state),
	TEXT(flow_summary, reason),
	BOOL(flow_summary, alerted),
	TEXT(flow_summary, event_type),
	BYTES(flow_summary, eve),
	TEXT(flow_summary, id),
};
MAP(flow_summary);

static const struct map_field host_fact_fields[] = {
	SUB(host_fact, host, host_ident), ENUM(host_fact, kind),      TEXT(host_fact, value),
	TEXT(host_fact, source),	  U64(host_fact, first_seen), U64(host_fact, last_seen),
	ENUM(host_fact, confidence),
};
MAP(host_fact);

static const struct map_field named_count_fields[] = {
	TEXT(named_count, name),
	U64(named_count, value),
	BOOL(named_count, estimated),
};
MAP(named_count);

static const struct map_field component_version_fields[] = {
	TEXT(component_version, component),
	TEXT(component_version, version),
};
MAP(component_version);

static const struct map_field ring_health_fields[] = {
	TEXT(ring_health, name), U64(ring_health, written), U64(ring_health, lost),
	U64(ring_health, fill),	 U64(ring_health, size),
};
MAP(ring_health);

static const struct map_field spool_health_fields[] = {
	TEXT(spool_health, destination),    U64(spool_health, records),
	U64(spool_health, bytes),	    U64(spool_health, limit),
	U64(spool_health, oldest),	    U64(spool_health, dropped_alerts),
	U64(spool_health, dropped_records), BOOL(spool_health, disk_full),
};
MAP(spool_health);

static const struct map_field sensor_health_fields[] = {
	U64(sensor_health, uptime),
	U64(sensor_health, dataplane_uptime),
	BOOL(sensor_health, dataplane_alive),
	U64(sensor_health, rx_packets),
	U64(sensor_health, rx_bytes),
	U64(sensor_health, processed),
	LIST(sensor_health, drops, named_count),
	LIST(sensor_health, counters, named_count),
	LIST(sensor_health, rings, ring_health),
	TEXTS(sensor_health, span),
	LIST(sensor_health, versions, component_version),
	LIST(sensor_health, spools, spool_health),
	U64(sensor_health, rules_loaded),
	U64(sensor_health, rules_skipped),
	U64(sensor_health, rules_failed),
	TEXT(sensor_health, config_version),
	DOUBLE(sensor_health, cpu_share),
	U64(sensor_health, memory_bytes),
	U64(sensor_health, disk_free_bytes),
	TEXTS(sensor_health, problems),
};
MAP(sensor_health);

static const struct map_field watch_result_fields[] = {
	TEXT(watch_result, command_id),	   SUB(watch_result, host, host_ident),
	U64(watch_result, since),	   U64(watch_result, until),
	U64(watch_result, attempts),	   U64(watch_result, answers),
	U64(watch_result, sessions),	   U64(watch_result, exempt_attempts),
	U64(watch_result, exempt_answers), U64(watch_result, first_attempt),
	U64(watch_result, last_attempt),   U64(watch_result, first_answer),
	U64(watch_result, last_answer),	   IP(watch_result, last_peer),
	BOOL(watch_result, blind),	   TEXT(watch_result, blind_reason),
	U32(watch_result, number),
};
MAP(watch_result);

static const struct map_field quarantine_command_fields[] = {
	TEXT(quarantine_command, command_id),	ENUM(quarantine_command, action),
	ENUM(quarantine_command, cause),	SUB(quarantine_command, host, host_ident),
	IPS(quarantine_command, more_ips),	ENUM(quarantine_command, scope),
	TEXT(quarantine_command, method),	TEXT(quarantine_command, target),
	TEXTS(quarantine_command, exempt),	TEXTS(quarantine_command, internal),
	U64(quarantine_command, issued),	U64(quarantine_command, order_expires),
	U64(quarantine_command, lease_expires), U64(quarantine_command, review),
	TEXT(quarantine_command, reason),	TEXT(quarantine_command, threat_id),
	TEXT(quarantine_command, replaces),	TEXT(quarantine_command, issuer),
	TEXT(quarantine_command, actor),
};
MAP(quarantine_command);

static const struct map_field command_status_fields[] = {
	TEXT(command_status, command_id),
	ENUM(command_status, state),
	U64(command_status, time),
	TEXT(command_status, actor),
	TEXT(command_status, reason),
	TEXT(command_status, method),
	SUB(command_status, host, host_ident),
	U64(command_status, drops),
	U64(command_status, sessions_cut),
};
MAP(command_status);

static const struct map_field watch_order_fields[] = {
	TEXT(watch_order, command_id), SUB(watch_order, host, host_ident),
	TEXTS(watch_order, exempt),    U64(watch_order, issued),
	U64(watch_order, expires),     BOOL(watch_order, stop),
};
MAP(watch_order);

static const struct map_field reset_order_fields[] = {
	TEXT(reset_order, command_id),	 SUB(reset_order, host, host_ident),
	BOOL(reset_order, one_flow),	 SUB(reset_order, flow, flow_tuple),
	TEXTS(reset_order, exempt),	 U64(reset_order, issued),
	U64(reset_order, order_expires), U64(reset_order, keep_until),
};
MAP(reset_order);

static const struct map_field event_fields[] = {
	ENUM(event, number),	 TEXT(event, id),
	U64(event, time),	 SUB(event, host, host_ident),
	TEXT(event, name),	 ENUM(event, severity),
	TEXT(event, category),	 TEXT(event, url),
	TEXT(event, threat_id),	 TEXT(event, alert_id),
	TEXT(event, command_id), TEXT(event, mode),
	TEXT(event, text),	 BOOL(event, test),
};
MAP(event);

static const struct map_field host_state_fields[] = {
	TEXT(host_state, id),
	SUB(host_state, host, host_ident),
	ENUM(host_state, level),
	U64(host_state, level_since),
	U64(host_state, first_seen),
	U64(host_state, last_seen),
	U64(host_state, alerts),
	BOOL(host_state, is_protected),
	TEXT(host_state, protected_reason),
	TEXT(host_state, cut),
};
MAP(host_state);

static const struct map_field incident_step_fields[] = {
	U64(incident_step, time),      TEXT(incident_step, stage),     TEXT(incident_step, text),
	TEXT(incident_step, alert_id), TEXT(incident_step, technique), TEXT(incident_step, text_ja),
	U64(incident_step, last),      U64(incident_step, hits),       TEXT(incident_step, peer),
};
MAP(incident_step);

static const struct map_field incident_state_fields[] = {
	TEXT(incident_state, id),
	TEXT(incident_state, host_id),
	SUB(incident_state, host, host_ident),
	U64(incident_state, opened),
	U64(incident_state, updated),
	U64(incident_state, closed),
	TEXT(incident_state, state),
	TEXT(incident_state, title),
	ENUM(incident_state, severity),
	DOUBLE(incident_state, risk),
	TEXT(incident_state, root_cause),
	LIST(incident_state, steps, incident_step),
	TEXTS(incident_state, handling),
	TEXTS(incident_state, linked),
	TEXT(incident_state, threat_id),
	TEXT(incident_state, root_cause_ja),
	TEXTS(incident_state, handling_ja),
	TEXTS(incident_state, affected),
	TEXT(incident_state, attacker),
	TEXT(incident_state, victim),
	TEXTS(incident_state, techniques),
	ENUM(incident_state, level),
};
MAP(incident_state);

static const struct map_field state_change_fields[] = {
	ENUM(state_change, state),
	U64(state_change, time),
	TEXT(state_change, actor),
	TEXT(state_change, reason),
};
MAP(state_change);

static const struct map_field quarantine_state_fields[] = {
	SUB(quarantine_state, command, quarantine_command),
	ENUM(quarantine_state, state),
	LIST(quarantine_state, history, state_change),
	U64(quarantine_state, detected),
	U64(quarantine_state, reported),
	U64(quarantine_state, ordered),
	U64(quarantine_state, acked),
	U64(quarantine_state, verified),
	U64(quarantine_state, released),
};
MAP(quarantine_state);

static const struct map_field judgement_fields[] = {
	TEXT(judgement, host_id),  SUB(judgement, host, host_ident),
	U64(judgement, time),	   ENUM(judgement, level),
	U32(judgement, count),	   TEXT(judgement, trigger),
	TEXTS(judgement, actions), TEXT(judgement, policy),
};
MAP(judgement);

static const struct map_field mitigator_state_fields[] = {
	U64(mitigator_state, time),
	TEXT(mitigator_state, mitigator),
	BOOL(mitigator_state, full),
	LIST(mitigator_state, hosts, host_state),
	LIST(mitigator_state, incidents, incident_state),
	LIST(mitigator_state, quarantines, quarantine_state),
	LIST(mitigator_state, judgements, judgement),
	TEXT(mitigator_state, mode),
	TEXT(mitigator_state, policy),
	TEXTS(mitigator_state, problems),
	LIST(mitigator_state, versions, component_version),
	U64(mitigator_state, uptime),
	BOOL(mitigator_state, kill_switch),
	TEXT(mitigator_state, mandate),
	TEXT(mitigator_state, policy_text),
};
MAP(mitigator_state);

static const struct map_field config_push_fields[] = {
	ENUM(config_push, kind),  TEXT(config_push, version), TEXT(config_push, sha256),
	BYTES(config_push, body), U64(config_push, issued),   TEXT(config_push, issuer),
	TEXT(config_push, actor),
};
MAP(config_push);

static const struct map_field config_result_fields[] = {
	ENUM(config_result, kind), TEXT(config_result, version), BOOL(config_result, accepted),
	TEXT(config_result, text), U64(config_result, time),
};
MAP(config_result);

static const struct map_field enrol_request_fields[] = {
	TEXT(enrol_request, code), TEXT(enrol_request, role),  TEXT(enrol_request, name),
	BYTES(enrol_request, csr), BOOL(enrol_request, renew),
};
MAP(enrol_request);

static const struct map_field trusted_ca_fields[] = {
	BYTES(trusted_ca, der),
};
MAP(trusted_ca);

static const struct map_field enrol_answer_fields[] = {
	BYTES(enrol_answer, certificate), BYTES(enrol_answer, ca),
	U64(enrol_answer, expires),	  TEXT(enrol_answer, refused),
	TEXT(enrol_answer, name),	  TEXT(enrol_answer, role),
	TEXT(enrol_answer, site),	  LIST(enrol_answer, more, trusted_ca),
};
MAP(enrol_answer);

static const struct map_field trust_order_fields[] = {
	U64(trust_order, number),
	U64(trust_order, issued),
	LIST(trust_order, cas, trusted_ca),
	TEXTS(trust_order, revoked),
};
MAP(trust_order);

static const struct map_field trust_result_fields[] = {
	U64(trust_result, number),
	BOOL(trust_result, accepted),
	TEXT(trust_result, text),
};
MAP(trust_result);

static const struct map_field artefact_offer_fields[] = {
	TEXT(artefact_offer, id),     TEXT(artefact_offer, box),     U64(artefact_offer, number),
	ENUM(artefact_offer, kind),   TEXT(artefact_offer, version), U64(artefact_offer, size),
	TEXT(artefact_offer, sha256), U64(artefact_offer, issued),   U64(artefact_offer, expires),
	BOOL(artefact_offer, back),   TEXT(artefact_offer, actor),   TEXT(artefact_offer, reason),
};
MAP(artefact_offer);

static const struct map_field artefact_want_fields[] = {
	TEXT(artefact_want, sha256),
	U64(artefact_want, offset),
	U64(artefact_want, most),
};
MAP(artefact_want);

static const struct map_field artefact_chunk_fields[] = {
	TEXT(artefact_chunk, sha256),
	U64(artefact_chunk, offset),
	BYTES(artefact_chunk, data),
	TEXT(artefact_chunk, refused),
};
MAP(artefact_chunk);

static const struct map_field artefact_result_fields[] = {
	TEXT(artefact_result, id),	U64(artefact_result, number),  ENUM(artefact_result, kind),
	TEXT(artefact_result, version), TEXT(artefact_result, sha256), ENUM(artefact_result, state),
	TEXT(artefact_result, text),	U64(artefact_result, time),
};
MAP(artefact_result);

static const struct map_field proposal_entry_fields[] = {
	TEXT(proposal_entry, kind),
	TEXT(proposal_entry, value),
	TEXT(proposal_entry, comment),
};
MAP(proposal_entry);

static const struct map_field person_order_fields[] = {
	TEXT(person_order, id),	     TEXT(person_order, target), TEXT(person_order, customer),
	TEXT(person_order, account), TEXT(person_order, act),	 TEXT(person_order, subject),
	TEXT(person_order, body),    TEXT(person_order, reason), U64(person_order, issued),
	U64(person_order, expires),
};
MAP(person_order);

static const struct map_field evidence_part_fields[] = {
	TEXT(evidence_part, order),  TEXT(evidence_part, alert), TEXT(evidence_part, file),
	TEXT(evidence_part, sha256), U64(evidence_part, size),	 U64(evidence_part, offset),
	BYTES(evidence_part, data),  TEXT(evidence_part, proof),
};
MAP(evidence_part);

static const struct map_field list_proposal_fields[] = {
	TEXT(list_proposal, id),
	U64(list_proposal, time),
	TEXT(list_proposal, host_id),
	TEXT(list_proposal, incident),
	TEXT(list_proposal, threat_id),
	TEXT(list_proposal, threat),
	LIST(list_proposal, entries, proposal_entry),
};
MAP(list_proposal);

static const struct map_field audit_head_fields[] = {
	U64(audit_head_note, time),
	U64(audit_head_note, lines),
	TEXT(audit_head_note, hash),
	TEXT(audit_head_note, problem),
};
static const struct map audit_head_map = {
	.pb = &banken__v1__audit_head__descriptor,
	.fields = audit_head_fields,
	.n_fields = ARRAY_SIZE(audit_head_fields),
	.size = sizeof(struct audit_head_note),
};

static const struct map_field self_test_order_fields[] = {
	TEXT(self_test_order, id),
	U64(self_test_order, issued),
	U64(self_test_order, order_expires),
	U32(self_test_order, number),
};
MAP(self_test_order);

static const struct map_field collect_order_fields[] = {
	TEXT(collect_order, command_id),   TEXT(collect_order, sha256),
	TEXTS(collect_order, file_types),  TEXT(collect_order, person),
	TEXT(collect_order, reason),	   U64(collect_order, issued),
	U64(collect_order, order_expires),
};
MAP(collect_order);

static const struct map_field sample_part_fields[] = {
	TEXT(sample_part, command_id), TEXT(sample_part, sha256),    TEXT(sample_part, file_type),
	TEXT(sample_part, name),       TEXT(sample_part, sealed_to), U64(sample_part, size),
	U64(sample_part, offset),      BYTES(sample_part, data),
};
MAP(sample_part);

static const struct map_field report_fields[] = {
	U64(report, sequence),
	TEXT(report, sensor),
	U64(report, time),
	ONEOF(report, alert, REPORT_ALERT, alert),
	ONEOF(report, flow, REPORT_FLOW, flow_summary),
	ONEOF(report, host_fact, REPORT_HOST_FACT, host_fact),
	ONEOF(report, health, REPORT_HEALTH, sensor_health),
	ONEOF(report, watch, REPORT_WATCH, watch_result),
};
MAP(report);

/* Its protobuf name is Signed. */
static const struct map_field message_signature_fields[] = {
	BYTES(message_signature, body),
	{.name = "signature",
	 .offset = offsetof(struct message_signature, value),
	 .kind = MAP_BYTES},
	BYTES(message_signature, certificate),
};
const struct map message_signature_map = {
	.pb = &banken__v1__signed__descriptor,
	.fields = message_signature_fields,
	.n_fields = ARRAY_SIZE(message_signature_fields),
	.size = sizeof(struct message_signature),
};

static const struct map_field message_fields[] = {
	{.name = "signed", .kind = MAP_SKIP},
	ONEOF(message, report, MESSAGE_REPORT, report),
	ONEOF(message, command, MESSAGE_COMMAND, quarantine_command),
	ONEOF(message, status, MESSAGE_STATUS, command_status),
	ONEOF(message, watch, MESSAGE_WATCH, watch_order),
	ONEOF(message, reset, MESSAGE_RESET, reset_order),
	ONEOF(message, event, MESSAGE_EVENT, event),
	ONEOF(message, mitigator_state, MESSAGE_MITIGATOR_STATE, mitigator_state),
	ONEOF(message, config_push, MESSAGE_CONFIG_PUSH, config_push),
	ONEOF(message, config_result, MESSAGE_CONFIG_RESULT, config_result),
	ONEOF(message, enrol_request, MESSAGE_ENROL_REQUEST, enrol_request),
	ONEOF(message, enrol_answer, MESSAGE_ENROL_ANSWER, enrol_answer),
	ONEOF(message, list_proposal, MESSAGE_LIST_PROPOSAL, list_proposal),
	ONEOF(message, audit_head, MESSAGE_AUDIT_HEAD, audit_head),
	ONEOF(message, artefact_offer, MESSAGE_ARTEFACT_OFFER, artefact_offer),
	ONEOF(message, artefact_want, MESSAGE_ARTEFACT_WANT, artefact_want),
	ONEOF(message, artefact_chunk, MESSAGE_ARTEFACT_CHUNK, artefact_chunk),
	ONEOF(message, artefact_result, MESSAGE_ARTEFACT_RESULT, artefact_result),
	ONEOF(message, trust_order, MESSAGE_TRUST_ORDER, trust_order),
	ONEOF(message, trust_result, MESSAGE_TRUST_RESULT, trust_result),
	ONEOF(message, self_test, MESSAGE_SELF_TEST, self_test_order),
	ONEOF(message, person_order, MESSAGE_PERSON_ORDER, person_order),
	ONEOF(message, collect, MESSAGE_COLLECT, collect_order),
	ONEOF(message, sample_part, MESSAGE_SAMPLE_PART, sample_part),
	ONEOF(message, evidence_part, MESSAGE_EVIDENCE_PART, evidence_part),
};
const struct map message_map = {
	.pb = &banken__v1__message__descriptor,
	.fields = message_fields,
	.n_fields = ARRAY_SIZE(message_fields),
	.size = sizeof(struct message),
};

/* ---- the link's frames ---- */

static const struct map_field hello_fields[] = {
	U32(hello, version), TEXT(hello, program), TEXT(hello, build),
	U64(hello, spool),   U64(hello, time_ns),
};
MAP(hello);

static const struct map_field data_fields[] = {
	U32(data, lane),
	U64(data, number),
	BYTES(data, payload),
};
MAP(data);

static const struct map_field ack_fields[] = {
	U32(ack, lane),
	U64(ack, number),
};
MAP(ack);

static const struct map_field ping_fields[] = {
	U64(ping, value),
};
MAP(ping);

static const struct map_field pong_fields[] = {
	U64(pong, value),
};
MAP(pong);

static const struct map_field bye_fields[] = {
	TEXT(bye, reason),
};
MAP(bye);

static const struct map_field frame_fields[] = {
	ONEOF(frame, hello, FRAME_HELLO, hello), ONEOF(frame, data, FRAME_DATA, data),
	ONEOF(frame, ack, FRAME_ACK, ack),	 ONEOF(frame, ping, FRAME_PING, ping),
	ONEOF(frame, pong, FRAME_PONG, pong),	 ONEOF(frame, bye, FRAME_BYE, bye),
};
const struct map frame_map = {
	.pb = &banken__v1__frame__descriptor,
	.fields = frame_fields,
	.n_fields = ARRAY_SIZE(frame_fields),
	.size = sizeof(struct frame),
};

const struct map *const fields_maps[] = {
	&host_ident_map,
	&flow_tuple_map,
	&evidence_ref_map,
	&alert_map,
	&flow_summary_map,
	&host_fact_map,
	&named_count_map,
	&component_version_map,
	&ring_health_map,
	&spool_health_map,
	&sensor_health_map,
	&watch_result_map,
	&quarantine_command_map,
	&command_status_map,
	&watch_order_map,
	&reset_order_map,
	&event_map,
	&host_state_map,
	&incident_step_map,
	&incident_state_map,
	&state_change_map,
	&quarantine_state_map,
	&judgement_map,
	&mitigator_state_map,
	&config_push_map,
	&config_result_map,
	&enrol_request_map,
	&trusted_ca_map,
	&enrol_answer_map,
	&trust_order_map,
	&trust_result_map,
	&artefact_offer_map,
	&artefact_want_map,
	&artefact_chunk_map,
	&artefact_result_map,
	&proposal_entry_map,
	&list_proposal_map,
	&person_order_map,
	&collect_order_map,
	&sample_part_map,
	&evidence_part_map,
	&audit_head_map,
	&report_map,
	&message_signature_map,
	&message_map,
	&hello_map,
	&data_map,
	&ack_map,
	&ping_map,
	&pong_map,
	&bye_map,
	&frame_map,
};
const unsigned fields_n_maps = ARRAY_SIZE(fields_maps);

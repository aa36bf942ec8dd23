// What the mitigator's API answers (control/mitigator/local.c and its neighbours).

export interface Status {
  mode: string;
  policy: string;
  peers: number;
  hosts: number;
  cuts: number;
  held: number;
  kill_switch: boolean;
  stopped_by: string;
  reports: number;
  alerts: number;
  incidents: number;
  disk_full: boolean;
  problems: string[];
}

export interface Host {
  id: string; ip: string; mac: string; name: string; user: string; os: string; role: string;
  vendor: string; sensor: string; port: string; level: string; protected_reason: string;
  cut: string; cut_state: string; protected: boolean; alerts: number; last_seen: number;
}

export interface HostFull extends Host {
  first_seen: number;
  facts: { kind: string; value: string; source: string; confidence: string; first: number; last: number }[];
  ips: { ip: string; proven: boolean; first: number; last: number }[];
}

export interface Cut {
  command_id: string; ip: string; mac: string; name: string; state: string; cause: string; method: string;
  reason: string; note: string; actor: string; threat_id: string; threat: string; incident: string;
  host_id: string; scope: string; mode: string; category: string; url: string; first_yes: string;
  severity: string; whole_port: boolean; detected: number; reported: number; ordered: number;
  acked: number; verified: number; released: number; opened: number; drops: number; ends: number;
  review: number;
}

export interface Change {
  time: number; from: string; to: string; event: string; actor: string; reason: string; method: string;
}

export interface Step {
  first: number; last: number; hits: number; stage: string; text: string; text_ja: string; level: string;
  sha256: string; file: string; url: string; technique: string;
}

export interface Incident {
  id: string; host: string; host_id: string; level: string; risk: number; opened: number; updated: number;
  closed: number; alerts: number; title: string; attacker: string; victim: string; techniques: string[];
  cause: string; cause_ja: string; handling: string[]; handling_ja: string[]; affected: string[];
  linked: string[]; steps: Step[];
}

export interface Scope {
  scope: string; kind: string; networks: string[]; macs: number; mode: string; now: string;
  stages: { from: number; mode: string; share: number }[]; hours: boolean; off_hours: string;
  approvals: number; cut_at: string; methods: string[]; hosts: Record<string, number>; policy: string;
  by_hand: { mode: string; reason: string; actor: string; time: number } | null;
}

export interface Modes { scopes: Scope[]; control: boolean; cut: boolean; hosts_outside: number }

export interface Health {
  dataplane: boolean; uptime: number; packets: number; bytes: number; processed: number; dropped: number;
  records_lost: number; rules: number; disk_free: number; span: string[]; problems: string[];
}

export interface Peers {
  peers: { name: string; role: string; connected: boolean; since: number; trouble: string;
    health: Health | null; health_at: number }[];
  drivers: { name: string; type: string; summary: string; reachable: boolean; holds: boolean; cuts: number;
    ports: number }[];
  centre: { configured: boolean; connected: boolean; since: number; trouble: string };
}

export interface Exception {
  never: string; rule: string; source: string; destination: string; sensor: string; until: string;
  in_force: boolean; effect: number; reason: string; number: number;
}

export interface Preview {
  days: number; total: number; removed: number; not_counted: number;
  most: { gid: number; sid: number; source: string; destination: string; sensor: string; alerts: number }[];
}

export interface Judgement {
  time: string; host: string; level: string; count: number; days: number; actions: string; mode: string;
  trigger: string; policy: string; address: string;
}

export interface Simulation {
  judgements: number; with_actions: number; hosts: number; days?: number; policy?: string; lint?: string[];
  actions: Record<string, { times: number; hosts: number }>;
  steps: { time: string; host: string; level: string; count: number; days: number; actions: string[] }[];
}

export interface Detection {
  time: number; number: number; id: string; ip: string; mac: string; threat: string; severity: string;
  category: string; url: string; command_id: string; mode: string; text: string;
}

export interface Daily {
  site: string; from_ns: number; to_ns: number; alerts: number; packets: number; lost: number;
  per_hour: number[];
  threats: { name: string; category: string; severity: string; technique: string; first_ns: number; last_ns: number; hits: number; hosts: number }[];
  hosts: { name: string; ip: string; mac: string; level: string; cut_state: string; cut_reason: string;
    root_cause: string; root_cause_ja: string; cut_at_ns: number; verified_at_ns: number; released_at_ns: number;
    alerts: number; handling: string[]; handling_ja: string[]; about: string }[];
  blind: { sensor: string; sentence: string }[];
}

/** States in which something may stand in a switch or at a gateway. */
export const IN_FORCE = ['sent', 'acked', 'verified', 'quiet', 'still-seen', 'failed', 'releasing', 'ending'];
/** ... from which a person can let the host back. */
export const RELEASABLE = ['requested', 'held', 'sent', 'acked', 'verified', 'quiet', 'still-seen', 'failed'];
/** ... in which nothing more happens. */
export const OVER = ['released', 'expired', 'exception', 'outside-policy', 'refused'];

/** "1.2100001" of a threat that a rule found, as an exception names rules: "1:2100001". */
export function ruleOf(threat: string): string {
  const found = /^(\d+)\.(\d+)$/.exec(threat);
  return found ? `${found[1]}:${found[2]}` : '';
}

export const hostName = (h: { name: string; ip: string; mac: string; id?: string }): string =>
  h.name || h.ip || h.mac || h.id || '';

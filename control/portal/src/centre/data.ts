// What the centre's API answers (control/centre/api). Times are RFC 3339 in UTC, null when not yet.

export interface Text { en: string; ja: string }
export type Moment = string | null | undefined;

export interface Need {
  kind: string; text: Text; customer: string; site: string; host: string; since: Moment; link: string; id: string;
}

export interface CustomerSum {
  id: string; name: string; sites: number; sensors: number; up: number; open_incidents: number; danger: number;
  warning: number; cuts: number; emergencies: number;
}

export interface Overview {
  needs_action: Need[];
  customers: CustomerSum[];
  timeline: { from: string; to: string; step_s: number;
    sites: { site: string; customer: string; alerts: number[]; danger: number[]; up: number[] }[] };
  totals: Record<string, number>;
}

export interface Customer { id: string; name: string; zone: string; language: string; sites: string[]; licence_until?: Moment }

export interface Site {
  site: string; customer: string; sensors: number; sensors_up: number; mitigator: string; mode: string; policy: string;
  problems: string[]; kill_switch?: boolean; last_seen: Moment; up: boolean; told: Moment;
}

/** Figures are null of what is no sensor or has told nothing yet. */
export interface Sensor {
  name: string; role: string; site: string; customer: string; up: boolean; since: Moment; last_seen: Moment;
  health_time: Moment; rx: number; processed: number; lost: number; alive: boolean; rules: number; problems: string[]; mirror: string[];
  version?: string; ring?: string; config_version?: string; bundle_version?: string; certificate_until?: Moment; stale?: boolean;
  cpu: number | null; memory: number | null; disk_free: number | null; uptime: number | null; spool: number | null; spool_limit: number | null;
}

/** What it saw, step by step; a step that is not there was time away. */
export interface SensorFull extends Sensor { from: string; to: string; step_s: number; steps: { time: string; rx: number; lost: number; up_s: number }[] }

export interface Incident {
  id: string; site: string; customer: string; host: string; host_id: string; host_name: string; host_mac: string; opened: Moment; last: Moment;
  closed: Moment; level: string; risk: number; severity: string; title: Text; root_cause: Text; state: string; verdict?: string; steps_n: number;
  attacker: string; victim: string; techniques: string[]; handling: { en: string[]; ja: string[] };
}

export interface Step { time?: Moment; last?: Moment; hits?: number; stage?: string; technique?: string; peer?: string; en: string; ja: string }
export interface Note { time: string; who: string; text: string }
export interface Verdict extends Note { verdict: string }

export interface Alert {
  id: string; time: string; site?: string; customer?: string; sensor: string; ip: string; mac?: string; name?: string; peer_ip: string;
  gid: number; sid: number; msg: string; category: string; severity: string; tactics?: string[]; techniques: string[]; reasons: string[];
}

export interface IncidentFull extends Incident {
  steps: Step[]; alerts: Alert[]; linked: string[]; affected: string[]; hosts?: string[];
  notes?: Note[]; verdicts?: Verdict[];
}

/** What somebody has ordered of a site, and its answer: "sent" until there is one. */
export interface Order {
  id: string; time: Moment; site: string; customer: string; account_of: string; account: string; act: string; subject: string;
  body: Record<string, unknown>; reason: string; state: string; answer: string; answered: Moment;
}

export interface Mandate {
  site: string; customer: string; mitigator: string; kill_switch: boolean; told: Moment;
  mandate: { vendor?: boolean; networks?: string[]; hosts?: string[]; hours?: string[]; level?: string; most?: number; minutes?: number;
    approval?: boolean; until?: string; file_types?: string[] } | null;
}

export interface Cut {
  command_id: string; site: string; customer: string; host: string; ip: string; mac: string; state: string; by: string;
  reason: string; cause: string; method: string; threat_id: string; detected: Moment; ordered: Moment; acked: Moment;
  verified: Moment; released: Moment; released_by?: string; waits: boolean;
}

export interface HostRow {
  id: string; site: string; customer: string; ip: string; mac: string; name: string; user: string; os: string; role: string;
  vendor: string; level: string; cut: string; cut_state: string; protected: boolean; protected_reason: string; alerts: number;
  level_since: Moment; first_seen: Moment; last_seen: Moment;
}

export interface Fact { kind: string; value: string; source: string; confidence?: string; first?: Moment; last?: Moment }

export interface HostFull extends Omit<HostRow, 'alerts'> {
  facts?: Fact[]; incidents: Incident[]; quarantines: Cut[]; alerts: Alert[];
}

export interface Detection {
  gid: number; sid: number; msg: string; category?: string; severity: string; n: number; hosts: number; sites: number; first: Moment; last: Moment;
  tactic: string; technique: string; days?: number[]; // a count for each 24 h of what was asked for
}

/** Of the last 30 days: `of` all alerts, `removed` of this rule, source and destination. */
export interface Preview {
  of: number; removed: number; hosts_n: number; hosts: { site: string; ip: string; name: string; n: number }[]; days: { day: string; n: number }[];
}

export interface Delivery {
  id: number; emergency: number; kind: string; address: string; wave: number; due: Moment; sent: Moment; tries: number; error: string;
}

export interface Emergency {
  id: number; kind: string; customer: string; site: string; host: string; title: Text; text: Text; opened: Moment;
  acknowledged: Moment; by: string; messages_sent: number; messages_waiting: number;
}

export interface Recipient {
  id: number; customer: string; kind: string; address: string; language: string; tier: number; quiet_from: number; quiet_to: number;
}

// ---- reports, as their files have them: ns since 1970 ----

export interface ReportList { daily: { date: string; so_far: boolean }[]; monthly: { date: string; so_far: boolean }[]; zone: string }

export interface Daily {
  site: string; from_ns: number; to_ns: number; alerts: number; packets: number; lost: number;
  threats: { name: string; category: string; severity: string; technique: string; first_ns: number; last_ns: number; hits: number; hosts: number }[];
  hosts: { name: string; ip: string; mac: string; level: string; cut_state: string; cut_reason: string;
    root_cause: string; root_cause_ja: string; cut_at_ns: number; verified_at_ns: number; released_at_ns: number;
    alerts: number; handling: string[]; handling_ja: string[]; about: string }[];
  blind: { sensor: string; sentence: string }[];
}

export type Severities = Record<string, number>;
export interface Figures { month: string; known: boolean; alerts: Severities; hosts: number; incidents: number; cuts: number; releases: number; frames: number; lost: number; away_s: number }
export interface Spread { cases: number; median_ns: number; p90_ns: number; longest_ns: number }

export interface Monthly {
  customer: string; site: string; from_ns: number; to_ns: number; made_ns: number; waiting: number;
  tendency: string[]; tendency_ja: string[]; days: { day: string; alerts: Severities; cuts: number }[];
  months: Figures[]; detect: Spread; contain: Spread; recover: Spread; contain_before: Spread;
  threats: { name: string; severity: string; technique: string; hits: number; hits_before: number; hosts: number }[];
  hosts: { name: string; ip: string; site: string; worst: string; hits: number; incidents: number; days: number; cut_state: string }[];
  techniques: { tactic: string; technique: string; hits: number }[];
  blind: { sensor: string; frames: number; lost: number; away_s: number; sentence: string; sentence_ja: string }[];
  advisory: { author: string; text: string; text_ja: string; version: number; time_ns: number } | null;
}

/** A known-bad entry that was found at a treated host (Q14). */
export interface Offer {
  id: string; kind: string; value: string; time: Moment; mitigator: string; site: string; incident: string; threat_id: string; threat: string; comment: string; accepted: boolean;
}

/** Of the fleet's own list. */
export interface Entry { kind: string; value: string; comment: string; by: string; added: Moment; until: Moment; over: boolean }

export interface CoveredNetwork {
  site: string; customer: string; network: string; seen: number; behind_router: number; silent: number; last_seen: Moment; find: string; advice: string;
}

/** Hosts of the last week: whose own frames are seen, known through a router only, unheard of. */
export interface Coverage { hosts_seen: number; hosts_unseen: number; hosts_silent: number; networks: CoveredNetwork[]; blind_sites: Site[] }

export interface Advisory { version: number; author: string; time: Moment; text: Text }

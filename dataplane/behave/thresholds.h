/* Every threshold of every detector, in one table: name as in `--set behave.NAME=N`, default,
 * least, most, what it means. Defaults stay quiet on everyday traffic; ARCHITECTURE says nothing
 * more, this is the list. Windows are seconds of the clock that is passed in.
 *
 * A window begins with the first thing that is counted in it, and starts anew when it is over. */
#pragma once

#include <stdint.h>

/* One line a detector: field (and name), on by default, help. Its descriptor is behave_FIELD. */
#define BEHAVE_DETECTORS(X)                                                                        \
	X(scan, "scans of ports, hosts, by TCP, UDP, ICMP and ARP")                                \
	X(web_scan, "web servers searched for weak spots")                                         \
	X(brute, "guessing of passwords and account names")                                        \
	X(worm, "spreading of a service that a host was itself contacted on")                      \
	X(rpc, "remote execution, theft of directory secrets, coercion by remote calls")           \
	X(remote, "programs put on administrative shares, remote management")                      \
	X(beacon, "regular calls of one server")                                                   \
	X(dns_tunnel, "data in names that are looked up")                                          \
	X(dga, "names made up by a program")                                                       \
	X(file_type, "files that are not what they are called")                                    \
	X(chain, "downloads that fetch the next download")                                         \
	X(foreign_port, "protocols where they do not belong")                                      \
	X(credentials, "passwords that everybody can read")                                        \
	X(tunnel, "tunnels in ICMP and through proxies")                                           \
	X(hijack, "names answered by somebody else")                                               \
	X(obscure, "conversations without any form")                                               \
	X(upload, "uploads out of proportion")                                                     \
	X(servers, "servers that nobody registered")                                               \
	X(spoof, "forged ARP, DHCP, router and name answers")                                      \
	X(apps, "mining, file sharing, Tor")                                                       \
	X(slow_beacon, "regular calls hours apart")                                                \
	X(slow_scan, "scans of a few tries an hour")                                               \
	X(slow_guess, "guessing of passwords that takes its time")                                 \
	X(slow_tunnel, "DNS tunnels of a few questions a minute")                                  \
	X(rare, "a new place that only a host calls which never calls new ones")                   \
	X(off_hours, "uploads and tries when the host and the site are asleep")

/* field, name, default, least, most, help */
#define BEHAVE_THRESHOLDS(X)                                                                       \
	X(repeat_seconds, "repeat-seconds", 3600, 1, 604800,                                       \
	  "the same hit about the same hosts is told again after that long")                       \
	X(scan_seconds, "scan-seconds", 300, 1, 604800, "window of TCP and UDP scans")             \
	X(scan_hosts, "scan-hosts", 24, 4, 400, "hosts tried on one port in it")                   \
	X(scan_ports, "scan-ports", 40, 4, 400, "ports tried on one host in it")                   \
	X(scan_failed_percent, "scan-failed-percent", 60, 1, 100,                                  \
	  "share of the tries that got no service")                                                \
	X(scan_odd_ports, "scan-odd-ports", 10, 2, 400,                                            \
	  "ports or hosts tried with impossible TCP flags (FIN, XMAS, NULL), or IP protocols")     \
	X(sweep_seconds, "sweep-seconds", 60, 1, 604800, "window of ICMP and ARP sweeps")          \
	X(sweep_hosts, "sweep-hosts", 12, 4, 400, "hosts sent an ICMP query in it")                \
	X(sweep_failed_percent, "sweep-failed-percent", 20, 0, 100,                                \
	  "share of them that did not answer; 4 times the hosts need none")                        \
	X(arp_hosts, "arp-hosts", 40, 4, 400, "addresses asked for by ARP or ND in it")            \
	X(arp_failed_percent, "arp-failed-percent", 50, 0, 100,                                    \
	  "share of them that nobody answered for")                                                \
	X(web_seconds, "web-seconds", 120, 1, 604800, "window of web scans")                       \
	X(web_paths, "web-paths", 40, 4, 400,                                                      \
	  "paths that one client asks one server for and that are refused or not answered")        \
	X(brute_seconds, "brute-seconds", 120, 1, 604800, "window of password guessing")           \
	X(brute_failures, "brute-failures", 10, 2, 100000, "refused logins at one server in it")   \
	X(brute_sessions, "brute-sessions", 15, 2, 100000,                                         \
	  "short sessions of a login service in it; half as many when they overlap")               \
	X(brute_session_bytes, "brute-session-bytes", 12000, 100, 1000000,                         \
	  "a session with more, both ways together, was let in")                                   \
	X(brute_session_seconds, "brute-session-seconds", 30, 1, 3600, "so was a longer one")      \
	X(spray_names, "spray-names", 6, 2, 60, "account names refused for one client in it")      \
	X(spray_asked, "spray-asked", 10, 2, 60,                                                   \
	  "account names asked for where answers are not seen")                                    \
	X(roast_tickets, "roast-tickets", 4, 1, 60,                                                \
	  "services whose tickets one client gets with the weak RC4 in it")                        \
	X(worm_seconds, "worm-seconds", 600, 1, 604800,                                            \
	  "time from being contacted to contacting others")                                        \
	X(worm_hosts, "worm-hosts", 8, 2, 400, "new hosts contacted on the same service")          \
	X(rpc_seconds, "rpc-seconds", 300, 1, 604800, "window of the counts below")                \
	X(rpc_lookups, "rpc-lookups", 40, 2, 100000,                                               \
	  "entries of the endpoint mapper read one by one")                                        \
	X(rpc_enumerations, "rpc-enumerations", 3, 1, 100000,                                      \
	  "hosts whose shares, sessions or users one client lists")                                \
	X(rpc_authentications, "rpc-authentications", 12, 2, 100000,                               \
	  "tries of a Netlogon authentication (Zerologon needs some 256)")                         \
	X(rpc_replication_bytes, "rpc-replication-bytes", 2048, 1, 1000000,                        \
	  "answer to what looks like a replication where the interface was not seen")              \
	X(reflect_seconds, "reflect-seconds", 10, 1, 3600,                                         \
	  "time in which a host that was called logs in at the caller")                            \
	X(beacon_calls, "beacon-calls", 12, 6, 32, "intervals looked at")                          \
	X(beacon_spread_percent, "beacon-spread-percent", 30, 1, 100,                              \
	  "median deviation of the intervals, of their median")                                    \
	X(beacon_interval_ms, "beacon-interval-ms", 1500, 1, 86400000, "shortest interval")        \
	X(beacon_bytes, "beacon-bytes", 20000, 1, 100000000, "an exchange with more is work")      \
	X(tunnel_dns_seconds, "dns-tunnel-seconds", 300, 1, 604800, "window of DNS tunnels")       \
	X(tunnel_dns_names, "dns-tunnel-names", 30, 4, 400,                                        \
	  "different names under one domain that look like data")                                  \
	X(tunnel_dns_bytes, "dns-tunnel-bytes", 1000, 1, 10000000, "bytes in them")                \
	X(dga_seconds, "dga-seconds", 300, 1, 604800, "window of made-up names")                   \
	X(dga_names, "dga-names", 12, 2, 400, "made-up domains that do not exist")                 \
	X(dga_failed_names, "dga-failed-names", 60, 2, 400,                                        \
	  "domains of any look that do not exist")                                                 \
	X(dga_requests, "dga-requests", 3, 1, 1000, "requests to a host with a made-up name")      \
	X(chain_seconds, "chain-seconds", 300, 1, 604800, "time from one download to the next")    \
	X(foreign_bytes, "foreign-bytes", 2000, 1, 100000000,                                      \
	  "bytes before an unknown protocol on a known port is told")                              \
	X(icmp_exchanges, "icmp-exchanges", 10, 2, 100000,                                         \
	  "echoes whose answers differ in size from what was sent")                                \
	X(icmp_bytes, "icmp-bytes", 30000, 1, 1000000000,                                          \
	  "bytes each way in echoes larger than a ping's")                                         \
	X(upload_seconds, "upload-seconds", 3600, 1, 604800, "window of uploads")                  \
	X(upload_mb, "upload-mb", 50, 1, 1000000, "megabytes to one outside host in it")           \
	X(upload_times, "upload-times", 5, 1, 1000,                                                \
	  "and so many times what came back, and what the host sends otherwise")                   \
	X(learn_seconds, "learn-seconds", 3600, 0, 31536000,                                       \
	  "servers seen so long after the start count as registered")                              \
	X(spoof_seconds, "spoof-seconds", 120, 1, 604800, "window of forged answers")              \
	X(spoof_claims, "spoof-claims", 3, 1, 1000,                                                \
	  "claims of an address that another host has too")                                        \
	X(poison_names, "poison-names", 3, 1, 60, "different names one host answers for")          \
	X(peers, "peers", 5, 1, 400, "file sharing partners")                                      \
	X(popular_hosts, "popular-hosts", 10, 2, 50,                                               \
	  "inside hosts that call a place which is then everyday's")                               \
	X(rare_hosts, "rare-hosts", 3, 1, 50, "at most so many call a rare place")                 \
	X(learn_days, "learn-days", 3, 0, 365,                                                     \
	  "in banken-control: regular calls since then are offered, not told")                     \
	X(history_days, "history-days", 7, 1, 365,                                                 \
	  "what a host does not do in that time it does not do")                                   \
	X(slow_beacon_calls, "slow-beacon-calls", 8, 5, 16, "visits looked at")                    \
	X(slow_beacon_seconds, "slow-beacon-seconds", 600, 60, 604800,                             \
	  "shortest interval; calls closer together are one visit")                                \
	X(beacon_seconds, "beacon-seconds", 7200, 0, 604800,                                       \
	  "in banken-control: calls go on for so long before they are told")                       \
	X(slow_scan_seconds, "slow-scan-seconds", 259200, 60, 2592000, "window of slow scans")     \
	X(slow_scan_hosts, "slow-scan-hosts", 30, 4, 400,                                          \
	  "services of other inside hosts tried in vain for the first time in it")                 \
	X(slow_scan_least_seconds, "slow-scan-least-seconds", 3600, 0, 604800,                     \
	  "what takes less is a scan of the other kind")                                           \
	X(slow_guess_seconds, "slow-guess-seconds", 21600, 60, 604800,                             \
	  "window of slow guessing from outside, and of names refused")                            \
	X(slow_guess_inside_seconds, "slow-guess-inside-seconds", 3600, 60, 604800,                \
	  "window of slow guessing by hosts inside, which work with each other too")               \
	X(slow_guess_least_seconds, "slow-guess-least-seconds", 120, 0, 604800,                    \
	  "what takes less is guessing of the other kind")                                         \
	X(slow_guess_sessions, "slow-guess-sessions", 16, 4, 100000,                               \
	  "short sessions of SSH, RDP, VNC or Telnet at one server in it, not at whole minutes")   \
	X(slow_guess_bytes, "slow-guess-bytes", 2000, 0, 1000000,                                  \
	  "a session with less was a look at the greeting")                                        \
	X(slow_guess_names, "slow-guess-names", 12, 4, 60,                                         \
	  "account names refused for one client in it")                                            \
	X(slow_tunnel_seconds, "slow-tunnel-seconds", 86400, 60, 2592000,                          \
	  "window of slow tunnels")                                                                \
	X(slow_tunnel_names, "slow-tunnel-names", 150, 4, 1000,                                    \
	  "different names under one rare domain that look like data")                             \
	X(rare_seconds, "rare-seconds", 43200, 60, 604800,                                         \
	  "a new place is told when still nobody else calls it after that long")                   \
	X(rare_calls, "rare-calls", 3, 1, 1000, "and it was called so often")                      \
	X(off_hours_mb, "off-hours-mb", 10, 1, 1000000,                                            \
	  "megabytes to a rare place while the host and the site are asleep")                      \
	X(off_hours_hosts, "off-hours-hosts", 10, 2, 400,                                          \
	  "inside hosts called for the first time then")                                           \
	X(upload_popular_mb, "upload-popular-mb", 5000, 1, 1000000,                                \
	  "megabytes in an hour to a place that everybody here uses")

struct behave_thresholds {
#define X(field, name, value, least, most, help) uint32_t field;
	BEHAVE_THRESHOLDS(X)
#undef X
};

/* Which detectors run. */
struct behave_switches {
#define X(field, help) _Bool field;
	BEHAVE_DETECTORS(X)
#undef X
};

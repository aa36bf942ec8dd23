/* banken: the one command line for everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/incident_text.h"
#include "control/cli/keys.h"
#include "control/cli/usage.h"

static int run_keys(const struct cli *cli, int argc, char **argv)
{
	(void)cli;
	return cmd_keys(argc, argv);
}

static const struct cli_command commands[] = {
	{"status", "", "what runs here and how it is",
	 "Asks banken-control, banken-mitigator, banken-enforcer and banken-centre; which are not "
	 "here\n"
	 "says so in a sentence.\n\nexamples:\n  banken status\n  banken --json status\n",
	 cmd_status},
	{"doctor", "[--config-folder DIR] [--japanese]",
	 "looks at everything here and says what is wrong and what to do",
	 "Programs and their versions, keys and their end, clock, time zone, mirror port and its\n"
	 "losses, memory, cores, disks, spools, links, rules, drivers, mail server, permissions:\n"
	 "what was found, where, and what to do. What this machine is set up for is told by the\n"
	 "files in /etc/banken (--config-folder). As root, or in the group banken.\n\n"
	 "Exit status: 0 nothing is bad, 1 something is, 2 wrong usage.\n\n"
	 "examples:\n  banken doctor\n  banken doctor --japanese\n"
	 "  banken --json doctor | jq '.findings[] | select(.level == \"bad\")'\n",
	 cmd_doctor},
	{"alerts", "[--most N]", "latest alerts, newest first",
	 "Asks the centre.\n\nexamples:\n  banken alerts\n  banken --json alerts --most 1000\n",
	 cmd_alerts},
	{"hosts", "[HOST]", "hosts, their level, what is cut and what is protected",
	 "Asks the mitigator. With HOST (address, MAC, name): its addresses and every fact about "
	 "it,\nwith source and age.\n\nexamples:\n  banken hosts\n  banken hosts 10.0.0.21\n",
	 cmd_hosts},
	{"events", "[--most N]", "1188 threat detected, 1190 host cut",
	 "Asks the mitigator.\n\nexample:\n  banken events --most 20\n", cmd_events},
	{"coverage", "", "which networks and hosts the sensors see, and where a tap would help",
	 "Asks the mitigator. A host whose own frames were seen is on a mirrored segment; what "
	 "hosts\n"
	 "behind a router do among themselves is seen by nobody.\n\nexample:\n  banken coverage\n",
	 cmd_coverage},
	{"learn", "[accept | reject ID|all [--reason TEXT]] [--history]",
	 "what was learnt and is proposed: networks, zones, domains, servers, routers, calls",
	 "An accepted server is registered, an accepted call is no beacon, an accepted network or "
	 "trusted\nzone is inside and an untrusted one is not; what is rejected is "
	 "told\n"
	 "as an alert. --history shows what was decided, by whom and why.\n\n"
	 "examples:\n  banken learn\n  banken learn accept all\n"
	 "  banken learn reject 5f0c2a11 --reason \"not our server\"\n",
	 cmd_learn},
	{"search", "INDICATOR [--most N]", "kept records that name an indicator, newest first",
	 "Asks banken-control on this sensor. INDICATOR: address, network, address:port, name "
	 "(with "
	 "its\nsub-domains), URL, JA4, certificate or file hash; defanged forms too.\n\n"
	 "examples:\n  banken search 198.51.100.66\n  banken search evil.example --most 500\n",
	 cmd_search},
	{"incidents", "[ID] [--open] [--japanese]", "what happened, where it began, what to do",
	 "Asks the mitigator: the newest incidents with attacker, victim, technique, root cause, "
	 "steps\nand recommended handling.\n\n"
	 "examples:\n  banken incidents --open\n  banken incidents incident-000017 --japanese\n",
	 cmd_incidents},
	{"quarantine", "list | add | release | approve | stop | go | protected | export | import",
	 "who is cut; cut and release",
	 "  list                         cuts, newest first, with their state\n"
	 "  add HOST [--reason TEXT]     cuts a host; it stays cut until a person releases it\n"
	 "  release HOST [--reason TEXT] lets it back; cut again when it still shows signs\n"
	 "  approve COMMAND              says yes to a cut that waits for a person\n"
	 "  stop [--reason TEXT]         from now on nothing is cut automatically; what is cut\n"
	 "                               stays cut (without the program: touch /etc/banken/stop)\n"
	 "  go                           ends that\n"
	 "  protected                    what can never be cut, and who says so\n"
	 "  export FILE.zip [--threat ID]\n"
	 "                               the permission lists that were kept before cuts\n"
	 "  export FILE.zip --current    who is permitted now\n"
	 "  import FILE [--reason TEXT]  a ZIP of lists, or one list: releases every host that a\n"
	 "                               list permits and its threat has cut; refused whole when\n"
	 "                               anything in it is wrong\n\n"
	 "HOST is an address, a MAC or a host's id; COMMAND as the list shows it. What is "
	 "protected\n"
	 "cannot be cut.\n\n"
	 "examples:\n  banken quarantine list\n"
	 "  banken quarantine add 10.0.0.21 --reason \"asked by Sato\"\n"
	 "  banken quarantine release 10.0.0.21 --reason \"cleaned, checked by Sato\"\n"
	 "  banken quarantine approve mitigator-1-7.0\n",
	 cmd_quarantine},
	{"recovery", "list | start | do | cancel | done | undo | watched | proposals | vendor",
	 "tasks of dangerous incidents, after-care, the vendor's orders",
	 "  list [--open]     assessment, clean-up, sample and pattern of each incident, with "
	 "result\n"
	 "  do TASK           yes to a task that asks; tries one again that failed\n"
	 "  cancel TASK       no\n"
	 "  done TASK         a person did it; the next one follows\n"
	 "  undo TASK         has it rolled back by its program\n"
	 "  start HOST        the tasks of its open incident, whatever its level\n"
	 "  watched           treated hosts, which are judged more strictly for a while\n"
	 "  proposals         what was found, offered to the fleet as known-bad entries\n"
	 "  vendor            what the vendor's centre ordered, and what became of it\n\n"
	 "Tasks come from the playbook (key 'playbook' of the mitigator); --reason TEXT says "
	 "why.\n\n"
	 "examples:\n  banken recovery list --open\n"
	 "  banken recovery done 17 --reason \"reinstalled by Sato\"\n",
	 cmd_recovery},
	{"sample", "list | take SHA256 | key PRIVATE PUBLIC | open FILE SHA256",
	 "files carved from traffic, handed over by sensors on your order",
	 "  take SHA256       asks the sensors for the file; each decides by its own list of "
	 "types\n"
	 "                    (samples.file-types of banken-control) what may leave, and seals it\n"
	 "                    for the key that stands there; --types exe,dll narrows it,\n"
	 "                    --sensor NAME asks one only\n"
	 "  list              what was ordered, refused (with a sentence) and arrived, and where\n"
	 "  key PRIVATE PUBLIC\n"
	 "                    makes the pair of keys: PUBLIC goes to the sensors, PRIVATE to "
	 "nobody\n"
	 "  open FILE SHA256 --key PRIVATE --out FILE\n"
	 "                    what arrived, in the clear\n\n"
	 "Who asked for what and why is in the mitigator's audit and in custody.log of the "
	 "sensor's\n"
	 "state folder; 'banken audit verify' reads both.\n\n"
	 "example:\n  banken sample take "
	 "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f --types exe\n",
	 cmd_sample},
	{"policy", "simulate | lint | show | history | act | exceptions",
	 "what judgements do, and would have done",
	 "  simulate --judgements FILE.csv --policy FILE\n"
	 "  simulate --judgements FILE.csv --method same-level|same-or-higher\n"
	 "           --counts danger=6,warning=4,caution=2 [--days danger=3,...]\n"
	 "                    what a policy makes of recorded judgements (columns time, host,\n"
	 "                    level; the list may be unsorted): a line for each with its count,\n"
	 "                    its days and the actions that fire. Without a policy file each "
	 "level\n"
	 "                    given has one action, named after it.\n"
	 "  lint FILE         reads a policy file; says what in it would not do what it seems to\n"
	 "                    (also: check FILE)\n"
	 "  show [FILE]       the action policies of the file, or the two built-in ones, in words\n"
	 "  history [--host HOST] [--since TIME]\n"
	 "                    every judgement with its trigger, as a list for simulate\n"
	 "  act ACTION HOST... [--text TEXT]\n"
	 "                    mail, message, deny, permit, block or command, by hand\n"
	 "  act --deferred [--scope NAME]\n"
	 "                    does what policies with 'when: deferred' have gathered\n"
	 "  mode [SCOPE MODE] every scope with its mode; or another one for a scope: monitor,\n"
	 "                    notify, approve, automatic, or file: as the policy file says\n"
	 "  editions          policies that were put in force at the pages, in place of the file\n"
	 "  file [--reason TEXT]\n"
	 "                    the policy file holds again\n"
	 "  exception add --never alert|block --reason TEXT [--rule GID:SID] [--source PREFIX]\n"
	 "            [--destination PREFIX] [--sensor NAME] [--days N | --until TIME]\n"
	 "                    makes one beside those of the policy file, in force at once\n"
	 "  exception end NUMBER\n"
	 "  exceptions        those of the policy, and how often each had effect\n"
	 "  preview [--rule GID:SID] [--source PREFIX] [--destination PREFIX] [--sensor NAME]\n"
	 "                    how many of the last 30 days' alerts an exception would remove\n\n"
	 "Times: 2026-11-21T09:00:00Z, 2026-11-21T18:00:00+09:00, without a zone in UTC, or "
	 "seconds\n"
	 "since 1970. Days are elapsed time, 24 h each. FILE may be - for standard input.\n\n"
	 "examples:\n"
	 "  banken policy history > judged.csv\n"
	 "  banken policy simulate --policy new.yaml --judgements judged.csv\n"
	 "  banken --json policy simulate --judgements judged.csv --method same-or-higher \\\n"
	 "    --counts danger=6,warning=4,caution=2\n"
	 "  banken policy lint new.yaml\n",
	 cmd_policy},
	{"account", "list | add NAME --role ROLE | ...", "who may log in to the mitigator's pages",
	 "  list                         accounts with their role\n"
	 "  add NAME --role ROLE         viewer, approver or administrator; asks for the password\n"
	 "                               or reads it from standard input\n"
	 "  role NAME ROLE               another role\n"
	 "  password NAME                another password\n"
	 "  second-factor NAME           takes away a second factor that was lost\n"
	 "  off NAME, on NAME            nobody can log in with it, or again\n"
	 "  remove NAME                  with its sessions and tokens\n\n"
	 "There is no account and no password to begin with: the first one is made here.\n\n"
	 "examples:\n  banken account add yamada --role administrator\n"
	 "  banken account add tv --role viewer < password-file\n",
	 cmd_account},
	{"centre", "account | customer | site | assessment | audit",
	 "the monitoring centre's people and customers",
	 "  account list                 who may log in to the centre's pages\n"
	 "  account add NAME --role ROLE --customer ID\n"
	 "                               viewer, approver, administrator of a customer; without\n"
	 "                               one vendor-operator, vendor-analyst, "
	 "vendor-administrator\n"
	 "  account role|password|second-factor|off|on|remove NAME   as in banken account\n"
	 "  customer list                customers and their sites\n"
	 "  customer add ID NAME [--zone ZONE] [--language en|ja]    makes or changes one\n"
	 "  site list                    sites, and whose they are\n"
	 "  site give SITE CUSTOMER      whose it is; a site with a history stays theirs\n"
	 "  assessment begin CUSTOMER [--days N]   watched only, nothing is cut; 30 days without\n"
	 "  assessment end CUSTOMER      before its time; its report comes, then banken-store "
	 "wipe\n"
	 "  assessment list              who is under assessment, until when\n"
	 "  audit [--most N]             who did what, newest first\n\n"
	 "examples:\n  banken centre account add mori --role vendor-administrator\n"
	 "  banken centre customer add aoba \"Aoba Works\" --zone Asia/Tokyo --language ja\n"
	 "  banken centre site give sendai-plant aoba\n"
	 "  banken centre account add sato --role approver --customer aoba\n",
	 cmd_centre},
	{"audit", "list [--most N] | verify FILE [--head N:HASH]",
	 "who did what, and that nobody "
	 "changed it",
	 "  list [--most N]              the mitigator's latest records, newest first\n"
	 "  verify FILE [--head N:HASH]  every line is bound to the one before by its hash: says\n"
	 "                               the first that was changed, taken out, put in or moved; "
	 "a\n"
	 "                               head noted before shows a log whose end was cut off\n\n"
	 "examples:\n  banken audit list --most 20\n"
	 "  banken audit verify /var/lib/banken/mitigator/audit.log\n",
	 cmd_audit},
	{"emergency", "list | seen N | tell ADDRESS | ...", "what cannot wait, and who is told",
	 "  list                         latest first, with what is not seen to on top\n"
	 "  seen N                       you see to it: no more messages about it\n"
	 "  recipients                   who is told\n"
	 "  tell ADDRESS                 name@host, tls://HOST:6514 (syslog) or https://... "
	 "(JSON)\n"
	 "    --customer ID              of that customer only; every customer's without\n"
	 "    --language en              of mails, Japanese without\n"
	 "    --tier 2                   only when nobody has seen to it for half an hour\n"
	 "    --quiet 22:00-07:00        not then, unless nobody else is told\n"
	 "  forget N                     that recipient is not told any more\n"
	 "  test                         sends one that says it is a test\n"
	 "  template KIND|all subject|body|webhook [--language en] [--text TEXT]\n"
	 "                               another text for messages, with tokens such as "
	 "{{title}};\n"
	 "                               without --text the built-in one again\n"
	 "  preview ...                  the same as it would look; nothing is kept\n"
	 "  templates                    those that are not the built-in ones\n\n"
	 "examples:\n  banken emergency tell soc@example.jp\n"
	 "  banken emergency tell tls://siem.example.jp:6514\n  banken emergency seen 12\n",
	 cmd_emergency},
	{"report", "daily | monthly | verify FILE | finals | schedule | ...",
	 "writes a report and names the file",
	 "  daily, monthly               in English and Japanese as HTML, with JSON, CSV and a\n"
	 "                               signature beside each, in the centre's report folder;\n"
	 "                               so far, when the day or month has not ended\n"
	 "    --date 2026-11-21          which day, or month (2026-11)\n"
	 "    --site NAME, --customer ID whose; all without\n"
	 "    --language ja              the file that is named, and the PDF, in Japanese\n"
	 "    --pdf FILE                 the same on paper (A4)\n"
	 "  verify FILE                  whether a report is as the centre made it\n"
	 "  finals                       reports of days and months that are over, made by "
	 "themselves\n"
	 "  schedule                     when that is, and who is mailed\n"
	 "  schedule --customer ID --hour 6 [--daily off] [--monthly off] [--from 2026-11-01]\n"
	 "                               at that hour of the day after, by the customer's zone\n"
	 "  tell ADDRESS, forget ADDRESS [--customer ID] [--language en]\n"
	 "                               who gets them by mail\n"
	 "  again --date 2026-11-21 [--customer ID]\n"
	 "                               makes a new version, and mails it\n"
	 "    --certificate FILE         of that centre, /etc/banken/keys/centre/own.crt "
	 "without\n\n"
	 "examples:\n  banken report daily\n  banken report daily --site 'Osaka works'\n"
	 "  banken report monthly --date 2026-10 --language ja --pdf october.pdf\n"
	 "  banken report verify daily-all-2026-11-21.en.html\n"
	 "  banken report tell soc@aoba.example --customer aoba --language ja\n",
	 cmd_report},
	{"forward", "[add ADDRESS | remove ADDRESS]", "alerts for other systems, by syslog",
	 "  add tls://HOST:6514 [--format eve|cef|leef] [--customer ID]\n"
	 "                   RFC 5424 over TLS with octet counting; tcp://HOST:514 without TLS\n"
	 "  remove ADDRESS   no more\n\n"
	 "A system that is away gets what waits when it is back.\n\n"
	 "examples:\n  banken forward add tls://siem.example.jp:6514 --format cef\n  banken "
	 "forward\n",
	 cmd_forward},
	{"metrics", "[--program NAME] [--out FILE]", "figures of all programs here, for Prometheus",
	 "Asks every program and prints the text exposition format; --out replaces the file whole, "
	 "for\n"
	 "node_exporter's textfile collector.\n\n"
	 "examples:\n  banken metrics\n"
	 "  banken metrics --out /var/lib/prometheus/node-exporter/banken.prom\n",
	 cmd_metrics},
	{"watch", "[tests | test [SENSOR] | licence]", "whether the watching itself works",
	 "Asks the centre: mirror ports without traffic, clocks, certificates, licences, the disk "
	 "and\n"
	 "its forecast, far more or fewer incidents than ever, reports and messages that wait.\n\n"
	 "  test [SENSOR]   tries the whole way now: sensor, rule, centre, mail, mailbox\n"
	 "  tests           the last tries, and how far each came\n"
	 "  licence --customer ID --until 2027-03-31   when a licence ends (it warns, never "
	 "blinds)\n\n"
	 "examples:\n  banken watch\n  banken watch licence --customer aoba --until 2027-03-31\n",
	 cmd_watch},
	{"rules",
	 "check FILE | import SOURCE [NAME] | sources | forget NAME | filter ... | explain SID",
	 "the operator's own rules, and which rules are on",
	 "  check FILE            loads rules, lists by name what could not be loaded (status 1)\n"
	 "  import SOURCE [NAME]  ET Open's archive, a folder of *.rules or a file, beside the "
	 "bundles\n"
	 "  sources, forget NAME  what was imported; takes it out again\n"
	 "  filter disable.conf [FILE]    shows the own filter, or puts FILE in its place; also\n"
	 "                        enable.conf, drop.conf, modify.conf, threshold.config,\n"
	 "                        classification.config, reference.config. Lines as\n"
	 "                        suricata-update has them: 2019401, 1:2019401, group:NAME, "
	 "re:TEXT,\n"
	 "                        metadata:KEY VALUE; modify.conf: 2019401 \"from\" \"to\"\n"
	 "  explain [GID:]SID     where a rule is from, whether it is on, which line says so\n\n"
	 "Every change makes the set of rules anew and puts it in force (banken bundle status).\n\n"
	 "examples:\n  banken rules check local.rules\n  banken rules import "
	 "emerging.rules.tar.gz\n"
	 "  banken rules explain 2019401\n",
	 cmd_rules},
	{"evidence", "list | show PIECE | verify | export DIR [PIECE]",
	 "packets kept before and after alerts, and whether they are as they were",
	 "  list           all pieces, oldest first\n"
	 "  show PIECE     what is known of one; PIECE is its file's name or the alert's id\n"
	 "  verify         reads every piece and the chain; status 1 when a byte was changed, a "
	 "piece "
	 "or\n                 a line is gone, or the chain does not end in HASH (--tip)\n"
	 "  export DIR     copies one piece or all, with the chain and SHA256SUMS\n\n"
	 "  --folder DIR   of the evidence (default /var/lib/banken/evidence, or "
	 "$BANKEN_EVIDENCE)\n"
	 "  --tip HASH     the chain must hold this hash, noted at an earlier verify\n\n"
	 "examples:\n  banken evidence list\n  banken evidence verify\n"
	 "  banken evidence export /media/usb\n",
	 cmd_evidence},
	{"lists", "add FILE | show [NAME] | remove NAME | check FILE | search INDICATOR | compile",
	 "known-bad lists: addresses, names, URLs, fingerprints, hashes",
	 "  add FILE          takes a file over; the sensor uses it within seconds, without a "
	 "restart\n"
	 "  check FILE        reads a file and says what it would take; status 1 if lines are "
	 "refused\n"
	 "  show [NAME]       lists with their figures\n"
	 "  search INDICATOR  which list has it; status 1 when none\n"
	 "  remove NAME       takes a list away\n"
	 "  compile           once more, without what has expired\n"
	 "  taxii show URL | add NAME URL --collection ID | fetch [NAME] | sources | drop NAME\n"
	 "                    lists that a TAXII 2.1 server keeps: --user U --password-file F,\n"
	 "                    --token-file F, --certificate F --key F, --ca F\n\n"
	 "  --name NAME --comment TEXT   of the list (the file's name unless said)\n"
	 "  --form auto|plain|csv|stix   csv: a row of column names, abuse.ch's exports too\n"
	 "  --kind auto|ip|domain|url|ja3|ja4|cert|file   what stands in a plain list\n"
	 "  --priority 0-100  where two lists disagree the higher one holds (50)\n"
	 "  --severity 1-4    of its alerts, 1 is the highest (by kind)\n"
	 "  --tactic TA0011 --technique T1071   ATT&CK (by kind)\n"
	 "  --days N          entries without an end go after N days\n"
	 "  --potential       its alerts are of low confidence\n"
	 "  --allow           what it names is good: no alert, if its priority is higher\n"
	 "  --exact           names do not stand for their sub-domains\n"
	 "  --any-port        address:port stands for the address\n"
	 "  --folder DIR      of the lists (default /var/lib/banken/lists, or $BANKEN_LISTS)\n\n"
	 "examples:\n  banken lists add urlhaus.csv --days 30\n"
	 "  banken lists add ja3.txt --kind ja3 --severity 3 --potential\n"
	 "  banken lists search hxxp://evil[.]example/a\n",
	 cmd_lists},
	{"pattern", "make NAME --string TEXT | --hex HEX | --sample FILE",
	 "a custom pattern from a sample or a few strings, checked against everyday traffic",
	 "Prints the rule. A string has at least 8 bytes, 4 of them different; a sample gives "
	 "three\n"
	 "parts of itself that no everyday capture has, and its hash.\n\n"
	 "  --proto tcp|udp|http|dns|smtp|smb|tls|file   where to look (file: whatever carries "
	 "files)\n"
	 "  --msg TEXT            what an alert says\n"
	 "  --benign FILE|DIR     everyday captures: a pattern that alerts there is refused\n"
	 "                        (--even-so makes it all the same)\n"
	 "  -r CAPTURE            must raise it\n"
	 "  --key FILE --out FILE --version N   a signed bundle of it, for 'banken bundle install' "
	 "or\n"
	 "                        the centre; --out alone writes the rule\n\n"
	 "example:\n  banken pattern make dropper-7 --sample evil.bin --benign everyday/ --key "
	 "site.key --out dropper-7.bundle\n",
	 cmd_pattern},
	{"bundle", "build | show | verify | install | status | history | rollback | preview | key",
	 "signature bundles: signed rules, settings and lists of this sensor",
	 "  install FILE      verifies and puts it in force; a sensor that runs takes it within "
	 "seconds\n                    without losing a packet. Versions only rise\n"
	 "  status            what is in force, and whether the dataplane really runs it\n"
	 "  show [FILE]       what is in a bundle, or the status\n"
	 "  verify FILE       signature, dates and every byte\n"
	 "  rollback [N]      back to the bundles before, or to version N while it is kept\n"
	 "  history           the sets that are kept\n"
	 "  remove NAME       takes a custom pattern out again (--kind rule-set, signatures)\n"
	 "  preview FILE -r CAPTURE...   what it would have told beside the set in force;\n"
	 "                    --evidence[=DIR]: over the packets kept around alerts\n"
	 "  build OUT --key FILE --name NAME --version N   --packs DIR --tree DIR --add PATH=FILE\n"
	 "                    --kind signatures|pattern|rule-set --note TEXT --days N --made TIME\n"
	 "  key FOLDER NAME   makes a key to sign with\n\n"
	 "  --folder DIR      of what is installed (default /var/lib/banken/bundle, or "
	 "BANKEN_BUNDLE)\n"
	 "  --keys DIR        whose signature counts: the vendor's and the owner's NAME.pem\n"
	 "                    (default /etc/banken/bundle-keys, or BANKEN_BUNDLE_KEYS)\n\n"
	 "examples:\n  banken bundle preview july.bundle -r incident.pcapng\n"
	 "  banken bundle install july.bundle\n  banken bundle rollback\n",
	 cmd_bundle},
	{"replay", "FILE [-S RULES] [--japanese]", "analyses a capture file",
	 "The same detection and correlation as live, over a pcap or pcapng file: alerts, then "
	 "the\n"
	 "incidents with attacker, victim, technique, root cause and what to do.\n\n"
	 "examples:\n  banken replay incident.pcapng\n"
	 "  banken replay incident.pcapng -S local.rules\n",
	 cmd_replay},
	{"enrol", "CODE --centre HOST:PORT | code | revoke | rotate | list",
	 "a box gets its certificate by one code",
	 "On the box (sensor, mitigator, enforcer), as root:\n"
	 "  CODE --centre HOST:PORT      makes a key here and gets the certificate for it; the "
	 "code\n"
	 "                               says which box it is, which centre it trusts, and is "
	 "good\n"
	 "                               once\n"
	 "    --keys FOLDER              where it is kept, /etc/banken/keys/ROLE without; files\n"
	 "                               belong to whom the folder belongs to\n\n"
	 "At the centre:\n"
	 "  code --site SITE --role ROLE makes a code for a sensor, mitigator or enforcer\n"
	 "    --name NAME                of the box; one that is there already is enrolled again,\n"
	 "                               and its old certificate holds no more\n"
	 "    --customer ID              whose site it is\n"
	 "    --valid 24h                how long the code is good: 30m, 24h, 7d\n"
	 "  revoke NAME [--reason TEXT]  its link ends at once, and nobody speaks with it any "
	 "more\n"
	 "  list, codes                  certificates; codes that were made\n"
	 "  rotate begin|switch|finish   a new CA in three steps: all trust it; it issues, and\n"
	 "                               boxes renew; nobody trusts the old one. A step waits for\n"
	 "                               the boxes that are not ready (--force: not)\n\n"
	 "examples:\n"
	 "  banken enrol code --site 'Osaka works' --role sensor --customer acme\n"
	 "  banken enrol 7ZK4M-0QW2E-9RT5Y-3XBNM-8HJ6K --centre centre.example.jp:7444\n"
	 "  banken enrol revoke sensor-osaka-works-2 --reason 'stolen'\n",
	 cmd_enrol},
	{"fleet", "[boxes] | config | add | rollout | ...",
	 "what every box has, and new versions of it",
	 "  boxes [--stale]              every box with its versions and certificate; or those "
	 "that\n"
	 "                               are away for long, old, or whose certificate runs out\n"
	 "  config list [SCOPE]          versions: who wrote, who approved\n"
	 "  config keys                  what may be set from here\n"
	 "  config write SCOPE FILE --reason TEXT\n"
	 "                               a new version; SCOPE is fleet, customer:ID, site:NAME or\n"
	 "                               box:NAME, FILE has lines \"key: value\"\n"
	 "  config approve|refuse SCOPE VERSION [--note TEXT]\n"
	 "                               by a second person\n"
	 "  config diff SCOPE FROM TO    what differs; FROM 0: nothing\n"
	 "  add KIND VERSION FILE        a bundle, pattern or firmware that can be rolled out\n"
	 "  files                        those that are here\n"
	 "  rollout KIND VERSION [--scope SCOPE] [--customer ID] [--site NAME] [--group NAME]\n"
	 "          [--role ROLE] [--soak 1h] [--rings 1,10,50,100] [--limit 10] [--reason TEXT]\n"
	 "                               in rings; each is watched for the soak time, and when "
	 "more\n"
	 "                               than --limit percent of the boxes are worse it stops\n"
	 "  rollouts, rollout N          all, or one with every box\n"
	 "  pause|resume|stop|back N [--reason TEXT]\n"
	 "                               nobody new for now; on; nobody new; all who got it go "
	 "back\n"
	 "  group BOX NAME               puts a box into a group\n\n"
	 "examples:\n  banken fleet boxes --stale\n"
	 "  banken fleet config write 'site:Osaka works' osaka.yaml --reason 'new network'\n"
	 "  banken fleet rollout config 3 --scope 'site:Osaka works' --soak 10m\n"
	 "  banken fleet add bundle et-2026-11-22 /tmp/et.bundle\n"
	 "  banken fleet rollout bundle et-2026-11-22 --customer acme\n"
	 "  banken fleet back 7 --reason 'false alerts'\n",
	 cmd_fleet},
	{"keys", "init | issue ...", "the site's own certificates", NULL, run_keys},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(void)
{
	puts("usage: banken [--json] [--run-folder DIR] COMMAND ...\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %-50s %s\n", commands[i].name, commands[i].usage, commands[i].help);
	puts("\n  --json            print the answers as JSON\n"
	     "  --run-folder DIR  where the programs' sockets are (default /run/banken, or "
	     "$BANKEN_RUN)\n"
	     "\n"
	     "examples:\n"
	     "  banken status\n"
	     "  banken quarantine release 10.0.0.21 --reason \"cleaned, checked by Sato\"\n"
	     "  banken --json alerts --most 10\n"
	     "  banken replay incident.pcapng -S local.rules\n"
	     "\n"
	     "banken COMMAND --help says more of each.\n"
	     "Exit status: 0 done, 1 failed (one sentence on standard error), 2 wrong usage.");
}

/* Options in front of the command; index of the command, or -1 when the program is done. */
static int options(struct cli *cli, int argc, char **argv, int *ret_status)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			cli->json = true;
		} else if (strcmp(argv[i], "--run-folder") == 0 && i + 1 < argc) {
			cli->run_folder = argv[++i];
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			help();
			return -1;
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("banken " BANKEN_VERSION);
			return -1;
		} else {
			*ret_status = cli_fail(2, "%s is not an option; banken --help", argv[i]);
			return -1;
		}
	}
	if (i == argc) {
		help();
		*ret_status = 2;
		return -1;
	}
	return i;
}

/* --json may also stand behind the command. */
static int drop_json(struct cli *cli, int argc, char **argv)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			cli->json = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	return n;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

static int run(const struct cli *cli, const struct cli_command *c, int argc, char **argv)
{
	if (!c->more || !asks_for_help(argc, argv)) {
		int status = c->run(cli, argc, argv);

		if (status == CLI_MISUSED)
			usage_say(stderr, c->more, argc, argv);
		return status == CLI_MISUSED ? 2 : status;
	}
	printf("usage: banken %s%s%s\n\n%c%s.\n%s", c->name, c->usage[0] ? " " : "", c->usage,
	       c->help[0] >= 'a' && c->help[0] <= 'z' ? c->help[0] - 'a' + 'A' : c->help[0],
	       c->help + 1, c->more);
	return 0;
}

int main(int argc, char **argv)
{
	const char *folder = getenv("BANKEN_RUN");
	struct cli cli = {.run_folder = folder && folder[0] ? folder : "/run/banken",
			  .self = argv[0]};
	int status = 0, at = options(&cli, argc, argv, &status);

	if (at < 0)
		return status;
	argc = drop_json(&cli, argc - at, argv + at);
	argv += at;
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, argv[0]) == 0)
			return run(&cli, &commands[i], argc, argv);
	}
	return cli_fail(2, "there is no command \"%s\"; banken --help lists them", argv[0]);
}

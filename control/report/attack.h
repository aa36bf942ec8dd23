/* Names of MITRE ATT&CK (Enterprise) tactics and techniques, by their numbers. Source: the
 * published matrix at attack.mitre.org; Japanese names are our translation. */
#pragma once

#include "control/report/report.h"

enum { ATTACK_TACTICS = 14 };

/* In the matrix's order; "" past the last. */
const char *attack_tactic(unsigned at);
const char *attack_tactic_name(enum report_language language, const char *tactic);
/* Of "T1071" or "T1071.004", which takes its technique's name; "" when it is not in our table. */
const char *attack_technique_name(const char *technique);

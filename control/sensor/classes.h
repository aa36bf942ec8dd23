/* The short names of rule classes by the text that EVE carries. */
#pragma once

/* "trojan-activity" for "A Network Trojan was detected"; "" when it is none of the usual ones. */
const char *class_of_category(const char *category);

/* Operating systems by what they let slip. Pure; NULL: it says nothing. */
#pragma once

/* DHCP: "1,3,6,15,31,33,43" of option 55, and option 60. */
const char *system_of_dhcp(const char *parameters, const char *vendor_class);
/* "10.0 build 19041 rev 15" */
const char *system_of_ntlm(const char *version);
const char *system_of_agent(const char *user_agent);
/* "OpenSSH_8.4p1 Debian-5" */
const char *system_of_ssh(const char *software);
/* Apple's "MacBookPro18,3" */
const char *system_of_model(const char *model);

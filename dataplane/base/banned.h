/* Calls that never belong here, made not to compile: included in front of every file by meson. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !defined(__clang__) /* clang takes the attribute on first declarations only */
#define BANNED(instead) __attribute__((error("banned call: use " instead)))

char *strcpy(char *, const char *) BANNED("a length-checked copy");
char *strcat(char *, const char *) BANNED("snprintf");
int sprintf(char *, const char *, ...) BANNED("snprintf");
int atoi(const char *) BANNED("strtol with an end pointer");
long atol(const char *) BANNED("strtol with an end pointer");
int rand(void) BANNED("getrandom");
void srand(unsigned) BANNED("getrandom");

#undef BANNED
#endif

// The memory and string functions that csmith programs or their compiler call.
#pragma once
#include "../../runtime/runtime.h"
int strcmp(const char *a, const char *b);

// csmith's headers include it; its programs assert nothing.
#pragma once
#define assert(condition) ((void)0)

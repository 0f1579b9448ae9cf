#include "pcre2_chartables.c.dist"

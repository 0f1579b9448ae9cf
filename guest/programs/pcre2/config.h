// The configuration that comes with the package, with Unicode.
#define SUPPORT_UNICODE 1
#include "config.h.generic"

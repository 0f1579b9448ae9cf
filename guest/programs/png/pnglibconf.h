// The configuration that comes with the package.
#include "scripts/pnglibconf.h.prebuilt"

// All that libnova wants to know: both libraries round.
#define HAVE_ROUND 1

// Results of libqrencode's configure.
#define MAJOR_VERSION 4
#define MINOR_VERSION 1
#define MICRO_VERSION 1
#define VERSION "4.1.1"
#define HAVE_STRDUP 1
#define STATIC_IN_RELEASE static

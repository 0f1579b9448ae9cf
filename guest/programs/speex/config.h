// Results of Speex's configure.
#define FLOATING_POINT
#define USE_SMALLFT
#define VAR_ARRAYS
#define EXPORT
#define SPEEX_MAJOR_VERSION 1
#define SPEEX_MINOR_VERSION 2
#define SPEEX_MICRO_VERSION 1
#define SPEEX_EXTRA_VERSION ""
#define SPEEX_VERSION "1.2.1"
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define WORDS_BIGENDIAN
#endif

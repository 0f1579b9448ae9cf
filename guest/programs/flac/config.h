// Results of FLAC's tests of the system, equal for both sides.
#define PACKAGE_VERSION "1.4.2"
#define FLAC__HAS_OGG 0
#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_LROUND 1
#define HAVE_FSEEKO 1
#define HAVE_BSWAP16 1
#define HAVE_BSWAP32 1
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define CPU_IS_BIG_ENDIAN 1
#define CPU_IS_LITTLE_ENDIAN 0
#define WORDS_BIGENDIAN 1
#else
#define CPU_IS_BIG_ENDIAN 0
#define CPU_IS_LITTLE_ENDIAN 1
#endif

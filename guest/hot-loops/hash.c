// An unrolled block hash over a buffer, called from a loop: one long block of straight code, and
// calls. The exit code is a checksum.
enum { WORDS = 4096, ROUNDS = 58000 };

static unsigned buffer[WORDS];

#define STEP(a, b, c, d, w, k, s) \
    a += ((b & c) | (~b & d)) + (w) + (k); \
    a = (a << (s) | a >> (32 - (s))) + b;

__attribute__((noinline)) static void block(unsigned state[4], const unsigned *w)
{
    unsigned a = state[0], b = state[1], c = state[2], d = state[3];
    for (unsigned round = 0; round < 2; round++) {
        STEP(a, b, c, d, w[0], 0xd76aa478, 7)
        STEP(d, a, b, c, w[1], 0xe8c7b756, 12)
        STEP(c, d, a, b, w[2], 0x242070db, 17)
        STEP(b, c, d, a, w[3], 0xc1bdceee, 22)
        STEP(a, b, c, d, w[4], 0xf57c0faf, 7)
        STEP(d, a, b, c, w[5], 0x4787c62a, 12)
        STEP(c, d, a, b, w[6], 0xa8304613, 17)
        STEP(b, c, d, a, w[7], 0xfd469501, 22)
        STEP(a, b, c, d, w[8], 0x698098d8, 7)
        STEP(d, a, b, c, w[9], 0x8b44f7af, 12)
        STEP(c, d, a, b, w[10], 0xffff5bb1, 17)
        STEP(b, c, d, a, w[11], 0x895cd7be, 22)
        STEP(a, b, c, d, w[12], 0x6b901122, 7)
        STEP(d, a, b, c, w[13], 0xfd987193, 12)
        STEP(c, d, a, b, w[14], 0xa679438e, 17)
        STEP(b, c, d, a, w[15], 0x49b40821, 22)
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

int main(void)
{
    unsigned state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    for (unsigned i = 0; i < WORDS; i++) buffer[i] = i * 2654435761u;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned at = 0; at < WORDS; at += 16) block(state, buffer + at);
        buffer[round % WORDS] ^= state[round % 4];
    }
    return (state[0] ^ state[1] ^ state[2] ^ state[3]) & 0x7fffffff;
}

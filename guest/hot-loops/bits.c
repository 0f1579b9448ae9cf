// Bit twiddling: population count, reversal, Gray codes and a branch that data decides, in one
// loop. The exit code is a checksum.
enum { ROUNDS = 100000000 };

int main(void)
{
    unsigned x = 0x12345678, sum = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        unsigned v = x - ((x >> 1) & 0x55555555);
        v = (v & 0x33333333) + ((v >> 2) & 0x33333333);
        v = ((v + (v >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
        unsigned r = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
        r = (r >> 2 & 0x33333333) | (r & 0x33333333) << 2;
        r = (r >> 4 & 0x0f0f0f0f) | (r & 0x0f0f0f0f) << 4;
        r = (r >> 8 & 0x00ff00ff) | (r & 0x00ff00ff) << 8;
        r = r >> 16 | r << 16;
        if (v & 1)
            sum += r ^ (r >> 1);
        else
            sum = (sum << 3 | sum >> 29) + v;
    }
    return sum & 0x7fffffff;
}

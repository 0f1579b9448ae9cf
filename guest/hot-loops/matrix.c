// Integer matrix product: three nested loops, the inner one a dozen instructions.
// The exit code is a checksum.
enum { N = 96, ROUNDS = 1720 };

static unsigned a[N][N], b[N][N], c[N][N];

int main(void)
{
    for (unsigned i = 0; i < N * N; i++) {
        a[i / N][i % N] = i * 7 + 3;
        b[i / N][i % N] = i * 13 + 5;
    }
    unsigned sum = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < N; i++)
            for (unsigned j = 0; j < N; j++) {
                unsigned s = 0;
                for (unsigned k = 0; k < N; k++) s += a[i][k] * b[k][j];
                c[i][j] = s ^ round;
            }
        a[round % N][round / 3 % N] ^= c[round % N][round * 5 % N];
    }
    for (unsigned i = 0; i < N * N; i++) sum = sum * 31 + c[i / N][i % N];
    return sum & 0x7fffffff;
}

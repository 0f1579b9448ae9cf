// Vectors, matrices and trigonometry on AltiVec. Angles are in turns.
#pragma once
#include <altivec.h>
#include <stdint.h>

typedef vector float Vec;

typedef struct {
    Vec column[4];
} Matrix;

static inline Vec vec4(float x, float y, float z, float w) {
    return (Vec){x, y, z, w};
}

static inline Vec splat(float value) {
    return (Vec){value, value, value, value};
}

// Minus zero: the only addend that leaves every product as it is.
static inline Vec nothing(void) {
    return (Vec)vec_sl(vec_splat_u32(-1), vec_splat_u32(-1));
}

static inline Vec multiply(Vec a, Vec b) {
    return vec_madd(a, b, nothing());
}

static inline float lane(Vec v, int index) {
    union {
        Vec v;
        float lanes[4];
    } both = {v};
    return both.lanes[index];
}

Vec sine4(Vec turns);
float sine(float turns);
static inline float cosine(float turns) {
    return sine(turns + 0.25f);
}
float square_root(float value);

Vec cross(Vec a, Vec b);
float dot(Vec a, Vec b); // all four lanes
Vec normalized(Vec v);   // three lanes, the fourth must be zero

Vec transform(const Matrix *m, Vec v);
// The result must be neither operand.
void product(Matrix *result, const Matrix *a, const Matrix *b);
void translation(Matrix *result, float x, float y, float z);
// Rotation in the plane of two axes, from the first towards the second.
void rotation(Matrix *result, int from, int to, float turns);
// The inverse of a rotation.
void transposed(Matrix *result, const Matrix *m);
// Direct3D's depth range; what lies at eye level comes out `horizon` above the screen's centre.
void perspective(Matrix *result, float focal, float aspect, float near, float far, float horizon);

// Four vectors of four lanes: rows become columns.
static inline void transpose4(Vec v[4]) {
    Vec a = vec_mergeh(v[0], v[2]), b = vec_mergel(v[0], v[2]);
    Vec c = vec_mergeh(v[1], v[3]), d = vec_mergel(v[1], v[3]);
    v[0] = vec_mergeh(a, c);
    v[1] = vec_mergel(a, c);
    v[2] = vec_mergeh(b, d);
    v[3] = vec_mergel(b, d);
}

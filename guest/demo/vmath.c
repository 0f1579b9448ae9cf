#include "vmath.h"

// The sine's series around zero up to the ninth power; enough within a quarter turn (4e-6).
Vec sine4(Vec turns) {
    Vec t = vec_sub(turns, vec_round(turns)); // within half a turn
    Vec size = vec_abs(t);
    size = vec_min(size, vec_sub(splat(0.5f), size)); // mirrored into the first quarter
    Vec square = multiply(size, size);
    Vec series = vec_madd(square, splat(42.058693f), splat(-76.705860f));
    series = vec_madd(series, square, splat(81.605249f));
    series = vec_madd(series, square, splat(-41.341702f));
    series = vec_madd(series, square, splat(6.2831853f));
    Vec value = multiply(series, size);
    vector unsigned int sign = vec_and((vector unsigned int)t, (vector unsigned int)nothing());
    return (Vec)vec_xor((vector unsigned int)value, sign);
}

float sine(float turns) {
    return lane(sine4(splat(turns)), 0);
}

// The estimate's 12 bits, doubled by one step of Newton's method.
static Vec inverse_root(Vec value) {
    Vec estimate = vec_rsqrte(value);
    Vec half = multiply(estimate, splat(0.5f));
    Vec error = vec_nmsub(multiply(value, estimate), estimate, splat(1.0f));
    return vec_madd(half, error, estimate);
}

float square_root(float value) {
    return value > 0 ? value * lane(inverse_root(splat(value)), 0) : 0;
}

Vec cross(Vec a, Vec b) {
    const vector unsigned char yzx = {4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 12, 13, 14, 15};
    Vec c = vec_nmsub(vec_perm(a, a, yzx), b, multiply(a, vec_perm(b, b, yzx)));
    return vec_perm(c, c, yzx);
}

static Vec sum_of_lanes(Vec v) {
    v = vec_add(v, vec_sld(v, v, 8));
    return vec_add(v, vec_sld(v, v, 4));
}

float dot(Vec a, Vec b) {
    return lane(sum_of_lanes(multiply(a, b)), 0);
}

Vec normalized(Vec v) {
    return multiply(v, inverse_root(sum_of_lanes(multiply(v, v))));
}

Vec transform(const Matrix *m, Vec v) {
    Vec sum = multiply(m->column[0], vec_splat(v, 0));
    sum = vec_madd(m->column[1], vec_splat(v, 1), sum);
    sum = vec_madd(m->column[2], vec_splat(v, 2), sum);
    return vec_madd(m->column[3], vec_splat(v, 3), sum);
}

void product(Matrix *result, const Matrix *a, const Matrix *b) {
    for (int i = 0; i < 4; i++) result->column[i] = transform(a, b->column[i]);
}

static void set(Matrix *result, Vec a, Vec b, Vec c, Vec d) {
    result->column[0] = a;
    result->column[1] = b;
    result->column[2] = c;
    result->column[3] = d;
}

void translation(Matrix *result, float x, float y, float z) {
    set(result, vec4(1, 0, 0, 0), vec4(0, 1, 0, 0), vec4(0, 0, 1, 0), vec4(x, y, z, 1));
}

void rotation(Matrix *result, int from, int to, float turns) {
    union {
        Matrix matrix;
        float column[4][4];
    } m;
    translation(&m.matrix, 0, 0, 0);
    float s = sine(turns), c = cosine(turns);
    m.column[from][from] = m.column[to][to] = c;
    m.column[from][to] = s;
    m.column[to][from] = -s;
    *result = m.matrix;
}

void transposed(Matrix *result, const Matrix *m) {
    *result = *m;
    transpose4(result->column);
}

void perspective(Matrix *result, float focal, float aspect, float near, float far, float horizon) {
    float depth = far / (near - far);
    set(result, vec4(focal / aspect, 0, 0, 0), vec4(0, focal, 0, 0), vec4(0, -horizon, depth, -1),
        vec4(0, 0, depth * near, 0));
}

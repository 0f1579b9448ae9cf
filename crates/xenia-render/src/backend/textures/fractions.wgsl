// Fractions of the highest value of a field, rounded once. Divisions may be off by 2.5 units in the
// last place, so there are none.

fn power_of_two(exponent: i32) -> f32 {
    return bitcast<f32>(u32(exponent + 127) << 23u);
}

// n / (2^width - 1), rounded once: in binary, the digits of n repeat. Uses integers, because
// drivers may reorder floating-point operations.
fn of_ones(n: u32, width: u32) -> f32 {
    if n == 0u {
        return 0.0;
    }
    let zeros = countLeadingZeros(n);
    var digits = n << zeros;
    for (var repeated = width; repeated < 32u; repeated *= 2u) {
        digits |= digits >> repeated;
    }
    let rounded = (digits >> 8u) + ((digits >> 7u) & 1u);
    return f32(rounded) * power_of_two(8 - i32(zeros + width));
}

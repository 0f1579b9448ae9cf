// Conversion of a component's bits to a number.

/// The chip's gamma curve: four linear pieces with slopes 1, 2, 4 and 8 (in 1/1023 per 1/255). They
/// reach only 1016; a truncated term makes up the difference to 1023. Levels of eight bits are
/// converted exactly, others up to the device's rounding of a quotient.
fn gamma_to_linear(value: f32) -> f32 {
    let level = value * 255.0;
    var slope = 1.0;
    var below = 0.0;
    if level >= 192.0 {
        slope = 8.0;
        below = 1024.0;
    } else if level >= 96.0 {
        slope = 4.0;
        below = 256.0;
    } else if level >= 64.0 {
        slope = 2.0;
        below = 64.0;
    }
    let linear = level * slope - below;
    let sum = linear + trunc(linear * slope * 0x1p-10);
    let whole = u32(sum);
    return select(sum / 1023.0, of_ones(whole, 10u), f32(whole) == sum);
}

/// Converts an integer to a fraction of the highest value of a field, at most 1. Fields of more
/// than 24 bits have a highest value that is a power of two as a 32-bit float.
fn fraction_of(bits: u32, width: u32) -> f32 {
    if width > 24u {
        return f32(bits) * power_of_two(-i32(width));
    }
    return of_ones(bits, width);
}

/// Converts an integer to a fraction of its highest value, or leaves it an integer.
fn number(bits: u32, width: u32, sign: u32, is_integer: bool) -> f32 {
    let highest = 0xffffffffu >> (32u - width);
    if sign == TextureSign_Signed {
        let value = bitcast<i32>(bits << (32u - width)) >> (32u - width);
        if is_integer {
            return f32(value);
        }
        // There is one more negative value than positive ones; it stands for -1 as well.
        if width == 1u {
            return f32(value);
        }
        let magnitude = fraction_of(min(u32(abs(value)), highest >> 1u), width - 1u);
        return select(magnitude, -magnitude, value < 0);
    }
    let value = select(fraction_of(bits, width), f32(bits), is_integer);
    if sign == TextureSign_UnsignedBiased {
        return select(value * 2.0 - 1.0, value - f32(1u << (width - 1u)), is_integer);
    }
    if sign == TextureSign_Gamma && !is_integer {
        return gamma_to_linear(value);
    }
    return value;
}

/// Converts a 16-bit float. The chip's have no infinities: the highest exponent is an ordinary one.
fn half(bits: u32) -> f32 {
    let exponent = (bits >> 10u) & 31u;
    let mantissa = bits & 0x3ffu;
    var magnitude = bitcast<u32>(f32(mantissa) * 0x1p-24f);
    if exponent != 0u {
        magnitude = ((exponent + 112u) << 23u) | (mantissa << 13u);
    }
    return bitcast<f32>(magnitude | ((bits & 0x8000u) << 16u));
}

/// Converts a depth of 4 exponent and 20 mantissa bits.
fn float_depth(bits: u32) -> f32 {
    let exponent = (bits >> 20u) & 15u;
    let mantissa = bits & 0xfffffu;
    if exponent == 0u {
        return f32(mantissa) * 0x1p-34f;
    }
    return bitcast<f32>(((exponent + 112u) << 23u) | (mantissa << 3u));
}

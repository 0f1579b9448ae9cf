// Colour formats: conversion between stored bits and components. All steps are exact or rounded
// once, and use only operations that every driver rounds equally: no division, no powers.

// Converts a value from 0 to 1 to a fraction of 2^width - 1, rounded half up. `value * highest` is
// computed as `value * 2^width - value`, in two parts because the product needs too many bits.
fn fraction(value: f32, width: u32) -> u32 {
    if !(value > 0.0) {
        return 0u;
    }
    if value >= 1.0 {
        return 0xffffffffu >> (32u - width);
    }
    let scaled = value * power_of_two(i32(width));
    let whole = floor(scaled);
    let rest = scaled - whole;
    return u32(whole) + u32(rest - 0.5 >= value) - u32(rest < value - 0.5);
}

// Gamma curve of render targets, from levels to linear components and back. The linear pieces reach
// only 1016 of 1023; a truncated term makes up the difference, so the way back rounds down.
fn gamma_to_linear(level: u32) -> f32 {
    let low = select(level * 2u - 64u, level, level < 64u);
    let fourth = level * 4u - 256u;
    let eighth = level * 8u - 1024u;
    let high = select(eighth + eighth / 128u, fourth + fourth / 256u, level < 192u);
    return of_ones(select(high, low, level < 96u), 10u);
}

fn linear_to_gamma(linear: f32) -> f32 {
    let value = clamp(linear, 0.0, 1.0) * 1023.0;
    let low = select((value + 64.0) * 0.5, value, value < 64.0);
    let high = select((value + 1024.0) * 0.125, (value + 256.0) * 0.25, value < 512.0);
    return floor(select(high, low, value < 128.0) + 0.01) * (1.0f / 255.0f);
}

// Converts a 10-bit float with 7 mantissa and 3 exponent bits, 0 to 31.875.
fn float10_to_single(bits: u32) -> f32 {
    let exponent = (bits >> 7u) & 7u;
    let mantissa = f32(bits & 127u);
    if exponent == 0u {
        return mantissa * 0x1p-9;
    }
    return (128.0 + mantissa) * power_of_two(i32(exponent) - 10);
}

fn single_to_float10(value: f32) -> u32 {
    if !(value > 0.0) {
        return 0u;
    }
    if value < 0.25 {
        return u32(value * 512.0 + 0.5);
    }
    // A mantissa that rounds up carries into the exponent.
    return min(((bitcast<u32>(value) + 0x8000u) >> 16u) - (124u << 7u), 0x3ffu);
}

// Converts the chip's 16-bit float: it has no infinities; the largest exponent is an ordinary one.
fn half_to_single(bits: u32) -> f32 {
    let sign = (bits & 0x8000u) << 16u;
    let exponent = (bits >> 10u) & 31u;
    if exponent == 0u {
        return bitcast<f32>(bitcast<u32>(f32(bits & 0x3ffu) * 0x1p-24) | sign);
    }
    return bitcast<f32>(sign | ((exponent + 112u) << 23u) | ((bits & 0x3ffu) << 13u));
}

fn single_to_half(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    let magnitude = bits & 0x7fffffffu;
    if magnitude > 0x7f800000u {
        return 0u;
    }
    var half: u32;
    if magnitude < 0x38800000u {
        half = u32(bitcast<f32>(magnitude) * 0x1p24 + 0.5);
    } else {
        half = min(((min(magnitude, 0x48000000u) + 0x1000u) >> 13u) - (112u << 10u), 0x7fffu);
    }
    return ((bits >> 16u) & 0x8000u) | half;
}

// Converts 16-bit fixed point, -32 to 32. The lowest value of the field is just below -32; it is
// preserved, so that bits which were never drawn to survive.
fn fixed16_to_single(bits: u32) -> f32 {
    let value = bitcast<i32>(bits << 16u) >> 16u;
    if value == -0x8000 {
        return -32.0009765625;
    }
    let magnitude = of_ones(u32(abs(value)), 15u) * 32.0;
    return select(magnitude, -magnitude, value < 0);
}

fn single_to_fixed16(value: f32) -> u32 {
    let scaled = clamp(value, -64.0, 64.0) * (32767.0f / 32.0f);
    let whole = floor(abs(scaled) + 0.5);
    let limited = select(min(whole, 32767.0), 32768.0, whole == 32768.0 && scaled < 0.0);
    return bitcast<u32>(i32(select(limited, -limited, scaled < 0.0))) & 0xffffu;
}

fn levels(bits: u32) -> vec4<f32> {
    return vec4<f32>(vec4(bits, bits >> 8u, bits >> 16u, bits >> 24u) & vec4(255u)) * (1.0f / 255.0f);
}

fn tens(bits: u32) -> vec3<u32> {
    return vec3(bits, bits >> 10u, bits >> 20u) & vec3(0x3ffu);
}

// Components of a sample; missing ones are 0, missing alpha is 1.
fn unpack(bits: vec2<u32>) -> vec4<f32> {
    let alpha2 = f32(bits.x >> 30u) * (1.0f / 3.0f);
    switch FORMAT {
        case ColorTargetFormat_Rgba8Gamma: {
            let b = bits.x;
            return vec4(gamma_to_linear(b & 255u), gamma_to_linear((b >> 8u) & 255u),
                gamma_to_linear((b >> 16u) & 255u), levels(b).w);
        }
        case ColorTargetFormat_Rgb10A2, ColorTargetFormat_Rgb10A2As10: {
            return vec4(vec3<f32>(tens(bits.x)) * (1.0f / 1023.0f), alpha2);
        }
        case ColorTargetFormat_Rgb10A2Float, ColorTargetFormat_Rgb10A2FloatAs16: {
            let c = tens(bits.x);
            return vec4(float10_to_single(c.x), float10_to_single(c.y), float10_to_single(c.z), alpha2);
        }
        case ColorTargetFormat_Rg16: {
            return vec4(fixed16_to_single(bits.x), fixed16_to_single(bits.x >> 16u), 0.0, 1.0);
        }
        case ColorTargetFormat_Rgba16: {
            return vec4(fixed16_to_single(bits.x), fixed16_to_single(bits.x >> 16u),
                fixed16_to_single(bits.y), fixed16_to_single(bits.y >> 16u));
        }
        case ColorTargetFormat_Rg16Float: {
            return vec4(half_to_single(bits.x), half_to_single(bits.x >> 16u), 0.0, 1.0);
        }
        case ColorTargetFormat_Rgba16Float: {
            return vec4(half_to_single(bits.x), half_to_single(bits.x >> 16u),
                half_to_single(bits.y), half_to_single(bits.y >> 16u));
        }
        case ColorTargetFormat_R32Float: {
            return vec4(bitcast<f32>(bits.x), 0.0, 0.0, 1.0);
        }
        case ColorTargetFormat_Rg32Float: {
            return vec4(bitcast<vec2<f32>>(bits), 0.0, 1.0);
        }
        default: {
            return levels(bits.x);
        }
    }
}

// Packs components into a sample.
fn pack(c: vec4<f32>) -> vec2<u32> {
    switch FORMAT {
        case ColorTargetFormat_Rgba8Gamma: {
            return vec2(fraction(linear_to_gamma(c.x), 8u) | (fraction(linear_to_gamma(c.y), 8u) << 8u)
                | (fraction(linear_to_gamma(c.z), 8u) << 16u) | (fraction(c.w, 8u) << 24u), 0u);
        }
        case ColorTargetFormat_Rgb10A2, ColorTargetFormat_Rgb10A2As10: {
            return vec2(fraction(c.x, 10u) | (fraction(c.y, 10u) << 10u) | (fraction(c.z, 10u) << 20u)
                | (fraction(c.w, 2u) << 30u), 0u);
        }
        case ColorTargetFormat_Rgb10A2Float, ColorTargetFormat_Rgb10A2FloatAs16: {
            return vec2(single_to_float10(c.x) | (single_to_float10(c.y) << 10u)
                | (single_to_float10(c.z) << 20u) | (fraction(c.w, 2u) << 30u), 0u);
        }
        case ColorTargetFormat_Rg16: {
            return vec2(single_to_fixed16(c.x) | (single_to_fixed16(c.y) << 16u), 0u);
        }
        case ColorTargetFormat_Rgba16: {
            return vec2(single_to_fixed16(c.x) | (single_to_fixed16(c.y) << 16u),
                single_to_fixed16(c.z) | (single_to_fixed16(c.w) << 16u));
        }
        case ColorTargetFormat_Rg16Float: {
            return vec2(single_to_half(c.x) | (single_to_half(c.y) << 16u), 0u);
        }
        case ColorTargetFormat_Rgba16Float: {
            return vec2(single_to_half(c.x) | (single_to_half(c.y) << 16u),
                single_to_half(c.z) | (single_to_half(c.w) << 16u));
        }
        case ColorTargetFormat_R32Float: {
            return vec2(bitcast<u32>(c.x), 0u);
        }
        case ColorTargetFormat_Rg32Float: {
            return bitcast<vec2<u32>>(c.xy);
        }
        default: {
            return vec2(pack4x8unorm(c), 0u);
        }
    }
}

//! Assembly of vertex and texture fetches.

use super::super::disasm::{DIMENSIONS, TEXTURE_OPERATIONS};
use super::super::program::*;
use super::operand::{Result, component, destination_register, number, number_to, source_register, split};
use crate::enums::{Anisotropy, Dimension, TextureFilter};

/// Refuses a suffix of more components than are used.
fn at_most(limit: usize, suffix: &str) -> Result<()> {
    if suffix.chars().count() > limit {
        Err(format!("'{suffix}' has more than {limit} letters"))
    } else {
        Ok(())
    }
}

/// A flag: an option without a value.
fn flag(option: &str, value: &str) -> Result<bool> {
    if value.is_empty() { Ok(true) } else { Err(format!("'{option}' takes no value")) }
}

/// Iterates over options of the form `name=value` or `name`.
fn options<'a>(operands: &'a [&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    operands.iter().map(|option| option.split_once('=').unwrap_or((option, "")))
}

/// Parses a number within the range of a field.
fn ranged(text: &str, low: i32, high: i32) -> Result<i32> {
    let value: i32 = number(text)?;
    if (low..=high).contains(&value) { Ok(value) } else { Err(format!("{value} is not in {low}..={high}")) }
}

/// Parses a destination and the sources of its components.
fn destination(text: &str) -> Result<(Destination, [FetchSelect; 4])> {
    let (name, suffix) = split(text);
    at_most(4, suffix)?;
    let mut select = [0, 1, 2, 3].map(FetchSelect::Component);
    if !suffix.is_empty() {
        let mut letters = suffix.chars();
        for select in &mut select {
            *select = match letters.next() {
                None | Some('_') => FetchSelect::Keep,
                Some('0') => FetchSelect::Zero,
                Some('1') => FetchSelect::One,
                Some(letter) => FetchSelect::Component(component(letter)?),
            };
        }
    }
    Ok((destination_register(name)?, select))
}

/// Parses `vfetch` and `vfetch_mini`. The decoder fills in the address of a mini fetch.
pub(super) fn vertex(name: &str, operands: &[&str], predicate: Option<bool>) -> Result<VertexFetch> {
    let mini = match name {
        "vfetch" => false,
        "vfetch_mini" => true,
        _ => return Err(format!("unknown instruction '{name}'")),
    };
    let [to, rest @ ..] = operands else { return Err(format!("{name} needs a destination")) };
    let (to, select) = destination(to)?;
    let mut fetch = VertexFetch {
        common: FetchCommon { predicate, source: Source::Register(0), source_swizzle: [0; 3], to, select },
        constant: 0,
        mini,
        format: 0,
        signed: false,
        integer: false,
        no_zero: false,
        rounded: false,
        exponent: 0,
        stride: 0,
        offset: 0,
    };
    let mut rest = rest;
    if !mini {
        let [source, constant, others @ ..] = rest else {
            return Err("vfetch needs an index and a constant".into());
        };
        let (from, suffix) = split(source);
        at_most(1, suffix)?;
        fetch.common.source = source_register(from)?;
        fetch.common.source_swizzle = [component(suffix.chars().next().unwrap_or('x'))?; 3];
        let constant = constant.strip_prefix("vf").ok_or("the constant must be vfN")?;
        fetch.constant = number_to(constant, 95, "vertex fetch constant")?;
        rest = others;
    }
    for (option, value) in options(rest) {
        match option {
            "format" => fetch.format = number_to(value, 63, "format")?,
            "stride" => fetch.stride = number_to(value, 255, "stride")?,
            "offset" => fetch.offset = ranged(value, -(1 << 22), (1 << 22) - 1)?,
            "exp" => fetch.exponent = ranged(value, -32, 31)? as i8,
            "signed" => fetch.signed = flag(option, value)?,
            "integer" => fetch.integer = flag(option, value)?,
            "nozero" => fetch.no_zero = flag(option, value)?,
            "rounded" => fetch.rounded = flag(option, value)?,
            _ => return Err(format!("unknown option '{option}'")),
        }
    }
    Ok(fetch)
}

/// Operation and dimension of a mnemonic; without a dimension it is 1D, whose field is zero.
fn texture_operation(name: &str) -> Option<(TextureOp, Dimension)> {
    TEXTURE_OPERATIONS.iter().find_map(|(operation, base)| {
        let rest = name.strip_prefix(base)?;
        let dimension = DIMENSIONS.iter().position(|dimension| *dimension == rest);
        if rest.is_empty() && *operation != TextureOp::Fetch {
            return Some((*operation, Dimension::D1));
        }
        dimension.map(|dimension| (*operation, Dimension::from_bits(dimension as u32)))
    })
}

/// Whether a mnemonic is a texture fetch.
pub(super) fn is_texture(name: &str) -> bool {
    texture_operation(name).is_some()
}

/// Parses the swizzle of coordinates: the last letter repeats, and without letters it is `xyz`.
fn coordinates(suffix: &str) -> Result<[u8; 3]> {
    at_most(3, suffix)?;
    let letters: Vec<char> = suffix.chars().collect();
    let mut swizzles = [0, 1, 2];
    for (i, swizzle) in swizzles.iter_mut().enumerate() {
        if let Some(letter) = letters.get(i).or(letters.last()) {
            *swizzle = component(*letter)?;
        }
    }
    Ok(swizzles)
}

/// Parses a number that is stored in steps of 1/`per_unit`.
fn steps(text: &str, per_unit: f32, limit: f32) -> Result<f32> {
    let value: f32 = number(text)?;
    if value * per_unit == (value * per_unit).trunc() && value >= -limit && value < limit {
        Ok(value)
    } else {
        Err(format!("{value} is not a multiple of 1/{per_unit} from -{limit} to below {limit}"))
    }
}

fn filter(text: &str) -> Result<TextureFilter> {
    match text {
        "point" => Ok(TextureFilter::Point),
        "linear" => Ok(TextureFilter::Linear),
        "base" => Ok(TextureFilter::BaseMap),
        _ => Err(format!("unknown filter '{text}'")),
    }
}

fn anisotropy(text: &str) -> Result<Anisotropy> {
    match text {
        "off" => Ok(Anisotropy::Disabled),
        "1" => Ok(Anisotropy::Max1),
        "2" => Ok(Anisotropy::Max2),
        "4" => Ok(Anisotropy::Max4),
        "8" => Ok(Anisotropy::Max8),
        "16" => Ok(Anisotropy::Max16),
        _ => Err(format!("unknown anisotropy '{text}'")),
    }
}

/// Parses texture fetches of all kinds.
pub(super) fn texture(name: &str, operands: &[&str], predicate: Option<bool>) -> Result<TextureFetch> {
    let (operation, dimension) =
        texture_operation(name).ok_or_else(|| format!("unknown instruction '{name}'"))?;
    let [to, source, constant, rest @ ..] = operands else {
        return Err(format!("{name} needs a destination, coordinates and a constant"));
    };
    let (to, select) = destination(to)?;
    let (from, suffix) = split(source);
    let source_swizzle = coordinates(suffix)?;
    let constant = constant.strip_prefix("tf").ok_or("the constant must be tfN")?;
    // By default filters come from the constant and the level of detail from gradients.
    let mut fetch = TextureFetch {
        common: FetchCommon { predicate, source: source_register(from)?, source_swizzle, to, select },
        operation,
        constant: number_to(constant, 31, "texture fetch constant")?,
        unnormalized: false,
        dimension,
        mag: TextureFilter::UseFetchConstant,
        min: TextureFilter::UseFetchConstant,
        mip: TextureFilter::UseFetchConstant,
        slices: [TextureFilter::UseFetchConstant; 2],
        anisotropy: Anisotropy::UseFetchConstant,
        computed_lod: true,
        register_lod: false,
        register_gradients: false,
        lod_bias: 0.0,
        offset: [0.0; 3],
    };
    for (option, value) in options(rest) {
        match option {
            "unnormalized" => fetch.unnormalized = flag(option, value)?,
            "mag" => fetch.mag = filter(value)?,
            "min" => fetch.min = filter(value)?,
            "mip" => fetch.mip = filter(value)?,
            "volmag" if dimension == Dimension::D3 => fetch.slices[0] = filter(value)?,
            "volmin" if dimension == Dimension::D3 => fetch.slices[1] = filter(value)?,
            "aniso" => fetch.anisotropy = anisotropy(value)?,
            "nolod" => fetch.computed_lod = !flag(option, value)?,
            "reglod" => fetch.register_lod = flag(option, value)?,
            "reggrad" => fetch.register_gradients = flag(option, value)?,
            "bias" => fetch.lod_bias = steps(value, 16.0, 4.0)?,
            "offsetx" => fetch.offset[0] = steps(value, 2.0, 8.0)?,
            "offsety" => fetch.offset[1] = steps(value, 2.0, 8.0)?,
            "offsetz" => fetch.offset[2] = steps(value, 2.0, 8.0)?,
            _ => return Err(format!("unknown option '{option}'")),
        }
    }
    Ok(fetch)
}

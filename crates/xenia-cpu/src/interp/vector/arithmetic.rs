//! Integer arithmetic: sums, differences, averages, extremes, products and sums across.
//! AltiVec PEM, chapter 6.

use super::lanes::*;

macro_rules! modulo {
    ($($name:ident $zip:ident $method:ident;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`.")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            $zip(a, b, |a, b| a.$method(b))
        }
    )* };
}

modulo! {
    vaddubm zip_u8 wrapping_add;
    vadduhm zip_u16 wrapping_add;
    vadduwm zip_u32 wrapping_add;
    vsububm zip_u8 wrapping_sub;
    vsubuhm zip_u16 wrapping_sub;
    vsubuwm zip_u32 wrapping_sub;
}

macro_rules! saturating {
    ($($name:ident $split:ident $saturating:ident $op:tt;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`.")]
        pub(crate) fn $name(a: u128, b: u128) -> Saturated {
            let a = $split(a);
            let b = $split(b);
            $saturating(|n| i64::from(a[n]) $op i64::from(b[n]))
        }
    )* };
}

saturating! {
    vaddsbs split_i8 saturating_i8 +;
    vaddshs split_i16 saturating_i16 +;
    vaddsws split_i32 saturating_i32 +;
    vaddubs split_u8 saturating_u8 +;
    vadduhs split_u16 saturating_u16 +;
    vadduws split_u32 saturating_u32 +;
    vsubsbs split_i8 saturating_i8 -;
    vsubshs split_i16 saturating_i16 -;
    vsubsws split_i32 saturating_i32 -;
    vsububs split_u8 saturating_u8 -;
    vsubuhs split_u16 saturating_u16 -;
    vsubuws split_u32 saturating_u32 -;
}

macro_rules! average {
    ($($name:ident $zip:ident $lane:ty;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`: the mean, halves rounded up.")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            $zip(a, b, |a, b| ((i64::from(a) + i64::from(b) + 1) >> 1) as $lane)
        }
    )* };
}

average! {
    vavgsb zip_i8 i8;
    vavgsh zip_i16 i16;
    vavgsw zip_i32 i32;
    vavgub zip_u8 u8;
    vavguh zip_u16 u16;
    vavguw zip_u32 u32;
}

macro_rules! extreme {
    ($($name:ident $zip:ident $method:ident;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`.")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            $zip(a, b, |a, b| a.$method(b))
        }
    )* };
}

extreme! {
    vmaxsb zip_i8 max;
    vmaxsh zip_i16 max;
    vmaxsw zip_i32 max;
    vmaxub zip_u8 max;
    vmaxuh zip_u16 max;
    vmaxuw zip_u32 max;
    vminsb zip_i8 min;
    vminsh zip_i16 min;
    vminsw zip_i32 min;
    vminub zip_u8 min;
    vminuh zip_u16 min;
    vminuw zip_u32 min;
}

/// `vaddcuw`: the carries of the word sums.
pub(crate) fn vaddcuw(a: u128, b: u128) -> u128 {
    zip_u32(a, b, |a, b| u32::from(a.checked_add(b).is_none()))
}

/// `vsubcuw`: 1 where the word difference does not borrow.
pub(crate) fn vsubcuw(a: u128, b: u128) -> u128 {
    zip_u32(a, b, |a, b| u32::from(a >= b))
}

macro_rules! products {
    ($($name:ident $split:ident $join:ident $wide:ty, $first:literal;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`: full products of the lanes ", $first, ", ", $first, " + 2….")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            let a = $split(a);
            let b = $split(b);
            $join(std::array::from_fn(|n| {
                <$wide>::from(a[2 * n + $first]) * <$wide>::from(b[2 * n + $first])
            }))
        }
    )* };
}

products! {
    vmulesb split_i8 join_i16 i16, 0;
    vmulesh split_i16 join_i32 i32, 0;
    vmuleub split_u8 join_u16 u16, 0;
    vmuleuh split_u16 join_u32 u32, 0;
    vmulosb split_i8 join_i16 i16, 1;
    vmulosh split_i16 join_i32 i32, 1;
    vmuloub split_u8 join_u16 u16, 1;
    vmulouh split_u16 join_u32 u32, 1;
}

/// `vmhaddshs`: the products' upper 17 bits plus vC.
pub(crate) fn vmhaddshs(a: u128, b: u128, c: u128) -> Saturated {
    let a = split_i16(a);
    let b = split_i16(b);
    let c = split_i16(c);
    saturating_i16(|n| ((i64::from(a[n]) * i64::from(b[n])) >> 15) + i64::from(c[n]))
}

/// `vmhraddshs`: the same with the products rounded.
pub(crate) fn vmhraddshs(a: u128, b: u128, c: u128) -> Saturated {
    let a = split_i16(a);
    let b = split_i16(b);
    let c = split_i16(c);
    saturating_i16(|n| ((i64::from(a[n]) * i64::from(b[n]) + 0x4000) >> 15) + i64::from(c[n]))
}

pub(crate) fn vmladduhm(a: u128, b: u128, c: u128) -> u128 {
    zip3_u16(a, b, c, |a, b, c| a.wrapping_mul(b).wrapping_add(c))
}

pub(crate) fn vmsumubm(a: u128, b: u128, c: u128) -> u128 {
    let a = split_u8(a);
    let b = split_u8(b);
    let c = split_u32(c);
    join_u32(std::array::from_fn(|n| {
        // The sum of four products fits a word; only that with vC may wrap.
        let products = (4 * n..4 * n + 4).map(|m| u32::from(a[m]) * u32::from(b[m]));
        c[n].wrapping_add(products.sum())
    }))
}

/// `vmsummbm`: vA's bytes are signed, vB's unsigned.
pub(crate) fn vmsummbm(a: u128, b: u128, c: u128) -> u128 {
    let a = split_i8(a);
    let b = split_u8(b);
    let c = split_i32(c);
    join_i32(std::array::from_fn(|n| {
        let products = (4 * n..4 * n + 4).map(|m| i32::from(a[m]) * i32::from(b[m]));
        c[n].wrapping_add(products.sum())
    }))
}

/// The sum of two signed halfword products and a word.
fn signed_halves(a: u128, b: u128, c: u128) -> impl Fn(usize) -> i64 {
    let a = split_i16(a);
    let b = split_i16(b);
    let c = split_i32(c);
    move |n| {
        let product = |m: usize| i64::from(a[m]) * i64::from(b[m]);
        product(2 * n) + product(2 * n + 1) + i64::from(c[n])
    }
}

/// The sum of two unsigned halfword products and a word.
fn unsigned_halves(a: u128, b: u128, c: u128) -> impl Fn(usize) -> i64 {
    let a = split_u16(a);
    let b = split_u16(b);
    let c = split_u32(c);
    move |n| {
        let product = |m: usize| i64::from(a[m]) * i64::from(b[m]);
        product(2 * n) + product(2 * n + 1) + i64::from(c[n])
    }
}

pub(crate) fn vmsumshm(a: u128, b: u128, c: u128) -> u128 {
    let sum = signed_halves(a, b, c);
    join_i32(std::array::from_fn(|n| sum(n) as i32))
}

/// `vmsumshs`: only the final sum saturates.
pub(crate) fn vmsumshs(a: u128, b: u128, c: u128) -> Saturated {
    saturating_i32(signed_halves(a, b, c))
}

pub(crate) fn vmsumuhm(a: u128, b: u128, c: u128) -> u128 {
    let sum = unsigned_halves(a, b, c);
    join_u32(std::array::from_fn(|n| sum(n) as u32))
}

pub(crate) fn vmsumuhs(a: u128, b: u128, c: u128) -> Saturated {
    saturating_u32(unsigned_halves(a, b, c))
}

/// `vsumsws`: all of vA and the last word of vB, into the last word.
pub(crate) fn vsumsws(a: u128, b: u128) -> Saturated {
    let a = split_i32(a);
    let b = split_i32(b);
    let sum: i64 = a.iter().map(|lane| i64::from(*lane)).sum();
    saturating_i32(|n| if n == 3 { sum + i64::from(b[3]) } else { 0 })
}

/// `vsum2sws`: pairs of words, into the odd words.
pub(crate) fn vsum2sws(a: u128, b: u128) -> Saturated {
    let a = split_i32(a);
    let b = split_i32(b);
    saturating_i32(|n| {
        if n & 1 == 0 {
            return 0;
        }
        i64::from(a[n - 1]) + i64::from(a[n]) + i64::from(b[n])
    })
}

/// `vsum4sbs`: the bytes of each word.
pub(crate) fn vsum4sbs(a: u128, b: u128) -> Saturated {
    let a = split_i8(a);
    let b = split_i32(b);
    saturating_i32(|n| {
        let bytes: i64 = (4 * n..4 * n + 4).map(|m| i64::from(a[m])).sum();
        bytes + i64::from(b[n])
    })
}

/// `vsum4shs`: the halfwords of each word.
pub(crate) fn vsum4shs(a: u128, b: u128) -> Saturated {
    let a = split_i16(a);
    let b = split_i32(b);
    saturating_i32(|n| i64::from(a[2 * n]) + i64::from(a[2 * n + 1]) + i64::from(b[n]))
}

/// `vsum4ubs`: the unsigned bytes of each word.
pub(crate) fn vsum4ubs(a: u128, b: u128) -> Saturated {
    let a = split_u8(a);
    let b = split_u32(b);
    saturating_u32(|n| {
        let bytes: i64 = (4 * n..4 * n + 4).map(|m| i64::from(a[m])).sum();
        bytes + i64::from(b[n])
    })
}

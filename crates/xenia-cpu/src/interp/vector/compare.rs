//! Integer compares, and the CR6 results of record forms.

use super::lanes::*;
use crate::cr_bit;

macro_rules! compares {
    ($($name:ident $zip:ident $op:tt;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`: all ones in each lane where it holds.")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            $zip(a, b, |a, b| if a $op b { !0 } else { 0 })
        }
    )* };
}

compares! {
    vcmpequb zip_u8 ==;
    vcmpequh zip_u16 ==;
    vcmpequw zip_u32 ==;
    vcmpgtsb zip_i8 >;
    vcmpgtsh zip_i16 >;
    vcmpgtsw zip_i32 >;
    vcmpgtub zip_u8 >;
    vcmpgtuh zip_u16 >;
    vcmpgtuw zip_u32 >;
}

/// CR6 of a compare: LT if it is true for all lanes, EQ if for none.
pub(crate) fn cr6(mask: u128) -> u8 {
    match mask {
        0 => cr_bit::EQ,
        u128::MAX => cr_bit::LT,
        _ => 0,
    }
}

/// CR6 of a bounds compare: EQ if everything is in bounds.
pub(crate) fn cr6_bounds(mask: u128) -> u8 {
    if mask == 0 { cr_bit::EQ } else { 0 }
}

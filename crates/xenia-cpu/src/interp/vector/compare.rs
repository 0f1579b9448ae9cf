//! Integer compares, and what record forms put into CR6.

use super::lanes::*;
use crate::cr_bit;

macro_rules! compares {
    ($($name:ident $split:ident $join:ident $op:tt;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`: all ones in each lane where it holds.")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            let (a, b) = ($split(a), $split(b));
            $join(std::array::from_fn(|n| if a[n] $op b[n] { !0 } else { 0 }))
        }
    )* };
}

compares! {
    vcmpequb split_u8 join_u8 ==;
    vcmpequh split_u16 join_u16 ==;
    vcmpequw split_u32 join_u32 ==;
    vcmpgtsb split_i8 join_i8 >;
    vcmpgtsh split_i16 join_i16 >;
    vcmpgtsw split_i32 join_i32 >;
    vcmpgtub split_u8 join_u8 >;
    vcmpgtuh split_u16 join_u16 >;
    vcmpgtuw split_u32 join_u32 >;
}

/// CR6 of a compare: LT if it held everywhere, EQ if nowhere.
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

//! Bitwise operations of whole registers.

pub(crate) fn vand(a: u128, b: u128) -> u128 {
    a & b
}

pub(crate) fn vandc(a: u128, b: u128) -> u128 {
    a & !b
}

pub(crate) fn vnor(a: u128, b: u128) -> u128 {
    !(a | b)
}

pub(crate) fn vor(a: u128, b: u128) -> u128 {
    a | b
}

pub(crate) fn vxor(a: u128, b: u128) -> u128 {
    a ^ b
}

/// `vsel`: selects vB where vC has ones, else vA.
pub(crate) fn vsel(a: u128, b: u128, c: u128) -> u128 {
    a & !c | b & c
}

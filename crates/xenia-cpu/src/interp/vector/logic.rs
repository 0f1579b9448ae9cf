//! Bitwise operations.

/// `vand`.
pub(crate) fn vand(a: u128, b: u128) -> u128 {
    a & b
}

/// `vandc`.
pub(crate) fn vandc(a: u128, b: u128) -> u128 {
    a & !b
}

/// `vnor`.
pub(crate) fn vnor(a: u128, b: u128) -> u128 {
    !(a | b)
}

/// `vor`.
pub(crate) fn vor(a: u128, b: u128) -> u128 {
    a | b
}

/// `vxor`.
pub(crate) fn vxor(a: u128, b: u128) -> u128 {
    a ^ b
}

/// `vsel`: vB where vC has ones.
pub(crate) fn vsel(a: u128, b: u128, c: u128) -> u128 {
    a & !c | b & c
}

//! Bits of FPSCR in values of registers, which are 128 bits wide here.

macro_rules! wide {
    ($($name:ident)*) => { $(
        #[doc = concat!("[`", stringify!($name), "`](xenia_cpu::fpscr::", stringify!($name), ").")]
        pub const $name: u128 = xenia_cpu::fpscr::$name as u128;
    )* };
}

wide! { FX FEX OX UX XX VXSNAN VXIMZ VXVC FR FI FPRF CLASS VE NI EXCEPTIONS }

//! Tables of the hardware, shared by the engines as data.

/// The tables of the estimate instructions. Compiled code reads them at fixed offsets.
#[derive(Debug)]
#[repr(C)]
pub struct EstimateTables {
    /// The intervals of `vrsqrtefp`: sixteen for odd exponents, then sixteen for even ones. The
    /// lower half of an entry is the root at the interval's start, in units of 2^-15; the upper half
    /// is the decrease per 1024th of the interval, in units of 2^-25.
    pub vrsqrtefp: [u32; 32],
}

/// Source of `vrsqrtefp`: published results of all operands on a console.
pub static ESTIMATE_TABLES: EstimateTables = EstimateTables {
    vrsqrtefp: [
        0x0568_B4FD,
        0x04F3_AF97,
        0x048D_AAA5,
        0x0435_A618,
        0x03E7_A1E4,
        0x03A2_9DFE,
        0x0365_9A5C,
        0x032E_96F8,
        0x02FC_93CA,
        0x02D0_90CE,
        0x02A8_8DFE,
        0x0283_8B57,
        0x0261_88D4,
        0x0243_8673,
        0x0226_8431,
        0x020B_820B,
        0x03D2_7FFA,
        0x0380_7C29,
        0x0338_78AA,
        0x02F9_7572,
        0x02C2_7279,
        0x0292_6FB7,
        0x0266_6D26,
        0x023F_6AC0,
        0x021D_6881,
        0x01FD_6665,
        0x01E1_6468,
        0x01C7_6287,
        0x01AF_60C1,
        0x0199_5F12,
        0x0185_5D79,
        0x0173_5BF4,
    ],
};

//! Display controller: modes, surfaces, gamma ramp.

use super::{plain_registers, registers};

registers! {
    /// Index of the gamma ramp entry for the next access.
    0x1922 DcLutRwIndex "DC_LUT_RW_INDEX" {
        rw_index: 0..=7 u32,
    }
    /// One component of a gamma ramp entry, red, green and blue in turn.
    0x1923 DcLutSeqColor "DC_LUT_SEQ_COLOR" {
        seq_color: 0..=15 u32,
    }
    /// One component of a piecewise linear gamma ramp entry.
    0x1924 DcLutPwlData "DC_LUT_PWL_DATA" {
        base: 0..=15 u32,
        delta: 16..=31 u32,
    }
    /// A whole gamma ramp entry, ten bits a component.
    0x1925 DcLut30Color "DC_LUT_30_COLOR" {
        color_10_blue: 0..=9 u32,
        color_10_green: 10..=19 u32,
        color_10_red: 20..=29 u32,
    }
}

plain_registers! {
    0x1838 D1MODE_MASTER_UPDATE_LOCK;
    0x1841 D1GRPH_CONTROL;
    0x1844 D1GRPH_PRIMARY_SURFACE_ADDRESS;
    0x1852 D1GRPH_FLIP_CONTROL;
    0x1921 DC_LUT_RW_MODE;
    0x1927 DC_LUT_WRITE_EN_MASK;
    0x1930 DC_LUTA_CONTROL;
    /// Line that the display is scanning.
    0x194c D1MODE_V_COUNTER;
    /// Bit 0: vertical blank. The name is unofficial: the hardware documents have no name for it.
    0x1951 D1MODE_INTERRUPT_STATUS;
    0x1961 AVIVO_D1MODE_VIEWPORT_SIZE;
    0x1964 AVIVO_D1SCL_SCALER_ENABLE;
    0x1973 AVIVO_D1SCL_UPDATE;
}

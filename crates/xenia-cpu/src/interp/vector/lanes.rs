//! A vector register as lanes: element 0 is the most significant.
//!
//! On a little-endian host the lanes of a `u128` are in memory in the opposite order, which matters
//! only if lanes have different roles.

/// Result of a saturating operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saturated {
    pub(crate) value: u128,
    /// Whether any lane saturated.
    pub(crate) has_saturated: bool,
}

macro_rules! lanes {
    ($($split:ident $join:ident $map:ident $zip:ident $zip3:ident $saturating:ident
        $lane:ty, $count:literal;)*) => { $(
        /// The lanes, element 0 first.
        #[inline(always)]
        pub(crate) fn $split(v: u128) -> [$lane; $count] {
            let mut lanes: [$lane; $count] = bytemuck::cast(v);
            if cfg!(target_endian = "little") {
                lanes.reverse();
            }
            lanes
        }

        /// The vector of the given lanes.
        #[inline(always)]
        pub(crate) fn $join(mut lanes: [$lane; $count]) -> u128 {
            if cfg!(target_endian = "little") {
                lanes.reverse();
            }
            bytemuck::cast(lanes)
        }

        /// Applies `f` to each lane.
        #[inline(always)]
        #[allow(dead_code)] // some lane types do not use it
        pub(crate) fn $map(a: u128, f: impl Fn($lane) -> $lane) -> u128 {
            let mut lanes: [$lane; $count] = bytemuck::cast(a);
            for lane in &mut lanes {
                *lane = f(*lane);
            }
            bytemuck::cast(lanes)
        }

        /// Applies `f` to each pair of lanes.
        #[inline(always)]
        #[allow(dead_code)] // some lane types do not use it
        pub(crate) fn $zip(a: u128, b: u128, f: impl Fn($lane, $lane) -> $lane) -> u128 {
            let [mut lanes, b]: [[$lane; $count]; 2] = [bytemuck::cast(a), bytemuck::cast(b)];
            for (lane, b) in lanes.iter_mut().zip(b) {
                *lane = f(*lane, b);
            }
            bytemuck::cast(lanes)
        }

        /// Applies `f` to each triple of lanes.
        #[inline(always)]
        #[allow(dead_code)] // some lane types do not use it
        pub(crate) fn $zip3(
            a: u128,
            b: u128,
            c: u128,
            f: impl Fn($lane, $lane, $lane) -> $lane,
        ) -> u128 {
            let [mut lanes, b, c]: [[$lane; $count]; 3] =
                [bytemuck::cast(a), bytemuck::cast(b), bytemuck::cast(c)];
            for ((lane, b), c) in lanes.iter_mut().zip(b).zip(c) {
                *lane = f(*lane, b, c);
            }
            bytemuck::cast(lanes)
        }

        /// Saturates each lane `f(n)` to the lane's type; also returns whether any lane saturated.
        #[inline(always)]
        #[allow(dead_code)] // some lane types do not use it
        pub(crate) fn $saturating(f: impl Fn(usize) -> i64) -> Saturated {
            let mut any = false;
            let lanes = std::array::from_fn(|n| {
                let exact = f(n);
                let lane = exact.clamp(<$lane>::MIN as i64, <$lane>::MAX as i64);
                any |= lane != exact;
                lane as $lane
            });
            Saturated { value: $join(lanes), has_saturated: any }
        }
    )* };
}

lanes! {
    split_u8 join_u8 map_u8 zip_u8 zip3_u8 saturating_u8 u8, 16;
    split_i8 join_i8 map_i8 zip_i8 zip3_i8 saturating_i8 i8, 16;
    split_u16 join_u16 map_u16 zip_u16 zip3_u16 saturating_u16 u16, 8;
    split_i16 join_i16 map_i16 zip_i16 zip3_i16 saturating_i16 i16, 8;
    split_u32 join_u32 map_u32 zip_u32 zip3_u32 saturating_u32 u32, 4;
    split_i32 join_i32 map_i32 zip_i32 zip3_i32 saturating_i32 i32, 4;
}

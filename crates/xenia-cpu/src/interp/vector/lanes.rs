//! A vector register as lanes: element 0 is the most significant.

/// What a saturating operation returns: the vector, and whether any lane saturated.
pub(crate) type Saturated = (u128, bool);

macro_rules! lanes {
    ($($split:ident $join:ident $map:ident $zip:ident $zip3:ident $saturating:ident
        $lane:ty, $unsigned:ty, $count:literal, $bits:literal;)*) => { $(
        /// The lanes, element 0 first.
        #[inline(always)]
        pub(crate) fn $split(v: u128) -> [$lane; $count] {
            std::array::from_fn(|n| (v >> (128 - $bits * (n + 1))) as $lane)
        }

        /// The vector of these lanes.
        #[inline(always)]
        pub(crate) fn $join(lanes: [$lane; $count]) -> u128 {
            lanes.iter().fold(0, |v, lane| v << $bits | u128::from(*lane as $unsigned))
        }

        /// Applies `f` to each lane.
        #[inline(always)]
        #[allow(dead_code)]
        pub(crate) fn $map(a: u128, f: impl Fn($lane) -> $lane) -> u128 {
            $join($split(a).map(f))
        }

        /// Applies `f` to each pair of lanes.
        #[inline(always)]
        #[allow(dead_code)]
        pub(crate) fn $zip(a: u128, b: u128, f: impl Fn($lane, $lane) -> $lane) -> u128 {
            let (a, b) = ($split(a), $split(b));
            $join(std::array::from_fn(|n| f(a[n], b[n])))
        }

        /// Applies `f` to each triple of lanes.
        #[inline(always)]
        #[allow(dead_code)]
        pub(crate) fn $zip3(
            a: u128,
            b: u128,
            c: u128,
            f: impl Fn($lane, $lane, $lane) -> $lane,
        ) -> u128 {
            let (a, b, c) = ($split(a), $split(b), $split(c));
            $join(std::array::from_fn(|n| f(a[n], b[n], c[n])))
        }

        /// Saturates lane `n` of `f` to the lane's type, and says whether any lane had to be.
        #[inline(always)]
        #[allow(dead_code)]
        pub(crate) fn $saturating(f: impl Fn(usize) -> i64) -> Saturated {
            let mut any = false;
            let lanes = std::array::from_fn(|n| {
                let exact = f(n);
                let lane = exact.clamp(<$lane>::MIN as i64, <$lane>::MAX as i64);
                any |= lane != exact;
                lane as $lane
            });
            ($join(lanes), any)
        }
    )* };
}

lanes! {
    split_u8 join_u8 map_u8 zip_u8 zip3_u8 saturating_u8 u8, u8, 16, 8;
    split_i8 join_i8 map_i8 zip_i8 zip3_i8 saturating_i8 i8, u8, 16, 8;
    split_u16 join_u16 map_u16 zip_u16 zip3_u16 saturating_u16 u16, u16, 8, 16;
    split_i16 join_i16 map_i16 zip_i16 zip3_i16 saturating_i16 i16, u16, 8, 16;
    split_u32 join_u32 map_u32 zip_u32 zip3_u32 saturating_u32 u32, u32, 4, 32;
    split_i32 join_i32 map_i32 zip_i32 zip3_i32 saturating_i32 i32, u32, 4, 32;
}

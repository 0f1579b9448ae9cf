//! Site tables: map a host address to the guest instruction whose code contains it.
//!
//! Code is left inside an instruction if its access is refused or its arm does not complete. A unit
//! keeps two or three bytes for each instruction that may be left so. That is rare, so a look-up
//! sums the distances from the start of the unit.
//!
//! ```text
//!  site:  bytes of code from the end of the last site's to the end of its own << 3
//!         │ words from the last site's, or 3 if there are more << 1 │ whether its charge follows
//!         [words beyond 3] [instructions charged]
//! ```
//! The instructions that were charged to the budget and not executed are as many as at the last
//! site, less the words between both, unless the site has its own number.
//!
//! Numbers are of variable length: seven bits in a byte, the lowest ones first. All bytes but the
//! last one have the upper bit set.

/// Number of words up to which a site's distance has no number of its own.
const NEAR: u32 = 3;

/// A guest instruction of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SiteInUnit {
    /// Index of its word, from the unit's start.
    pub(super) word: u32,
    /// Instructions from it on, itself included, that were charged to the budget.
    pub(super) remaining: u32,
}

/// Writes the sites of a unit, in the order of their code.
#[derive(Default)]
pub(super) struct SiteWriter {
    pub(super) bytes: Vec<u8>,
    last: SiteInUnit,
    /// End of the last site's code.
    end: u32,
}

impl SiteWriter {
    /// Begins another unit.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.last = SiteInUnit::default();
        self.end = 0;
    }

    /// Adds a site whose code ends at the offset `end` from the unit's start. Neither it nor its
    /// word is in front of the last one's.
    pub(super) fn add(&mut self, site: SiteInUnit, end: u32) {
        let words = site.word - self.last.word;
        // In another block the difference may be negative.
        let follows = self.last.remaining.checked_sub(words) == Some(site.remaining);
        self.put((end - self.end) << 3 | words.min(NEAR) << 1 | u32::from(!follows));
        if words >= NEAR {
            self.put(words - NEAR);
        }
        if !follows {
            self.put(site.remaining);
        }
        self.last = site;
        self.end = end;
    }

    fn put(&mut self, mut value: u32) {
        while value > 0x7F {
            self.bytes.push(0x80 | value as u8);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

fn take(sites: &mut &[u8]) -> Option<u32> {
    let mut value = 0;
    for shift in (0..u32::BITS).step_by(7) {
        let (&byte, rest) = sites.split_first()?;
        *sites = rest;
        value |= u32::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

/// The first site whose code ends after `offset` in the unit's code. Code of other instructions
/// lies between sites, but is not left.
pub(super) fn find(mut sites: &[u8], offset: u32) -> Option<SiteInUnit> {
    let mut site = SiteInUnit::default();
    let mut end = 0;
    loop {
        let head = take(&mut sites)?;
        end += head >> 3;
        let mut words = head >> 1 & 3;
        if words == NEAR {
            words += take(&mut sites)?;
        }
        site.word += words;
        site.remaining = if head & 1 == 0 { site.remaining - words } else { take(&mut sites)? };
        if end > offset {
            return Some(site);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_of_any_distance_are_found_by_their_code() {
        let at = |word, remaining| SiteInUnit { word, remaining };
        // Blocks of 3, 300, 20,000 and 2 charged instructions.
        let all = [
            (at(0, 3), 15),
            (at(1, 2), 23),
            (at(2, 1), 24),
            (at(3, 300), 40),
            (at(6, 297), 56),
            (at(10, 293), 72),
            (at(302, 1), 5000),
            (at(16_000, 20_000), 90_000),
            (at(16_200, 19_800), 90_016),
            (at(40_000, 2), 300_000),
        ];
        let mut writer = SiteWriter::default();
        for _ in 0..2 {
            writer.clear();
            for (site, end) in all {
                writer.add(site, end);
            }
        }
        let mut first = 0;
        for (site, end) in all {
            for offset in [first, end - 1] {
                assert_eq!(find(&writer.bytes, offset), Some(site), "{offset}");
            }
            first = end;
        }
        assert_eq!(find(&writer.bytes, first), None);
        assert_eq!(find(&writer.bytes[..writer.bytes.len() - 1], first - 1), None, "cut short");
        assert_eq!(find(&[], 0), None);
        assert_eq!(writer.bytes[..8], [15 << 3 & 0x7F | 1, 3, 8 << 3 | 2, 1 << 3 | 2, 0x83, 1, 0xAC, 2]);
    }
}

//! Visibility queries: whether anything was drawn between two points of the stream.

/// The queries (0 to 63), one bit each.
#[derive(Clone, Copy, Default)]
pub(super) struct Queries {
    /// Begun and not ended.
    open: u64,
    /// Of these, the ones during which something was drawn.
    seen: u64,
}

impl Queries {
    /// Begins one.
    pub(super) fn begin(&mut self, id: u32) {
        let bit = 1_u64 << (id & 63);
        self.open |= bit;
        self.seen &= !bit;
    }

    /// Ends one: whether something was seen. One that never began counts as seen too, since that hides nothing.
    pub(super) fn end(&mut self, id: u32) -> bool {
        let bit = 1_u64 << (id & 63);
        let visible = self.open & bit == 0 || self.seen & bit != 0;
        self.open &= !bit;
        self.seen &= !bit;
        visible
    }

    /// Something is drawn. Nothing is culled before the pixel stage, so every draw counts.
    pub(super) fn drawn(&mut self) {
        self.seen |= self.open;
    }

    /// Those begun, and those that have seen something.
    pub(super) fn visibility(&self) -> [u64; 2] {
        [self.open, self.seen]
    }

    /// Takes what [`visibility`](Self::visibility) gave.
    pub(super) fn set_visibility(&mut self, [open, seen]: [u64; 2]) {
        (self.open, self.seen) = (open, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_see_what_is_drawn_while_they_are_open() {
        let mut queries = Queries::default();
        assert!(queries.end(3), "it never began");
        queries.begin(3);
        assert!(!queries.end(3));
        queries.begin(3);
        queries.drawn();
        queries.begin(63);
        assert_eq!(queries.visibility(), [1 << 63 | 1 << 3, 1 << 3]);
        assert!(!queries.end(63) && queries.end(3));
        queries.begin(3);
        queries.drawn();
        queries.begin(3);
        assert!(!queries.end(3), "begun again");
    }
}

//! The lists of a unit, in one allocation: most have one to six members.

/// The lists of a unit, one behind the other.
pub(super) struct Lists {
    all: Box<[u32]>,
    /// Length of the first list.
    links: u32,
}

impl Lists {
    pub(super) fn new(links: Vec<u32>, pages: impl IntoIterator<Item = u32>) -> Self {
        let (first, mut all) = (links.len() as u32, links);
        all.extend(pages);
        Self { all: all.into(), links: first }
    }

    /// Numbers of the unit's links.
    pub(super) fn links(&self) -> &[u32] {
        &self.all[..self.links as usize]
    }

    /// The guest pages that its words were read from.
    pub(super) fn pages(&self) -> &[u32] {
        &self.all[self.links as usize..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_apart() {
        for links in [vec![], vec![16, 20]] {
            let lists = Lists::new(links.clone(), [4096]);
            assert_eq!((lists.links(), lists.pages()), (&links[..], &[4096][..]));
        }
    }
}

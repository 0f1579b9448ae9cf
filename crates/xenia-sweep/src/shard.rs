//! Shards: the assignment of units to processes. It follows from a unit's id alone, so shards need
//! no communication.

/// Shard number `index`, from 0 or from 1, of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    of: u64,
}

/// Largest number of shards.
const MAX_SHARDS: u64 = 1_000_000;

impl Shard {
    /// Whether the unit with this id belongs to the shard.
    pub fn has(self, id: &str) -> bool {
        let number = id.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.unwrap_or_default() % self.of == self.index % self.of
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// Parses `I/N`. Job systems count from 0 or from 1: N/N means 0/N, so that both ways cover all
    /// units.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, of)| Some((index.parse::<u64>().ok()?, of.parse::<u64>().ok()?)));
        match numbers {
            Some((index, of)) if (1..=MAX_SHARDS).contains(&of) && index <= of => Ok(Self { index, of }),
            _ => Err(format!("{text:?} is not a shard I/N with I from 0 to N and N from 1 to {MAX_SHARDS}")),
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_part_the_units_whichever_way_they_are_counted() {
        let ids: Vec<String> =
            (0_u32..500).map(|n| blake3::hash(&n.to_le_bytes()).to_hex().to_string()).collect();
        for of in [1, 2, 7, 64] {
            for first in [0, 1] {
                let shards: Vec<Shard> =
                    (first..first + of).map(|index| format!("{index}/{of}").parse().unwrap()).collect();
                for id in &ids {
                    assert_eq!(shards.iter().filter(|shard| shard.has(id)).count(), 1);
                }
            }
        }
        assert_eq!("2/2".parse::<Shard>().unwrap().to_string(), "2/2", "as it was asked for");
        for wrong in ["", "1", "/", "3/2", "1/0", "-1/2", "0/1000001", "a/b", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}

//! Round trip of a state through its encoding, for tests.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xenia_state::{StateSection, StoredSection};

#[derive(Serialize, Deserialize)]
struct Through<T>(T);

impl<T: Serialize + DeserializeOwned> StateSection for Through<T> {
    const NAME: &'static str = "test";
    const VERSION: u16 = 1;
}

/// The state that is read from the bytes of `state`.
pub(crate) fn round_trip<T: Serialize + DeserializeOwned + Clone>(state: &T) -> T {
    let stored = StoredSection::encode(&Through(state.clone())).expect("it can be encoded");
    stored.decode::<Through<T>>().expect("its own bytes").0
}

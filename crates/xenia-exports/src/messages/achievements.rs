//! Achievements: the message with which titles report them.

use super::MessageWords;
use crate::abi::Call;
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use xenia_guest::{HResult, USERS};

/// Maximum number of achievements in one message; titles have fewer.
const MAX_ACHIEVEMENTS: u32 = 0x400;
/// Size in bytes of a pair: a user's place and an achievement's id.
const PAIR: u32 = 8;

/// Records earned achievements of all named users, or of none if one of them is not signed in.
pub(super) fn write(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let count: u32 = words.field(call, 0)?;
    let Some(pairs) = words.pointer(call, 4)?.filter(|_| (1..=MAX_ACHIEVEMENTS).contains(&count)) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    let mut achieved: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for index in 0..count {
        let at = pairs.offset(index * PAIR);
        let user: u32 = call.memory().read(at)?;
        let id: u32 = call.memory().read(at.offset(4))?;
        if user >= USERS || call.kernel.user.profiles.lock().get(user).is_none() {
            return Ok(HResult::NO_SUCH_USER);
        }
        achieved.entry(user).or_default().push(id);
    }
    let now = call.kernel.clock.system_time(call.now());
    for (user, ids) in achieved {
        if let Err(error) = call.kernel.gamer_data().achieve(user, &ids, now) {
            return Ok(error.to_hresult());
        }
    }
    Ok(HResult::OK)
}

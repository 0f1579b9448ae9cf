//! What users have achieved, as titles report it.

use super::Words;
use crate::abi::Call;
use crate::status::failure::Fallible;
use crate::user::profile::USERS;
use std::collections::BTreeMap;
use xenia_guest::HResult;

/// Achievements of one message: a title has fewer.
const LIMIT: u32 = 0x400;
/// Bytes of a pair: a user's place and an achievement's id.
const PAIR: u32 = 8;

/// Writes down what users have achieved: of all users who are named, or, if one is not signed in,
/// of none.
pub(super) fn write(call: &mut Call, words: Words) -> Fallible<HResult> {
    let count: u32 = words.field(call, 0)?;
    let Some(pairs) = words.pointer(call, 4)?.filter(|_| (1..=LIMIT).contains(&count)) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    let mut achieved: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for index in 0..count {
        let at = pairs.offset(index * PAIR);
        let (user, id): (u32, u32) = (call.memory().read(at)?, call.memory().read(at.offset(4))?);
        if user >= USERS || call.kernel.user.profiles.lock().get(user).is_none() {
            return Ok(HResult::NO_SUCH_USER);
        }
        achieved.entry(user).or_default().push(id);
    }
    let now = call.kernel.clock.system_time(call.now());
    for (user, ids) in achieved {
        if let Err(error) = call.kernel.achieve(user, &ids, now) {
            return Ok(error.to_hresult());
        }
    }
    Ok(HResult::OK)
}

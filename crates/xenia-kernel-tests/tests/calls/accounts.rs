//! Tests of listing and finding the console's profiles, as system programs do.

use super::*;
use xenia_user::profile::{Profile, Profiles, Xuid};

const INVALID_PARAMETER: u64 = 0x57;
const NO_SUCH_USER: u64 = 0x525;
const NO_MORE_FILES: u64 = 0x12;
/// Offsets of the account and the device in an item, and the item's size.
const ACCOUNT: u32 = 8;
const DEVICE: u32 = 0x184;
const ITEM: u32 = 0x188;
/// Offsets in the scratch memory of an overlapped structure and an item; the handle is at 0.
const OVERLAPPED: u32 = 0x40;
const BUFFER: u32 = 0x100;

fn harness() -> (Harness, [Xuid; 2]) {
    let b = Harness::new();
    let [low, high] = [0xE000_0000_0000_0005, 0xE000_0000_0000_0009].map(Xuid);
    let made = |xuid, name| Profile::new(xuid, name).unwrap();
    // The signed-in profile's id is greater than the other's.
    *b.kernel.user.profiles.lock() = Profiles::of(vec![made(high, "Signed in"), made(low, "Other")], None);
    (b, [low, high])
}

fn name(b: &Harness, account: u32) -> String {
    String::from_utf16_lossy(&b.memory().read_wide_string(b.scratch.offset(account + 8), 16).unwrap())
}

#[test]
fn all_profiles_are_listed_one_by_one() {
    let (mut b, [low, high]) = harness();
    let base = u64::from(b.scratch.0);
    let at = |offset: u32| base + u64::from(offset);
    assert_eq!(b.xam_call("XamProfileCreateEnumerator", &[0, 0]), INVALID_PARAMETER);
    for device in [0, 1] {
        assert_eq!(b.xam_call("XamProfileCreateEnumerator", &[device, base]), 0);
        let list = u64::from(b.word(0));
        assert_eq!(b.xam_call("XamProfileEnumerate", &[list, 0, 0, 0]), INVALID_PARAMETER);
        for (xuid, who) in [(low, "Other"), (high, "Signed in")] {
            b.memory().fill(b.scratch.offset(BUFFER), ITEM + 4, 0xEE).unwrap();
            assert_eq!(b.xam_call("XamProfileEnumerate", &[list, 0, at(BUFFER), 0]), 0);
            assert_eq!(b.memory().read::<u64>(b.scratch.offset(BUFFER)), Ok(xuid.0));
            assert_eq!(name(&b, BUFFER + ACCOUNT), who);
            assert_eq!([0x30, DEVICE, ITEM].map(|at| b.word(BUFFER + at)), [0, 1, 0xEEEE_EEEE]);
        }
        assert_eq!(b.xam_call("XamProfileEnumerate", &[list, 0, at(BUFFER), 0]), NO_MORE_FILES);
        assert_eq!(b.status("NtClose", &[list]), NtStatus::SUCCESS);
        assert_eq!(b.xam_call("XamProfileEnumerate", &[list, 0, at(BUFFER), 0]), 6);
    }
    // Asynchronously, and for a device that does not exist.
    assert_eq!(b.xam_call("XamProfileCreateEnumerator", &[1, base]), 0);
    let list = u64::from(b.word(0));
    b.call_in_background("XamProfileEnumerate", &[list, 0, at(BUFFER), at(OVERLAPPED)]);
    assert_eq!(
        (b.word(OVERLAPPED), b.word(OVERLAPPED + 4), name(&b, BUFFER + ACCOUNT)),
        (0, 1, "Other".into())
    );
    assert_eq!(b.xam_call("XamProfileCreateEnumerator", &[7, base]), 0);
    let list = u64::from(b.word(0));
    assert_eq!(b.xam_call("XamProfileEnumerate", &[list, 0, at(BUFFER), 0]), NO_MORE_FILES);
}

#[test]
fn an_account_is_found_by_its_id() {
    let (mut b, [low, high]) = harness();
    let base = u64::from(b.scratch.0);
    let at = |offset: u32| base + u64::from(offset);
    for (xuid, who) in [(low, "Other"), (high, "Signed in")] {
        b.memory().fill(b.scratch, 0x300, 0xEE).unwrap();
        assert_eq!(b.xam_call("XamProfileFindAccount", &[xuid.0, at(BUFFER), base]), 0);
        assert_eq!((name(&b, BUFFER), b.word(0), b.word(BUFFER + 0x28)), (who.into(), 1, 0));
        assert_eq!((b.word(BUFFER + 0x178), b.word(BUFFER + 0x17C)), (0, 0xEEEE_EEEE));
        assert_eq!(
            b.xam_call("XamProfileFindAccount", &[xuid.0, at(BUFFER), 0]),
            0,
            "the device is optional"
        );
    }
    assert_eq!(b.xam_call("XamProfileFindAccount", &[low.0, 0, base]), INVALID_PARAMETER);
    assert_eq!(b.xam_call("XamProfileFindAccount", &[1, at(BUFFER), base]), NO_SUCH_USER);
    assert_eq!((b.word(BUFFER + 8), b.word(BUFFER + 0x178)), (0, 0));
}

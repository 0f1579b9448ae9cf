//! Users (`XamUser*`): sign-in state and privileges. All profiles are offline profiles.

use super::tiles::read_tile_key;
use crate::abi::{Call, OptionalOut, Out, Ptr, WideText};
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, admit, complete};
use crate::user_index;
use xenia_guest::{GuestAddr, HResult, USERS, Win32Error};
use xenia_kernel_macros::exports;
use xenia_user::notifications::{Notification, id};
use xenia_user::profile::{MAX_NAME_LENGTH, Profile, Profiles, Xuid};

/// Exports of users.
pub struct XamUser;

/// `eXUserSigninState_SignedInLocally`: signed in with an offline profile.
const SIGNED_IN_LOCALLY: u32 = 1;
/// Flag for ids of offline profiles.
const OFFLINE: u32 = 1;
/// Flag of `XamUserGetSigninInfo`: only an online id is acceptable. The flag for an offline id is 2
/// (the development kit, `xbox.h`).
const ONLINE_ID_ONLY: u32 = 1;
/// Flag of `XamUserLogon`: the users without an id stay signed in.
const ADD_USERS: u32 = 4;
/// Flag of `XamUserLogon`: the users with an id are signed out.
const REMOVE_USERS: u32 = 8;
/// Highest age group: adult.
const ADULT: u32 = 2;
/// Content of every rating is permitted.
const ALL_RATINGS: u32 = 0x3F;

/// Offsets in `XUSER_SIGNIN_INFO`.
mod sign_in_info {
    pub(super) const XUID: u32 = 0;
    pub(super) const STATE: u32 = 0xC;
    pub(super) const SPONSOR: u32 = 0x14;
    pub(super) const NAME: u32 = 0x18;
    pub(super) const SIZE: u32 = 0x28;
}

/// Applies `f` to the profile signed in at a place, if there is one.
fn with_profile<R>(call: &Call, user: u32, f: impl FnOnce(&Profile) -> R) -> Option<R> {
    call.kernel.user.profiles.lock().get(user).map(f)
}

/// Checks that a user is signed in at a place.
pub(super) fn check_place(call: &Call, user: u32) -> Result<(), Win32Error> {
    if user >= USERS {
        return Err(Win32Error::INVALID_PARAMETER);
    }
    with_profile(call, user, |_| ()).ok_or(Win32Error::NO_SUCH_USER)
}

/// Checks a call's user: a place with a signed-in user, or any.
fn check_user(call: &Call, user: u32) -> Result<(), Win32Error> {
    if user != user_index::ANY {
        return check_place(call, user);
    }
    let is_anybody_there = call.kernel.user.profiles.lock().mask() != 0;
    if is_anybody_there { Ok(()) } else { Err(Win32Error::NO_SUCH_USER) }
}

/// Returns the error of a question about a user that only the online service can answer: there is
/// no connection.
fn service_error(call: &Call, user: u32) -> Win32Error {
    check_user(call, user).err().unwrap_or(Win32Error::NOT_LOGGED_ON)
}

/// Returns the ids of the users, by place.
fn signed_in_ids(profiles: &Profiles) -> [Option<Xuid>; USERS as usize] {
    std::array::from_fn(|user| profiles.xuid_at(user as u32))
}

/// Signs users in and out for `XamUserLogon`. Returns `false` if an id is not signed in at its
/// place then.
fn log_on(profiles: &mut Profiles, ids: &[Xuid], flags: u32) -> bool {
    let removes = flags & REMOVE_USERS != 0;
    for user in 0..USERS {
        let Some(own) = profiles.xuid_at(user) else { continue };
        let leaves = if removes {
            ids.contains(&own)
        } else {
            flags & ADD_USERS == 0 && ids.get(user as usize) != Some(&own)
        };
        if leaves {
            profiles.sign_out(user);
        }
    }
    let mut named = (0..USERS).zip(ids).filter(|&(_, &id)| id != Xuid::NOBODY);
    removes || named.all(|(user, &id)| profiles.sign_in_as(user, id))
}

/// Stores one word about a user, who must be signed in.
fn answer_word(call: &mut Call, user: u32, word: u32, at: Option<Out<u32>>) -> Fallible<Win32Error> {
    let Some(at) = at else { return Ok(Win32Error::INVALID_PARAMETER) };
    if let Err(error) = check_user(call, user) {
        return Ok(error);
    }
    at.set(call.memory(), word)?;
    Ok(Win32Error::SUCCESS)
}

/// Like [`answer_word`], for a call with an overlapped structure. Invalid arguments fail the call
/// itself.
fn complete_with_word(
    call: &mut Call,
    user: u32,
    word: u32,
    at: Option<Out<u32>>,
    overlapped: Option<GuestAddr>,
) -> Fallible<Win32Error> {
    admit(call, overlapped)?;
    match answer_word(call, user, word, at)? {
        Win32Error::INVALID_PARAMETER => Ok(Win32Error::INVALID_PARAMETER),
        answer => complete(call, overlapped, Completed::with(answer)),
    }
}

#[exports(xam)]
impl XamUser {
    /// Signs profiles of the console in, by an id for each place; 0 is none. Users without an id
    /// are signed out, unless the flag that adds is set. With the flag that removes, the users with
    /// these ids are signed out instead, at any place. Otherwise unknown ids and places that others
    /// keep fail; then nothing changes.
    #[export(Done)]
    fn XamUserLogon(
        call: &mut Call,
        ids: Option<Ptr<u64>>,
        flags: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<HResult> {
        let Some(ids) = ids else { return Ok(HResult::INVALID_ARGUMENT) };
        let ids = (0..USERS).map(|user| Ok(Xuid(ids.at(user).read(call.memory())?)));
        let ids = ids.collect::<Fallible<Vec<_>>>()?;
        admit(call, overlapped)?;
        let mut profiles = call.kernel.user.profiles.lock();
        let before = signed_in_ids(&profiles);
        let mut changed = profiles.clone();
        let are_there = log_on(&mut changed, &ids, flags);
        if are_there {
            *profiles = changed;
        }
        let after = signed_in_ids(&profiles);
        let mask = profiles.mask();
        let places = (0..USERS).zip(before.iter().zip(&after));
        let mut entered = 0;
        // Before the profiles are unlocked: then the new users may set values.
        let mut presence = call.kernel.user.presence.lock();
        for (user, (_, new)) in places.filter(|(_, (old, new))| old != new) {
            presence.clear(user);
            entered |= u32::from(new.is_some()) << user;
        }
        drop(presence);
        drop(profiles);
        if after != before {
            let now = call.kernel.clock.system_time(call.now());
            call.kernel.gamer_data().note_players(entered, now);
            let notification = Notification { id: id::SIGN_IN_CHANGED, parameter: mask };
            call.kernel.notifier().notify(call.cpu, notification)?;
        }
        let result = if are_there { Win32Error::SUCCESS } else { Win32Error::NO_SUCH_USER };
        Ok(match complete(call, overlapped, Completed::with(result))? {
            Win32Error::IO_PENDING => HResult(Win32Error::IO_PENDING.0),
            result => result.to_hresult(),
        })
    }

    /// Returns whether a user is signed in: 1, with an offline profile; 0, not.
    #[export(Done)]
    fn XamUserGetSigninState(call: &mut Call, user: u32) -> u32 {
        with_profile(call, user, |_| SIGNED_IN_LOCALLY).unwrap_or(0)
    }

    /// Returns information about a signed-in user. There are no online ids.
    #[export(Done)]
    fn XamUserGetSigninInfo(
        call: &mut Call,
        user: u32,
        flags: u32,
        information: Option<GuestAddr>,
    ) -> Fallible<HResult> {
        let Some(at) = information else { return Ok(HResult::INVALID_ARGUMENT) };
        let memory = call.memory();
        memory.fill(at, sign_in_info::SIZE, 0)?;
        let Some((xuid, name)) =
            with_profile(call, user, |profile| (profile.xuid, profile.name().to_owned()))
        else {
            return Ok(HResult::NO_SUCH_USER);
        };
        if flags & ONLINE_ID_ONLY == 0 {
            memory.write(at.offset(sign_in_info::XUID), xuid.0)?;
        }
        memory.write(at.offset(sign_in_info::STATE), SIGNED_IN_LOCALLY)?;
        memory.write(at.offset(sign_in_info::SPONSOR), user_index::NONE)?;
        memory.write_bytes(at.offset(sign_in_info::NAME), name.as_bytes())?;
        Ok(HResult::OK)
    }

    /// Returns a user's id, if an offline one is acceptable.
    #[export(Done)]
    fn XamUserGetXUID(call: &mut Call, user: u32, kinds: u32, id: Option<Out<u64>>) -> Fallible<HResult> {
        let Some(id) = id else { return Ok(HResult::INVALID_ARGUMENT) };
        id.set(call.memory(), 0)?;
        if user >= USERS {
            return Ok(HResult::INVALID_ARGUMENT);
        }
        let found = call.kernel.user.profiles.lock().xuid_at(user).filter(|_| kinds & OFFLINE != 0);
        let Some(xuid) = found else { return Ok(HResult::NO_SUCH_USER) };
        id.set(call.memory(), xuid.0)?;
        Ok(HResult::OK)
    }

    /// Returns the place of the user with an id.
    #[export(Done)]
    fn XamUserGetIndexFromXUID(
        call: &mut Call,
        id: u64,
        _flags: u32,
        index: Option<Out<u32>>,
    ) -> Fallible<HResult> {
        let Some(index) = index else { return Ok(HResult::INVALID_ARGUMENT) };
        let place = call.kernel.user.profiles.lock().place_of(Xuid(id));
        let Some(place) = place else { return Ok(HResult::NO_SUCH_USER) };
        index.set(call.memory(), place)?;
        Ok(HResult::OK)
    }

    /// Returns a user's name, cut to the buffer; empty if no user is signed in.
    #[export(Done)]
    fn XamUserGetName(call: &mut Call, user: u32, buffer: GuestAddr, length: u32) -> Fallible<Win32Error> {
        if user >= USERS {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        let name = with_profile(call, user, |profile| profile.name().to_owned());
        if let Some(last) = length.checked_sub(1) {
            let bytes = name.as_deref().unwrap_or_default().as_bytes();
            let bytes = &bytes[..bytes.len().min(last as usize)];
            call.memory().write_bytes(buffer, bytes)?;
            call.memory().write(buffer.offset(bytes.len() as u32), 0_u8)?;
        }
        Ok(if name.is_some() { Win32Error::SUCCESS } else { Win32Error::NO_SUCH_USER })
    }

    /// Returns a user's name in UTF-16.
    #[export(Done)]
    fn XamUserGetGamerTag(
        call: &mut Call,
        user: u32,
        buffer: Option<GuestAddr>,
        length: u32,
    ) -> Fallible<HResult> {
        let Some(buffer) = buffer.filter(|_| length as usize > MAX_NAME_LENGTH && user < USERS) else {
            return Ok(HResult::INVALID_ARGUMENT);
        };
        let Some(name) = with_profile(call, user, |profile| profile.name().to_owned()) else {
            return Ok(HResult::NO_SUCH_USER);
        };
        WideText(buffer).store(call.memory(), name.encode_utf16().chain([0]))?;
        Ok(HResult::OK)
    }

    /// Returns the number by which device drivers identify a user: here the user's index, or 0xFF
    /// for any user (as in xenia-canary); 0 if no user is signed in.
    #[export(Partial)]
    fn XamUserGetDeviceContext(
        call: &mut Call,
        user: u32,
        _kind: u32,
        context: Option<Out<u32>>,
    ) -> Fallible<HResult> {
        let Some(context) = context else { return Ok(HResult::INVALID_ARGUMENT) };
        let is_there = user == user_index::ANY || with_profile(call, user, |_| ()).is_some();
        context.set(call.memory(), if is_there { user } else { 0 })?;
        Ok(if is_there { HResult::OK } else { Win32Error::DEVICE_NOT_CONNECTED.to_hresult() })
    }

    /// Returns a user's flags: 0, because all of them concern the online service.
    #[export(Constant, XamUserGetUserFlags)]
    /// Returns a user's membership tier of the online service: none.
    #[export(Constant, XamUserGetMembershipTier)]
    fn return_zero(_call: &mut Call, _user: u32) -> u32 {
        0
    }

    /// Like `XamUserGetUserFlags`, by the user's id.
    #[export(Constant, XamUserGetUserFlagsFromXUID)]
    /// Like `XamUserGetMembershipTier`, by the user's id.
    #[export(Constant, XamUserGetMembershipTierFromXUID)]
    /// Returns the country of a user's account of the online service: none, as there is no account.
    #[export(Constant, XamUserGetOnlineCountryFromXUID)]
    fn return_zero_by_id(_call: &mut Call, _id: u64) -> u32 {
        0
    }

    /// Returns whether a user has an account of the online service: never.
    #[export(Constant, XamUserIsOnlineEnabled)]
    /// Returns whether a user is another's guest on the online service: never.
    #[export(Constant, XamUserIsGuest)]
    fn return_false(_call: &mut Call, _user: u32) -> bool {
        false
    }

    /// Checks a user's privilege on the online service: there is no connection.
    #[export(Done)]
    fn XamUserCheckPrivilege(
        call: &mut Call,
        user: u32,
        _privilege: u32,
        result: Option<Out<u32>>,
    ) -> Fallible<Win32Error> {
        let Some(result) = result else { return Ok(Win32Error::INVALID_PARAMETER) };
        result.set(call.memory(), 0)?;
        Ok(service_error(call, user))
    }

    /// Checks whether others are a user's friends on the online service: there is no connection.
    #[export(Done)]
    fn XamUserAreUsersFriends(
        call: &mut Call,
        user: u32,
        _ids: GuestAddr,
        _count: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if user >= USERS {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        admit(call, overlapped)?;
        result.set(call.memory(), 0)?;
        complete(call, overlapped, Completed::wrapped(service_error(call, user), 0))
    }

    /// Returns a user's age, which only the online service knows: there is no connection.
    #[export(Constant)]
    fn XamUserGetAge(
        call: &mut Call,
        user: u32,
        age: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if user >= USERS || age.is_none() {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        complete(call, overlapped, Completed::wrapped(service_error(call, user), 0))
    }

    /// Returns a user's age group: always adult.
    #[export(Done)]
    fn XamUserGetAgeGroup(
        call: &mut Call,
        user: u32,
        group: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        complete_with_word(call, user, ADULT, group, overlapped)
    }

    /// Returns whether a user may run unrated content: always, as there are no restrictions.
    #[export(Done)]
    fn XamUserIsUnsafeProgrammingAllowed(
        call: &mut Call,
        user: u32,
        _unknown: u32,
        result: Option<Out<u32>>,
    ) -> Fallible<Win32Error> {
        answer_word(call, user, 1, result)
    }

    /// Returns a user's content restrictions: none.
    #[export(Done)]
    fn XamUserContentRestrictionGetFlags(
        call: &mut Call,
        user: u32,
        flags: Option<Out<u32>>,
    ) -> Fallible<Win32Error> {
        answer_word(call, user, 0, flags)
    }

    /// Returns the highest rating that a user may see: all of them.
    #[export(Done)]
    fn XamUserContentRestrictionGetRating(
        call: &mut Call,
        user: u32,
        _system: u32,
        rating: Option<Out<u32>>,
        unknown: Option<Out<u32>>,
    ) -> Fallible<Win32Error> {
        let answer = answer_word(call, user, ALL_RATINGS, rating)?;
        if answer == Win32Error::SUCCESS
            && let Some(unknown) = unknown
        {
            unknown.set(call.memory(), 0)?;
        }
        Ok(answer)
    }

    /// Returns whether a user may access content: always, as there are no restrictions.
    #[export(Done)]
    fn XamUserContentRestrictionCheckAccess(
        call: &mut Call,
        user: u32,
        _unknown1: u32,
        _unknown2: u32,
        _unknown3: u32,
        _unknown4: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        complete_with_word(call, user, 1, result, overlapped)
    }

    /// Parses a gamer tile's key into its three words: title, large tile, small tile.
    #[export(Done)]
    fn XamParseGamerTileKey(
        call: &mut Call,
        data: Ptr<u8>,
        title: Option<Out<u32>>,
        large: Option<Out<u32>>,
        small: Option<Out<u32>>,
    ) -> Fallible<Win32Error> {
        let memory = call.memory();
        let Some(key) = read_tile_key(call.memory(), data.addr())? else {
            return Ok(Win32Error::INVALID_PARAMETER);
        };
        for (at, word) in [title, large, small].into_iter().zip(key) {
            at.set(memory, word)?;
        }
        Ok(Win32Error::SUCCESS)
    }
}

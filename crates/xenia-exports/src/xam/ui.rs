//! Dialogs requested by titles (`XamShow*`). The front end behind the dialog port answers.

use super::user::check_place;
use crate::abi::{Call, Flow, OptionalOut, Out, Ptr, WideText};
use crate::ports::{DialogRequest, Icon, MessageBox, TextRequest};
use crate::status::failure::Fallible;
use crate::title;
use crate::user::dialogs::{self, AnswerAction, AnswerRecipient, MAX_MESSAGE_BUTTONS};
use crate::user::overlapped::{Completed, complete};
use crate::user_index;
use xenia_formats::gpd::{GpdTotals, Record};
use xenia_guest::{GuestAddr, USERS, Win32Error};
use xenia_kernel_macros::exports;
use xenia_user::profile::{Profile, Xuid};
use xenia_user::profile_settings::{SettingId, Value};

/// Exports of dialogs.
pub struct Ui;

/// Flag of the sign-in dialog: profiles of the online service only.
const ONLINE_ONLY: u32 = 2;
/// Flags: a passcode is entered instead of a button.
const PASSCODE: u32 = 0x3_0000;
/// Maximum number of downloads in one offer.
const MAX_DOWNLOADS: u32 = 6;
/// Text of the online service's pages.
const NOT_CONNECTED: &str = "This console is not connected.";
/// Label of the button of a message without a choice.
pub(super) const OK: &str = "OK";

/// Builds a message of the console; its last button has the focus.
pub(super) fn own_message(title: &str, text: &str, buttons: Vec<String>) -> DialogRequest {
    let focus = (buttons.len() as u32).saturating_sub(1);
    let title = title.to_owned();
    let text = text.to_owned();
    DialogRequest::Message(MessageBox { user: None, icon: Icon::None, title, text, buttons, focus })
}

/// Returns the receiver of the result of a dialog that a call may wait for.
pub(super) fn recipient(overlapped: Option<GuestAddr>) -> AnswerRecipient {
    overlapped.map_or(AnswerRecipient::Caller, AnswerRecipient::Overlapped)
}

/// Opens the sign-in dialog, for as many users as there are panes.
fn sign_in(
    call: &mut Call,
    panes: u32,
    flags: u32,
    recipient: AnswerRecipient,
) -> Fallible<Flow<Win32Error>> {
    if !matches!(panes, 1 | 2 | 4) {
        return Ok(Flow::Return(Win32Error::INVALID_PARAMETER));
    }
    if flags & ONLINE_ONLY != 0 {
        let text = "The title requests profiles of the online service, which is not available.";
        let request = own_message("Sign in", text, vec![OK.to_owned()]);
        return dialogs::open(call, request, AnswerAction::TellUsers, recipient);
    }
    let names = (0..panes).map(|user| match user {
        0 => "1 player".to_owned(),
        user => format!("{} players", user + 1),
    });
    let request = own_message("Sign in", "Who is playing?", names.collect());
    dialogs::open(call, request, AnswerAction::SignIn, recipient)
}

/// Shows a page of the online service: a message that there is no connection.
fn online_page(call: &mut Call, page: &str) -> Fallible<Flow<Win32Error>> {
    let request = own_message(page, NOT_CONNECTED, vec![OK.to_owned()]);
    dialogs::open(call, request, AnswerAction::Nothing, AnswerRecipient::Nobody)
}

/// Returns the text of a player's card.
fn card_text(profile: &Profile) -> String {
    let number = |id| match profile.setting(0, id) {
        Some(Value::Bits(bits)) => bits >> 32,
        _ => 0,
    };
    format!(
        "{}\n{} G, {} achievements in {} titles",
        profile.name(),
        profile.gamerscore(),
        number(SettingId::ACHIEVEMENTS),
        number(SettingId::TITLES_PLAYED)
    )
}

/// Shows a user the card of a player with a profile on this console, or the user's own; for others,
/// a page says that there is no connection.
fn show_card(call: &mut Call, user: u32, player: Option<Xuid>) -> Fallible<Flow<Win32Error>> {
    const PAGE: &str = "Gamer card";
    let card = {
        let profiles = call.kernel.user.profiles.lock();
        let Some(own) = profiles.get(user) else { return Ok(Flow::Return(Win32Error::ACCESS_DENIED)) };
        player.map_or(Some(own), |player| profiles.find(player)).map(card_text)
    };
    let Some(card) = card else { return online_page(call, PAGE) };
    let request = own_message(PAGE, &card, vec![OK.to_owned()]);
    dialogs::open(call, request, AnswerAction::Nothing, AnswerRecipient::Nobody)
}

/// Returns the text of a page of achievements: how many are earned, and the names of these.
fn achievements_text(achievements: &[Record]) -> String {
    let GpdTotals { achievements: count, gamerscore } = GpdTotals::of(achievements);
    let mut text = format!(
        "{} of {} achievements, {} of {} G",
        count.earned, count.possible, gamerscore.earned, gamerscore.possible
    );
    for earned in achievements.iter().filter(|record| record.is_earned()) {
        text.push('\n');
        text.push_str(&earned.label);
    }
    text
}

/// Returns a dialog's user; `None` for any. The user with the focus is the one that answers.
fn user_of(index: u32) -> Result<Option<u32>, Win32Error> {
    match index {
        user_index::ANY | user_index::FOCUS => Ok(None),
        index if index < USERS => Ok(Some(index)),
        _ => Err(Win32Error::INVALID_PARAMETER),
    }
}

fn text_or_empty(call: &Call, text: Option<WideText>) -> Fallible<String> {
    Ok(text.map(|text| text.text(call.memory())).transpose()?.unwrap_or_default())
}

/// Arguments of a message box.
#[derive(Clone, Copy)]
struct Message {
    user: u32,
    title: Option<WideText>,
    text: Option<WideText>,
    buttons: u32,
    labels: Ptr<GuestAddr>,
    focus: u32,
    flags: u32,
    result: Option<Out<u32>>,
    overlapped: Option<GuestAddr>,
}

impl Message {
    /// Returns the dialog request, and the title's number of each button; `None` if the arguments
    /// are invalid.
    fn request(&self, call: &Call) -> Fallible<Option<(MessageBox, [Option<u32>; MAX_MESSAGE_BUTTONS])>> {
        let Ok(user) = user_of(self.user) else { return Ok(None) };
        let makes_sense = self.buttons as usize <= MAX_MESSAGE_BUTTONS
            && (self.buttons == 0 || self.focus < self.buttons && !self.labels.is_null());
        if !makes_sense {
            return Ok(None);
        }
        let memory = call.memory();
        let label = |index| -> Fallible<String> {
            let label = self.labels.at(index).read(memory)?;
            text_or_empty(call, Some(WideText(label)).filter(|label| !label.0.is_null()))
        };
        let labels: Vec<String> = (0..self.buttons).map(label).collect::<Fallible<_>>()?;
        // Buttons without a text are not shown, but at least one button must be.
        let labelled: Vec<(u32, String)> = (0..).zip(labels).filter(|(_, label)| !label.is_empty()).collect();
        let labelled = if labelled.is_empty() { vec![(0, OK.to_owned())] } else { labelled };
        let focus = labelled.iter().position(|(index, _)| *index == self.focus).unwrap_or(0) as u32;
        let mut numbers = [None; MAX_MESSAGE_BUTTONS];
        for (place, (number, _)) in numbers.iter_mut().zip(&labelled) {
            *place = Some(*number);
        }
        let request = MessageBox {
            user,
            icon: match self.flags & 0xF {
                1 => Icon::Error,
                2 => Icon::Warning,
                3 => Icon::Alert,
                _ => Icon::None,
            },
            title: text_or_empty(call, self.title)?,
            text: text_or_empty(call, self.text)?,
            buttons: labelled.into_iter().map(|(_, label)| label).collect(),
            focus,
        };
        Ok(Some((request, numbers)))
    }

    fn show(self, call: &mut Call) -> Fallible<Flow<Win32Error>> {
        let (Some((request, buttons)), Some(result)) = (self.request(call)?, self.result) else {
            return Ok(Flow::Return(Win32Error::INVALID_PARAMETER));
        };
        // No passcode is set on this console, so any entered one is wrong.
        let action = if self.flags & PASSCODE == 0 {
            AnswerAction::StoreButton { result: result.addr(), buttons }
        } else {
            AnswerAction::Refuse
        };
        dialogs::open(call, DialogRequest::Message(request), action, recipient(self.overlapped))
    }
}

#[exports(xam)]
impl Ui {
    /// Shows a message with at least one and at most three buttons, and stores the index of the
    /// pressed one.
    #[export(Done)]
    fn XamShowMessageBoxUI(
        call: &mut Call,
        user: u32,
        title: Option<WideText>,
        text: Option<WideText>,
        buttons: u32,
        labels: Ptr<GuestAddr>,
        focus: u32,
        flags: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Flow<Win32Error>> {
        Message { user, title, text, buttons, labels, focus, flags, result, overlapped }.show(call)
    }

    /// Like `XamShowMessageBoxUI`, with one more argument, which has no effect on titles.
    #[export(Done)]
    fn XamShowMessageBoxUIEx(
        call: &mut Call,
        user: u32,
        title: Option<WideText>,
        text: Option<WideText>,
        buttons: u32,
        labels: Ptr<GuestAddr>,
        focus: u32,
        flags: u32,
        _unknown: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Flow<Win32Error>> {
        Message { user, title, text, buttons, labels, focus, flags, result, overlapped }.show(call)
    }

    /// Lets the player choose how many users sign in, at most one for each pane. Each free user
    /// index gets its profile; users who are signed in stay signed in. The console is not
    /// connected, so a title that requires profiles of the online service gets no user.
    #[export(Done)]
    fn XamShowSigninUI(call: &mut Call, panes: u32, flags: u32) -> Fallible<Flow<Win32Error>> {
        sign_in(call, panes, flags, AnswerRecipient::Nobody)
    }

    /// Like `XamShowSigninUI`, for the user who requested it.
    #[export(Done)]
    fn XamShowSigninUIp(call: &mut Call, _user: u32, panes: u32, flags: u32) -> Fallible<Flow<Win32Error>> {
        sign_in(call, panes, flags, AnswerRecipient::Nobody)
    }

    /// Like `XamShowSigninUI`, with an overlapped structure that reports the end.
    #[export(Done)]
    fn XamShowSigninUIEx(
        call: &mut Call,
        panes: u32,
        flags: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Flow<Win32Error>> {
        sign_in(call, panes, flags, overlapped.map_or(AnswerRecipient::Nobody, AnswerRecipient::Overlapped))
    }

    /// Lets a user enter text, and stores what fits, with its terminator.
    #[export(Done)]
    fn XamShowKeyboardUI(
        call: &mut Call,
        user: u32,
        _flags: u32,
        default: Option<WideText>,
        title: Option<WideText>,
        description: Option<WideText>,
        buffer: Option<Ptr<u16>>,
        length: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Flow<Win32Error>> {
        let (Ok(user), Some(buffer), Some(limit)) = (user_of(user), buffer, length.checked_sub(1)) else {
            return Ok(Flow::Return(Win32Error::INVALID_PARAMETER));
        };
        let request = TextRequest {
            user,
            title: text_or_empty(call, title)?,
            description: text_or_empty(call, description)?,
            default: text_or_empty(call, default)?,
            limit,
        };
        let action = AnswerAction::StoreText { buffer: buffer.addr(), limit };
        dialogs::open(call, DialogRequest::Text(request), action, recipient(overlapped))
    }

    /// Returns whether the user interface is shown: while a dialog is open, and until listeners are
    /// notified of its end.
    #[export(Done)]
    fn XamIsUIActive(call: &mut Call) -> bool {
        call.kernel.user.dialog.is_shown()
    }

    /// Shows a user's friends: a page says that there is no connection.
    #[export(Constant, XamShowFriendsUI, "Friends")]
    /// Shows a user's messages: a page says that there is no connection.
    #[export(Constant, XamShowMessagesUI, "Messages")]
    /// Opens the message composer: a page says that there is no connection.
    #[export(Constant, XamShowMessageComposeUI, "Messages")]
    /// Lets a user invite others to a game: a page says that there is no connection.
    #[export(Constant, XamShowGameInviteUI, "Game invitation")]
    /// Shows the players met in the title: a page says that there is no connection.
    #[export(Constant, XamShowPlayersUI, "Players")]
    /// Lets a user edit a profile. The page only reports that there is no connection.
    #[export(Partial, XamShowEditProfileUI, "Profile")]
    fn show_page(call: &mut Call, page: &str, user: u32) -> Fallible<Flow<Win32Error>> {
        if call.kernel.user.profiles.lock().get(user).is_none() {
            return Ok(Flow::Return(Win32Error::ACCESS_DENIED));
        }
        online_page(call, page)
    }

    /// Lets a user send a friend request: a page says that there is no connection.
    #[export(Constant, XamShowFriendRequestUI, "Friend request")]
    /// Lets a user review another player: a page says that there is no connection.
    #[export(Constant, XamShowPlayerReviewUI, "Player review")]
    fn show_page_about(call: &mut Call, page: &str, user: u32, _xuid: u64) -> Fallible<Flow<Win32Error>> {
        Self::show_page(call, page, user)
    }

    /// Shows a user's own gamer card: name, gamerscore, and numbers of achievements and titles.
    #[export(Done)]
    fn XamShowGamerCardUI(call: &mut Call, user: u32) -> Fallible<Flow<Win32Error>> {
        show_card(call, user, None)
    }

    /// Shows a user the gamer card of a player with a profile on this console; for others, a page
    /// says that there is no connection.
    #[export(Done)]
    fn XamShowGamerCardUIForXUID(call: &mut Call, user: u32, xuid: u64) -> Fallible<Flow<Win32Error>> {
        show_card(call, user, Some(Xuid(xuid)))
    }

    /// Shows the achievements that a user has earned in the title. The meaning of the second
    /// argument is unknown; titles' own functions have only the user.
    #[export(Done)]
    fn XamShowAchievementsUI(call: &mut Call, user: u32, _unknown: u32) -> Fallible<Flow<Win32Error>> {
        let title = call.kernel.title_id();
        let achievements = match call.kernel.gamer_data().achievements_of(user, title) {
            Ok(achievements) => achievements,
            Err(error) => return Ok(Flow::Return(error)),
        };
        let request = own_message("Achievements", &achievements_text(&achievements), vec![OK.to_owned()]);
        dialogs::open(call, request, AnswerAction::Nothing, AnswerRecipient::Nobody)
    }

    /// Shows the marketplace to a user: a page says that there is no connection.
    #[export(Constant, XamShowMarketplaceUI)]
    /// Like `XamShowMarketplaceUI`, with more arguments that select the page.
    #[export(Constant, XamShowMarketplaceUIEx)]
    fn show_marketplace(
        call: &mut Call,
        user: u32,
        _entry: u32,
        _offer: u64,
        _types: u32,
    ) -> Fallible<Flow<Win32Error>> {
        match check_place(call, user) {
            Ok(()) => online_page(call, "Marketplace"),
            Err(error) => Ok(Flow::Return(error)),
        }
    }

    /// Offers a user up to six downloads: a page says that there is no connection, and the result
    /// that none was made.
    #[export(Constant)]
    fn XamShowMarketplaceDownloadItemsUI(
        call: &mut Call,
        user: u32,
        _entry: u32,
        offers: Option<GuestAddr>,
        count: u32,
        _unknown: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Flow<Win32Error>> {
        if offers.is_none() || count > MAX_DOWNLOADS {
            return Ok(Flow::Return(Win32Error::INVALID_PARAMETER));
        }
        match check_place(call, user) {
            Ok(()) => {}
            Err(Win32Error::NO_SUCH_USER) => {
                let refused = Completed::with(Win32Error::NO_SUCH_USER);
                return complete(call, overlapped, refused).map(Flow::Return);
            }
            Err(error) => return Ok(Flow::Return(error)),
        }
        result.set(call.memory(), Win32Error::CANCELLED.to_hresult().0)?;
        let request = own_message("Marketplace", NOT_CONNECTED, vec![OK.to_owned()]);
        dialogs::open(call, request, AnswerAction::Nothing, recipient(overlapped))
    }

    /// Shows a user's party: there is no connection.
    #[export(Constant, XamShowPartyUI)]
    /// Shows the sessions of friends: there is no connection.
    #[export(Constant, XamShowCommunitySessionsUI)]
    fn fail(_call: &mut Call, _user: u32) -> Win32Error {
        Win32Error::FUNCTION_FAILED
    }

    /// Reports that the disc can't be read, and ends the title.
    #[export(Done)]
    fn XamShowDirtyDiscErrorUI(call: &mut Call, _user: u32) -> Flow<()> {
        tracing::error!(target: "kernel", "the title reports a disc that can't be read");
        title::terminate(call).map(|_| ())
    }
}

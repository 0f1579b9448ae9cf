//! Dialogs (`XamShow*`). There is nobody to ask: a message box takes the button that had the focus; dialogs that need
//! a person are cancelled.

use crate::abi::{Call, Flow, Out, Ptr, WideText};
use crate::failure::Fallible;
use crate::notifications::{Notification, id};
use crate::overlapped::{Completed, complete};
use crate::title;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Ui;

/// Buttons of a message box.
const BUTTON_LIMIT: u32 = 3;

/// The interface appears and disappears at once; listeners hear both.
fn appear(call: &mut Call) -> Fallible<()> {
    for parameter in [1, 0] {
        call.kernel.notify(call.scheduler, Notification { id: id::SYSTEM_UI, parameter })?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct MessageBox {
    title: Option<WideText>,
    text: Option<WideText>,
    buttons: u32,
    focus: u32,
    result: Option<Out<u32>>,
    overlapped: Option<GuestAddr>,
}

fn message_box(call: &mut Call, request: MessageBox) -> Fallible<Win32Error> {
    if request.buttons == 0 || request.buttons > BUTTON_LIMIT || request.focus >= request.buttons {
        return Ok(Win32Error::INVALID_PARAMETER);
    }
    let show = |text: Option<WideText>| match text {
        Some(text) => text.text(call.memory()),
        None => Ok(String::new()),
    };
    let (title, text) = (show(request.title)?, show(request.text)?);
    tracing::info!(target: "kernel", "message box {title:?}: {text:?}; button {} is taken", request.focus);
    if let Some(result) = request.result {
        result.set(call.memory(), request.focus)?;
    }
    appear(call)?;
    complete(call, request.overlapped, Completed::with(Win32Error::SUCCESS))
}

#[exports(xam)]
impl Ui {
    /// Shows a message box: the button with the focus is taken at once.
    #[export(Partial)]
    fn XamShowMessageBoxUI(
        call: &mut Call,
        _user: u32,
        title: Option<WideText>,
        text: Option<WideText>,
        buttons: u32,
        _labels: Ptr<GuestAddr>,
        focus: u32,
        _flags: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        message_box(call, MessageBox { title, text, buttons, focus, result, overlapped })
    }

    /// Shows a message box: the button with the focus is taken at once.
    #[export(Partial)]
    fn XamShowMessageBoxUIEx(
        call: &mut Call,
        _user: u32,
        title: Option<WideText>,
        text: Option<WideText>,
        buttons: u32,
        _labels: Ptr<GuestAddr>,
        focus: u32,
        _flags: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        message_box(call, MessageBox { title, text, buttons, focus, result, overlapped })
    }

    /// Lets users sign in: the dialog is left without anybody doing so.
    #[export(Partial)]
    fn XamShowSigninUI(call: &mut Call, _panes: u32, _flags: u32) -> Fallible<Win32Error> {
        appear(call)?;
        Ok(Win32Error::SUCCESS)
    }

    /// Lets a user choose a storage device: cancelled, there is none.
    #[export(Partial)]
    fn XamShowDeviceSelectorUI(
        call: &mut Call,
        _user: u32,
        _content_type: u32,
        _content_flags: u32,
        _bytes: u64,
        _device: Ptr<u32>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        appear(call)?;
        complete(call, overlapped, Completed::with(Win32Error::CANCELLED))
    }

    /// Lets a user enter text: cancelled.
    #[export(Partial)]
    fn XamShowKeyboardUI(
        call: &mut Call,
        _user: u32,
        _flags: u32,
        _default: Option<WideText>,
        _title: Option<WideText>,
        _description: Option<WideText>,
        _buffer: GuestAddr,
        _length: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        appear(call)?;
        complete(call, overlapped, Completed::with(Win32Error::CANCELLED))
    }

    /// Says that the disc can't be read, and ends the title.
    #[export(Done)]
    fn XamShowDirtyDiscErrorUI(call: &mut Call, _user: u32) -> Flow {
        tracing::error!(target: "kernel", "the title reports a disc that can't be read");
        title::terminate(call)
    }
}

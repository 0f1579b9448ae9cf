//! Sending of messages to the console's applications (`XMsg*`), and completion of asynchronous
//! requests.

use super::last_error::last_error;
use crate::abi::{
    Call, Continuation, ExportResumption, Flow, GuestCall, IntoFlow, OptionalOut, Out, ProcessorMode,
    WaiterResult,
};
use crate::kernel_function::kernel_function;
use crate::messages::{MessageWords, answer};
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use crate::user::dialogs;
use crate::user::overlapped::{
    OverlappedFields, admit, context_of, event_of, extended_error, finish, finish_later, is_pending, outcome,
    wait_for,
};
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of messages.
pub struct XamMessage;

/// Offset of the event's object in the block of a request that the title's library carries out.
const BLOCK_EVENT: u32 = 0x10;
/// Smallest size of such a block.
const MIN_BLOCK: u32 = BLOCK_EVENT + 4;

/// Sends a message, and completes its overlapped structure, if it has one, with the result.
fn request(
    call: &mut Call,
    application: u32,
    message: u32,
    overlapped: Option<GuestAddr>,
    words: MessageWords,
) -> Fallible<Win32Error> {
    admit(call, overlapped)?;
    let result = answer(call, application, message, words)?;
    let Some(at) = overlapped else {
        // The development kit's functions check the last error after a request that succeeds.
        if result == HResult::OK {
            call.set_last_error(Win32Error::SUCCESS)?;
        }
        return Ok(Win32Error(result.0));
    };
    finish_later(call, at, OverlappedFields { result: result.0, extended: result, length: 0 })?;
    Ok(Win32Error::IO_PENDING)
}

/// Waits for the completion of a request: by its event, as the console does, or by its structure if
/// that has no event.
fn wait_for_end(call: &mut Call, at: GuestAddr, wants: WaiterResult) -> Fallible<Flow<Win32Error>> {
    let (true, Some(event)) = (is_pending(call, at)?, event_of(call, at)?) else {
        return wait_for(call, at, wants);
    };
    // Calls the kernel's wait, and then reads the structure, whatever the wait's result was.
    let stub = kernel_function(call, "NtWaitForSingleObjectEx")?;
    let then = Continuation::Export(ExportResumption::RequestWait { overlapped: at, wants });
    let args = vec![u64::from(event.0), ProcessorMode::User.argument(), 0, 0];
    Ok(Flow::CallGuest(GuestCall { args, ..GuestCall::new(stub, then) }))
}

/// Continues [`wait_for_end`] after the kernel's wait, whatever its result was.
pub(crate) fn after_wait(call: &mut Call, at: GuestAddr, wants: WaiterResult) -> Flow {
    match wants {
        WaiterResult::Result(length) => result_of(call, at, length.map(Out::new)).into_flow(),
        WaiterResult::End => Win32Error::SUCCESS.into_flow(),
    }
}

/// Returns the result in a request's structure, and stores the length.
fn result_of(call: &Call, at: GuestAddr, length: Option<Out<u32>>) -> Fallible<Win32Error> {
    let (result, found) = outcome(call, at)?;
    length.set(call.memory(), found)?;
    Ok(result)
}

/// Frees the block of a request that the title's library carries out, and drops its reference to
/// the request's event: the library leaves both to the system. Other requests have no block.
fn end_block(call: &Call, block: GuestAddr) -> Fallible<()> {
    let kernel = call.kernel;
    if kernel.pool.lock().size_of(block).is_none_or(|size| size < MIN_BLOCK) {
        return Ok(());
    }
    let event: Option<GuestAddr> = call.memory().read(block.offset(BLOCK_EVENT)).ok();
    // Refuses a block of the kernel, which a title may name.
    if kernel.pool.release_of_title(block).is_err() {
        return Ok(());
    }
    let is_event = |&at: &GuestAddr| {
        kernel.objects.by_pointer(at).is_some_and(|object| object.kind() == ObjectKind::Event)
    };
    event.filter(is_event).map_or(Ok(()), |event| kernel.dereference(event))
}

#[exports(xam)]
impl XamMessage {
    /// Sends a message to an application; the table of messages lists those that are implemented.
    #[export(Done)]
    fn XMsgInProcessCall(
        call: &mut Call,
        application: u32,
        message: u32,
        first: u32,
        second: u32,
    ) -> Fallible<HResult> {
        answer(call, application, message, MessageWords { first, second })
    }

    /// Like `XMsgInProcessCall`, for the system's processes.
    #[export(Done)]
    fn XMsgSystemProcessCall(
        call: &mut Call,
        application: u32,
        message: u32,
        buffer: u32,
        size: u32,
    ) -> Fallible<HResult> {
        answer(call, application, message, MessageWords { first: buffer, second: size })
    }

    /// Sends a message as an asynchronous request.
    #[export(Done)]
    fn XMsgStartIORequest(
        call: &mut Call,
        application: u32,
        message: u32,
        overlapped: Option<GuestAddr>,
        buffer: u32,
        size: u32,
    ) -> Fallible<Win32Error> {
        request(call, application, message, overlapped, MessageWords { first: buffer, second: size })
    }

    /// Like `XMsgStartIORequest`, with information for the system that has no effect on titles.
    #[export(Done)]
    fn XMsgStartIORequestEx(
        call: &mut Call,
        application: u32,
        message: u32,
        overlapped: Option<GuestAddr>,
        buffer: u32,
        size: u32,
        _more: u32,
    ) -> Fallible<Win32Error> {
        request(call, application, message, overlapped, MessageWords { first: buffer, second: size })
    }

    /// Cancels an asynchronous request. A request for a dialog ends as cancelled, and the dialog
    /// closes. The work of all others is done by then, so they complete normally; the caller may
    /// wait for that.
    #[export(Done)]
    fn XMsgCancelIORequest(
        call: &mut Call,
        overlapped: Option<GuestAddr>,
        wait: bool,
    ) -> Fallible<Flow<Win32Error>> {
        let Some(at) = overlapped else { return Ok(Flow::Return(Win32Error::SUCCESS)) };
        let is_over = dialogs::cancel(call, at)?;
        if wait && !is_over {
            return wait_for_end(call, at, WaiterResult::End);
        }
        Ok(Flow::Return(Win32Error::SUCCESS))
    }

    /// Completes a request that the caller itself carries out, and frees its block. The completion
    /// routine runs on the thread that made the request.
    #[export(Done)]
    fn XMsgCompleteIORequest(
        call: &mut Call,
        overlapped: Option<GuestAddr>,
        result: u32,
        extended: u32,
        length: u32,
    ) -> Fallible<Win32Error> {
        let Some(at) = overlapped else { return Ok(Win32Error::INVALID_PARAMETER) };
        // A title that finds the result may use the structure again at once.
        let context = context_of(call, at);
        let finished = finish(call, at, OverlappedFields { result, extended: HResult(extended), length });
        // A result is stored even if its event is gone: no other call follows that frees the block.
        let ended = context.map_or(Ok(()), |context| end_block(call, context));
        finished.and(ended)?;
        Ok(Win32Error::SUCCESS)
    }

    /// Returns the result of an asynchronous request; waits for its completion (by its event, if
    /// any), or reports that it is still pending.
    #[export(Done)]
    fn XamGetOverlappedResult(
        call: &mut Call,
        overlapped: Option<GuestAddr>,
        length: Option<Out<u32>>,
        wait: bool,
    ) -> Fallible<Flow<Win32Error>> {
        let Some(at) = overlapped else { return Ok(Flow::Return(Win32Error::INVALID_PARAMETER)) };
        if wait {
            let length = length.map(Out::addr);
            return wait_for_end(call, at, WaiterResult::Result(length));
        }
        if is_pending(call, at)? {
            return Ok(Flow::Return(Win32Error::IO_INCOMPLETE));
        }
        result_of(call, at, length).map(Flow::Return)
    }

    /// Returns the extended error of an asynchronous request, or that it is still pending; without
    /// a structure the calling thread's last error.
    #[export(Done)]
    fn XGetOverlappedExtendedError(call: &mut Call, overlapped: Option<GuestAddr>) -> Fallible<Win32Error> {
        let Some(at) = overlapped else { return last_error(call) };
        if is_pending(call, at)? {
            return Ok(Win32Error::IO_INCOMPLETE);
        }
        Ok(Win32Error(extended_error(call, at)?.0))
    }
}

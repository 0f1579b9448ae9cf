//! HTTP (`NetDll_XHttp*`) on a console without a connection: there are sessions, connections and
//! requests, but the name of no server is resolved.
//!
//! The functions and errors are those of WinHTTP; the first argument is the kind of the caller. A
//! handle is the address of a block in the title's pool, so it needs no other state.

use super::wait::delay;
use crate::abi::{Call, Continuation, ExportResumption, Flow, GuestCall, Handle};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;
use xenia_sched::Alertable;

/// Exports of HTTP.
pub struct NetHttp;

/// Kinds of handles, the first word of their blocks.
const SESSION: u32 = u32::from_be_bytes(*b"HTTS");
const CONNECTION: u32 = u32::from_be_bytes(*b"HTTC");
const REQUEST: u32 = u32::from_be_bytes(*b"HTTR");
/// All kinds of handles.
const ALL_KINDS: &[u32] = &[SESSION, CONNECTION, REQUEST];

/// Offsets in the block of a handle.
mod block {
    pub(super) const KIND: u32 = 0;
    /// The session of a connection, or the connection of a request.
    pub(super) const PARENT: u32 = 4;
    /// The title's status callback; new handles have that of their parent.
    pub(super) const CALLBACK: u32 = 8;
    /// Events that the callback is for.
    pub(super) const EVENTS: u32 = 0xC;
    /// Flags of a session.
    pub(super) const FLAGS: u32 = 0x10;
    /// The request of a session whose error is not yet reported, or null.
    pub(super) const FAILED: u32 = 0x14;
    /// Argument of a request's callback.
    pub(super) const CONTEXT: u32 = 0x10;
    /// Structure for a request's callback: the function that failed, and its error.
    pub(super) const RESULT: u32 = 0x14;
    pub(super) const SIZE: u32 = 0x1C;
}

/// Size in bytes of the structure at [`block::RESULT`].
const RESULT_SIZE: u32 = 8;
/// Number of `XHttpSendRequest` in such a structure.
const SEND_REQUEST: u32 = 5;
/// Flag of a session: its requests report to the callback.
const ASYNCHRONOUS: u32 = 0x1000_0000;
/// Event: a request failed.
const REQUEST_ERROR: u32 = 0x20_0000;
/// Longest wait of a call for work, in milliseconds: a request that fails meanwhile ends no wait.
const MAX_WAIT: u32 = 10;
/// Result of `XHttpSetStatusCallback` for an invalid handle.
const INVALID_CALLBACK: GuestAddr = GuestAddr(u32::MAX);

const NAME_NOT_RESOLVED: Win32Error = Win32Error(12_007);
const INVALID_OPTION: Win32Error = Win32Error(12_009);
const INCORRECT_HANDLE_TYPE: Win32Error = Win32Error(12_018);
const INCORRECT_HANDLE_STATE: Win32Error = Win32Error(12_019);

/// Returns whether a handle is of one of these kinds.
fn is_one_of(call: &Call, at: GuestAddr, kinds: &[u32]) -> Fallible<bool> {
    let is_block = call.kernel.pool.lock().size_of(at) == Some(block::SIZE);
    Ok(is_block && kinds.contains(&call.memory().read(at.offset(block::KIND))?))
}

/// Returns the block of a handle; `None`, with the last error, if it is of none of these kinds.
fn find(call: &Call, handle: Handle, kinds: &[u32]) -> Fallible<Option<GuestAddr>> {
    let at = GuestAddr(handle.0);
    if is_one_of(call, at, kinds)? {
        return Ok(Some(at));
    }
    call.set_last_error(INCORRECT_HANDLE_TYPE)?;
    Ok(None)
}

/// Creates a handle; null, with the last error, if memory is exhausted.
fn make(call: &Call, kind: u32) -> Fallible<Handle> {
    let Ok(at) = call.kernel.pool.allocate_for_title(block::SIZE) else {
        call.set_last_error(Win32Error::NOT_ENOUGH_MEMORY)?;
        return Ok(Handle::NULL);
    };
    call.memory().write(at.offset(block::KIND), kind)?;
    Ok(Handle(at.0))
}

/// Creates a handle below one of this kind; null, with the last error, if that is not one.
fn make_below(call: &Call, parent: Handle, parent_kind: u32, kind: u32) -> Fallible<Handle> {
    let Some(above) = find(call, parent, &[parent_kind])? else { return Ok(Handle::NULL) };
    let made = make(call, kind)?;
    if made != Handle::NULL {
        let memory = call.memory();
        let at = GuestAddr(made.0);
        memory.write(at.offset(block::PARENT), parent)?;
        for offset in [block::CALLBACK, block::EVENTS] {
            memory.write(at.offset(offset), memory.read::<u32>(above.offset(offset))?)?;
        }
    }
    Ok(made)
}

/// Returns the session of a request, if both are open.
fn session_of(call: &Call, request: GuestAddr) -> Fallible<Option<GuestAddr>> {
    let mut at = request;
    for kind in [REQUEST, CONNECTION] {
        if !is_one_of(call, at, &[kind])? {
            return Ok(None);
        }
        at = call.memory().read(at.offset(block::PARENT))?;
    }
    Ok(is_one_of(call, at, &[SESSION])?.then_some(at))
}

/// Leaves the error of a request to its session's next `XHttpDoWork`. Returns `false` if the title
/// has asked for no such report, or one is due already.
fn report_later(call: &Call, request: GuestAddr) -> Fallible<bool> {
    let memory = call.memory();
    let Some(session) = session_of(call, request)? else { return Ok(false) };
    let flags: u32 = memory.read(session.offset(block::FLAGS))?;
    let due: GuestAddr = memory.read(session.offset(block::FAILED))?;
    let callback: GuestAddr = memory.read(request.offset(block::CALLBACK))?;
    let events: u32 = memory.read(request.offset(block::EVENTS))?;
    let is_requested = flags & ASYNCHRONOUS != 0 && events & REQUEST_ERROR != 0 && !callback.is_null();
    if !is_requested || !due.is_null() {
        return Ok(false);
    }
    memory.write(request.offset(block::RESULT), SEND_REQUEST)?;
    memory.write(request.offset(block::RESULT + 4), NAME_NOT_RESOLVED.0)?;
    memory.write(session.offset(block::FAILED), request)?;
    Ok(true)
}

#[exports(xam)]
impl NetHttp {
    /// Starts HTTP. It succeeds without a connection, too, as on the console.
    #[export(Constant)]
    fn NetDll_XHttpStartup(_call: &mut Call, _caller: u32, _reserved: u32, _options: GuestAddr) -> bool {
        true
    }

    /// Ends HTTP. Nothing is under way then; handles stay until they are closed.
    #[export(Constant)]
    fn NetDll_XHttpShutdown(_call: &mut Call, _caller: u32) {}

    /// Opens a session. Proxies have no effect without a connection.
    #[export(Done)]
    fn NetDll_XHttpOpen(
        call: &mut Call,
        _caller: u32,
        _agent: GuestAddr,
        _access: u32,
        _proxy: GuestAddr,
        _proxy_bypass: GuestAddr,
        flags: u32,
    ) -> Fallible<Handle> {
        let made = make(call, SESSION)?;
        if made != Handle::NULL {
            call.memory().write(GuestAddr(made.0).offset(block::FLAGS), flags)?;
        }
        Ok(made)
    }

    /// Opens a session's connection to a server, whose name is not resolved before a request.
    #[export(Done)]
    fn NetDll_XHttpConnect(
        call: &mut Call,
        _caller: u32,
        session: Handle,
        server: Option<GuestAddr>,
        _port: u32,
        _flags: u32,
    ) -> Fallible<Handle> {
        if server.is_none() {
            call.set_last_error(Win32Error::INVALID_PARAMETER)?;
            return Ok(Handle::NULL);
        }
        make_below(call, session, SESSION, CONNECTION)
    }

    /// Opens a request of a connection.
    #[export(Done, NetDll_XHttpOpenRequest)]
    /// Like `NetDll_XHttpOpenRequest`, with memory for the request, which is not used.
    #[export(Done, NetDll_XHttpOpenRequestUsingMemory)]
    fn open_request(call: &mut Call, _caller: u32, connection: Handle) -> Fallible<Handle> {
        make_below(call, connection, CONNECTION, REQUEST)
    }

    /// Closes a session, a connection or a request. Handles below it can only be closed then.
    #[export(Done)]
    fn NetDll_XHttpCloseHandle(call: &mut Call, _caller: u32, handle: Handle) -> Fallible<bool> {
        let Some(at) = find(call, handle, ALL_KINDS)? else { return Ok(false) };
        let memory = call.memory();
        if let Some(session) = session_of(call, at)?
            && memory.read::<GuestAddr>(session.offset(block::FAILED))? == at
        {
            memory.write(session.offset(block::FAILED), GuestAddr::NULL)?;
        }
        call.kernel.pool.release_of_title(at)?;
        Ok(true)
    }

    /// Sets the status callback of a handle, for these events; returns the previous one. Only
    /// failed requests are ever reported.
    #[export(Done)]
    fn NetDll_XHttpSetStatusCallback(
        call: &mut Call,
        _caller: u32,
        handle: Handle,
        callback: GuestAddr,
        events: u32,
    ) -> Fallible<GuestAddr> {
        let Some(at) = find(call, handle, ALL_KINDS)? else { return Ok(INVALID_CALLBACK) };
        let memory = call.memory();
        let before = memory.read(at.offset(block::CALLBACK))?;
        memory.write(at.offset(block::CALLBACK), callback)?;
        memory.write(at.offset(block::EVENTS), events)?;
        Ok(before)
    }

    /// Sends a request: the name of its server is not resolved, which `NetDll_XHttpDoWork` reports
    /// in asynchronous sessions.
    #[export(Done)]
    fn NetDll_XHttpSendRequest(
        call: &mut Call,
        _caller: u32,
        request: Handle,
        _headers: GuestAddr,
        _headers_length: u32,
        _data: GuestAddr,
        _data_length: u32,
        _total_length: u32,
        context: u32,
    ) -> Fallible<bool> {
        let Some(at) = find(call, request, &[REQUEST])? else { return Ok(false) };
        call.memory().write(at.offset(block::CONTEXT), context)?;
        if report_later(call, at)? {
            return Ok(true);
        }
        call.set_last_error(NAME_NOT_RESOLVED)?;
        Ok(false)
    }

    /// Reports the next failed request of a session to its callback. If there is none, the call
    /// waits, for 10 ms at most.
    #[export(Partial)]
    fn NetDll_XHttpDoWork(
        call: &mut Call,
        _caller: u32,
        session: Handle,
        milliseconds: u32,
    ) -> Fallible<Flow<bool>> {
        let Some(session) = find(call, session, &[SESSION])? else { return Ok(Flow::Return(false)) };
        let memory = call.memory();
        let request: GuestAddr = memory.read(session.offset(block::FAILED))?;
        if request.is_null() {
            if milliseconds == 0 {
                return Ok(Flow::Return(true));
            }
            // A mere yield would keep threads of lower priority from running.
            let then = ExportResumption::HttpStatus;
            return Ok(Flow::CallGuest(delay(call, milliseconds.min(MAX_WAIT), Alertable::No, then)?));
        }
        memory.write(session.offset(block::FAILED), GuestAddr::NULL)?;
        // The title may have freed the block by another function, or closed the connection before
        // the request, and opened another request at the same address.
        let is_open = is_one_of(call, request, &[REQUEST])?;
        if !is_open || memory.read::<u32>(request.offset(block::RESULT))? != SEND_REQUEST {
            return Ok(Flow::Return(true));
        }
        let callback: GuestAddr = memory.read(request.offset(block::CALLBACK))?;
        if callback.is_null() {
            return Ok(Flow::Return(true));
        }
        let context: u32 = memory.read(request.offset(block::CONTEXT))?;
        let result = request.offset(block::RESULT);
        let args = [request.0, context, REQUEST_ERROR, result.0, RESULT_SIZE].map(u64::from).to_vec();
        let then = Continuation::Export(ExportResumption::HttpStatus);
        Ok(Flow::CallGuest(GuestCall { args, ..GuestCall::new(callback, then) }))
    }

    /// Waits for the response to a request: there is none.
    #[export(Constant, NetDll_XHttpReceiveResponse)]
    /// Returns headers of the response to a request: there is none.
    #[export(Constant, NetDll_XHttpQueryHeaders)]
    /// Reads data of the response to a request: there is none.
    #[export(Constant, NetDll_XHttpReadData)]
    /// Writes further data of a request, which has not been sent.
    #[export(Constant, NetDll_XHttpWriteData)]
    /// Returns the schemes by which the server of a request wants to be authenticated to: it has
    /// not responded.
    #[export(Constant, NetDll_XHttpQueryAuthSchemes)]
    fn fail_without_response(call: &mut Call, _caller: u32, request: Handle) -> Fallible<bool> {
        if find(call, request, &[REQUEST])?.is_some() {
            call.set_last_error(INCORRECT_HANDLE_STATE)?;
        }
        Ok(false)
    }

    /// Sets the user's name and password for a request, which no server asks for.
    #[export(Constant)]
    fn NetDll_XHttpSetCredentials(call: &mut Call, _caller: u32, request: Handle) -> Fallible<bool> {
        Ok(find(call, request, &[REQUEST])?.is_some())
    }

    /// Sets an option of a handle: none has an effect without a connection.
    #[export(Constant)]
    fn NetDll_XHttpSetOption(call: &mut Call, _caller: u32, handle: Handle) -> Fallible<bool> {
        Ok(find(call, handle, ALL_KINDS)?.is_some())
    }

    /// Returns an option of a handle. None is stored, so the call fails.
    #[export(Partial)]
    fn NetDll_XHttpQueryOption(call: &mut Call, _caller: u32, handle: Handle) -> Fallible<bool> {
        if find(call, handle, ALL_KINDS)?.is_some() {
            call.set_last_error(INVALID_OPTION)?;
        }
        Ok(false)
    }
}

//! Sending and receiving (`NetDll_recv`, `NetDll_WSASendTo`, …), `select`, and results of
//! overlapped requests.

use crate::abi::{Call, Flow, Ptr};
use crate::sockets::{self, answer, overlapped_of, set_last_error};
use std::net::SocketAddrV4;
use xenia_guest::{Buffer, GuestAddr, SECOND_100NS};
use xenia_kernel_macros::exports;
use xenia_net::address::{self, AddressOutput};
use xenia_net::{Buffers, Overlapped, Receive, Select, Send, Set, SocketOperation, WsaError};
use xenia_sched::{GuestTicks, ticks_from_100ns};

/// Exports of socket transfers.
pub struct NetTransfer;

fn receive(into: Buffers, flags: u32, from: AddressOutput) -> Receive {
    Receive { into, flags, from, count: GuestAddr::NULL, done: 0, returns_zero: false }
}

fn send(bytes: Buffers, flags: u32, to: Option<SocketAddrV4>) -> Send {
    Send { bytes, flags, to, count: GuestAddr::NULL, done: 0, returns_zero: false }
}

/// Reads a destination address; null is the connected peer.
fn destination(call: &Call, to: Buffer) -> Result<Option<SocketAddrV4>, WsaError> {
    if to.at.is_null() { Ok(None) } else { address::read(call.memory(), to).map(Some) }
}

/// Returns a single buffer, if Winsock accepts its length.
fn one(buffer: Buffer) -> Result<Buffers, WsaError> {
    if buffer.length > i32::MAX as u32 { Err(WsaError::FAULT) } else { Ok(Buffers::one(buffer)) }
}

fn start(call: &mut Call, socket: u32, what: Result<SocketOperation, WsaError>) -> Flow<i32> {
    match what {
        Ok(what) => sockets::call(call, socket, what),
        Err(error) => Flow::Return(answer(call, Err(error))),
    }
}

/// Runs an operation, with an overlapped structure or without.
fn start_overlapped(
    call: &mut Call,
    socket: u32,
    what: Result<SocketOperation, WsaError>,
    overlapped: Option<GuestAddr>,
    routine: GuestAddr,
) -> Flow<i32> {
    let Some(at) = overlapped else { return start(call, socket, what) };
    let both = what.and_then(|what| Ok((what, overlapped_of(call, at, routine)?)));
    Flow::Return(match both {
        Ok((what, overlapped)) => sockets::overlapped_call(call, socket, what, overlapped),
        Err(error) => answer(call, Err(error)),
    })
}

/// A guest array of buffers.
#[derive(Clone, Copy)]
struct BufferArray {
    at: GuestAddr,
    count: u32,
}

/// Reads the arguments of `WSARecv` and `WSARecvFrom`, and stores their flags again.
fn wsa_receive(
    call: &Call,
    buffers: BufferArray,
    count: GuestAddr,
    flags: Option<Ptr<u32>>,
    from: AddressOutput,
    overlapped: Option<GuestAddr>,
) -> Result<SocketOperation, WsaError> {
    let memory = call.memory();
    let flags = flags.ok_or(WsaError::FAULT)?;
    let into = Buffers::read(memory, buffers.at, buffers.count)?;
    let asked = receive(into, flags.read(memory)?, from);
    flags.write(memory, 0)?;
    Ok(SocketOperation::Receive(Receive { count, returns_zero: overlapped.is_none(), ..asked }))
}

fn wsa_send(
    call: &Call,
    buffers: BufferArray,
    count: GuestAddr,
    flags: u32,
    to: Option<SocketAddrV4>,
    overlapped: Option<GuestAddr>,
) -> Result<SocketOperation, WsaError> {
    let bytes = Buffers::read(call.memory(), buffers.at, buffers.count)?;
    Ok(SocketOperation::Send(Send { count, returns_zero: overlapped.is_none(), ..send(bytes, flags, to) }))
}

/// Guest time at which a `timeval` ends; `None` without one. As in Winsock its two numbers are
/// added, so the microseconds may be those of more than a second.
fn deadline(call: &Call, time: Option<Ptr<i32>>) -> Result<Option<GuestTicks>, WsaError> {
    let Some(time) = time else { return Ok(None) };
    let seconds = time.read(call.memory())?;
    let microseconds = time.at(1).read(call.memory())?;
    if seconds < 0 || microseconds < 0 {
        return Err(WsaError::INVALID);
    }
    let hundred_ns = u64::from(seconds as u32) * SECOND_100NS + u64::from(microseconds as u32) * 10;
    Ok(Some(call.now().saturating_add(ticks_from_100ns(hundred_ns))))
}

#[exports(xam)]
impl NetTransfer {
    /// Receives from the connected peer, and waits for data.
    #[export(Done)]
    fn NetDll_recv(call: &mut Call, _caller: u32, socket: u32, buffer: Buffer, flags: u32) -> Flow<i32> {
        let asked = one(buffer).map(|buffers| receive(buffers, flags, AddressOutput::NOWHERE));
        start(call, socket, asked.map(SocketOperation::Receive))
    }

    /// Receives from any sender, stores the sender's address, and waits for data.
    #[export(Done)]
    fn NetDll_recvfrom(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        buffer: Buffer,
        flags: u32,
        from: AddressOutput,
    ) -> Flow<i32> {
        let asked = one(buffer).map(|buffers| receive(buffers, flags, from));
        start(call, socket, asked.map(SocketOperation::Receive))
    }

    /// Receives into one or more buffers, asynchronously with an overlapped structure.
    #[export(Done)]
    fn NetDll_WSARecv(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        buffers: GuestAddr,
        buffer_count: u32,
        count: GuestAddr,
        flags: Option<Ptr<u32>>,
        overlapped: Option<GuestAddr>,
        routine: GuestAddr,
    ) -> Flow<i32> {
        let what = wsa_receive(
            call,
            BufferArray { at: buffers, count: buffer_count },
            count,
            flags,
            AddressOutput::NOWHERE,
            overlapped,
        );
        start_overlapped(call, socket, what, overlapped, routine)
    }

    /// Like `NetDll_WSARecv`, and stores the sender's address.
    #[export(Done)]
    fn NetDll_WSARecvFrom(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        buffers: GuestAddr,
        buffer_count: u32,
        count: GuestAddr,
        flags: Option<Ptr<u32>>,
        from: AddressOutput,
        overlapped: Option<GuestAddr>,
        routine: GuestAddr,
    ) -> Flow<i32> {
        let what = wsa_receive(
            call,
            BufferArray { at: buffers, count: buffer_count },
            count,
            flags,
            from,
            overlapped,
        );
        start_overlapped(call, socket, what, overlapped, routine)
    }

    /// Sends to the connected peer, and waits for room.
    #[export(Done)]
    fn NetDll_send(call: &mut Call, _caller: u32, socket: u32, buffer: Buffer, flags: u32) -> Flow<i32> {
        let asked = one(buffer).map(|buffers| send(buffers, flags, None));
        start(call, socket, asked.map(SocketOperation::Send))
    }

    /// Sends a datagram to an address.
    #[export(Done)]
    fn NetDll_sendto(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        buffer: Buffer,
        flags: u32,
        to: Buffer,
    ) -> Flow<i32> {
        let asked = one(buffer).and_then(|buffers| Ok(send(buffers, flags, destination(call, to)?)));
        start(call, socket, asked.map(SocketOperation::Send))
    }

    /// Sends one or more buffers, asynchronously with an overlapped structure.
    #[export(Done)]
    fn NetDll_WSASend(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        buffers: GuestAddr,
        buffer_count: u32,
        count: GuestAddr,
        flags: u32,
        overlapped: Option<GuestAddr>,
        routine: GuestAddr,
    ) -> Flow<i32> {
        let what =
            wsa_send(call, BufferArray { at: buffers, count: buffer_count }, count, flags, None, overlapped);
        start_overlapped(call, socket, what, overlapped, routine)
    }

    /// Like `NetDll_WSASend`, to an address.
    #[export(Done)]
    fn NetDll_WSASendTo(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        buffers: GuestAddr,
        buffer_count: u32,
        count: GuestAddr,
        flags: u32,
        to: Buffer,
        overlapped: Option<GuestAddr>,
        routine: GuestAddr,
    ) -> Flow<i32> {
        let what = destination(call, to).and_then(|to| {
            wsa_send(call, BufferArray { at: buffers, count: buffer_count }, count, flags, to, overlapped)
        });
        start_overlapped(call, socket, what, overlapped, routine)
    }

    /// Waits until one of several sockets is ready, keeps only the ready ones in the sets, and
    /// returns their number.
    #[export(Done)]
    fn NetDll_select(
        call: &mut Call,
        _caller: u32,
        _count: u32,
        read: Option<GuestAddr>,
        write: Option<GuestAddr>,
        except: Option<GuestAddr>,
        time: Option<Ptr<i32>>,
    ) -> Flow<i32> {
        let memory = call.memory();
        let set = |at: Option<GuestAddr>| at.map(|at| Set::read(memory, at)).transpose();
        let sets = set(read).and_then(|read| Ok([read, set(write)?, set(except)?]));
        let asked = sets.and_then(|sets| {
            let select = Select { sets };
            if select.is_empty() { Err(WsaError::INVALID) } else { Ok((select, deadline(call, time)?)) }
        });
        match asked {
            Ok((select, deadline)) => sockets::call_until(call, 0, SocketOperation::Select(select), deadline),
            Err(error) => Flow::Return(answer(call, Err(error))),
        }
    }

    /// Returns the result of an overlapped request, and waits for it if asked to.
    #[export(Done)]
    fn NetDll_WSAGetOverlappedResult(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        overlapped: GuestAddr,
        count: GuestAddr,
        waits: bool,
        flags: Option<Ptr<u32>>,
    ) -> Flow<bool> {
        let memory = call.memory();
        let looked = call.kernel.net.lock().check(socket).and_then(|()| {
            if let Some(flags) = flags {
                flags.write(memory, 0)?;
            }
            Overlapped::outcome(memory, overlapped)
        });
        let error = match looked {
            Ok((WsaError::IO_PENDING, _)) if !waits => WsaError::IO_INCOMPLETE,
            Ok(_) => {
                let what = SocketOperation::Finish { at: overlapped, count };
                return sockets::call(call, socket, what).map(|done| done != 0);
            }
            Err(error) => error,
        };
        set_last_error(call, error);
        Flow::Return(false)
    }

    /// Cancels the overlapped requests of a socket; their structures report it.
    #[export(Done)]
    fn NetDll_WSACancelOverlappedIO(call: &mut Call, _caller: u32, socket: u32) -> i32 {
        let kernel = call.kernel;
        let cancelled = kernel.net.lock().cancel(&kernel.memory, call.cpu, socket);
        let result = cancelled.map(|effects| kernel.sockets().apply(call.cpu, effects));
        // Retries requests that the cancelled ones were blocking.
        sockets::change(call, |_| ());
        answer(call, result.map(|()| 0))
    }
}

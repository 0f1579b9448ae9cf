//! Quality of service (`NetDll_XNetQos*`): this console's answers to probes, and the title's own
//! probes. Other consoles are machines of this emulator on the host's network.

use super::net_xnet::{bytes, win32};
use crate::abi::{Call, Handle, Out, Ptr};
use crate::objects::ObjectKind;
use crate::sockets::{self, hold_event};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;
use xenia_net::{KeyId, QualityLookup, QualityTarget, WsaError};

/// Exports of quality-of-service probes.
pub struct NetQos;

/// Size in bytes of a session's probe statistics: a size, and eight counts.
const STATISTICS_SIZE: u32 = 0x24;

/// Sets the answer to probes of a session.
fn listen(
    call: &mut Call,
    id: Option<GuestAddr>,
    data: GuestAddr,
    size: u32,
    flags: u32,
) -> Result<(), WsaError> {
    let id: KeyId = bytes(call, id)?;
    let limit = call.kernel.net.lock().xnet.quality_bytes();
    if size as usize > limit {
        return Err(WsaError::NO_BUFFERS);
    }
    let mut answer = vec![0; size as usize];
    call.memory().read_bytes(data, &mut answer)?;
    sockets::change(call, |net| net.xnet.listen(id, flags, answer))
}

/// Reads the consoles to be probed: arrays of the addresses of their `XNADDR`s and of the ids of
/// their sessions.
fn targets_of(
    call: &Call,
    consoles: u32,
    addresses: GuestAddr,
    ids: GuestAddr,
) -> Result<Vec<Option<QualityTarget>>, WsaError> {
    let memory = call.memory();
    let target = |index| -> Result<_, WsaError> {
        let address = Ptr::<GuestAddr>::new(addresses).at(index).read(memory)?;
        let id = Ptr::<GuestAddr>::new(ids).at(index).read(memory)?;
        Ok(Some(QualityTarget::new(bytes(call, Some(address))?, bytes(call, Some(id))?)))
    };
    (0..consoles).map(target).collect()
}

/// Starts probes. Those that reach no console complete at once.
fn ask_quality(
    call: &mut Call,
    targets: Vec<Option<QualityTarget>>,
    probes: u32,
    event: Handle,
    result: Option<Out<GuestAddr>>,
) -> Result<(), WsaError> {
    let kernel = call.kernel;
    let result = result.ok_or(WsaError::INVALID)?;
    let event = if event == Handle::NULL {
        None
    } else {
        let event = kernel.objects.resolve_kind(event, ObjectKind::Event)?;
        hold_event(&kernel.objects, event.body())
    };
    let size = kernel.net.lock().xnet.quality_size(targets.len() as u32)?;
    let at = kernel.pool.allocate(size)?;
    let probes = u16::try_from(probes).unwrap_or(u16::MAX);
    let lookup = QualityLookup { at, targets, probes, event };
    // If the result's address can't be stored, the title could never release the result.
    let begun = result
        .set(&kernel.memory, at)
        .and_then(|()| sockets::change(call, |net| net.xnet.ask_quality(&kernel.memory, lookup)));
    if let Err(fault) = begun {
        kernel.pool.release(at)?;
        return Err(fault.into());
    }
    Ok(())
}

#[exports(xam)]
impl NetQos {
    /// Sets the answer to quality-of-service probes of a session. Its rate has no limit.
    #[export(Done)]
    fn NetDll_XNetQosListen(
        call: &mut Call,
        _caller: u32,
        id: Option<GuestAddr>,
        data: GuestAddr,
        size: u32,
        _bits_per_second: u32,
        flags: u32,
    ) -> Win32Error {
        win32(listen(call, id, data, size, flags))
    }

    /// Probes consoles for the quality of their connections and the data of their sessions. The
    /// bandwidth is not measured: it is that of the link. Probes of the online service's servers
    /// complete at once without an answer.
    #[export(Partial)]
    fn NetDll_XNetQosLookup(
        call: &mut Call,
        _caller: u32,
        consoles: u32,
        addresses: GuestAddr,
        ids: GuestAddr,
        _keys: GuestAddr,
        gateways: u32,
        _gateway_addresses: GuestAddr,
        _services: GuestAddr,
        probes: u32,
        _bits_per_second: u32,
        _flags: u32,
        event: Handle,
        result: Option<Out<GuestAddr>>,
    ) -> Win32Error {
        let count = consoles.saturating_add(gateways);
        let begun = (|| {
            call.kernel.net.lock().xnet.quality_size(count)?;
            let mut targets = targets_of(call, consoles, addresses, ids)?;
            targets.resize(count as usize, None);
            ask_quality(call, targets, probes, event, result)
        })();
        win32(begun)
    }

    /// Probes the online service: there is no connection, so the result, of one probe without an
    /// answer, is available at once.
    #[export(Constant)]
    fn NetDll_XNetQosServiceLookup(
        call: &mut Call,
        _caller: u32,
        _flags: u32,
        event: Handle,
        result: Option<Out<GuestAddr>>,
    ) -> Win32Error {
        win32(ask_quality(call, vec![None], 0, event, result))
    }

    /// Releases the result of a probe.
    #[export(Done)]
    fn NetDll_XNetQosRelease(call: &mut Call, _caller: u32, at: GuestAddr) -> Win32Error {
        let kernel = call.kernel;
        let taken = kernel.net.lock().xnet.take_quality(at);
        win32(taken.and_then(|()| Ok(kernel.pool.release(at)?)))
    }

    /// Returns statistics of the probes of a session: zeros, because none are counted.
    #[export(Partial)]
    fn NetDll_XNetQosGetListenStats(
        call: &mut Call,
        _caller: u32,
        id: Option<GuestAddr>,
        statistics: Option<Ptr<u32>>,
    ) -> Win32Error {
        let stored = (|| {
            let id = bytes::<8>(call, id)?;
            let statistics = statistics.ok_or(WsaError::FAULT)?;
            if !call.kernel.net.lock().xnet.listens(id) || statistics.read(call.memory())? != STATISTICS_SIZE
            {
                return Err(WsaError::INVALID);
            }
            Ok(call.memory().fill(statistics.at(1).addr(), STATISTICS_SIZE - 4, 0)?)
        })();
        win32(stored)
    }
}

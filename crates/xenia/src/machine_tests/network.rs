//! Tests that titles on the host's network reach no socket of the emulator.

use super::debugger::thread_of;
use super::{CODE, DATA, assembled};
use crate::config::{ExecutorConfig, MachineConfig, NetworkKind, VideoConfig};
use crate::machine::{Machine, MachineOptions};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::sync::Arc;
use std::thread;
use xenia_formats::image::Import;
use xenia_gdb::{Listener, ServerAddress, TestClient};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_kernel::net::WsaError;
use xenia_sched::{Limits, RunEnd};

/// Connects to each of the addresses in the data, and stores what came of it behind the address.
const CONNECTS: &str = "
        lis 30, 0x8201
        li 3, 1
        li 4, 0x202
        addi 5, 30, 0x800
        bl startup
next:   li 3, 1
        li 4, 2
        li 5, 1
        li 6, 0
        bl socket
        mr 4, 3
        li 3, 1
        mr 5, 30
        li 6, 16
        bl connect
        cmpwi 3, 0
        beq kept
        bl error
kept:   stw 3, 16(30)
        addi 30, 30, 32
        lhz 3, 0(30)
        cmpwi 3, 0
        bne next
over:   b over
startup: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
socket: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
connect: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
error:  .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

/// Ordinals of the title's imports of xam, by label.
const IMPORTS: [(&str, u16); 4] = [("startup", 0x01), ("socket", 0x03), ("connect", 0x0C), ("error", 0x1B)];

/// A machine with a title that connects to `addresses`, on the host's network.
fn connecting_machine(addresses: &[SocketAddrV4]) -> Machine {
    let mut title = assembled(CONNECTS, "startup", 1, "");
    let labels = xenia_isa::assemble(CONNECTS, CODE).unwrap().labels;
    let imports = IMPORTS.into_iter().zip(0..).map(|((label, ordinal), index)| {
        let (_, at) = labels.iter().find(|(name, _)| *name == label).unwrap();
        let slot = Some(GuestAddr(DATA + 0xF000 + 4 * index));
        Import { ordinal: Ordinal(ordinal), slot, thunk: Some(GuestAddr(*at)) }
    });
    Arc::make_mut(&mut title.image).imports[0].imports = imports.collect();
    let executor = ExecutorConfig { parallel: true, ..ExecutorConfig::default() };
    let config = MachineConfig { executor, network: NetworkKind::Host, ..MachineConfig::default() };
    let machine = Machine::new(&title, MachineOptions::new(&config, &VideoConfig::default())).unwrap();
    for (address, at) in addresses.iter().zip((DATA..).step_by(32)) {
        let memory = machine.memory();
        memory.write(GuestAddr(at), 2_u16).unwrap();
        memory.write(GuestAddr(at + 2), address.port()).unwrap();
        memory.write(GuestAddr(at + 4), address.ip().to_bits()).unwrap();
    }
    machine
}

#[test]
fn titles_on_the_hosts_network_do_not_reach_gdbs_socket() {
    let gdb = Listener::open(&ServerAddress::Port(0)).unwrap();
    let &ServerAddress::Port(port) = gdb.address() else { panic!("{}", gdb.address()) };
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let others = other.local_addr().unwrap().port();
    let at = SocketAddrV4::new;
    let addresses = [
        at(Ipv4Addr::LOCALHOST, others),
        at(Ipv4Addr::LOCALHOST, port),
        at(Ipv4Addr::UNSPECIFIED, port),
        at(Ipv4Addr::new(127, 1, 2, 3), port),
        at(Ipv4Addr::UNSPECIFIED, others),
    ];
    let mut machine = connecting_machine(&addresses);
    let mut client = TestClient::connect(&gdb).unwrap();
    machine.set_debugger(gdb);
    let over = {
        let labels = xenia_isa::assemble(CONNECTS, CODE).unwrap().labels;
        labels.into_iter().find(|(name, _)| *name == "over").unwrap().1
    };
    let client = thread::spawn(move || {
        client.ask("qSupported:multiprocess+;swbreak+").unwrap();
        client.ask(&format!("Z0,{over:x},4")).unwrap();
        let stop = client.ask("vCont;c").unwrap();
        assert!(stop.contains("swbreak"), "{stop}");
        client.ask(&format!("Hg{}", thread_of(&stop))).unwrap();
        let results = (0..addresses.len() as u32).map(|index| {
            let word = client.ask(&format!("m{:x},4", DATA + 32 * index + 16)).unwrap();
            u32::from_str_radix(&word, 16).unwrap()
        });
        let results: Vec<_> = results.collect();
        client.send("k").unwrap();
        results
    });
    assert_eq!(machine.run(&Limits::default()).end, RunEnd::Stopped);
    let refused = WsaError::CONNECTION_REFUSED.0;
    assert_eq!(client.join().unwrap(), [0, refused, refused, refused, 0]);
}

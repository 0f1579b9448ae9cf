//! Sessions of a client that speaks the protocol, with a machine of one thread on the interpreter.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use xenia_cpu::{
    EngineConfig, ExceptionKind, Execute, Exit, GuestException, Interpreter, PpcContext, WatchedAccess,
};
use xenia_gdb::registers::GdbRegister;
use xenia_gdb::{
    Debuggee, Link, Listener, PlainDebuggee, Progress, ServeError, ServerAddress, SessionEnd, TestClient,
    serve,
};
use xenia_guest::GuestAddr;
use xenia_memory::{DeviceQueue, GuestMemory, Heap, Protect};

const THREAD: u32 = 5;
const TRAP: u32 = 0x7FE0_0008;

/// `addi r3,r3,1` twice, `b` to the first, and a word that is not an instruction.
const PROGRAM: [u32; 4] = [0x3863_0001, 0x3863_0001, 0x4BFF_FFF8, 0];

/// How long a test waits before it reports that a session hangs.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A machine of one thread. It exits when r3 is 1000 or more.
struct OneThread {
    memory: Arc<GuestMemory>,
    engine: Interpreter,
    ctx: PpcContext,
    replaced: BTreeMap<u32, u32>,
    start: u32,
    stop: Arc<AtomicBool>,
    /// The result of [`Debuggee::idle`].
    goes_on: bool,
    /// How long the machine takes to list its threads, as it does for each packet.
    delay: Duration,
}

impl OneThread {
    fn new() -> Self {
        let memory = GuestMemory::new().unwrap();
        let start = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::EXECUTE_READ).unwrap();
        for (index, word) in PROGRAM.into_iter().enumerate() {
            memory.write(start.offset(4 * index as u32), word).unwrap();
        }
        let engine = Interpreter::new(memory.clone(), EngineConfig::default());
        let ctx = PpcContext { pc: start.0, ..PpcContext::default() };
        let stop = Arc::default();
        let replaced = BTreeMap::new();
        Self { memory, engine, ctx, replaced, start: start.0, stop, goes_on: true, delay: Duration::ZERO }
    }

    fn run(&mut self, instructions: i64) -> Exit {
        let mut queue = DeviceQueue::new();
        let mut devices = queue.make_current();
        self.ctx.begin_visit(instructions, 0, u32::MAX);
        self.engine.run(&mut self.ctx, &mut devices)
    }
}

impl Debuggee for OneThread {
    fn threads(&self) -> Vec<u32> {
        thread::sleep(self.delay);
        vec![THREAD]
    }

    fn describe(&self, _: u32) -> String {
        "ready".to_owned()
    }

    fn context(&self, thread: u32) -> Option<&PpcContext> {
        (thread == THREAD).then_some(&self.ctx)
    }

    fn context_mut(&mut self, thread: u32) -> Option<&mut PpcContext> {
        (thread == THREAD).then_some(&mut self.ctx)
    }

    fn read(&self, at: u32, bytes: &mut [u8]) -> usize {
        if self.memory.read_bytes(GuestAddr(at), bytes).is_ok() { bytes.len() } else { 0 }
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> bool {
        self.memory.write_bytes(GuestAddr(at), bytes).is_ok()
    }

    fn insert_breakpoint(&mut self, at: u32) -> bool {
        let Ok(word) = self.memory.read::<u32>(GuestAddr(at)) else { return false };
        self.replaced.insert(at, word);
        self.memory.write(GuestAddr(at), TRAP).is_ok()
    }

    fn remove_breakpoint(&mut self, at: u32) -> bool {
        let Some(word) = self.replaced.remove(&at) else { return false };
        self.memory.write(GuestAddr(at), word).is_ok()
    }

    fn insert_watch(&mut self, _: u32, _: u32, _: WatchedAccess) -> bool {
        false
    }

    fn remove_watch(&mut self, _: u32, _: u32, _: WatchedAccess) -> bool {
        false
    }

    fn resume(&mut self, step: Option<u32>) -> Progress {
        match self.run(if step.is_some() { 1 } else { 100 }) {
            Exit::Exception(GuestException { kind: ExceptionKind::Trap { .. }, .. }) => {
                Progress::Breakpoint { thread: THREAD }
            }
            Exit::Exception(_) => Progress::Crashed { thread: THREAD },
            _ if step.is_some() => Progress::Stepped { thread: THREAD },
            _ if self.ctx.gpr[3] >= 1000 => Progress::Exited { code: 7 },
            _ => Progress::Running,
        }
    }

    fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    fn can_go_back(&self) -> bool {
        false
    }

    fn resume_backwards(&mut self, _: Option<u32>) -> Progress {
        Progress::Beginning
    }

    fn idle(&mut self) -> bool {
        self.goes_on
    }

    fn command(&mut self, command: &str) -> String {
        format!("{command}?")
    }
}

/// A client, and the server's thread.
struct Session {
    client: TestClient,
    server: JoinHandle<(Result<SessionEnd, ServeError>, OneThread)>,
    start: u32,
}

impl Session {
    fn connect() -> Self {
        let listener = Listener::open(&ServerAddress::Port(0)).unwrap();
        let client = TestClient::connect(&listener).unwrap();
        let mut machine = OneThread::new();
        let start = machine.start;
        let server = thread::spawn(move || {
            let link = listener.accept(&Arc::new(AtomicBool::new(false)), || true).unwrap().unwrap();
            (serve(link, &mut machine), machine)
        });
        Self { client, server, start }
    }

    fn ask(&mut self, packet: &str) -> String {
        self.client.ask(packet).unwrap()
    }

    fn pc(&mut self) -> u32 {
        self.client.register(GdbRegister::Pc).unwrap() as u32 - self.start
    }

    fn r3(&mut self) -> u128 {
        self.client.register(GdbRegister::Gpr(3)).unwrap()
    }
}

#[test]
fn registers_and_memory_are_read_and_written() {
    let mut session = Session::connect();
    let start = session.start;
    assert!(session.ask("qSupported:multiprocess+;swbreak+").contains("PacketSize=4000"));
    assert!(session.ask("qXfer:features:read:target.xml:0,100").contains("powerpc:common"));
    assert_eq!(session.ask("Hg0"), "OK");
    assert_eq!(session.ask(&format!("m{start:x},8")), "3863000138630001");
    assert_eq!(session.ask("m10,4").get(..1), Some("E"), "address 0 is not mapped");
    assert_eq!(session.ask("P3=000003e0"), "OK");
    assert_eq!(session.r3(), 0x3E0);
    assert_eq!(session.ask(&format!("M{start:x},4:60000000")), "OK");
    assert_eq!(session.ask(&format!("m{start:x},4")), "60000000");
    session.client.send("k").unwrap();
    let (end, machine) = session.server.join().unwrap();
    assert_eq!((end.unwrap(), machine.ctx.gpr[3]), (SessionEnd::Killed, 0x3E0));
}

#[test]
fn packets_of_a_wrong_length_get_an_error_and_write_nothing() {
    let mut session = Session::connect();
    let start = session.start;
    session.ask("qSupported:multiprocess+;swbreak+");
    assert_eq!((session.ask("Hg0"), session.ask("P3=000003e0")), ("OK".to_owned(), "OK".to_owned()));
    for packet in [
        format!("M{start:x},8:60000000"),
        format!("M{start:x},2:60000000"),
        format!("M{start:x},4:60:00:00:00"),
        format!("X{start:x},2:abcd"),
        format!("X{start:x},8:abcd"),
        format!("m{start:x},ffffffff"),
        "G00".to_owned(),
        "P3=03e1".to_owned(),
    ] {
        let answer = session.ask(&packet);
        assert!(answer.len() == 3 && answer.starts_with('E'), "{packet}: {answer}");
        assert_eq!(session.ask(&format!("m{start:x},8")), "3863000138630001", "{packet}");
        assert_eq!(session.r3(), 0x3E0, "{packet}");
    }
    assert_eq!(session.ask(&format!("X{start:x},0:")), "OK");
    assert_eq!(session.ask(&format!("X{start:x},4:abcd")), "OK");
    assert_eq!(session.ask(&format!("m{start:x},4")), "61626364");
    session.client.send("k").unwrap();
    session.server.join().unwrap().0.unwrap();
}

#[test]
fn unparsable_packets_get_an_error_and_the_session_continues() {
    let mut session = Session::connect();
    let start = session.start;
    session.ask("qSupported:multiprocess+;swbreak+");
    for packet in [
        "mxyz,4",
        "m",
        "M82000000,2:60zz",
        "pzz",
        "P3=0000000",
        "P3",
        "Gzz",
        "Hgxyz",
        "Tzz",
        "Z0,x,4",
        "Z0",
        "z0,82000004",
        "vCont;s:p1.",
        "vCont;q",
        "qThreadExtraInfo,zz",
        "qXfer:features:read:target.xml:zz,4",
        "X82000000,zz:ab",
    ] {
        let answer = session.ask(packet);
        assert!(answer.is_empty() || answer.len() == 3 && answer.starts_with('E'), "{packet}: {answer}");
        assert_eq!(session.ask(&format!("m{start:x},4")), "38630001", "{packet}");
    }
    assert_eq!(session.ask(&format!("m{start:x},{}", "4".repeat(0x5000))), "E16", "too long");
    // A wrong checksum requests the packet again; acknowledgements of gdb change nothing.
    session.client.send_raw(b"$g#00-+-x").unwrap();
    assert_eq!(session.ask("QStartNoAckMode"), "OK");
    session.client.send_raw(b"$g#00").unwrap();
    assert_eq!(session.client.receive().unwrap(), "E16");
    assert_eq!(session.ask("D"), "OK");
    assert_eq!(session.server.join().unwrap().0.unwrap(), SessionEnd::Detached);
}

#[test]
fn a_breakpoint_stops_the_thread_before_its_instruction() {
    let mut session = Session::connect();
    session.ask("qSupported:multiprocess+;swbreak+");
    let second = session.start + 4;
    assert_eq!(session.ask(&format!("Z0,{second:x},4")), "OK");
    let stop = session.ask("vCont;c");
    assert!(stop.starts_with("T05") && stop.contains("swbreak"), "{stop}");
    assert_eq!(session.pc(), 4);
    assert_eq!(session.r3(), 1);
    assert_eq!(session.ask(&format!("z0,{second:x},4")), "OK");
    assert!(session.ask("vCont;s:p1.5").starts_with("T05"));
    assert_eq!(session.pc(), 8);
    assert_eq!(session.r3(), 2);
    assert_eq!(session.ask("vCont;c"), "W07");
    let (end, machine) = session.server.join().unwrap();
    assert_eq!(end.unwrap(), SessionEnd::Ended);
    assert!(machine.ctx.gpr[3] >= 1000);
}

#[test]
fn an_interrupt_stops_a_machine_that_runs() {
    let mut session = Session::connect();
    let first = session.start;
    // A loop without end: `b .`.
    session.ask(&format!("M{first:x},4:48000000"));
    session.client.send("vCont;c").unwrap();
    session.client.send_raw(&[3]).unwrap();
    assert!(session.client.receive().unwrap().starts_with("T02"));
    assert_eq!(session.pc(), 0);
    assert_eq!(session.ask("D"), "OK");
    assert_eq!(session.server.join().unwrap().0.unwrap(), SessionEnd::Detached);
}

#[test]
fn a_crashed_title_can_be_inspected_before_it_ends() {
    let mut session = Session::connect();
    let first = session.start;
    session.ask(&format!("M{first:x},4:00000000"));
    assert!(session.ask("vCont;c").starts_with("T0b"));
    assert_eq!(session.pc(), 0);
    assert_eq!(session.ask("vCont;c"), "X0b");
    assert_eq!(session.server.join().unwrap().0.unwrap(), SessionEnd::Ended);
}

#[test]
fn monitor_commands_reach_the_machine() {
    let mut session = Session::connect();
    assert_eq!(session.client.monitor("position").unwrap(), "position?\n");
}

#[test]
fn a_closed_connection_detaches() {
    let mut session = Session::connect();
    session.ask("?");
    let Session { client, server, .. } = session;
    drop(client);
    assert_eq!(server.join().unwrap().0.unwrap(), SessionEnd::Detached);
}

#[test]
fn a_client_that_never_reads_ends_the_session() {
    let mut session = Session::connect();
    // Fails once the server has closed the connection.
    while session.client.send("qXfer:features:read:target.xml:0,fff").is_ok() {}
    let deadline = Instant::now() + TIMEOUT;
    while !session.server.is_finished() {
        assert!(Instant::now() < deadline, "the server still sends");
        thread::sleep(Duration::from_millis(10));
    }
    let error = session.server.join().unwrap().0.unwrap_err().to_string();
    assert!(error.contains("gdb does not read its answers"), "{error}");
}

#[test]
fn packets_without_a_pause_do_not_delay_an_interrupt() {
    /// Whole packets in each chunk that is read, until a moment.
    struct Endless {
        until: Instant,
    }
    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if Instant::now() >= self.until {
                return Ok(0);
            }
            into.chunks_exact_mut(8).for_each(|packet| packet.copy_from_slice(b"$m0,1#fa"));
            Ok(into.len())
        }
    }
    // While the machine is stopped, and while it runs a loop without end: `b .`.
    for begin in ["", "$vCont;c#a8"] {
        let mut machine = OneThread { goes_on: false, ..OneThread::new() };
        machine.memory.write(GuestAddr(machine.start), 0x4800_0000_u32).unwrap();
        let input = begin.as_bytes().chain(Endless { until: Instant::now() + TIMEOUT });
        let link = Link::new(input, io::sink(), Arc::default()).unwrap();
        assert_eq!(serve(link, &mut machine).unwrap(), SessionEnd::Killed, "{begin}");
    }
}

#[test]
fn an_interrupt_in_one_piece_with_continue_stops_the_machine_at_once() {
    // Packets take longer than the session's idle period.
    let mut machine = OneThread { delay: Duration::from_millis(30), ..OneThread::new() };
    let link = Link::new(b"$vCont;c#a8\x03".as_slice(), io::sink(), Arc::default()).unwrap();
    assert_eq!(serve(link, &mut machine).unwrap(), SessionEnd::Detached);
    assert_eq!((machine.ctx.pc, machine.ctx.gpr[3]), (machine.start, 0));
}

#[test]
fn bytes_outside_packets_do_not_end_the_session() {
    for garbage in ["$#00", "$zzzz#00", "+++---", "$m#6d", "$Z9,1,1#00", "$vCont;c:p1.ffffffffffff#00", "x\0"]
    {
        let mut session = Session::connect();
        session.client.send_raw(garbage.as_bytes()).unwrap();
        let Session { client, server, .. } = session;
        drop(client);
        assert_eq!(server.join().expect("no panic").0.unwrap(), SessionEnd::Detached, "{garbage}");
    }
}

/// Packets of a session, and pieces of packets.
const PIECES: [&str; 26] = [
    "qSupported:multiprocess+;swbreak+",
    "?",
    "g",
    "G00",
    "p40",
    "P3=00000007",
    "m82000000,40",
    "m0,ffffffff",
    "M82000000,2:6000",
    "X82000000,0:",
    "Z0,82000004,4",
    "z0,82000004,4",
    "Z1,0,0",
    "Z2,82000004,4",
    "z2,82000004,4",
    "vCont?",
    "vCont;c",
    "vCont;s:p1.7",
    "vCont;s:p1.-1",
    "Hgp1.0",
    "Hc-1",
    "qRcmd,68",
    "qRcmd,6",
    "qfThreadInfo",
    "qXfer:features:read:target.xml:fff,fff",
    "qThreadExtraInfo,p1.1",
];

#[test]
fn sessions_of_random_packets_end() {
    let mut random = 1_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    for _ in 0..400 {
        let mut bytes = Vec::new();
        for _ in 0..next(20) {
            let mut packet = PIECES[next(PIECES.len())].as_bytes().to_vec();
            if next(4) == 0 && !packet.is_empty() {
                let at = next(packet.len());
                packet[at] = next(128) as u8;
            }
            let sum = packet.iter().copied().fold(0, u8::wrapping_add);
            bytes.extend([b"$", &packet[..], format!("#{sum:02x}+").as_bytes()].concat());
            if next(8) == 0 {
                bytes.push(3);
            }
        }
        let link = Link::new(Cursor::new(bytes.clone()), io::sink(), Arc::default()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        serve(link, &mut PlainDebuggee::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

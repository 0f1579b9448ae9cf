//! Tests of visibility queries: surveys, and draws that depend on their results.

use super::*;
use crate::draw_state::ConditionalSurvey;
use crate::enums::Compare;
use crate::registers::pa;

/// Identifiers of the queries.
const ID: u32 = 5;
const OTHER: u32 = 40;
/// Flags of packets: the end of a query, and a draw that depends on one.
const END: u32 = 0x100;
const USE: u32 = 0x100;
const DRAW: u32 = 4 | 2 << 6 | 3 << 16;

#[derive(Default)]
struct SurveyorState {
    draws: Vec<DrawCall>,
    /// Identifiers of queries without a visible sample.
    hidden: Vec<u32>,
    /// Surveys that were requested from the backend, and waited for.
    asked: Vec<ConditionalSurvey>,
    is_late: bool,
    fails: bool,
}

/// Backend with a list of the queries that find nothing visible.
#[derive(Clone, Default)]
struct Surveyor(Arc<Mutex<SurveyorState>>);

impl Backend for Surveyor {
    fn name(&self) -> &'static str {
        "surveyor"
    }
    fn draw(&mut self, call: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let mut survey = self.0.lock().unwrap();
        survey.draws.push(call.clone());
        if survey.fails { Err(BackendError::Unsupported("a test".into())) } else { Ok(()) }
    }
    fn resolve(&mut self, _: &ResolveCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        Ok(())
    }
    fn samples_passed(&mut self) -> Option<u64> {
        Some(0)
    }
    fn survey(&mut self, survey: ConditionalSurvey) -> bool {
        let mut state = self.0.lock().unwrap();
        state.asked.push(survey);
        !state.hidden.contains(&survey.id)
    }
    fn poll_survey(&mut self, survey: ConditionalSurvey) -> Option<bool> {
        let is_late = self.0.lock().unwrap().is_late;
        if is_late { None } else { Some(self.survey(survey)) }
    }
}

fn harness(hidden: &[u32]) -> (GpuHarness, Surveyor) {
    let backend = Surveyor::default();
    backend.0.lock().unwrap().hidden = hidden.to_vec();
    let mut m = GpuHarness::with_backend(Box::new(backend.clone()));
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type3(opcode::IM_LOAD_IMMEDIATE, 3), 1, 1, 1]);
    m.run(&[type0(0x2208, 1), 4]);
    (m, backend)
}

/// Words of a survey of one draw, which is drawn as well unless `is_culled`.
fn survey(id: u32, is_culled: bool) -> Vec<u32> {
    vec![
        type3(opcode::VIZ_QUERY, 1),
        id,
        type0(0x2293, 1),
        1 | id << 1 | u32::from(is_culled) << 7,
        type3(opcode::DRAW_INDX_2, 1),
        DRAW,
        type0(0x2293, 1),
        0,
        type3(opcode::VIZ_QUERY, 1),
        END | id,
    ]
}

fn draw(token: u32) -> [u32; 3] {
    [type3(opcode::DRAW_INDX, 2), token, DRAW]
}

fn status(m: &GpuHarness) -> [u32; 2] {
    [pa::PA_SC_VIZ_QUERY_STATUS_0, pa::PA_SC_VIZ_QUERY_STATUS_1].map(|index| m.gpu.registers().get(index))
}

fn surveys(backend: &Surveyor) -> Vec<Option<u32>> {
    let state = backend.0.lock().unwrap();
    state.draws.iter().map(|call| call.survey.map(|survey| survey.id)).collect()
}

#[test]
fn draws_depend_on_what_their_survey_found() {
    let (mut m, backend) = harness(&[ID]);
    m.run(&[survey(ID, true), survey(OTHER, true)].concat());
    let words = [USE | ID, USE | OTHER, ID, USE | 63, USE | ID | 0x80].map(draw).concat();
    m.run(&words);
    assert_eq!(surveys(&backend), [Some(ID), Some(OTHER), None, None, None]);
    let statistics = m.gpu.statistics();
    assert_eq!((statistics.surveys, statistics.draws, statistics.hidden_draws), (2, 3, 2));
    assert_eq!(status(&m), [0, 1 << (OTHER - 32)]);
    // The next survey of the query replaces the result.
    backend.0.lock().unwrap().hidden.clear();
    m.run(&[&survey(ID, true)[..], &draw(USE | ID)].concat());
    assert_eq!(m.gpu.statistics().hidden_draws, 2);
    assert_eq!(status(&m), [1 << ID, 1 << (OTHER - 32)]);
}

#[test]
fn times_do_not_depend_on_what_is_hidden() {
    let clock = |hidden: &[u32]| {
        let (mut m, _) = harness(hidden);
        m.run(&[&survey(ID, true)[..], &draw(USE | ID), &survey(ID, false)].concat());
        m.gpu.cycles
    };
    assert_eq!(clock(&[ID]), clock(&[]));
}

#[test]
fn a_survey_tests_depth_and_writes_nothing() {
    let (mut m, backend) = harness(&[]);
    // Depth: less, written; stencil: never; colour: all components of the first target.
    m.run(&[type0(0x2200, 1), 1 | 2 | 4 | 1 << 4, type0(0x2104, 1), 0xf, type0(0x2203, 1), 2]);
    m.run(&survey(ID, false));
    m.run(&[type0(0x2203, 1), 0]);
    m.run(&survey(ID, true));
    let state = backend.0.lock().unwrap();
    let [first, drawn, second] = &state.draws[..] else { panic!("{} draws", state.draws.len()) };
    let survey = first.survey.unwrap();
    assert_eq!(first, &drawn.surveying(survey, true));
    assert_eq!(
        (first.depth.compare, first.depth.write, first.depth.stencil),
        (Some(Compare::Less), false, None)
    );
    assert!(first.pixel_shader.is_none() && first.color == [None; 4]);
    assert!(drawn.depth.write && drawn.survey.is_none());
    // The chip looks at the hierarchical buffer alone, which is off.
    assert_eq!(second.depth.compare, None);
    assert!(second.survey.unwrap().number > survey.number);
    assert_eq!(m.gpu.statistics().draws, 1);
}

#[test]
fn only_draws_of_an_open_query_count() {
    let (mut m, backend) = harness(&[]);
    let [begin, end] = [ID, END | ID].map(|word| [type3(opcode::VIZ_QUERY, 1), word]);
    // Without the register, then for another query, which has not begun.
    m.run(&[&begin[..], &draw(0), &[type0(0x2293, 1), 1 | OTHER << 1], &draw(0), &end].concat());
    assert_eq!((status(&m), surveys(&backend)), ([0, 0], vec![None, None]));
    m.run(&draw(USE | ID));
    assert_eq!(m.gpu.statistics().hidden_draws, 1);
    // A query that never began counts as visible.
    m.run(&[type3(opcode::VIZ_QUERY, 1), END | 63]);
    assert_eq!(status(&m), [0, 1 << 31]);
    assert!(backend.0.lock().unwrap().asked.is_empty());
}

#[test]
fn surveys_that_fail_count_as_visible() {
    let (mut m, backend) = harness(&[ID, OTHER]);
    backend.0.lock().unwrap().fails = true;
    m.run(&survey(ID, true));
    backend.0.lock().unwrap().fails = false;
    // In this mode nothing is drawn.
    m.run(&[&[type0(0x2208, 1), 0][..], &survey(OTHER, true)].concat());
    assert_eq!(status(&m), [1 << ID, 1 << (OTHER - 32)]);
}

#[test]
fn resolves_depend_on_no_query() {
    let (mut m, _) = harness(&[ID]);
    m.run(&[&survey(ID, true)[..], &[type0(0x2208, 1), 6], &draw(USE | ID)].concat());
    assert_eq!((m.gpu.statistics().resolves, m.gpu.statistics().hidden_draws), (1, 0));
}

#[test]
fn packets_that_read_the_status_wait_for_it() {
    let (mut m, _) = harness(&[ID]);
    let store = [type3(opcode::REG_TO_MEM, 2), pa::PA_SC_VIZ_QUERY_STATUS_0, DATA_BE];
    m.run(&[&survey(1, true)[..], &survey(ID, true), &store].concat());
    assert_eq!(m.data(0), 1 << 1);
    // REG_RMW: sets the lowest bit of the current value.
    let change = [type3(opcode::REG_RMW, 3), pa::PA_SC_VIZ_QUERY_STATUS_0, u32::MAX, 1];
    m.run(&[&survey(2, true)[..], &change].concat());
    assert_eq!(status(&m)[0], 1 << 2 | 1 << 1 | 1);
    let wait = [type3(opcode::WAIT_REG_EQ, 4), pa::PA_SC_VIZ_QUERY_STATUS_0, 1 << 3, 1 << 3, 1];
    m.run(&[&survey(3, true)[..], &wait].concat());
    assert!(m.gpu.is_idle());
}

#[test]
fn beside_guest_code_only_dependent_draws_wait() {
    let (mut m, backend) = harness(&[ID]);
    m.gpu.set_concurrent(true);
    backend.0.lock().unwrap().is_late = true;
    m.run(&[survey(ID, true), survey(OTHER, true)].concat());
    assert_eq!((status(&m), backend.0.lock().unwrap().asked.len()), ([0, 0], 0));
    m.run(&[draw(USE | ID), draw(USE | ID)].concat());
    assert_eq!((status(&m), backend.0.lock().unwrap().asked.len()), ([0, 0], 1));
    backend.0.lock().unwrap().is_late = false;
    m.run(&[TYPE2]);
    assert_eq!(status(&m), [0, 1 << (OTHER - 32)]);
    assert_eq!(m.gpu.statistics().hidden_draws, 2);
}

#[test]
fn a_state_has_the_results_of_queries() {
    let (mut m, backend) = harness(&[ID]);
    m.run(&survey(ID, true));
    // In the middle of two surveys, one of which has found something.
    for id in [OTHER, 7] {
        let register = [type0(0x2293, 1), 1 | id << 1 | 1 << 7];
        m.run(&[&[type3(opcode::VIZ_QUERY, 1), id][..], &register, &draw(0)].concat());
    }
    m.run(&[type0(0x2293, 1), 0]);
    backend.0.lock().unwrap().hidden.push(7);
    let state = m.gpu.state();
    assert_eq!(state.queries, [1 << OTHER | 1 << 7, 1 << OTHER | 1 << ID]);
    let (mut other, _) = harness(&[]);
    other.gpu.restore(&state).unwrap();
    let digest = |m: &mut GpuHarness| {
        let mut all = Vec::new();
        m.gpu.digest(&mut |bytes| all.extend_from_slice(bytes));
        all
    };
    assert_eq!(digest(&mut other), digest(&mut m));
    let [end, end_hidden] = [OTHER, 7].map(|id| [type3(opcode::VIZ_QUERY, 1), END | id]);
    let words = [&end[..], &end_hidden, &draw(USE | OTHER), &draw(USE | 7), &draw(USE | ID)].concat();
    other.write = 0;
    other.now = 10_000_000;
    other.gpu.initialize_ring(RING, 7);
    other.run(&words);
    assert_eq!((other.gpu.statistics().draws, other.gpu.statistics().hidden_draws), (1, 2));
    assert_eq!(status(&other), [0, 1 << (OTHER - 32)]);
}

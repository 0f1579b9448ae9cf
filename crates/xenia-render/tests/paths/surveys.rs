//! Tests of surveys, by counters and by the draws that depend on them.

use super::*;
use xenia_gpu::packets::{opcode, type3};

/// Flag of a packet: the end of a query, or a draw that depends on one.
const FLAG: u32 = 0x100;

/// Scene whose left half has depth 0.5.
fn scene(is_concurrent: bool) -> Scene {
    let mut scene = Scene::new(160, 16, 0);
    scene.gpu.set_concurrent(is_concurrent);
    scene.set(RbHizcontrol::INDEX, 2);
    scene.write(depth(Compare::Always));
    for (width, z) in [(160.0, 1.0), (80.0, 0.5)] {
        square(&mut scene, [0.0, width], z);
        scene.draw(8, 3);
    }
    scene
}

/// Vertices of a rectangle between two columns, at a depth.
fn square(scene: &mut Scene, [left, right]: [f32; 2], z: f32) {
    let corners = rectangle(left, 0.0, right, 16.0, RED);
    scene.vertices(&corners.map(|[x, y, _, r, g, b, a]| [x, y, z, r, g, b, a]));
}

/// Surveys a rectangle between two columns at depth 0.75, as a part of a query.
fn survey(scene: &mut Scene, id: u32, columns: [f32; 2]) {
    scene.words.extend([type3(opcode::VIZ_QUERY, 1), id]);
    scene.write(PaScVizQuery::with().viz_query_ena(true).viz_query_id(id).kill_pix_post_hi_z(true));
    scene.write(RbDepthcontrol::with().z_enable(true).zfunc(Compare::LessEqual));
    square(scene, columns, 0.75);
    scene.draw(8, 3);
    scene.write(PaScVizQuery::with());
    scene.write(RbDepthcontrol::with());
    scene.words.extend([type3(opcode::VIZ_QUERY, 1), FLAG | id]);
}

/// Draws a column of eight pixels, if something of a query was visible.
fn dependent(scene: &mut Scene, id: u32, column: u32) {
    square(scene, [column as f32, column as f32 + 8.0], 0.0);
    scene.words.extend([type3(opcode::DRAW_INDX, 2), FLAG | id, 8 | 2 << 6 | 3 << 16]);
    scene.run();
}

#[test]
fn only_the_first_draw_that_depends_on_a_survey_waits() {
    let counts = worked(|| {
        let mut scene = scene(true);
        for id in 0..8 {
            survey(&mut scene, id, [8.0, if id % 2 == 0 { 80.0 } else { 88.0 }]);
        }
        // Nobody requests the results of the last four.
        for (id, column) in [(1, 0), (1, 8), (0, 16), (2, 24), (3, 32), (0, 40)] {
            dependent(&mut scene, id, column);
        }
        assert_eq!(scene.gpu.statistics().hidden_draws, 3);
        scene
    });
    let Some((_, work)) = counts else { return };
    // All of them were submitted with the first.
    assert_eq!((work.survey_waits, work.queries, work.draws), (1, 8, 13));
}

#[test]
fn in_lockstep_the_status_is_known_after_each_pump() {
    let counts = worked(|| {
        let mut scene = scene(false);
        for id in 0..4 {
            survey(&mut scene, id, [8.0, if id % 2 == 0 { 80.0 } else { 88.0 }]);
            scene.run();
        }
        assert_eq!(scene.gpu.registers().get(PA_SC_VIZ_QUERY_STATUS_0), 0b1010);
        scene
    });
    let Some((_, work)) = counts else { return };
    assert_eq!((work.survey_waits, work.queries), (4, 4));
}

#[test]
fn other_draws_have_no_queries_because_of_a_survey() {
    let counts = worked(|| {
        let mut scene = scene(true);
        survey(&mut scene, 1, [8.0, 16.0]);
        for column in 0..4 {
            dependent(&mut scene, 2, column * 8);
        }
        scene
    });
    let Some((_, work)) = counts else { return };
    assert_eq!((work.survey_waits, work.queries, work.draws), (0, 1, 7));
}

#[test]
fn surveys_the_device_refuses_go_to_the_reference() {
    let counts = drawn(|| {
        let mut scene = scene(true);
        // Polygons as lines are the reference's.
        let lines = PaSuScModeCntl::with().poly_mode(1).polymode_front_ptype(PolygonFill::Lines);
        scene.write(lines.polymode_back_ptype(PolygonFill::Lines));
        for (id, right) in [(1, 72.0), (2, 88.0)] {
            scene.words.extend([type3(opcode::VIZ_QUERY, 1), id]);
            let register = PaScVizQuery::with().viz_query_ena(true).viz_query_id(id);
            scene.write(register.kill_pix_post_hi_z(true));
            scene.write(RbDepthcontrol::with().z_enable(true).zfunc(Compare::LessEqual));
            let corners = [(8.0, 4.0), (right, 4.0), (30.0, 14.0)];
            scene.vertices(&corners.map(|(x, y)| [x, y, 0.75, 1.0, 0.0, 0.0, 1.0]));
            scene.draw(4, 3);
            scene.words.extend([type3(opcode::VIZ_QUERY, 1), FLAG | id]);
        }
        scene.write(PaScVizQuery::with());
        scene.write(PaSuScModeCntl::with());
        scene.write(RbDepthcontrol::with());
        dependent(&mut scene, 1, 0);
        dependent(&mut scene, 2, 8);
        assert_eq!(scene.gpu.statistics().hidden_draws, 1);
        scene
    });
    let Some(counters) = counts else { return };
    assert_eq!(fallbacks(&counters), [("polygons as lines or points", 2)]);
}

#[test]
fn many_surveys_need_many_query_sets() {
    let counts = worked(|| {
        let mut scene = scene(true);
        for id in 0..64 {
            scene.words.extend([type3(opcode::VIZ_QUERY, 1), id]);
            scene.write(PaScVizQuery::with().viz_query_ena(true).viz_query_id(id).kill_pix_post_hi_z(true));
            scene.write(RbDepthcontrol::with().z_enable(true).zfunc(Compare::LessEqual));
            for part in 0..40 {
                let right = if (id, part) == (9, 20) { 88.0 } else { 80.0 };
                square(&mut scene, [8.0, right], 0.75);
                scene.draw(8, 3);
            }
            scene.words.extend([type3(opcode::VIZ_QUERY, 1), FLAG | id]);
        }
        scene.write(PaScVizQuery::with());
        scene.write(RbDepthcontrol::with());
        for id in 0..64 {
            dependent(&mut scene, id, 0);
        }
        assert_eq!(scene.gpu.statistics().hidden_draws, 63);
        scene
    });
    let Some((_, work)) = counts else { return };
    assert_eq!(work.queries, 64 * 40);
}

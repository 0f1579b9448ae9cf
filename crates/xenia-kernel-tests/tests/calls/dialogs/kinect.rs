//! Tests of pages about the Kinect camera.

use super::*;

#[test]
fn a_title_that_needs_a_camera_shows_that_there_is_none() {
    let answers = Scripted { button: Some(0), ..Scripted::default() };
    let mut b = harness(&answers);
    for (name, arguments) in
        [("XamShowNuiTroubleshooterUI", &[0xFF, 0, 0][..]), ("XamShowNuiHardwareRequiredUI", &[0])]
    {
        assert_eq!(b.xam_call(name, arguments), SUCCESS, "{name}");
        assert_eq!(b.xam_call("XamIsUIActive", &[]), 1, "{name}");
        assert_eq!(answers.boxes().last().unwrap().title, "Kinect", "{name}");
        (0..=CLOSING_FIELDS + 1).for_each(|_| b.pass_a_field());
        assert_eq!(b.xam_call("XamIsUIActive", &[]), 0, "{name}");
    }
    assert_eq!(answers.boxes().len(), 2);
}

//! Surveys: draws that find out whether something is visible. Later draws are executed or skipped
//! depending on the result.
//!
//! ```text
//!   VIZ_QUERY start ──► draws with PA_SC_VIZ_QUERY ──► VIZ_QUERY end ──► DRAW_INDX with the id
//!                       tested, not written                              drawn or left out
//! ```

use super::{DepthStencil, DrawCall};
use crate::enums::Compare;

/// Number of visibility queries, which have identifiers from 0 on.
pub const VISIBILITY_QUERIES: usize = 64;

/// The draws of a visibility query, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionalSurvey {
    /// Identifier of the query, below [`VISIBILITY_QUERIES`].
    pub id: u32,
    /// Number among all surveys, from 1 on.
    pub number: u64,
}

/// Result of a query's last survey.
#[derive(Clone, Copy, Default)]
struct SurveyResult {
    number: u64,
    is_visible: bool,
}

/// Results of surveys, as backends keep them: the last one of each query.
#[derive(Clone, Copy)]
pub struct SurveyResults([SurveyResult; VISIBILITY_QUERIES]);

impl Default for SurveyResults {
    fn default() -> Self {
        Self([SurveyResult::default(); VISIBILITY_QUERIES])
    }
}

impl SurveyResults {
    /// Notes the start of a draw of a survey. Nothing of it counts as visible until
    /// [`Self::note_visible`] is called.
    pub fn begin_draw(&mut self, survey: ConditionalSurvey) {
        let result = &mut self.0[survey.id as usize % VISIBILITY_QUERIES];
        if result.number != survey.number {
            *result = SurveyResult { number: survey.number, is_visible: false };
        }
    }

    /// Notes that something of a survey is visible, unless its query has been restarted.
    pub fn note_visible(&mut self, survey: ConditionalSurvey) {
        let result = &mut self.0[survey.id as usize % VISIBILITY_QUERIES];
        result.is_visible |= result.number == survey.number;
    }

    /// Whether a sample of a survey passed. A survey that is not known counts as visible, which
    /// never hides anything.
    pub fn is_visible(&self, survey: ConditionalSurvey) -> bool {
        let result = self.0[survey.id as usize % VISIBILITY_QUERIES];
        result.number != survey.number || result.is_visible
    }
}

impl DrawCall {
    /// The draw as its survey makes it: depth is tested, and nothing is written.
    ///
    /// The scan converter decides, before pixel shaders, alpha and stencil tests. It compares with
    /// the hierarchical depth buffer only, so with `tests_depth` off each covered sample passes.
    pub fn surveying(&self, survey: ConditionalSurvey, tests_depth: bool) -> Self {
        let decides = |compare: &Compare| tests_depth && *compare != Compare::Always;
        let compare = self.depth.compare.filter(decides);
        Self {
            survey: Some(survey),
            pixel_shader: None,
            color: [None; 4],
            alpha_test: None,
            alpha_to_mask: None,
            depth: DepthStencil { compare, write: false, stencil: None, ..self.depth },
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_survey_of_a_query_is_known() {
        let mut results = SurveyResults::default();
        let survey = |id, number| ConditionalSurvey { id, number };
        assert!(results.is_visible(survey(3, 1)), "no draw of it is known");
        results.begin_draw(survey(3, 1));
        assert!(!results.is_visible(survey(3, 1)));
        results.note_visible(survey(3, 1));
        results.begin_draw(survey(3, 1));
        results.begin_draw(survey(63, 2));
        assert!(results.is_visible(survey(3, 1)) && !results.is_visible(survey(63, 2)));
        results.begin_draw(survey(3, 3));
        results.note_visible(survey(3, 1));
        assert!(!results.is_visible(survey(3, 3)), "it begins anew");
        assert!(results.is_visible(survey(3, 1)), "forgotten");
    }
}

//! Dates and times (`RtlTime*`).

use crate::abi::{Call, Out, Ptr};
use crate::status::failure::Fallible;
use xenia_kernel_macros::exports;
use xenia_rtl::calendar::TimeFields;

/// The exports for dates and times.
pub struct RtlTime;

#[exports(xboxkrnl)]
impl RtlTime {
    /// Splits a time (100 ns since 1601) into year, month, day, hour, minute, second, millisecond
    /// and weekday.
    #[export(Done)]
    fn RtlTimeToTimeFields(call: &mut Call, time: Ptr<u64>, fields: Ptr<u16>) -> Fallible<()> {
        let words = TimeFields::new(time.read(call.memory())?).words();
        for (index, word) in words.into_iter().enumerate() {
            fields.at(index as u32).write(call.memory(), word)?;
        }
        Ok(())
    }

    /// Combines date and time fields into a time; returns false if they are invalid.
    #[export(Done)]
    fn RtlTimeFieldsToTime(call: &mut Call, fields: Ptr<u16>, time: Out<u64>) -> Fallible<bool> {
        let mut words = [0; 8];
        for (index, word) in words.iter_mut().enumerate() {
            *word = fields.at(index as u32).read(call.memory())?;
        }
        let Some(value) = TimeFields::of_words(words).time() else { return Ok(false) };
        time.set(call.memory(), value)?;
        Ok(true)
    }
}

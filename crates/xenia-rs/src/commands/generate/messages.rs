//! The table of messages that the console's applications handle.

use super::{canary, heading, line, section};
use xenia_exports::messages::APPLICATIONS;
use xenia_kernel::imports::Status;

/// Formats the table.
pub(super) fn table() -> String {
    let mut out = heading(
        "Messages",
        "What titles' own libraries ask the console's applications for (`XMsgInProcessCall` and its kind): a row each, with \
         the states that exports have. A message without a row fails with `E_FAIL`, and is logged at its first call; one to \
         another application fails with `E_INVALIDARG`.",
    );
    section(
        &mut out,
        "How many",
        &["application", "number", "done", "constant", "partial", "stub", "answered by xenia-canary"],
    );
    for application in APPLICATIONS {
        let count = |status| {
            let of_status = application.messages.iter().filter(|message| message.status == status);
            of_status.count().to_string()
        };
        let counts = [Status::Done, Status::Constant, Status::Partial, Status::Stub].map(count);
        let [done, constant, partial, stub] = &counts;
        let theirs = canary::MESSAGES.iter().find(|&&(id, _)| id == application.id);
        let theirs = theirs.map_or_else(|| "-".to_owned(), |(_, count)| count.to_string());
        let number = format!("{:X}", application.id);
        line(&mut out, &[application.name, &number, done, constant, partial, stub, &theirs]);
    }
    for application in APPLICATIONS {
        section(
            &mut out,
            &format!("To the {}", application.name),
            &["number", "name", "state", "what it does"],
        );
        for message in application.messages {
            let number = format!("{:08X}", message.number);
            let name = format!("`{}`", message.name);
            line(&mut out, &[&number, &name, message.status.name(), message.doc.trim()]);
        }
    }
    out
}

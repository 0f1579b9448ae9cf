//! Wraps lines whose columns are to stay: letters have equal width.

/// Wraps `lines` between words, or within long ones, to at most `columns` letters; lines beyond
/// `rows` are left out.
pub(super) fn fit(lines: &[String], columns: usize, rows: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut fitted = Vec::new();
    for line in lines {
        // No line is longer than all the room.
        let letters: Vec<char> = line.chars().take(columns.saturating_mul(rows + 1)).map(visible).collect();
        // Continuation lines are aligned with the text, not with its indent or its first column.
        let text = letters.iter().take_while(|letter| **letter == ' ').count();
        let column = letters.windows(2).skip(text).position(|pair| pair == [' ', ' ']).map(|gap| text + gap);
        let column =
            column.map(|gap| gap + letters[gap..].iter().take_while(|letter| **letter == ' ').count());
        let indent = column.filter(|column| *column <= columns / 2).unwrap_or(text).min(columns / 2);
        let mut rest = &letters[..];
        let mut first = true;
        loop {
            let room = if first { columns } else { columns - indent };
            let cut = if rest.len() <= room {
                rest.len()
            } else {
                let space = rest[..=room].iter().rposition(|letter| *letter == ' ');
                space.filter(|at| *at > indent).unwrap_or(room)
            };
            let part: String = rest[..cut].iter().collect();
            let lead = if first { 0 } else { indent };
            fitted.push(format!("{}{}", " ".repeat(lead), part.trim_end()));
            if fitted.len() > rows {
                fitted.truncate(rows);
                return fitted;
            }
            rest = &rest[cut..];
            let spaces = rest.iter().take_while(|letter| **letter == ' ').count();
            rest = &rest[spaces..];
            first = false;
            if rest.is_empty() {
                break;
            }
        }
    }
    fitted
}

/// Replaces control characters, so that a title's text can't break its line.
fn visible(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn long_lines_are_broken_between_words_and_too_many_are_left_out() {
        let text = lines(&["one two three", "", "  four five", "sixteen"]);
        assert_eq!(fit(&text, 80, 9), text);
        assert_eq!(fit(&text, 7, 99), ["one two", "three", "", "  four", "  five", "sixteen"]);
        let table = lines(&["  F1  keys of all", "  a word here"]);
        assert_eq!(fit(&table, 12, 99), ["  F1  keys", "      of all", "  a word", "  here"]);
        assert_eq!(fit(&text, 4, 99)[..4], ["one", "two", "thre", "e"]);
        assert_eq!(fit(&text, 7, 2), ["one two", "three"]);
        assert!(fit(&text, 7, 0).is_empty() && fit(&[], 7, 9).is_empty());
        for columns in 0..20 {
            let fitted = fit(&text, columns, 99);
            assert!(fitted.iter().all(|line| line.chars().count() <= columns.max(1)), "{columns} {fitted:?}");
            let letters = |lines: &[String]| lines.concat().replace(' ', "");
            assert_eq!(letters(&fitted), letters(&text), "{columns}");
        }
    }

    #[test]
    fn a_line_without_end_is_cut_and_has_no_line_breaks() {
        let fitted = fit(&["w\n\x1b".repeat(100_000)], 40, 5);
        assert_eq!(fitted.len(), 5);
        assert!(fitted.iter().all(|line| !line.contains(char::is_control)), "{fitted:?}");
    }
}

//! The plain ones among regular expressions, as patterns of LIKE.

use super::cond::ESCAPE;

/// Regular expressions of letters, digits, `.`, `.*`, `.+`, `^`, `$` and `|` as patterns of LIKE.
pub(super) fn patterns(source: &str) -> Option<Vec<String>> {
    source.split('|').map(pattern).collect()
}

fn pattern(source: &str) -> Option<String> {
    let (begins, source) = source.strip_prefix('^').map_or((false, source), |rest| (true, rest));
    let (ends, source) = source.strip_suffix('$').map_or((false, source), |rest| (true, rest));
    let mut pattern = String::from(if begins { "" } else { "%" });
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '.' => match chars.peek() {
                Some('*') => {
                    chars.next();
                    pattern.push('%');
                }
                Some('+') => {
                    chars.next();
                    pattern.push_str("_%");
                }
                _ => pattern.push('_'),
            },
            '_' => pattern.extend([ESCAPE, '_']),
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '/' | '@' | ',' | '=' | ' ') => pattern.push(c),
            _ => return None,
        }
        // What follows a sign that may be there or not, or often, is another matter.
        if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) {
            return None;
        }
    }
    if !ends {
        pattern.push('%');
    }
    Some(pattern)
}

//! Walking pages: which token comes next, and when to stop. An empty token ends a listing as a missing one does.

use crate::model::{Cause, Problem};

/// The place in a paged listing. A server that sends the same token twice is not followed for ever.
///
/// ```ignore
/// let mut cursor = Cursor::new("organizations:ListRoots");
/// while let Some(token) = cursor.next() {
///     let page = aws.call(task, cursor.operation(), None, || client.list_roots().set_next_token(token.clone()).send()).await?;
///     cursor.advance(page.next_token())?;
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Cursor {
    operation: &'static str,
    token: Option<String>,
    done: bool,
}

impl Cursor {
    pub fn new(operation: &'static str) -> Self {
        Self { operation, token: None, done: false }
    }

    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The token to send, `Some(None)` for the first page; none when all is read.
    pub fn next(&self) -> Option<Option<String>> {
        (!self.done).then(|| self.token.clone())
    }

    /// Takes the token of the page that has come.
    ///
    /// # Errors
    /// [`Cause::Malformed`] when it is the token that was sent.
    pub fn advance(&mut self, token: Option<&str>) -> Result<(), Problem> {
        match token.filter(|token| !token.is_empty()) {
            None => self.done = true,
            Some(token) if self.token.as_deref() == Some(token) => {
                self.done = true;
                return Err(Problem::new(self.operation, Cause::Malformed, "the same page token came twice", ""));
            }
            Some(token) => self.token = Some(token.to_owned()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_token_ends_as_a_missing_one() {
        for end in [None, Some("")] {
            let mut cursor = Cursor::new("x:Y");
            assert_eq!(cursor.next(), Some(None));
            assert_eq!(cursor.advance(Some("a")), Ok(()));
            assert_eq!(cursor.next(), Some(Some("a".to_owned())));
            assert_eq!(cursor.advance(end), Ok(()));
            assert_eq!(cursor.next(), None);
        }
    }

    #[test]
    fn a_repeated_token_is_a_problem_and_the_end() {
        let mut cursor = Cursor::new("x:Y");
        assert_eq!(cursor.advance(Some("a")), Ok(()));
        assert_eq!(cursor.advance(Some("a")).expect_err("repeated").cause, Cause::Malformed);
        assert_eq!(cursor.next(), None);
    }
}

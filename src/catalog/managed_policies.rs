//! stub
pub fn document(_arn: &str) -> Option<&'static str> {
    None
}

//! Which source the command line means: the one place that knows them all. A new source is a line here.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::SourceArgs;
use crate::collect::Source;
use crate::collect::aws::{Live, Settings};
use crate::collect::demo::Demo;
use crate::collect::files::Files;

/// `cache`: where a live account's events are kept between runs; none: nowhere.
///
/// # Errors
/// One line that says what is wrong with the input, and where.
pub fn open(args: &SourceArgs, cache: Option<PathBuf>) -> Result<Arc<dyn Source>, String> {
    if args.demo {
        return Ok(Arc::new(Demo));
    }
    if !args.from.is_empty() {
        return Ok(Arc::new(Files::open(args.from.clone()).map_err(|error| error.to_string())?));
    }
    Ok(Arc::new(Live::new(Settings {
        profile: args.profile.clone(),
        region: args.region.clone(),
        endpoint_url: args.endpoint_url.clone(),
        cache,
    })))
}

//! Power: what each principal may do in the end, who can become whom, and how far that leads.
//!
//! Evaluated, never guessed from a policy's name. Pure, as all of analysis. `universe` names the actions that matter,
//! `holdings` compiles the policies, `graph` puts questions to a principal, `moves` knows the single steps from one
//! principal to another, `routes` the shortest chains of them to an administrator.

pub mod circumstances;
pub mod graph;
pub mod holdings;
pub mod levers;
pub mod moves;
pub mod routes;
pub mod surroundings;
pub mod universe;

pub use graph::{Answer, Cited, Graph, Need, Node, NodeId, NodeKind};
pub use moves::Move;
pub use routes::Routes;
pub use universe::{ActionId, ActionSet};

//! Publications, from a request to its response and what is held then.

mod bodies;
mod notes;
mod passing;
mod racing;
mod trees;
mod vetting;
mod world;

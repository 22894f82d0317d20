//! The rules of the house, read off its source: floors, doors, and the size of rooms.

mod floors;
mod licences;
mod rules;
mod source;
